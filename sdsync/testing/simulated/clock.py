"""A clock that moves only when told, and does on the way what was due."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class VirtualClock:
    """The :class:`sdsync.config.clock.Clock` of a simulation, with an agenda.

    What is put on the agenda happens while time passes, so also in the middle
    of a call that takes its time. An entry may let time pass itself.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._now = start
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._entries = 0

    def now(self) -> datetime:
        """The virtual instant, aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return (self._now - self._start).total_seconds()

    def at(self, when: datetime, do: Callable[[], object]) -> None:
        """Put ``do`` on the agenda; entries of one instant keep their order."""
        self._entries += 1
        heapq.heappush(self._agenda, (when, self._entries, do))

    def after(self, seconds: float, do: Callable[[], object]) -> None:
        """Put ``do`` on the agenda, ``seconds`` from now."""
        self.at(self._now + timedelta(seconds=seconds), do)

    def next_at(self) -> datetime | None:
        """When the agenda's next entry is due; None: nothing is planned."""
        return self._agenda[0][0] if self._agenda else None

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.advance_to(self._now + timedelta(seconds=seconds))

    def advance_to(self, when: datetime) -> None:
        """Let time pass until ``when``; does nothing but due entries when that is past."""
        while self._agenda and self._agenda[0][0] <= when:
            due, _, do = heapq.heappop(self._agenda)
            self._now = max(self._now, due)
            do()
        self._now = max(self._now, when)
