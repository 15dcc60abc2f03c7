"""The short form: once at each numbered step, while people work; ``make crash`` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.crash.campaign import Plan, run
from tests.crash.steps import numbered

#: What people do is the same each time; the moments of their deaths are not, as in life.
SEED = 739941


def test_the_steps_are_read_from_the_source() -> None:
    assert {"captured", "decided", "attempted", "sent", "confirmed"} <= set(numbered())


def test_killed_at_each_step_it_loses_nothing_and_makes_nothing_twice(tmp_path: Path) -> None:
    plan = Plan(SEED, kills=len(numbered()) + 2, changes=150, landing_s=1.0, patience_s=120.0)

    account = run(plan, tmp_path)

    replay = f"python -m tests.crash --seed {SEED} --kills {plan.kills} --changes 150 --landing 1"
    assert not account.breaches, "\n".join([*account.breaches, f"replay: {replay}"])
    assert set(numbered()) <= set(account.killed)
