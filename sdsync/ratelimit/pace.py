"""Slots of a known rate, and what throttles teach about an unknown one.

The pacing is a reservation form of GCRA: slots lie on a grid, one call each,
and there is no burst allowance. Weakness, stated: a grant of several calls
spends its slots at once and pauses for as long afterwards.
"""

from __future__ import annotations

from sdsync.ratelimit.state import Grant, LaneState

#: Half a percent below the budget. The product counts arrivals, not sends: what
#: the network delays and then bunches must not make a budget of 600 a 601.
MARGIN = 1.005
#: A slot taken this late keeps its grid, so that a timer's lateness costs no
#: budget. With the margin the sum in any second stays within the budget.
LATE_S = 0.005
OBSERVED_S = 10
CUT = 0.85
#: Growth after a cut: quickly to just below where the throttle came, slowly on.
NEAR = 0.95
DOUBLES_FAR_S = 10.0
DOUBLES_NEAR_S = 300.0
#: How long a refusal is believed: as long as the windows that are paced. Later it says
#: nothing about now, and a lane that was pushed far down has to come back quickly.
BELIEVED_S = 60.0
#: An unconfigured lane that came this far above its learnt rate is free again.
FORGET = 4.0
SLOWEST = 1 / 60
#: A lane that was nearly idle when it was refused learnt little: others used the
#: quota. It starts from one call a second.
LEAST_LEARNT = 1.0


def interval(state: LaneState) -> float:
    """Seconds between two calls; 0 when no rate is known."""
    rate = effective_rate(state)
    return MARGIN / rate if rate else 0.0


def effective_rate(state: LaneState) -> float | None:
    """Calls per second that may be sent now: the budget's or the learnt one, the lower."""
    ceiling = _ceiling(state)
    if state.rate is None:
        return ceiling
    return state.rate if ceiling is None else min(state.rate, ceiling)


def slot_at(state: LaneState, now: float) -> float:
    """When the next call may start: never in the past."""
    return max(state.next_slot_at, now) if effective_rate(state) else now


def book(state: LaneState, now: float, calls: int) -> float:
    """Take the next slot, for ``calls`` calls; when it starts."""
    at, step = slot_at(state, now), interval(state)
    late = min(LATE_S, step / 4)
    state.next_slot_at = max(state.next_slot_at, now - late) + calls * step
    return at


def unbook(state: LaneState, now: float) -> None:
    """Void the slots that were booked ahead; what was sent stays charged."""
    ahead = sum(one.calls for one in state.grants.values() if one.at > now)
    state.next_slot_at -= ahead * interval(state)


def settle(state: LaneState, grant: Grant, calls: int, now: float) -> None:
    """Charge what was really sent, and remember it for the last minute."""
    state.next_slot_at += (calls - grant.calls) * interval(state)
    if calls:
        state.calls += calls
        second = int(now)
        state.sent[second] = state.sent.get(second, 0) + calls
        if len(state.sent) > 60:
            state.sent = {at: n for at, n in state.sent.items() if at > second - 60}


def sent_within(state: LaneState, now: float, seconds: int) -> int:
    """Calls of the last seconds, to the second."""
    return sum(n for at, n in state.sent.items() if at > int(now) - seconds)


def cut(state: LaneState, now: float) -> None:
    """Slow down after a throttle; the caller does so once per epoch (law 37).

    A lane without a known rate learns what it was sending when it was refused.
    """
    seen = sent_within(state, now, OBSERVED_S)
    first = max(min(state.sent, default=int(now)), int(now) - OBSERVED_S + 1)
    observed = seen / max(1, int(now) - first + 1)
    refused_at = effective_rate(state) or max(LEAST_LEARNT, observed)
    state.ceiling_seen = refused_at
    state.rate = max(SLOWEST, refused_at * CUT)
    state.grown_at = state.cut_at = now


def grow(state: LaneState, now: float) -> None:
    """Send a little faster again after a good answer of this epoch."""
    if state.rate is None:
        return
    seen = state.ceiling_seen or state.rate
    believed = now - state.cut_at < BELIEVED_S
    doubles_s = DOUBLES_NEAR_S if believed and state.rate >= NEAR * seen else DOUBLES_FAR_S
    elapsed_s = min(max(0.0, now - state.grown_at), DOUBLES_FAR_S)
    faster = state.rate * 2.0 ** (elapsed_s / doubles_s)
    if believed and doubles_s == DOUBLES_FAR_S:
        faster = min(faster, max(state.rate, NEAR * seen))
    state.rate, state.grown_at = faster, now
    ceiling = _ceiling(state)
    if faster >= (FORGET * seen if ceiling is None else ceiling):
        state.rate = state.ceiling_seen = None


def _ceiling(state: LaneState) -> float | None:
    per_minute = state.budget.per_minute
    return per_minute / 60 if per_minute else None
