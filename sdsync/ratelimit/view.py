"""What the status screen shows of a lane."""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.ratelimit import pace
from sdsync.ratelimit.state import LaneState, Trouble


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane for people. ``next_in_s`` None: nothing is waited for."""

    state: str  # ok | throttled | unauthorised | unreachable
    budget: str  # "2 at once", "600/600 min"
    next: str | None  # "again" (after a throttle) | "probe" | "slot"
    next_in_s: float | None


def describe(state: LaneState, now: float) -> LaneView:
    """The lane as it stands, for one line of the screen."""
    left_s = max(0.0, state.resume_at - now)
    if state.cause is None and not left_s:
        slot_s = pace.slot_at(state, now) - now
        return LaneView("ok", _budget(state, now), "slot" if slot_s else None, slot_s or None)
    if state.cause in (None, Trouble.THROTTLED):
        return LaneView("throttled", _budget(state, now), "again", left_s)
    name = "unauthorised" if state.cause is Trouble.UNAUTHORISED else "unreachable"
    return LaneView(name, "-" if left_s else _budget(state, now), "probe", left_s)


def _budget(state: LaneState, now: float) -> str:
    if state.budget.per_minute:
        return f"{pace.sent_within(state, now, 60)}/{state.budget.per_minute} min"
    if state.rate is not None:
        return f"learnt {state.rate * 60:.0f}/min"
    if state.probing:
        return "1 probe"
    most = 1 if state.latency.doubled(now) else state.budget.calls_at_once
    return f"{most} at once" + (", slow" if most < state.budget.calls_at_once else "")
