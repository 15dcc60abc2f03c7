"""Whether a system answers twice as slowly as a minute ago (law 38)."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

WINDOW_S = 15.0
WINDOWS = 4  # a minute of history
SAMPLES = 64  # per window: enough for a median, and bounded
ENOUGH = 5  # fewer answers say nothing about a median
#: Twice nothing is nothing: below this a doubling is noise of this machine, not
#: a sign that the other one suffers.
FLOOR_S = 0.05


@dataclass(slots=True)
class Latency:
    """Medians of the last minute, in windows of 15 s."""

    window: int = -1
    samples: list[float] = field(default_factory=list)
    medians: list[tuple[int, float]] = field(default_factory=list)

    def note(self, latency_s: float, now: float) -> None:
        """Count one good answer."""
        self._turn(now)
        if len(self.samples) < SAMPLES:
            self.samples.append(latency_s)

    def doubled(self, now: float) -> bool:
        """Whether the newest median is at least twice the best of the minute before.

        A system that stays slow for longer has a new normal: the doubling is
        forgotten after a minute, as the law says.
        """
        self._turn(now)
        earlier = self.medians if len(self.samples) >= ENOUGH else self.medians[:-1]
        newest = self._newest() if earlier else None
        if newest is None or newest < FLOOR_S:
            return False
        return newest >= 2 * min(one for _, one in earlier)

    def current(self, now: float) -> float | None:
        """The newest median in seconds; None when nothing was answered lately."""
        self._turn(now)
        return self._newest()

    def _newest(self) -> float | None:
        if len(self.samples) >= ENOUGH:
            return median(self.samples)
        return self.medians[-1][1] if self.medians else None

    def _turn(self, now: float) -> None:
        window = int(now // WINDOW_S)
        if window == self.window:
            return
        if len(self.samples) >= ENOUGH:
            self.medians.append((self.window, median(self.samples)))
        self.medians = [one for one in self.medians if one[0] >= window - WINDOWS]
        self.window, self.samples = window, []
