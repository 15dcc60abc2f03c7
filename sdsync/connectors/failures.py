"""The failures that a connector can report. They are values, never raised.

A connector says which one happened; ``sync/policy.py`` alone says what is done
about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a throttle speaks of."""

    RECORD = "record"
    LANE = "lane"


@dataclass(frozen=True, slots=True)
class Throttled:
    """Asked to wait. ``after_s`` is from now; ``hinted`` tells whether the product said it."""

    after_s: float
    scope: Scope = Scope.LANE
    hinted: bool = True


@dataclass(frozen=True, slots=True)
class Transient:
    """Nothing took effect and a repeat is harmless.

    ``unreachable``: the system was never reached (refused, not resolved, TLS).
    """

    detail: str = ""
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The call may have taken effect, or may yet (law 27)."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted, not done: ask the product's job again (law 31)."""

    handle: str
    ask_after_s: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody wrote in between; nothing of ours was applied."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good. ``fields`` are native paths; empty means the whole."""

    fields: tuple[str, ...] = ()
    detail: str = ""  # the product's own words, cut and without secrets


@dataclass(frozen=True, slots=True)
class Missing:
    """Not found; whether it is gone needs proof (law 21)."""


@dataclass(frozen=True, slots=True)
class AuthFailed:
    """The credential is refused."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """This credential may not do this; one record or everything: policy knows."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The address, product or version is not what the configuration says."""

    detail: str = ""


Failure = (
    Throttled
    | Transient
    | OutcomeUnknown
    | Pending
    | Conflict
    | Rejected
    | Missing
    | AuthFailed
    | Forbidden
    | Misconfigured
)
FAILURES = (
    Throttled,
    Transient,
    OutcomeUnknown,
    Pending,
    Conflict,
    Rejected,
    Missing,
    AuthFailed,
    Forbidden,
    Misconfigured,
)
