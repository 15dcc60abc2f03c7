"""The plan of retention that waits for a person, and why."""

from __future__ import annotations

from sdsync.store.contract import Store
from sdsync.store.records import LineState, Plan, PlanState

KIND = "retention"
#: Whose name stands under a plan of the night.
FILE = "sdsync.toml"
#: How the reason begins when retention found the trail tampered with.
BROKEN = "the trail is not whole"


def reason(store: Store, plan: Plan) -> str:
    """Why a plan that is not over goes no further by itself; empty: it does."""
    waiting = store.plan_lines(plan.id, state=LineState.WAITING)
    return next((one.told for one in waiting if one.told), "")


def stuck(store: Store) -> tuple[Plan, str] | None:
    """The newest plan of retention that waits for a person, and why."""
    for one in store.plans():
        stands = one.kind == KIND and one.state in (PlanState.OPEN, PlanState.APPROVED)
        if stands and (why := reason(store, one)):
            return one, why
    return None
