"""What is done about each failure, for the lane that met it: the one table (law 39).

What it means for the record is said in ``confirm.py`` (a write) and in the
runner's looks (a read); this table knows only whether the lane is to blame, and
how long a record waits that fails alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sdsync.connectors.failures import (
    AuthFailed,
    Failure,
    Misconfigured,
    OutcomeUnknown,
    Scope,
    Throttled,
    Transient,
)
from sdsync.ratelimit.lanes import Broken, Down, Ok, Result, ThrottledFor, Unauthorised
from sdsync.store.records import Change, Work

#: How long a system must have been out before it is named as a cause.
NAMED_AFTER_S = 0.0
#: Between two tries of what fails alone while its system is well: twice as long each time.
READ_WAIT, LONGEST = timedelta(seconds=10), timedelta(minutes=5)
FAILED_ALONE = "failed alone"  # the hint in which the tries are counted


def lesson(answer: object, *, latency_s: float) -> Result:
    """What an answer teaches the lane.

    A refusal of one record is an answer like any other: the system is well.
    """
    match answer:
        case Throttled(after_s=after_s, scope=Scope.LANE, hinted=hinted):
            return ThrottledFor(after_s, hinted)
        case AuthFailed():
            return Unauthorised()
        case Transient(unreachable=True):
            return Down()
        case Transient() | OutcomeUnknown() | Misconfigured():
            return Broken()
        case _:
            return Ok(latency_s)


def lane_trouble(answer: object) -> str | None:
    """The state to show for the system while this failure lasts; None: the system is well."""
    match answer:
        case Throttled(scope=Scope.LANE):
            return "throttled"
        case AuthFailed():
            return "unauthorised"
        case Misconfigured():
            return "misconfigured"
        case Transient(unreachable=True):
            return "unreachable"
        case _:
            return None


def proves_nothing(answer: object) -> bool:
    """Whether the system may be well or not: one call in vain; its lane counts them."""
    return isinstance(answer, Transient | OutcomeUnknown) and lane_trouble(answer) is None


def is_failure(answer: object) -> bool:
    """Whether an answer is one of the failures that connectors report."""
    return isinstance(answer, Failure)


def more_rarely(work: Work, now: datetime, first: timedelta) -> Work:
    """The same work, as old as it is, put off ever longer: it does not die, and leaves its lane
    to others (law 39).

    Args:
        work: What was tried in vain.
        now: Aware UTC.
        first: How long it waits the first time.
    """
    tries = int(work.hint.get(FAILED_ALONE) or 0)
    due, hint = now + min(LONGEST, first * 2 ** min(tries, 10)), {FAILED_ALONE: tries + 1}
    return replace(work, due_at=due, generation=1, starts=0, hint={**work.hint, **hint})


def read_again(work: Work, now: datetime) -> Change:
    """A read that failed alone is tried again."""
    again = more_rarely(work, now, READ_WAIT)
    return Change(finished=[(work.key, work.generation)], ring=[again])
