"""Readiness tells the truth within seconds, also when the truth is that nobody answers."""

from __future__ import annotations

import threading
import time

import pytest

from sdsync.server import health
from sdsync.server.health import Health


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH_S", -1.0)
    monkeypatch.setattr(health, "CHECK_S", 10.0)


def test_a_check_that_finds_something_is_named() -> None:
    one = Health({"store": lambda: None, "lanes": lambda: "stand still"}, version="1")

    assert one.problems() == {"lanes": "stand still"}
    one.stop()


def test_a_check_that_hangs_is_a_finding_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "CHECK_S", 0.05)
    gate = threading.Event()

    def hang() -> None:
        gate.wait(10)

    one = Health({"store": hang, "lanes": lambda: "away"}, version="1")

    assert set(one.problems()) == {"store", "lanes"}
    assert set(one.problems()) == {"store", "lanes"}, "asking again piles nothing up"
    gate.set()
    one.stop()


def test_a_check_that_hung_and_is_back_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, back = threading.Event(), threading.Event()

    def hang() -> None:
        gate.wait(10)
        back.set()

    monkeypatch.setattr(health, "CHECK_S", 0.05)
    one = Health({"store": hang}, version="1")
    assert one.problems()

    gate.set()
    assert back.wait(10)
    monkeypatch.setattr(health, "CHECK_S", 10.0)

    assert not one.problems()
    one.stop()


def test_a_check_that_raises_tells_the_kind_and_no_text() -> None:
    def fail() -> None:
        raise OSError("password=hunter2")

    one = Health({"store": fail}, version="1")

    assert one.problems() == {"store": "OSError"}
    one.stop()


def test_a_daemon_that_stops_is_not_ready() -> None:
    one = Health({}, version="1")
    one.stop()

    assert one.problems() == {"daemon": "stopping"}


def test_a_process_runs_since_it_began_and_not_since_it_read_its_files() -> None:
    one = Health({}, version="1", started=time.monotonic() - 3_600)

    up_s = one.alive()["up_s"]
    assert isinstance(up_s, float)
    assert up_s >= 3_600
    one.stop()
