"""When a lane may send, and what the answers teach it (laws 36 to 39).

Step functions over a :class:`LaneState`: they change it in place and read no
clock, no random number, no store. ``now`` is of one monotonic clock, ``rand``
gives numbers in [0, 1). Whoever holds the lane calls them one at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from sdsync.ratelimit import pace
from sdsync.ratelimit.checkpoint import LONGEST_WAIT_S, checkpoint, restore
from sdsync.ratelimit.state import (
    Broken,
    Down,
    Grant,
    Granted,
    LaneBudget,
    LaneState,
    Ok,
    Result,
    ThrottledFor,
    Trouble,
    Unauthorised,
    Wait,
)
from sdsync.ratelimit.view import LaneView, describe

__all__ = [
    "Broken",
    "Down",
    "Grant",
    "Granted",
    "LaneBudget",
    "LaneState",
    "LaneView",
    "Ok",
    "Result",
    "ThrottledFor",
    "Trouble",
    "Unauthorised",
    "Wait",
    "answered",
    "ask",
    "checkpoint",
    "describe",
    "give_back",
    "nudge",
    "restore",
    "valid",
]

AHEAD_S = 0.25  # law 36: later than that nobody knows what will be most urgent
PROBE_S = 5.0
PROBE_MAX_S = 60.0
#: A throttle without a hint doubles from what the connector suggests.
BACKOFF_MAX_S = 300.0
#: A 500 may be one poisonous record; three of different calls in a row are the system.
BROKEN_IN_A_ROW = 3
#: Longer than any call's deadline: a grant this old belongs to a thread that died.
LOST_S = 600.0


def ask(state: LaneState, now: float, *, calls: int = 1, ahead_s: float = 0.0) -> Granted | Wait:
    """Take a slot, a permit and the probe in one step, or none of them.

    Args:
        calls: How many calls the work is expected to make; :func:`answered`
            corrects the account.
        ahead_s: Take a slot that starts up to this later (at most 0.25 s); the
            caller then waits for ``grant.at`` and checks :func:`valid`.
    """
    _forget_lost(state, now)
    if now < state.resume_at:
        return Wait(state.resume_at)
    if state.in_flight >= _permits(state, now):
        return Wait(None)
    at = pace.slot_at(state, now)
    if at > now + min(ahead_s, AHEAD_S):
        return Wait(at)
    pace.book(state, now, calls)
    state.last_grant += 1
    grant = Grant(state.last_grant, state.epoch, at, calls, probe=state.probing)
    state.grants[grant.id] = grant
    return Granted(grant)


def valid(state: LaneState, grant: Grant) -> bool:
    """Whether a grant booked ahead may still be used; a void one is given back."""
    return grant.epoch == state.epoch and grant.id in state.grants


def give_back(state: LaneState, grant: Grant) -> None:
    """Return a grant of which no call was made: nothing was learnt or spent."""
    known = state.grants.pop(grant.id, None) is not None
    if known and grant.epoch == state.epoch and grant.id == state.last_grant:
        # Only the newest slot can go back on the grid; an older one is behind others,
        # and a void one went back when its epoch ended.
        state.next_slot_at -= grant.calls * pace.interval(state)


def answered(
    state: LaneState,
    grant: Grant,
    result: Result,
    *,
    now: float,
    rand: Callable[[], float],
    calls: int = 1,
) -> None:
    """Learn from what came of a grant.

    Args:
        calls: Calls that were really made under it, failed ones too.
        rand: Spreads the return, so that lanes do not come back in one wave.
    """
    if state.grants.pop(grant.id, None) is None:
        return  # told twice, or after it was taken for lost
    pace.settle(state, grant, calls, now)
    current = grant.epoch == state.epoch
    match result:
        case Ok(latency_s):
            _succeeded(state, latency_s, now, current=current)
        case ThrottledFor(after_s, hinted):
            _throttled(state, after_s, now, rand(), hinted=hinted, current=current)
        case Down() if current:
            _out(state, Trouble.UNREACHABLE, now, rand())
        case Unauthorised() if current:
            _out(state, Trouble.UNAUTHORISED, now, rand())
        case Broken() if current:
            state.broken += 1
            if state.probing or state.broken >= BROKEN_IN_A_ROW:
                _out(state, state.cause or Trouble.BROKEN, now, rand())
        case _:
            pass  # said before the present trouble was known: nothing new


def nudge(state: LaneState, now: float) -> None:
    """Probe at once, because a credential's value changed.

    It lifts no wait that the product itself asked for.
    """
    if state.cause is not None:
        state.resume_at = max(min(state.resume_at, now), state.not_before)
        state.backoff = 0


def _permits(state: LaneState, now: float) -> int:
    if state.probing:
        return 1
    most = max(1, state.budget.calls_at_once)
    if state.latency.doubled(now):
        most = 1
    return most if state.ramp is None else min(most, state.ramp)


def _succeeded(state: LaneState, latency_s: float, now: float, *, current: bool) -> None:
    state.latency.note(latency_s, now)
    if not current:
        return  # sent before the trouble: proves nothing about now (law 37)
    state.broken = state.backoff = 0
    if state.probing:
        state.probing, state.cause, state.ramp = False, None, 1
    elif state.ramp is not None:
        state.ramp += 1
        if state.ramp >= state.budget.calls_at_once:
            state.ramp = None
    pace.grow(state, now)


def _throttled(
    state: LaneState, after_s: float, now: float, spread: float, *, hinted: bool, current: bool
) -> None:
    state.throttles += 1
    wait_s = min(LONGEST_WAIT_S, max(0.0, after_s))
    state.not_before = max(state.not_before, now + wait_s)
    if current:
        if not hinted:
            doubled_s = max(1.0, wait_s) * 2.0 ** min(state.backoff, 10)
            wait_s = max(wait_s, min(BACKOFF_MAX_S, doubled_s))
        _begin(state, Trouble.THROTTLED, now)
        pace.cut(state, now)
    # Never earlier than asked, a little later: everybody was told the same instant.
    resume_at = now + wait_s + min(2.0, 0.1 * wait_s) * spread
    state.resume_at = max(state.resume_at, resume_at)


def _out(state: LaneState, cause: Trouble, now: float, spread: float) -> None:
    pause_s = min(PROBE_MAX_S, PROBE_S * 2.0 ** min(state.backoff, 10))
    _begin(state, cause, now)
    resume_at = now + min(PROBE_MAX_S, pause_s * (1 + 0.2 * spread))
    state.resume_at = max(state.resume_at, resume_at)


def _begin(state: LaneState, cause: Trouble, now: float) -> None:
    state.epoch += 1
    state.cause = cause
    state.probing = True
    state.ramp = None
    state.backoff += 1
    pace.unbook(state, now)


def _forget_lost(state: LaneState, now: float) -> None:
    lost = [one.id for one in state.grants.values() if one.at < now - LOST_S]
    for grant_id in lost:
        del state.grants[grant_id]
