"""A lane's budget is charged with calls over the wire, not with what we ask a connector for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sdsync.connectors.contract import Metered
from sdsync.sync.meter import Meter
from tests.unit.connectors.replay import connector, recording


class Line:
    """A connector whose every method takes three calls."""

    calls = 7

    def fetch(self) -> str:
        self.calls += 3
        return "a record"


def meter() -> Meter:
    core: Any = SimpleNamespace(tell=lambda _system, _answer: None)
    return Meter(core, core)


def test_what_goes_over_the_wire_is_counted() -> None:
    line: Any = Line()
    one = meter()

    with one.reading(line):
        one.note(line.fetch())
        one.note(line.fetch())

    assert one.calls == 6


def test_a_connector_that_does_not_count_is_charged_by_its_methods() -> None:
    one = meter()

    with one.reading(SimpleNamespace()):  # type: ignore[arg-type]
        one.note("a record")

    assert one.calls == 1


def test_the_connectors_that_ship_count() -> None:
    for name in ("request_tracker", "redmine"):
        assert isinstance(connector(name, recording(name)), Metered)
