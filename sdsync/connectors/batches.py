"""The order of a batch: what later operations learn from an earlier failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sdsync.connectors.contract import Done, Operation
from sdsync.connectors.failures import (
    AuthFailed,
    Conflict,
    Failure,
    Forbidden,
    Missing,
    OutcomeUnknown,
    Pending,
    Rejected,
    Scope,
    Throttled,
    Transient,
)

#: Failures that speak of one item; all others speak of the system.
_OF_ITEM = (Rejected, Missing, Forbidden, Conflict, Pending)


def in_order(
    carry_out: Callable[[Operation], Done | Failure], operations: Sequence[Operation]
) -> list[Done | Failure]:
    """One answer for each operation; what was not sent is Transient."""
    answered: list[Done | Failure] = []
    stopped = False
    for operation in operations:
        if stopped:
            answered.append(Transient("not sent"))
            continue
        answer = carry_out(operation)
        answered.append(answer)
        stopped = _stops(answer)
    return answered


def _stops(answer: Done | Failure) -> bool:
    if isinstance(answer, Throttled):
        return answer.scope is Scope.LANE
    if isinstance(answer, AuthFailed | OutcomeUnknown | Transient):
        return True
    return not isinstance(answer, (Done, *_OF_ITEM))
