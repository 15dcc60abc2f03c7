"""The lanes' budgets over the life of processes, and credentials that were renewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from sdsync.config.clock import Clock
from sdsync.config.secrets import SecretMissingError, SecretRef
from sdsync.ratelimit.lanes import Trouble, checkpoint, nudge, restore
from sdsync.store.records import Json
from sdsync.sync.engine import Engine
from sdsync.sync.systems import System


class LaneKeeper:
    """Hands a lane's budget from holder to holder, through its row."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def taken(self, lane: str, saved: Mapping[str, Json]) -> None:
        """Go on where the last holder stopped."""
        system = self._engine.core.systems[lane]
        now, wall = self._clock.monotonic(), self._clock.now()
        self._engine.claims.forget(lane)
        with system.guard:
            system.lane = restore(system.budget, saved, now=now, wall=wall)
        self._engine.taken(lane)

    def left(self, lane: str) -> dict[str, Json]:
        """What the next holder must know."""
        system = self._engine.core.systems[lane]
        with system.guard:
            return checkpoint(system.lane, now=self._clock.monotonic(), wall=self._clock.now())


class CredentialWatch:
    """Probes an unauthorised lane as soon as its credential's value changed."""

    def __init__(
        self,
        systems: Mapping[str, System],
        credentials: Mapping[str, SecretRef | None],
        clock: Clock,
        ring: Callable[[str], None],
    ) -> None:
        self._systems, self._clock, self._ring = systems, clock, ring
        self._credentials = {name: ref for name, ref in credentials.items() if ref}
        self._digests = {name: _digest(ref) for name, ref in self._credentials.items()}

    def look(self) -> None:
        """Look at the credentials of lanes that are refused, and only at those."""
        for name, ref in self._credentials.items():
            system = self._systems[name]
            if system.lane.cause is not Trouble.UNAUTHORISED:
                continue
            digest = _digest(ref)
            if digest in (b"", self._digests[name]):
                continue
            self._digests[name] = digest
            system.close()  # they may have kept the old one
            with system.guard:
                nudge(system.lane, self._clock.monotonic())
            self._ring(name)


def _digest(ref: SecretRef) -> bytes:
    try:
        return sha256(ref.reveal().encode()).digest()
    except SecretMissingError:
        return b""
