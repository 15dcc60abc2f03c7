"""Time as an argument: production passes the system's clock, simulation its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


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
