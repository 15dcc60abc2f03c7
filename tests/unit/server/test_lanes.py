"""A lane's budget outlives its process, and a renewed credential is tried at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sdsync.config.secrets import SecretRef
from sdsync.ratelimit.lanes import (
    Granted,
    LaneBudget,
    LaneState,
    Result,
    ThrottledFor,
    Unauthorised,
    Wait,
    answered,
    ask,
)
from sdsync.server.lanes import CredentialWatch, LaneKeeper


@dataclass
class FakeSystem:
    budget: LaneBudget = field(default_factory=LaneBudget)
    lane: LaneState = field(default_factory=LaneState)
    guard: threading.Lock = field(default_factory=threading.Lock)
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


@dataclass
class MovedClock:
    gone_s: float = 100.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.gone_s)

    def monotonic(self) -> float:
        return self.gone_s


def engine_of(system: FakeSystem) -> Any:
    core = SimpleNamespace(systems={"desk": system})
    claims = SimpleNamespace(forget=lambda _lane: None)
    return SimpleNamespace(core=core, claims=claims, taken=lambda _lane: None)


def watched(system: FakeSystem) -> Any:
    return {"desk": system}


def told(system: FakeSystem, result: Result, now: float) -> None:
    slot = ask(system.lane, now)
    assert isinstance(slot, Granted)
    answered(system.lane, slot.grant, result, now=now, rand=lambda: 0.0)


def test_a_throttle_outlives_its_process() -> None:
    clock, before, after = MovedClock(), FakeSystem(), FakeSystem()
    told(before, ThrottledFor(60.0), 100.0)

    saved = LaneKeeper(engine_of(before), clock).left("desk")
    clock.gone_s += 20.0
    LaneKeeper(engine_of(after), clock).taken("desk", saved)

    wait = ask(after.lane, 120.0)
    assert isinstance(wait, Wait)
    assert wait.until == pytest.approx(160.0)


def test_a_renewed_credential_is_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANE_TEST_TOKEN", "old")
    system, rung, clock = FakeSystem(), list[str](), MovedClock()
    ref = SecretRef.parse("env:LANE_TEST_TOKEN")
    watch = CredentialWatch(watched(system), {"desk": ref, "dev": None}, clock, rung.append)
    told(system, Unauthorised(), 100.0)

    watch.look()
    assert isinstance(ask(system.lane, 100.0), Wait)
    monkeypatch.delenv("LANE_TEST_TOKEN")
    watch.look()
    assert not rung
    monkeypatch.setenv("LANE_TEST_TOKEN", "new")
    watch.look()

    assert rung == ["desk"]
    assert system.closed == 1
    assert isinstance(ask(system.lane, 100.0), Granted)
    watch.look()
    assert rung == ["desk"]


def test_a_credential_of_a_lane_that_is_well_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANE_TEST_TOKEN", "old")
    system, rung = FakeSystem(), list[str]()
    ref = SecretRef.parse("env:LANE_TEST_TOKEN")
    watch = CredentialWatch(watched(system), {"desk": ref}, MovedClock(), rung.append)

    monkeypatch.setenv("LANE_TEST_TOKEN", "new")
    watch.look()

    assert not rung
