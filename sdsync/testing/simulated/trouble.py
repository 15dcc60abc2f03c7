"""What can befall a call on its way, before the product even looks at it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sdsync.connectors.failures import (
    AuthFailed,
    Failure,
    OutcomeUnknown,
    Throttled,
    Transient,
)
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.faults import Faults

#: Absolute deadline of one call, as the engine's default.
DEADLINE_S = 10.0


class Line:
    """The way to one product: latency, outages, throttling, a refused credential.

    ``meanwhile`` is called while a call is out; the simulation lets other work
    happen there, or the process die.
    """

    def __init__(self, clock: VirtualClock, faults: Faults, rand: random.Random) -> None:
        self.clock = clock
        self.faults = faults
        self.rand = rand
        self.down_until: datetime | None = None
        self.broken_until: datetime | None = None
        self.locked_until: datetime | None = None
        self.throttled_until: datetime | None = None
        self.hinted_until: datetime | None = None
        self.calls = 0
        self.too_early = 0  # calls while a hinted throttle still held
        self.meanwhile: Callable[[str], None] = lambda _: None

    def go(self) -> Failure | None:
        """One call sets out; None when it reaches the product."""
        self.calls += 1
        self.meanwhile("before")
        self.clock.advance(self.rand.uniform(0.03, 0.25))
        now = self.clock.now()
        if self.hinted_until is not None and now < self.hinted_until - timedelta(seconds=0.3):
            self.too_early += 1
        return self._outage(now) or self._throttle(now)

    def back(self) -> None:
        """The answer is on its way."""
        self.clock.advance(self.rand.uniform(0.01, 0.1))
        self.meanwhile("after")

    def cut(self) -> OutcomeUnknown:
        """Nothing comes back until the deadline."""
        self.clock.advance(DEADLINE_S)
        self.meanwhile("after")
        return OutcomeUnknown("no answer before the deadline")

    def _outage(self, now: datetime) -> Failure | None:
        if self.down_until is not None and now < self.down_until:
            self.faults.note("system unreachable")
            return Transient("connection refused", unreachable=True)
        if self.broken_until is not None and now < self.broken_until:
            self.faults.note("a proxy's page")
            return Transient("502: Bad Gateway")
        if self.locked_until is not None and now < self.locked_until:
            self.faults.note("credential refused")
            return AuthFailed()
        if self.faults.strike("refused connection"):
            return Transient("connection refused", unreachable=True)
        return None

    def _throttle(self, now: datetime) -> Failure | None:
        if self.throttled_until is None or now >= self.throttled_until:
            if self.faults.strike("throttled with hint"):
                self.throttled_until = now + timedelta(seconds=self.rand.uniform(5, 60))
                self.hinted_until = self.throttled_until
            elif self.faults.strike("throttled without hint"):
                self.throttled_until = now + timedelta(seconds=self.rand.uniform(2, 30))
                self.hinted_until = None
            else:
                return None
        if self.hinted_until is not None:
            return Throttled((self.throttled_until - now).total_seconds())
        return Throttled(5.0, hinted=False)
