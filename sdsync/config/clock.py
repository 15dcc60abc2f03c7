"""Time as an argument: production passes the system's clock, simulation its own."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: A clock that is corrected in smaller pieces has not stepped.
STEP_S = 5.0
#: Longer than a call that we gave up may still take effect at any of our products.
BELIEVED_S = 120.0


def moved(at: datetime, by_s: float) -> datetime:
    """An instant so many seconds later; the same where the calendar ends before that.

    For instants that came from outside, which may lie anywhere in it.
    """
    try:
        return at + timedelta(seconds=by_s)
    except OverflowError:
        return at


class Clock(Protocol):
    """Where every instant comes from."""

    def now(self) -> datetime:
        """The wall clock, aware UTC. It may step."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for budgets and deadlines."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start, never going back."""
        return time.monotonic()


class SteadyClock:
    """The machine's clocks for a process that waits by them: a step moves nothing that waits.

    What is due, and until when a call may land, are instants of the wall clock. When that
    is set back, this one goes on from where it was until the other has caught up: else
    nothing would be due for so long. A step forward is believed when it has stood for
    ``BELIEVED_S``: what is in doubt is not looked up sooner than it may land (law 27).

    Weakness: a call that begins in the last seconds before a step is believed waits less,
    and a new process takes the wall clock as it is.
    """

    def __init__(self, machine: Clock | None = None) -> None:
        self._machine = machine or SystemClock()
        self._true = (self._machine.now(), self._machine.monotonic())
        self._stepped: float | None = None  # forward, when it was noticed
        self._guard = threading.Lock()

    def now(self) -> datetime:
        """The wall clock without its steps, aware UTC."""
        with self._guard:
            wall, now = self._machine.now(), self.monotonic()
            steady = self._true[0] + timedelta(seconds=now - self._true[1])
            if self._waits(now, (wall - steady).total_seconds()):
                return steady
            self._true, self._stepped = (wall, now), None
            return wall

    def _waits(self, now: float, by_s: float) -> bool:
        """Whether the wall clock, which is off by so much, is not believed yet."""
        if by_s <= STEP_S:
            self._stepped = None
            return by_s < -STEP_S
        self._stepped = now if self._stepped is None else self._stepped
        return now - self._stepped < BELIEVED_S

    def monotonic(self) -> float:
        """Seconds since some start, never going back."""
        return self._machine.monotonic()

    def off_s(self) -> float:
        """By how much the wall clock is ahead of this one; below zero: it was set back."""
        return (self._machine.now() - self.now()).total_seconds()
