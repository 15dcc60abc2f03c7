"""The page that Prometheus reads."""

from __future__ import annotations

from sdsync.server.doors import store_families
from sdsync.server.metrics import Metrics, gauge
from tests.unit.cli import scenes


def test_counters_and_gauges_as_text() -> None:
    metrics = Metrics()
    metrics.webhooks.add("desk", "accepted")
    metrics.webhooks.add("desk", "accepted")
    metrics.webhooks.add("dev", "forged")
    metrics.collect(lambda: [gauge("sdsync_age", "Age.", [((("lane", "a"),), 1.5)])])

    lines = metrics.text().splitlines()

    assert "# TYPE sdsync_webhooks_total counter" in lines
    assert 'sdsync_webhooks_total{system="desk",outcome="accepted"} 2' in lines
    assert 'sdsync_webhooks_total{system="dev",outcome="forged"} 1' in lines
    assert 'sdsync_age{lane="a"} 1.5' in lines
    assert metrics.text().endswith("\n")


def test_a_label_cannot_break_the_line() -> None:
    metrics = Metrics()
    metrics.collect(lambda: [gauge("g", "a\nb\\c", [((("x", 'q"\\\n'),), 1.0)])])

    text = metrics.text()

    assert "# HELP g a\\nb\\\\c" in text
    assert 'g{x="q\\"\\\\\\n"} 1' in text


def test_what_records_hold_is_in_no_metric() -> None:
    metrics, store = Metrics(), scenes.busy()
    metrics.collect(store_families(store, scenes.FixedClock()))

    text = metrics.text()

    assert 'sdsync_causes_open{kind="parked"} 1' in text
    for value in ("prod2", "disk full", "ops-core", "ops-2", "desk-7", "4711", "acme"):
        assert value not in text
