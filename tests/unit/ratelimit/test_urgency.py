"""Law 36: waiting raises work, and nothing starves."""

from __future__ import annotations

import heapq
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.ratelimit.urgency import deadline

START = datetime(2026, 1, 1, tzinfo=UTC)
LAG = {"P1": 30.0, "P2": 120.0, "P3": 600.0, "P4": 1800.0, "P5": 3600.0}


def test_a_p1_goes_before_an_older_p3() -> None:
    assert deadline(START, 1, LAG) < deadline(START - timedelta(seconds=500), 3, LAG)


def test_a_p5_that_waited_out_its_bound_goes_before_a_new_p1() -> None:
    assert deadline(START - timedelta(seconds=8 * 3600), 5, LAG) < deadline(START, 1, LAG)


@given(st.integers(-10, 20))
def test_a_priority_outside_the_scale_counts_as_the_nearest(priority: int) -> None:
    nearest = min(5, max(1, priority))

    assert deadline(START, priority, LAG) == deadline(START, nearest, LAG)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("per_second", "storm"),
    [
        ((0.49, 0.2, 0.15, 0.1, 0.05), {}),  # nearly full, for hours
        ((0.1, 0.05, 0.15, 0.1, 0.05), {2: 600}),  # a bulk edit of P2
        ((0.05, 0.05, 0.05, 0.05, 0.05), {1: 100, 3: 2000, 5: 5000}),  # a backfill
    ],
)
def test_nothing_waits_longer_than_8_times_its_objective(
    seed: int, per_second: tuple[float, ...], storm: dict[int, int]
) -> None:
    """Five hours with one slot a second, loads that some order could serve in time."""
    rand = random.Random(seed)
    waiting: list[tuple[datetime, int, int]] = []
    worst = dict.fromkeys(range(1, 6), 0)
    for second in range(18_000):
        arrivals = [level for level in range(1, 6) if rand.random() < per_second[level - 1]]
        if second == 5_000:
            arrivals += [level for level, count in storm.items() for _ in range(count)]
        at = START + timedelta(seconds=second)
        for level in arrivals:
            heapq.heappush(waiting, (deadline(at, level, LAG), second, level))
        if waiting:
            _, since, level = heapq.heappop(waiting)
            worst[level] = max(worst[level], second - since)

    for level, waited_s in worst.items():
        assert waited_s <= 8 * LAG[f"P{level}"], f"P{level} starved"
