"""What is done about each failure, for the lane that met it: the one table (law 39).

What it means for the record is said in ``confirm.py`` (a write) and in the
runner's looks (a read); this table knows only whether the lane is to blame.
"""

from __future__ import annotations

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

#: How long a system must have been out before it is named as a cause.
NAMED_AFTER_S = 0.0


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
