"""Law 34: a bell only says that there is work, and every bell may be lost."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from sdsync.config.clock import SystemClock
from sdsync.store.records import Change, Work, WorkKey
from sdsync.sync.bells import Bells, BrokerRefusedError
from sdsync.sync.bells.broker import Doorbell
from sdsync.sync.bells.timer import OVERDUE_S
from sdsync.sync.worked import Worked
from sdsync.testing.memory_store import MemoryStore

SOON_S = 60.0


class Looks:
    """Counts looks into lanes; a test waits for the one it expects."""

    def __init__(self, say: Callable[[str, int], Worked] | None = None) -> None:
        self._say = say or (lambda lane, number: Worked(False))
        self._changed = threading.Condition()
        self.counts: Counter[str] = Counter()

    def __call__(self, lane: str) -> Worked:
        with self._changed:
            self.counts[lane] += 1
            number = self.counts[lane]
            self._changed.notify_all()
        return self._say(lane, number)

    def reached(self, lane: str, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.counts[lane] >= number, SOON_S)

    def settled(self, bells: Bells, lane: str) -> int:
        """The count once no thread is in the lane."""
        for _ in range(int(SOON_S / 0.005)):
            if not bells._pool.running(lane) and not bells._pool.crowded():
                break
            threading.Event().wait(0.005)
        return self.counts[lane]


@contextmanager
def running(
    work: Callable[[str], Worked], store: MemoryStore | None = None, **options: Any
) -> Iterator[Bells]:
    options.setdefault("sweep_s", 3600.0)
    bells = Bells(store or MemoryStore(SystemClock()), work, ["desk", "dev"], **options)
    bells.start()
    try:
        yield bells
    finally:
        bells.stop()


def test_every_lane_is_looked_into_at_the_start_and_when_rung() -> None:
    looks = Looks()
    with running(looks) as bells:
        assert looks.reached("desk", 1)
        assert looks.reached("dev", 1)
        before = looks.settled(bells, "desk")

        bells.ring("desk")

        assert looks.reached("desk", before + 1)


def test_a_lane_is_looked_into_until_it_has_nothing() -> None:
    looks = Looks(lambda lane, number: Worked(number < 50))
    with running(looks):
        assert looks.reached("desk", 50)


def test_a_lane_is_looked_into_when_it_said_it_would_have_work() -> None:
    def say(lane: str, number: int) -> Worked:
        wake_at = datetime.now(UTC) + timedelta(milliseconds=30)
        return Worked(False, wake_at if number < 6 else None)

    looks = Looks(say)
    with running(looks):
        assert looks.reached("desk", 6)


def test_a_lane_that_names_a_time_gone_by_does_not_spin() -> None:
    looks = Looks(lambda lane, number: Worked(False, datetime.now(UTC) - timedelta(hours=1)))
    with running(looks):
        looks.reached("desk", 3)
        began_at, began = time.monotonic(), looks.counts["desk"]
        threading.Event().wait(0.3)
        looked = looks.counts["desk"] - began

        assert looked <= (time.monotonic() - began_at) / OVERDUE_S + 2


def test_a_bell_is_sent_only_when_it_turned_true() -> None:
    store = MemoryStore(SystemClock())
    store.lease("desk", "another process", now=datetime.now(UTC), until=_in(60))
    looks = Looks()
    with running(looks, store) as bells:
        sent: list[str] = []
        bells._doorbell.send = lambda lane: not sent.append(lane)  # type: ignore[method-assign, func-returns-value]

        bells.ring("desk")
        bells.ring("desk")

        assert sent == ["desk"]
        assert store.lane("desk").rung
        assert looks.counts["desk"] == 0


def test_losing_the_broker_loses_nothing() -> None:
    store = MemoryStore(SystemClock())
    looks = Looks(lambda lane, number: Worked(False))
    with running(looks, store) as bells:
        bells._answered = lambda lane: None  # type: ignore[method-assign]  # swallowed
        before = looks.settled(bells, "desk")
        now = datetime.now(UTC)
        store.commit(Change(ring=[Work(WorkKey("desk", "look", "1"), 3, now, now, now)]))
        bells.ring("desk")
        assert looks.counts["desk"] == before

        bells.sweep()

        assert looks.reached("desk", before + 1)


def test_a_broker_that_raises_is_done_without() -> None:
    looks = Looks()
    with running(looks) as bells:
        before = looks.settled(bells, "desk")
        bells._leases._held.clear()  # else nobody has to be told
        bells._doorbell._actor.send = _refuse  # type: ignore[method-assign, assignment]

        bells.ring("desk")

        assert looks.reached("desk", before + 1)


def test_a_lane_of_this_process_is_rung_without_the_broker() -> None:
    looks = Looks()
    with running(looks) as bells:
        before = looks.settled(bells, "desk")
        bells._doorbell._actor.send = _refuse  # type: ignore[method-assign, assignment]

        bells.ring("desk")

        assert looks.reached("desk", before + 1)
        assert not bells._store.lane("desk").rung


def test_a_lane_that_must_wait_is_not_woken_by_each_bell() -> None:
    looks, rests = Looks(), {"desk"}
    with running(looks, resting=lambda lane: lane in rests) as bells:
        looks.settled(bells, "desk")
        wanted: list[str] = []
        bells._answered = wanted.append  # type: ignore[method-assign, assignment]

        for _ in range(5):
            bells.ring("desk")
        bells.ring("dev")
        rests.clear()
        bells.ring("desk")

        assert wanted == ["dev", "desk"]


def test_a_sweep_costs_nothing_in_lanes_without_due_work() -> None:
    looks = Looks()
    with running(looks) as bells:
        before = looks.settled(bells, "desk")

        for _ in range(5):
            bells.sweep()

        assert looks.settled(bells, "desk") == before


@pytest.mark.parametrize("with_pulse", [True, False])
def test_a_command_of_another_process_is_noticed(with_pulse: bool) -> None:
    store, writes = MemoryStore(SystemClock()), [0]
    looks = Looks()
    with running(looks, store, pulse=(lambda: writes[0]) if with_pulse else None) as bells:
        before = looks.settled(bells, "desk")

        store.ring("desk")
        writes[0] += 1

        assert looks.reached("desk", before + 1)
        looks.settled(bells, "desk")
        assert not store.lane("desk").rung


def test_a_lane_has_one_holder_and_the_next_one_gets_its_checkpoint() -> None:
    store = MemoryStore(SystemClock())
    first, second, told = Looks(), Looks(), []
    with running(first, store, checkpoint=lambda lane: {"calls": 7, "lane": lane}) as holder:
        assert first.reached("desk", 1)
        assert first.reached("dev", 1)
        fence = holder.fence("desk")
        with running(second, store, taken=lambda lane, saved: told.append((lane, saved))) as other:
            other.ring("desk")
            assert other.fence("desk") is None
            assert not second.counts

            assert holder.stop()
            other._leases._denied.clear()
            other._pool.want("desk", rung=True)

            assert second.reached("desk", 1)
            assert ("desk", {"calls": 7, "lane": "desk"}) in told
            assert fence is not None
            assert other.fence("desk") == fence + 1


def test_a_lease_that_is_nearly_over_sends_nothing() -> None:
    clock = Stopped()
    looks = Looks()
    with running(looks, MemoryStore(clock), clock=clock) as bells:
        assert looks.reached("desk", 1)
        assert bells.fence("desk") == 1

        clock.gone_s += 12.5

        assert bells.fence("desk") is None


def test_one_lane_has_at_most_half_of_the_threads() -> None:
    gate = threading.Semaphore(0)

    def say(lane: str, number: int) -> Worked:
        bells.more(lane, datetime.min.replace(tzinfo=UTC))
        return Worked(lane == "desk" and gate.acquire(timeout=SOON_S))

    looks = Looks(lambda lane, number: Worked(False))
    with running(looks, threads=8) as bells:
        before = looks.settled(bells, "desk")
        looks._say = say
        bells.ring("desk")
        assert looks.reached("desk", before + 4)
        looks._say = lambda lane, number: Worked(False)

        bells.ring("dev")

        assert looks.reached("dev", 2)
        assert bells._pool.running("desk") == 4
        gate.release(50)


def test_a_look_that_raises_ends_neither_its_lane_nor_its_thread() -> None:
    def say(lane: str, number: int) -> Worked:
        if lane == "desk":
            raise ValueError("a bug")
        return Worked(False)

    looks = Looks(say)
    with running(looks, threads=2) as bells:
        assert looks.reached("desk", 1)
        before = looks.settled(bells, "dev")

        bells.ring("desk")
        bells.ring("dev")

        assert looks.reached("dev", before + 1)


def test_a_stop_waits_no_longer_than_it_may_and_keeps_the_lease_of_what_runs() -> None:
    gate, store = threading.Event(), MemoryStore(SystemClock())
    looks = Looks(lambda lane, number: Worked(lane == "desk" and not gate.wait(SOON_S)))
    with running(looks, store) as bells:
        assert looks.reached("desk", 1)
        assert looks.reached("dev", 1)
        looks.settled(bells, "dev")

        ended = bells.stop(within_s=0.2)

        gate.set()
        assert not ended
        assert store.lane("desk").holder is not None
        assert store.lane("dev").holder is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("kafka://localhost", 'found the scheme "kafka"'),
        ("amqp://localhost", "pip install"),
        ("redis://localhost", "pip install"),
    ],
)
def test_a_broker_that_cannot_be_used_is_refused_with_its_remedy(
    url: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("pika", "redis"):
        monkeypatch.setitem(sys.modules, library, None)  # as where the extra is not installed
    for module in ("rabbitmq", "redis"):
        monkeypatch.delitem(sys.modules, f"dramatiq.brokers.{module}", raising=False)

    with pytest.raises(BrokerRefusedError, match=says):
        Bells(MemoryStore(SystemClock()), Looks(), ["desk"], broker_url=url)


def test_redis_that_would_lose_bells_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redis: Any = pytest.importorskip("redis")
    asked = list[str]()

    def info(section: str) -> dict[str, int]:
        asked.append(section)
        if len(asked) > 1:
            raise redis.exceptions.NoPermissionError
        return {"aof_enabled": 0}

    client = SimpleNamespace(info=info)
    monkeypatch.setattr(redis.Redis, "from_url", lambda *_words, **_settings: client)

    for says in ("set `appendonly yes` in redis.conf", r"give it \+info"):
        with pytest.raises(BrokerRefusedError, match=says):
            Bells(MemoryStore(SystemClock()), Looks(), ["desk"], broker_url="redis://localhost")


def test_a_broker_is_said_once_when_it_goes_and_once_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = list[str]()
    bell = Doorbell(None, answered.append)
    wrong = iter([None, "ConnectionError", "ConnectionError", None, None])
    monkeypatch.setattr(bell, "_sent", lambda _lane: next(wrong))

    with capture_logs() as said:
        for _ in range(5):
            bell._carry("dev")

    assert [one["event"] for one in said] == ["broker.gone", "broker.back"]
    assert answered == ["dev"] * 2


class Stopped:
    """A clock that stands, for the lease."""

    def __init__(self) -> None:
        self.gone_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.gone_s)

    def monotonic(self) -> float:
        return self.gone_s


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _refuse(_lane: str) -> Any:
    raise ConnectionError("the broker is gone")
