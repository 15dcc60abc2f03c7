"""Work that a process died on: it runs again alone, so that a second death is its own (law 35).

A dying process takes all that was open in it along, the guilty and the
bystanders. What runs alone and dies again has only itself to blame.
"""

from __future__ import annotations

from collections.abc import Collection

from sdsync.config.clock import Clock
from sdsync.store.contract import Store
from sdsync.store.records import WorkKey
from sdsync.sync.branches import hit

#: How long others wait for a lane that wants to be alone and does not come back.
WANTED_S = 1.0


class Alone:
    """Who must run alone in this process, and who waits for it. Not thread-safe by itself."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._died: dict[str, set[WorkKey]] = {}  # per lane that this process has looked into
        self._running: WorkKey | None = None
        self._wanted: str | None = None
        self._wanted_until = 0.0

    def blocks(self, lane: str) -> bool:
        """Whether the lane must wait: work of another, or of its own, runs alone or is about to."""
        if self._running is not None:
            return True
        wanted = self._wanted not in (None, lane)
        return wanted and self._clock.monotonic() < self._wanted_until

    def waits(self, lane: str, running: Collection[WorkKey]) -> bool:
        """Whether the lane's next work must be alone, while others still run."""
        if lane not in self._died:  # what was open when the lane was taken died with its holder
            self._died[lane] = set(self._store.started(lane)) - set(running)
        if not any(self._due(key) for key in tuple(self._died[lane])):
            self._wanted = None if self._wanted == lane else self._wanted
            return False
        self._wanted, self._wanted_until = lane, self._clock.monotonic() + WANTED_S
        return bool(running)

    def began(self, key: WorkKey) -> None:
        """Work was claimed; when its last start never ended, nothing else starts beside it."""
        died = self._died.get(key.lane, set())
        if key in died:
            hit("law 35: runs alone")
            died.discard(key)
            self._running, self._wanted = key, None

    def ended(self, key: WorkKey) -> None:
        """Work ended in order, or with an exception that the process survived."""
        if self._running == key:
            self._running = None

    def forget(self, lane: str) -> None:
        """The lane was taken anew: its last holder may have died."""
        self._died.pop(lane, None)

    def _due(self, key: WorkKey) -> bool:
        work = self._store.work(key)
        if work is None or work.starts == 0:
            self._died[key.lane].discard(key)
            return False
        return work.due_at <= self._clock.now()
