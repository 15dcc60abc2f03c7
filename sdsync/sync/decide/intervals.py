"""When a change happened, as far as anybody can know (law 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sdsync.config.clock import moved


@dataclass(frozen=True, slots=True)
class Interval:
    """Not before ``lo``, not after ``hi``; aware UTC, corrected by the clock offset."""

    lo: datetime
    hi: datetime

    def after(self, other: Interval) -> bool:
        """Surely later than ``other``."""
        return self.lo > other.hi

    def overlaps(self, other: Interval) -> bool:
        """Simultaneous, as far as can be told."""
        return not self.after(other) and not other.after(self)


def told(at: datetime, *, offset_s: float, resolution_s: float) -> Interval:
    """From the product's history: a stamp of its clock, as coarse as it writes it."""
    ours = moved(at, -offset_s)
    return Interval(ours, moved(ours, resolution_s))


def between(previous: datetime | None, looked: datetime) -> Interval:
    """From two looks; without an earlier look all that is known is the later one."""
    return Interval(previous or looked, looked)
