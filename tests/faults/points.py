"""A death at every numbered step of the way, once at least, while people work."""

from __future__ import annotations

from tests.crash.campaign import Plan, run
from tests.crash.steps import numbered
from tests.faults.frame import Trial, fault


@fault("R3", "killed at every numbered step: none lost, none double, no step left out", apart=True)
def every_step(trial: Trial) -> None:
    steps = numbered()
    kills = trial.of(len(steps) + 2, 10 * len(steps))
    changes, landing_s = trial.of(150, 3000), None if trial.long else 1.0
    plan = Plan(trial.seed, kills, changes, landing_s, patience_s=trial.of(120, 600))
    account = run(plan, trial.folder)
    trial.count("steps", len(steps))
    trial.count("kills", account.killed.total())
    trial.count("changes", account.ledger.changes)
    trial.count("writes", account.writes)
    trial.count("the same once more", account.again)
    trial.count("sent again after a doubt", account.verdict.resent)
    trial.breaches += account.breaches
    never = set(steps) - set(account.killed)
    trial.count("steps left out", len(never))
    trial.must(not never, f"it never died at {sorted(never)}")
