"""What of a lane outlives its holder: one JSON row.

A monotonic clock means nothing in another process, so instants are stored as
wall-clock ones and come back as what is left of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sdsync.ratelimit import pace
from sdsync.ratelimit.state import LaneBudget, LaneState, Trouble

#: A "Retry-After" of years, or a wall clock that stepped between two holders,
#: must not end a lane: after a day one probe is polite.
LONGEST_WAIT_S = 86_400.0


def checkpoint(state: LaneState, *, now: float, wall: datetime) -> dict[str, object]:
    """The lane as JSON.

    Args:
        now: Of the monotonic clock that the state uses.
        wall: The same instant, aware UTC.
    """
    return {
        "epoch": state.epoch,
        "cause": state.cause,
        "resume_at": _iso(state.resume_at, now, wall),
        "not_before": _iso(state.not_before, now, wall),
        "backoff": state.backoff,
        "rate": state.rate,
        "ceiling_seen": state.ceiling_seen,
        "calls": state.calls,
        "throttles": state.throttles,
    }


def restore(
    budget: LaneBudget, saved: Mapping[str, object], *, now: float, wall: datetime
) -> LaneState:
    """The lane as its last holder left it; an empty or foreign row gives a new one.

    It starts one interval late, since the last holder's final call is not
    known, and one epoch later, since what that holder booked is void.
    """
    state = LaneState(budget)
    state.epoch = int(_number(saved.get("epoch"))) + 1
    state.backoff = int(_number(saved.get("backoff")))
    state.calls = int(_number(saved.get("calls")))
    state.throttles = int(_number(saved.get("throttles")))
    state.rate = _number(saved.get("rate")) or None
    state.ceiling_seen = _number(saved.get("ceiling_seen")) or None
    state.resume_at = _monotonic(saved.get("resume_at"), now, wall)
    state.not_before = _monotonic(saved.get("not_before"), now, wall)
    cause = saved.get("cause")
    if cause in tuple(Trouble):
        state.cause, state.probing = Trouble(str(cause)), True
    state.grown_at = state.cut_at = now
    if saved:
        state.next_slot_at = now + pace.interval(state)
    return state


def _iso(at: float, now: float, wall: datetime) -> str | None:
    return (wall + timedelta(seconds=at - now)).isoformat() if at > now else None


def _monotonic(stored: object, now: float, wall: datetime) -> float:
    if not isinstance(stored, str):
        return now
    try:
        left_s = (datetime.fromisoformat(stored) - wall).total_seconds()
    except (ValueError, TypeError):
        return now
    return now + min(max(0.0, left_s), LONGEST_WAIT_S)


def _number(stored: object) -> float:
    return float(stored) if isinstance(stored, int | float) else 0.0
