"""A short form of the simulation: some seeds, every invariant, and that seeds replay."""

from __future__ import annotations

import pytest

from tests.simulation.course import judge
from tests.simulation.open_seeds import OPEN

SEEDS = [seed for seed in range(1, 21) if seed not in OPEN]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_edit_is_decided_and_nothing_is_made_twice(seed: int) -> None:
    verdict = judge(seed)

    account = "\n".join(verdict.lines)
    replay = f"python -m tests.simulation --seed {seed} --verbose"
    assert not verdict.breaches, f"{account}\n{verdict.breaches}\nreplay: {replay}"


def test_a_seed_replays_identically() -> None:
    assert judge(3).digest == judge(3).digest


def test_a_schedule_is_large_enough() -> None:
    verdict = judge(1)

    assert verdict.deeds >= 50
    assert verdict.crashes >= 5
