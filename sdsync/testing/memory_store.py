"""A store in memory, for simulation: what SQL does, without a disk.

Everything is kept as immutable bytes or tuples in plain dicts, so a reader's
copy can never be somebody else's, and copying a whole store is cheap.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sdsync.config.clock import Clock, SystemClock
from sdsync.store.codec import micros
from sdsync.store.contract import StoreFull
from sdsync.store.records import (
    Cause,
    Change,
    Hub,
    Json,
    LaneRow,
    Pause,
    PersonRow,
    Ref,
    Share,
    SyncRow,
    SystemRow,
    Work,
    WorkKey,
)
from sdsync.store.semantics import BEHIND, ENDED, SHELVED_FROM, Identity, swept_from
from sdsync.testing.memory_screens import MemoryScreens
from sdsync.testing.memory_state import State, apply, check, found_by


class Crashed(Exception):  # noqa: N818 - named as the thing that happened, like Stale
    """The process that held this store is dead; go on with what ``crash`` returned."""


class MemoryStore(MemoryScreens):
    """A :class:`~sdsync.store.contract.Store` whose truth is a few dicts.

    Args:
        clock: For ages on screens, and for when the store was trusted last.
    """

    def __init__(self, clock: Clock | None = None, state: State | None = None) -> None:
        self._clock = clock or SystemClock()
        self._state = state or State()
        self._lock = threading.RLock()
        self._dead = False
        #: While true every write raises StoreFull, as on a full disk.
        self.full = False
        #: Commits that were taken: lets a test see that nothing was written.
        self.commits = 0
        self._identity = Identity("memory", 1)

    def crash(self) -> MemoryStore:
        """Die: later calls here raise Crashed. The new store has what was committed."""
        with self._lock:
            self._dead = True
            heir = MemoryStore(self._clock, self._state)
            heir.commits, heir._identity = self.commits, self._identity
            return heir

    def copy(self) -> MemoryStore:
        """A backup as of now; both go on independently, and the copy is suspect (law 32)."""
        with self._lock:
            twin = MemoryStore(self._clock, self._state.copy())
            twin._identity = replace(self._identity, suspect="it was restored from a copy")
            return twin

    def identity(self) -> Identity:
        """Id and epoch; a restored copy is suspect until :meth:`new_epoch`."""
        return self._identity

    def new_epoch(self) -> Identity:
        """Accept this store as the true one."""
        known, now = self._identity, self._clock.now()
        self._identity = replace(known, epoch=known.epoch + 1, suspect=None, trusted_at=now)
        return self._identity

    def close(self) -> None:
        """Nothing is held open."""

    def _reading(self) -> State:
        if self._dead:
            raise Crashed("this store died; use the one that crash() returned")
        return self._state

    def _writing(self) -> State:
        state = self._reading()
        if self.full:
            raise StoreFull("the disk is full (said by the test)")
        return state

    # writing

    def commit(self, change: Change, *, lasting: bool = True) -> None:
        """Write all of ``change`` or nothing; what is lasting is the same here."""
        with self._lock:
            state = self._writing()
            apply(state, change, check(state, change))
            self.commits += 1

    def claim(
        self, lane: str, *, now: datetime, busy: frozenset[str], limit: int
    ) -> Sequence[Work]:
        """Due work of the lane, most urgent first; counts a start of each."""
        with self._lock:
            waiting = self._writing().work.get(lane, {})
            due = [
                one for one in waiting.values() if one.due_at <= now and one.key.target not in busy
            ]
            due.sort(key=lambda one: (one.deadline_at, one.key.kind, one.key.target))
            taken = [replace(one, starts=one.starts + 1) for one in due[:limit]]
            for one in taken:
                waiting[one.key] = one
            return [_own(one) for one in taken]

    # reading

    def _share_by(self, *key: str) -> Share | None:
        with self._lock:
            hub_id = self._reading().unique.get(key)
        return None if hub_id is None else self.share(hub_id)

    def share_of(self, ref: Ref) -> Share | None:
        """The share that has a replica with this native id."""
        return self._share_by("native", ref.system, ref.kind, ref.id)

    def share_with_replica(self, replica_id: str) -> Share | None:
        """The share that this replica belongs to."""
        return self._share_by("replica", replica_id)

    def share_by_mark(self, mark: str) -> Share | None:
        """The share that has an intent with this mark, open or settled."""
        return self._share_by("mark", mark)

    def open_intents_in(self, system: str, kind: str) -> Sequence[tuple[str, str]]:
        """(hub id, place) of intents of this record kind that are not settled."""
        with self._lock:
            hubs = sorted(self._reading().open_intents)
        found = []
        for share in filter(None, map(self.share, hubs)):
            systems = {one.id: one.system for one in share.replicas}
            found += [
                (share.hub.id, one.place)
                for one in share.intents
                if one.kind == kind
                and one.state not in ENDED
                and systems.get(one.replica_id) == system
            ]
        return sorted(found)

    def made(self, system: str, *, after: str, upto: str, limit: int) -> Sequence[tuple[str, str]]:
        """(hub id, intent id) of what was made in a system, in order of intent ids."""
        found = [
            (intent.id, share.hub.id)
            for share in self._shares()
            for intent in share.intents
            if after < intent.id < upto
            and intent.state in ENDED
            and any(one.id == intent.replica_id and one.system == system for one in share.replicas)
        ]
        return [(hub_id, intent_id) for intent_id, hub_id in sorted(found)[:limit]]

    def find_hubs(self, kind: str, field: str, value: Json) -> Sequence[str]:
        """Hub ids whose ``values[field]`` equals ``value``; None finds nothing."""
        if value is None:
            return []
        with self._lock:
            return sorted(self._reading().found.get((kind, field, found_by(value)), ()))

    def unread(self, system: str, *, before: datetime, limit: int) -> Sequence[Ref]:
        """Records of a system that were not read since, the longest unread first."""
        found = [
            (read_at, one.kind, one.native_id)
            for share in self._shares()
            for one in share.replicas
            if one.system == system and (read_at := swept_from(one)) is not None
        ]
        found = [row for row in sorted(found) if row[0] < micros(before)]
        return [Ref(system, kind, str(native_id)) for _, kind, native_id in found[:limit]]

    def gone_since(self, system: str, since: datetime) -> int:
        """How many records of a system were taken for gone since (law 41)."""
        rows = self.audit(limit=10**9)
        return sum(
            one.action == "gone" and one.system == system and one.at >= since for one in rows
        )

    def shared_as(self, system: str, kind: str, native_ids: Sequence[str]) -> dict[str, str]:
        """Native id -> hub id, of those that have a hub record."""
        with self._lock:
            taken = self._reading().unique
            found = {one: taken.get(("native", system, kind, one)) for one in native_ids}
        return {native_id: hub_id for native_id, hub_id in found.items() if hub_id is not None}

    def name_of(self, ref: Ref) -> str | None:
        """The name of the shared record behind a native id; None when it is not shared."""
        share = self.share_of(ref)
        return None if share is None or share.hub.state == "unlinked" else share.hub.correlation

    def share_named(self, kind: str, name: str) -> Share | None:
        """The share whose hub record has this kind and name."""
        with self._lock:
            hub_id = self._reading().unique.get(("hub", kind, name))
        return None if hub_id is None else self.share(hub_id)

    def known(self, system: str) -> int:
        """How many records of a system are or were shared."""
        replicas = (one for share in self._shares() for one in share.replicas)
        return sum(one.system == system and one.native_id is not None for one in replicas)

    def undelivered(
        self,
        system: str,
        sync: str,
        *,
        after: tuple[datetime, str],
        before: datetime,
        limit: int,
    ) -> Sequence[Hub]:
        """Hub records of a sync, born in a system, with a person's change on its way."""
        found = {
            (share.hub.human_at, share.hub.id): share.hub
            for share in self._troubled()
            if share.hub.human_at is not None
            and share.hub.human_at < before
            and (share.hub.human_at, share.hub.id) > after
            and share.hub.correlation.startswith(f"{system}#")
            and sync in share.hub.syncs
            and any(row.state in BEHIND for one in share.replicas for row in one.groups.values())
        }
        return [found[key] for key in sorted(found)[:limit]]

    def next_due(self, lane: str, busy: frozenset[str] = frozenset()) -> datetime | None:
        """When work of the lane, but on these targets, is due next; it may be past."""
        with self._lock:
            waiting = self._reading().work.get(lane, {}).values()
            free = (one.due_at for one in waiting if one.key.target not in busy)
            return min((due for due in free if due < SHELVED_FROM), default=None)

    def due(self, lane: str, kind: str, *, now: datetime) -> int:
        """How much work of a kind is due in the lane."""
        with self._lock:
            waiting = self._reading().work.get(lane, {}).values()
            return sum(one.key.kind == kind and one.due_at <= now for one in waiting)

    def started(self, lane: str) -> Sequence[WorkKey]:
        """Work of the lane that was started and has not ended, in order."""
        with self._lock:
            waiting = self._reading().work.get(lane, {})
            return sorted(one.key for one in waiting.values() if one.starts)

    def work(self, key: WorkKey) -> Work | None:
        """One row of work."""
        with self._lock:
            one = self._reading().work.get(key.lane, {}).get(key)
            return None if one is None else _own(one)

    def blob(self, element_id: str) -> bytes | None:
        """A file's content."""
        with self._lock:
            return self._reading().blobs.get(element_id)

    def system(self, name: str) -> SystemRow:
        """What is known of a system; a new row when nothing is."""
        with self._lock:
            kept = self._reading().systems.get(name)
        return SystemRow(name) if kept is None else self._state.give(SystemRow, kept)

    def sync(self, name: str) -> SyncRow | None:
        """What is known of a sync."""
        with self._lock:
            kept = self._reading().syncs.get(name)
        return None if kept is None else self._state.give(SyncRow, kept)

    def pauses(self) -> Sequence[Pause]:
        """All pauses in order of scope."""
        with self._lock:
            rows = sorted(self._reading().pauses.items())
        return [self._state.give(Pause, kept) for _, kept in rows]

    def people(self, system: str) -> Sequence[PersonRow]:
        """The people of a system in order of native id."""
        with self._lock:
            rows = sorted(self._reading().people.items())
        give = self._state.give
        return [give(PersonRow, kept) for (owner, _), kept in rows if owner == system]

    def cause(self, fingerprint: str) -> Cause | None:
        """The open cause with this fingerprint."""
        found = (one for one in self.causes() if one.fingerprint == fingerprint)
        return next(found, None)

    # lanes

    def lane(self, lane: str) -> LaneRow:
        """What outlives the lane's holder."""
        with self._lock:
            kept = self._reading().lanes.get(lane)
            return LaneRow(lane) if kept is None else self._state.give(LaneRow, kept)

    def ring(self, lane: str) -> bool:
        """Note that the lane has work; True only when it turned true."""
        with self._lock:
            row = self._own_lane(lane)
            if row.rung:
                return False
            self._state.put_lane(replace(row, rung=True))
            return True

    def unring(self, lane: str) -> bool:
        """Clear the bell; True if it was rung."""
        with self._lock:
            row = self._own_lane(lane)
            if row.rung:
                self._state.put_lane(replace(row, rung=False))
            return row.rung

    def lease(self, lane: str, holder: str, *, now: datetime, until: datetime) -> int | None:
        """Take or renew the lane; the fence, or None when somebody else holds it."""
        with self._lock:
            row = self._own_lane(lane)
            mine = row.holder == holder
            if not mine and row.lease_until is not None and row.lease_until > now:
                return None
            fence = row.fence if mine else row.fence + 1
            self._state.put_lane(replace(row, holder=holder, lease_until=until, fence=fence))
            return fence

    def checkpoint(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Keep what a next holder must know, now; nothing when another holds it by now."""
        self._left(lane, holder, checkpoint=checkpoint)

    def release(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Give the lane back; nothing when another holds it by now."""
        self._left(lane, holder, holder=None, lease_until=None, checkpoint=checkpoint)

    def _left(self, lane: str, by: str, **changes: Json) -> None:
        with self._lock:
            row = self._own_lane(lane)
            if row.holder == by:
                self._state.put_lane(replace(row, **changes))

    def _own_lane(self, lane: str) -> LaneRow:
        self._writing()
        return self.lane(lane)


def _own(work: Work) -> Work:
    return replace(work, hint=dict(work.hint))
