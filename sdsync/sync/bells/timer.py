"""One thread for everything that happens at a time: wake-ups, sweeps, renewals."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from functools import partial

from sdsync.sync.bells.enduring import endure

#: A wake-up that is already over comes this much later, so that a lane which is
#: wrong about its time costs some looks and not a core.
OVERDUE_S = 0.02


class Timer:
    """A heap of wake-ups by lane, and a few chores; sleeps until the next of them."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        """``wake(lane)`` is called in the timer's thread and returns at once."""
        self._wake = wake
        self._heap: list[tuple[float, str]] = []
        self._next: dict[str, float] = {}  # the wake-up of each lane that counts
        self._chores: list[tuple[float, Callable[[], None]]] = []
        self._due: list[float] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timer", daemon=True)

    def every(self, seconds: float, chore: Callable[[], None]) -> None:
        """Call ``chore`` this often; call before :meth:`start`. What it raises ends nothing."""
        self._chores.append((seconds, chore))
        self._due.append(0.0)

    def start(self) -> None:
        """Start the thread; each chore is done once at once."""
        self._thread.start()

    def at(self, lane: str, after_s: float) -> None:
        """Wake the lane after so long; the earlier of two wake-ups counts."""
        when = time.monotonic() + (after_s if after_s > 0 else OVERDUE_S)
        with self._changed:
            if self._next.get(lane, float("inf")) <= when:
                return
            self._next[lane] = when
            heapq.heappush(self._heap, (when, lane))
            if self._heap[0] == (when, lane):
                self._changed.notify()

    def stop(self, within_s: float) -> None:
        """End the thread after the chore that it may be at."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                lanes = self._over(time.monotonic())
            for lane in lanes:
                endure("wake_up.failed", partial(self._wake, lane))
            self._do_chores()
            with self._changed:
                pause_s = self._nearest() - time.monotonic()
                if not self._stopping and pause_s > 0:
                    self._changed.wait(pause_s)

    def _over(self, now: float) -> list[str]:
        lanes = []
        while self._heap and self._heap[0][0] <= now:
            when, lane = heapq.heappop(self._heap)
            if self._next.get(lane) == when:
                del self._next[lane]
                lanes.append(lane)
        return lanes

    def _do_chores(self) -> None:
        for number, (seconds, chore) in enumerate(self._chores):
            if self._due[number] <= time.monotonic() and not self._stopping:
                endure("chore.failed", chore)
                self._due[number] = time.monotonic() + seconds

    def _nearest(self) -> float:
        first = self._heap[0][0] if self._heap else float("inf")
        return min([first, *self._due], default=first)
