"""Which waiting work goes first: the one whose bound ends first (law 36).

Priority sets how long work may wait, and waiting brings that end nearer: an old
P5 overtakes a new P1 when its time is over, and nothing starves.

The bound is 8 lag objectives, and it is the bound that orders, not the
objective: earliest-deadline-first keeps every deadline that any order could
keep, but only of the deadlines that it sorts by. Sorted by the objective alone,
a bulk edit of P2 goes before every new P1 as soon as it is two minutes old.
Weakness: when even the bound cannot be kept, the late are served by age.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

MOST_URGENT, LEAST_URGENT = 1, 5
BOUND = 8


def deadline(since: datetime, priority: int, objectives: Mapping[str, float]) -> datetime:
    """When this work has waited 8 times the lag objective of its priority.

    Args:
        since: When it became dirty, aware UTC; it stays when work is rung again.
        priority: 1 (worst) to 5; anything outside counts as the nearest.
        objectives: Seconds by "P1" to "P5".
    """
    level = min(LEAST_URGENT, max(MOST_URGENT, priority))
    return since + timedelta(seconds=BOUND * objectives[f"P{level}"])
