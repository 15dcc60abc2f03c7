"""What a lane knows of its budget: plain data that one holder keeps in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sdsync.ratelimit.latency import Latency


class Trouble(StrEnum):
    """Why a lane does not send."""

    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"  # it answers, but nothing that its product would say
    UNAUTHORISED = "unauthorised"


@dataclass(frozen=True, slots=True)
class LaneBudget:
    """What configuration allows. ``per_minute`` None: no rate is known.

    A product that never refuses is not unlimited: without configuration it gets
    two calls at once (law 38).
    """

    calls_at_once: int = 2
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to make ``calls`` calls, not before ``at``.

    It is void when a throttle came after it was booked: :func:`valid` tells.
    """

    id: int
    epoch: int
    at: float
    calls: int = 1
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """Send now (or at ``grant.at``, when slots were asked for ahead)."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again at ``until``; None: as soon as a running call has returned."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Ok:
    """The system answered as its product does; a refusal of a record is one too."""

    latency_s: float


@dataclass(frozen=True, slots=True)
class ThrottledFor:
    """Asked to wait ``after_s`` from now; ``hinted``: the product itself said how long."""

    after_s: float
    hinted: bool = True


@dataclass(frozen=True, slots=True)
class Down:
    """No answer: refused, cut, not resolved, timed out."""


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """The credential is refused."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer that the product would not give: a proxy's page, a 5xx, no JSON."""


Result = Ok | ThrottledFor | Down | Unauthorised | Broken


@dataclass(slots=True)
class LaneState:
    """One lane's budget, order and trouble. All instants are of one monotonic clock.

    ``epoch`` grows when trouble starts, so that what was booked or sent before
    can be told from what came after. ``not_before`` is what the product itself
    asked for; ``resume_at`` may be later, and only a person's new credential
    moves it back, never before ``not_before``.
    """

    budget: LaneBudget = field(default_factory=LaneBudget)
    epoch: int = 0
    cause: Trouble | None = None
    resume_at: float = 0.0
    not_before: float = 0.0
    probing: bool = False
    ramp: int | None = None  # calls at once while coming back; None: all
    backoff: int = 0  # probes that failed in a row
    broken: int = 0  # broken answers in a row
    next_slot_at: float = 0.0
    rate: float | None = None  # learnt calls per second, below the budget's own
    ceiling_seen: float | None = None  # rate at which the last throttle came
    grown_at: float = 0.0
    cut_at: float = 0.0  # when the last refusal slowed it down
    grants: dict[int, Grant] = field(default_factory=dict)
    last_grant: int = 0
    latency: Latency = field(default_factory=Latency)
    sent: dict[int, int] = field(default_factory=dict)  # second -> calls, of the last minute
    calls: int = 0
    throttles: int = 0

    @property
    def in_flight(self) -> int:
        """Grants that were not answered yet."""
        return len(self.grants)
