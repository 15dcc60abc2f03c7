"""RabbitMQ and Redis carry bells between processes, and may die of it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sdsync.config.clock import SystemClock
from sdsync.store.records import Change, Work, WorkKey
from sdsync.sync.bells import Bells
from sdsync.sync.bells.broker import Doorbell
from sdsync.sync.worked import Worked
from sdsync.testing.memory_store import MemoryStore
from tests.integration.brokers.servers import Broker, RabbitMQ

SOON_S = 60.0
KNOCK_S = 0.05

RING = """
import sys
from sdsync.sync.bells.broker import Doorbell
bell = Doorbell(sys.argv[1], print)
sys.exit(bell._sent(sys.argv[2]))
"""


class Heard:
    """What was heard, in order; a test waits for what it expects."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.lanes: list[str] = []

    def __call__(self, lane: str) -> None:
        with self._changed:
            self.lanes.append(lane)
            self._changed.notify_all()

    def has(self, lane: str) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: lane in self.lanes, SOON_S)


@contextmanager
def doorbell(url: str, heard: Callable[[str], None]) -> Iterator[Doorbell]:
    bell = Doorbell(url, heard, knock_s=KNOCK_S)
    bell.start()
    try:
        yield bell
    finally:
        bell.stop()


@contextmanager
def bells(url: str, heard: Heard, store: MemoryStore) -> Iterator[Bells]:
    """A runner whose first looks are over: what is heard from now on was rung."""

    def look(lane: str) -> Worked:
        heard(lane)
        return Worked(False)

    runner = Bells(store, look, ["desk", "dev"], broker_url=url, sweep_s=3600.0)
    runner.start()
    try:
        assert heard.has("desk")
        assert heard.has("dev")
        heard.lanes.clear()
        yield runner
    finally:
        runner.stop()


def ring_elsewhere(url: str, lane: str) -> None:
    """Ring in a process that has nothing else in common with this one."""
    subprocess.run([sys.executable, "-c", RING, url, lane], check=True, timeout=SOON_S)


def until(holds: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(int(SOON_S / 0.02)):
        if holds():
            return True
        pause.wait(0.02)
    return False


def test_a_bell_rung_by_one_process_wakes_the_worker_of_another(broker: Broker) -> None:
    heard = Heard()
    with bells(broker.url, heard, MemoryStore(SystemClock())):
        ring_elsewhere(broker.url, "dev")

        assert heard.has("dev")
        assert "desk" not in heard.lanes


def test_a_bell_waits_for_a_process_that_is_not_there_yet(broker: Broker) -> None:
    ring_elsewhere(broker.url, "early")

    heard = Heard()
    with doorbell(broker.url, heard):
        assert heard.has("early")


def test_a_broker_that_dies_is_told_and_the_bell_answered_here(broker: Broker) -> None:
    heard = Heard()
    with doorbell(broker.url, heard) as bell:
        assert until(lambda: "" in heard.lanes), "the broker carries bells"
        assert bell.trouble() is None
        broker.away()
        try:
            assert until(lambda: bell.trouble() is not None)
            assert "takes no bells" in (bell.trouble() or "")
            taken = bell.send("desk")
        finally:
            broker.back()

        assert not taken, "who rings looks by itself"
        assert until(lambda: bell.trouble() is None)
        bell.send("after")
        assert heard.has("after")


def test_a_dying_broker_loses_no_work(broker: Broker) -> None:
    heard, store = Heard(), MemoryStore(SystemClock())
    with bells(broker.url, heard, store) as runner:
        # Somebody else holds the lane: only then does a ring leave the process.
        now = datetime.now(UTC)
        store.commit(Change(ring=[Work(WorkKey("desk", "look", "1"), 3, now, now, now)]))
        broker.away()
        try:
            runner.sweep()

            assert heard.has("desk")
        finally:
            broker.back()


def test_a_broker_that_stands_still_holds_up_nobody_who_rings(broker: Broker) -> None:
    heard, store = Heard(), MemoryStore(SystemClock())
    with bells(broker.url, heard, store) as runner:
        runner._leases.release("desk", {})
        store.lease("desk", "another", now=_in(0), until=_in(3600))
        broker.freeze()
        try:
            ringer = threading.Thread(target=runner.ring, args=("desk",), daemon=True)
            ringer.start()
            ringer.join(SOON_S)

            assert not ringer.is_alive()
            assert store.lane("desk").rung, "its holder finds it in the store"
        finally:
            broker.thaw()


def test_rabbitmq_holds_three_queues_that_are_made_by_themselves(rabbitmq: RabbitMQ) -> None:
    heard = Heard()
    with doorbell(rabbitmq.url, heard) as bell:
        assert bell.send("dev")
        assert heard.has("dev")

        assert rabbitmq.queues() == {"sdsync", "sdsync.DQ", "sdsync.XQ"}


def test_redis_that_is_away_at_the_start_is_waited_for(redis: Broker) -> None:
    heard = Heard()
    redis.away()
    try:
        bell = Doorbell(redis.url, heard, knock_s=KNOCK_S)
        bell.start()
        assert until(lambda: bell.trouble() is not None)
    finally:
        redis.back()
    try:
        assert until(lambda: bell.trouble() is None)
    finally:
        bell.stop()


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Lost connections are what these tests are about."""
    caplog.set_level("CRITICAL")
