"""A few threads for all lanes, so shared that one sick system cannot take them all.

One lane never has more than half of the threads. Slow lanes together never have
more than three quarters: the last quarter is only for lanes that answer
quickly and have no thread yet, so that several systems that begin to hang in
the same second do not take it either.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sdsync.sync.bells.enduring import endure

T = TypeVar("T")

#: A unit of work that takes longer makes its lane slow, until one does not.
SLOW_S = 1.0


class Pool:
    """Threads that wait without waking, and drive the lanes that are wanted."""

    def __init__(self, threads: int, drive: Callable[[str, bool], None]) -> None:
        """``drive(lane, rung)`` works in the lane and returns soon; what it raises ends nothing."""
        self.size = max(2, threads)
        self._most = max(1, self.size // 2)
        self._last_quarter = max(1, self.size - self.size * 3 // 4)
        self._drive = drive
        self._changed = threading.Condition()
        self._wanted: dict[str, bool] = {}  # lane -> rung; in order of arrival
        self._running: Counter[str] = Counter()
        self._began: dict[int, tuple[str, float]] = {}  # thread -> its unit of work
        self._slow: set[str] = set()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"lane-worker-{number}", daemon=True)
            for number in range(self.size)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def want(self, lane: str, *, rung: bool) -> None:
        """Have the lane driven as soon as a thread may; once, however often it is wanted."""
        with self._changed:
            known = lane in self._wanted
            self._wanted[lane] = rung or self._wanted.get(lane, False)
            if not known:  # else a thread was woken for it already, or none is admitted
                self._changed.notify()

    def wants(self, lane: str) -> bool:
        """Whether the lane waits for a thread because of a bell."""
        with self._changed:
            return self._wanted.get(lane, False)

    def crowded(self) -> bool:
        """Whether a lane waits that could have this thread."""
        with self._changed:
            return bool(self._wanted)

    def running(self, lane: str) -> int:
        """Threads in the lane."""
        with self._changed:
            return self._running[lane]

    @property
    def stopping(self) -> bool:
        """Whether no new work may begin."""
        return self._stopping

    def unit(self, lane: str, work: Callable[[], T]) -> T:
        """Run one unit of work and learn from its duration how fast the lane is."""
        me, began = threading.get_ident(), time.monotonic()
        with self._changed:
            self._began[me] = (lane, began)
        try:
            return work()
        finally:
            slow = time.monotonic() - began >= SLOW_S
            with self._changed:
                self._began.pop(me, None)
                (self._slow.add if slow else self._slow.discard)(lane)

    def stop(self, within_s: float) -> bool:
        """Let no new unit begin; True when all running ones ended in time."""
        until = time.monotonic() + within_s
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        while (taken := self._take()) is not None:
            lane, rung = taken
            try:
                endure("lane.not_driven", partial(self._drive, lane, rung))
            finally:
                self._leave(lane)

    def _take(self) -> tuple[str, bool] | None:
        with self._changed:
            while not self._stopping:
                for lane in self._wanted:
                    if self._admits(lane):
                        rung = self._wanted.pop(lane)
                        self._running[lane] += 1
                        if any(self._admits(other) for other in self._wanted):
                            self._changed.notify()
                        return lane, rung
                self._changed.wait()
        return None

    def _leave(self, lane: str) -> None:
        with self._changed:
            self._running[lane] -= 1
            if not self._running[lane]:
                del self._running[lane]
            # Nobody is woken: this thread takes next, and passes on what it leaves.

    def _admits(self, lane: str) -> bool:
        if self._running[lane] >= self._most:
            return False
        free = self.size - self._running.total()
        if free > self._last_quarter:
            return True
        return self._running[lane] == 0 and not self._is_slow(lane)

    def _is_slow(self, lane: str) -> bool:
        if lane in self._slow:
            return True
        now = time.monotonic()
        return any(at < now - SLOW_S for one, at in self._began.values() if one == lane)
