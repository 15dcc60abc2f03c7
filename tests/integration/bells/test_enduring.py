"""What a thread that has to go on does with an error that nobody looked after."""

from __future__ import annotations

import io
import threading

import pytest
import structlog

from sdsync.config.clock import SystemClock
from sdsync.server.logs import Scrubber, configure
from sdsync.sync.bells import Bells
from sdsync.sync.bells.timer import Timer
from sdsync.sync.worked import Worked
from sdsync.testing.memory_store import MemoryStore

SOON_S = 60.0
FULL = OSError(28, "No space left on device")


class Full(io.StringIO):
    """A log on a full disk."""

    def write(self, text: str) -> int:
        raise FULL


class Raising(structlog.PrintLogger):
    """A log that raises into the program."""

    def msg(self, message: str) -> None:
        raise FULL

    error = warning = info = msg


def test_a_timer_outlives_its_chores_and_its_wake_ups_even_when_it_can_tell_nobody() -> None:
    structlog.configure(logger_factory=lambda *_: Raising())
    done, woken = threading.Semaphore(0), threading.Semaphore(0)

    def chore() -> None:
        done.release()
        raise FULL

    def wake(lane: str) -> None:
        woken.release()
        raise FULL

    timer = Timer(wake)
    timer.every(0.01, chore)
    timer.start()
    for _ in range(3):
        assert done.acquire(timeout=5.0)
        timer.at("desk", 0.0)
        assert woken.acquire(timeout=5.0)
    timer.stop(SOON_S)


def test_lanes_are_driven_again_after_a_time_in_which_nothing_could_be_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure("info", scrubber=Scrubber(), stream=Full())
    monkeypatch.setattr("sdsync.sync.bells.bells.FAILED_S", 0.01)
    troubles = [RuntimeError(), ValueError()] * 5  # each is told, being another than the last
    well = threading.Event()

    def work(_lane: str) -> Worked:
        if troubles:
            raise troubles.pop()
        well.set()
        return Worked(False)

    bells = Bells(MemoryStore(SystemClock()), work, ["desk"], threads=8, sweep_s=3600.0)
    bells.start()
    try:
        assert well.wait(SOON_S)
    finally:
        bells.stop()
