"""One sick system does not take every thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sdsync.sync.bells.pool import Pool

SOON_S = 60.0


class Sick:
    """Lanes that hang until the test lets them go."""

    def __init__(self, threads: int) -> None:
        self.gate, self.entered = threading.Event(), threading.Semaphore(0)
        self.served: list[str] = []
        self.quick = threading.Event()
        self.pool = Pool(threads, self._drive)

    def _drive(self, lane: str, rung: bool) -> None:
        self.pool.unit(lane, lambda: self._work(lane))

    def _work(self, lane: str) -> None:
        if lane.startswith("quick"):
            self.served.append(lane)
            self.quick.set()
            return
        self.entered.release()
        self.gate.wait(SOON_S)

    def fill(self, lane: str, threads: int) -> None:
        for _ in range(threads):
            self.pool.want(lane, rung=True)
            assert self.entered.acquire(timeout=SOON_S)


@pytest.fixture
def sick() -> Iterator[Sick]:
    one = Sick(8)
    one.pool.start()
    yield one
    one.gate.set()
    one.pool.stop(SOON_S)


def test_slow_lanes_together_have_at_most_three_quarters(sick: Sick) -> None:
    for lane in ("a", "b", "c"):
        sick.pool._slow.add(lane)
    sick.fill("a", 4)
    sick.fill("b", 2)

    sick.pool.want("b", rung=True)
    sick.pool.want("c", rung=True)
    sick.pool.want("quick", rung=True)

    assert sick.quick.wait(SOON_S)
    assert sick.pool.running("a") + sick.pool.running("b") == 6
    assert sick.pool.running("c") == 0


def test_the_last_quarter_is_for_lanes_without_a_thread(sick: Sick) -> None:
    """Two systems that begin to hang in the same second: not known as slow yet."""
    sick.fill("a", 4)
    sick.fill("b", 2)

    sick.pool.want("b", rung=True)
    sick.pool.want("quick", rung=True)

    assert sick.quick.wait(SOON_S)
    assert sick.pool.running("b") == 2


def test_no_lane_waits_behind_one_that_may_not_run(sick: Sick) -> None:
    sick.fill("a", 4)
    sick.pool.want("a", rung=True)

    sick.pool.want("quick one", rung=True)

    assert sick.quick.wait(SOON_S)
    assert sick.served == ["quick one"]


def test_a_stop_says_when_a_unit_did_not_end(sick: Sick) -> None:
    sick.fill("a", 1)

    assert not sick.pool.stop(0.05)
    sick.gate.set()
    assert sick.pool.stop(SOON_S)


@pytest.mark.filterwarnings("default")
def test_a_drive_that_raises_ends_no_thread() -> None:
    driven = threading.Semaphore(0)

    def drive(lane: str, rung: bool) -> None:
        driven.release()
        raise OSError(28, "No space left on device")

    pool = Pool(2, drive)
    pool.start()
    for _ in range(5):  # more often than there are threads
        pool.want("desk", rung=True)
        assert driven.acquire(timeout=5.0)
    assert all(one.is_alive() for one in pool._threads)
    assert pool.stop(SOON_S)
