"""Which lanes this process holds, and until when it may believe so."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sdsync.config.clock import Clock
from sdsync.store.contract import Store
from sdsync.store.records import Json

LEASE_S = 15.0
#: A lease that ends sooner counts as over: a call that starts now needs the rest.
MARGIN_S = 3.0
#: After somebody else was found to hold a lane, the store is not asked again for so long.
DENIED_S = 1.0


@dataclass(slots=True)
class _Lease:
    fence: int
    until: float  # monotonic


class Leases:
    """One holder per lane, over all processes on one store."""

    def __init__(
        self,
        store: Store,
        holder: str,
        clock: Clock,
        *,
        taken: Callable[[str, Mapping[str, Json]], None] | None,
    ) -> None:
        """``taken(lane, checkpoint)`` is called once, before the first work of a new lease."""
        self._store, self._holder, self._clock, self._taken = store, holder, clock, taken
        self._held: dict[str, _Lease] = {}
        self._denied: dict[str, float] = {}
        # Over the store call too: two threads must not both restore one lane.
        self._lock = threading.Lock()

    def fence(self, lane: str) -> int | None:
        """The fence while the lease surely lasts; None: do not send (law 27)."""
        lease = self._held.get(lane)
        if lease is None or lease.until - MARGIN_S <= self._clock.monotonic():
            return None
        return lease.fence

    def hold(self, lane: str) -> bool:
        """Have the lane, taking it if nobody else holds it."""
        if self.fence(lane) is not None:
            return True
        with self._lock:
            if self.fence(lane) is not None:
                return True
            if self._denied.get(lane, 0.0) > self._clock.monotonic():
                return False
            return self._take(lane)

    def renew(self) -> None:
        """Lengthen every lease; a lane that was lost is simply no longer held."""
        with self._lock:
            for lane in tuple(self._held):
                self._take(lane)

    def release(self, lane: str, checkpoint: dict[str, Json]) -> None:
        """Give the lane back, with what its next holder must know."""
        with self._lock:
            if self._held.pop(lane, None) is not None:
                self._store.release(lane, self._holder, checkpoint)

    def keep(self, lane: str, checkpoint: dict[str, Json]) -> None:
        """Store what the next holder must know, although nobody leaves."""
        if lane in self._held:
            self._store.checkpoint(lane, self._holder, checkpoint)

    def held(self) -> tuple[str, ...]:
        """Lanes that this process believes to hold."""
        return tuple(self._held)

    def _holder_is_dead(self, lane: str) -> bool:
        """Free the lane of a process of this host that no longer lives: its lease ends at once.

        A number that was given to another process meanwhile looks alive: then the
        lease is waited out.
        """
        row = self._store.lane(lane)
        host, _, rest = (row.holder or "").partition(":")
        pid = rest.partition(":")[0]
        if (
            row.holder in (None, self._holder)
            or host != socket.gethostname()
            or not pid.isdecimal()
        ):
            return False
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            self._store.release(lane, row.holder, row.checkpoint)
            return True
        except PermissionError:
            pass  # it lives, as another user
        return False

    def _take(self, lane: str) -> bool:
        # Measured from before the call: the lease may only be shorter than believed.
        asked_at, now = self._clock.monotonic(), self._clock.now()
        fence = self._store.lease(
            lane, self._holder, now=now, until=now + timedelta(seconds=LEASE_S)
        )
        if fence is None and self._holder_is_dead(lane):
            return self._take(lane)
        if fence is None:
            self._held.pop(lane, None)
            self._denied[lane] = asked_at + DENIED_S
            return False
        before = self._held.get(lane)
        if self._taken is not None and (before is None or before.fence != fence):
            self._taken(lane, self._store.lane(lane).checkpoint)
        self._held[lane] = _Lease(fence, asked_at + LEASE_S)
        return True
