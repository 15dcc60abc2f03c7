"""Reads of a :class:`~sdsync.testing.memory_store.MemoryStore` for screens and sweeps."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sdsync.config.clock import Clock
from sdsync.store.codec import micros
from sdsync.store.records import (
    Alarm,
    AuditRow,
    Cause,
    FieldVersion,
    GroupState,
    Hub,
    LineState,
    MappingVersion,
    Plan,
    PlanLine,
    Replica,
    Share,
)
from sdsync.store.semantics import COUNTED_AS, ON_ITS_WAY, SHELVED_FROM, TIMERS, plan_number
from sdsync.testing.memory_state import State

Member = tuple[Hub, Replica, str]


class MemoryScreens:
    """What the status, the dead letters, the trace and the sweeps ask."""

    _clock: Clock
    _lock: threading.RLock
    _state: State

    def _reading(self) -> State:
        raise NotImplementedError

    def share(self, hub_id: str) -> Share | None:
        """The hub record with all that hangs on it."""
        with self._lock:
            kept = self._reading().shares.get(hub_id)
        return None if kept is None else self._state.give(Share, kept)

    def _shares(self) -> Iterator[Share]:
        with self._lock:
            rows = sorted(self._reading().shares.items())
        return (self._state.give(Share, kept) for _, kept in rows)

    def causes(self, *, open_only: bool = True) -> Sequence[Cause]:
        """Causes, newest first."""
        with self._lock:
            rows = sorted(self._reading().causes.items())
        found = [self._state.give(Cause, kept) for _, kept in rows]
        found.sort(key=lambda one: one.since, reverse=True)
        return [one for one in found if one.closed_at is None or not open_only]

    def _troubled(self) -> Iterator[Share]:
        with self._lock:
            hubs = list(self._reading().troubled)
        return filter(None, map(self.share, hubs))

    def _members(self, state: str | None, cause: str | None) -> list[Member]:
        found = [
            (share.hub, replica, group)
            for share in self._troubled()
            for replica in share.replicas
            for group, row in replica.groups.items()
            if (state is None or row.state == state) and (cause is None or row.cause == cause)
        ]
        found.sort(key=_place)
        return found

    def cause_members(self, cause_id: str) -> Sequence[Member]:
        """(hub, replica, group) that point at the cause."""
        return self._members(None, cause_id)

    def has_members(self, cause_id: str) -> bool:
        """Whether anything points at the cause."""
        return bool(self._members(None, cause_id))

    def asking(self) -> dict[str, int]:
        """Cause -> records that ask for somebody under it."""
        asking = {
            (row.cause, share.hub.id)
            for share in self._troubled()
            for replica in share.replicas
            for row in replica.groups.values()
            if row.cause is not None and row.state not in ON_ITS_WAY
        }
        return dict(Counter(cause for cause, _ in asking))

    def on_way(self, *, after: datetime) -> dict[str, tuple[int, datetime, datetime]]:
        """Cause -> records that are tried again under it, when the first and the last is due."""
        with self._lock:
            rows = [one for lane in self._reading().work.values() for one in lane.values()]
        due = {
            (one.key.lane, one.key.target): one.due_at
            for one in rows
            if one.key.kind == "deliver" and after < one.since and one.due_at < SHELVED_FROM
        }
        found: dict[str, dict[str, list[datetime]]] = {}
        for share in self._troubled():
            for replica in share.replicas:
                due_at = due.get((replica.system, replica.id))
                if due_at is None:
                    continue
                for row in replica.groups.values():
                    if row.cause is not None and row.state in ON_ITS_WAY:
                        mine = found.setdefault(row.cause, {})
                        mine.setdefault(share.hub.id, []).append(due_at)
        dues = {cause: [at for one in mine.values() for at in one] for cause, mine in found.items()}
        return {cause: (len(found[cause]), min(one), max(one)) for cause, one in dues.items()}

    def late(
        self, lane: str, priority: int, *, before: datetime, limit: int
    ) -> Sequence[tuple[str, datetime]]:
        """(replica id, since) of what waits to be delivered since before then, oldest first."""
        with self._lock:
            rows = list(self._reading().work.get(lane, {}).values())
        found = sorted(
            (one.since, one.key.target)
            for one in rows
            if one.key.kind == "deliver"
            and one.priority == priority
            and one.since < before
            and one.due_at < SHELVED_FROM
        )
        return [(target, since) for since, target in found[:limit]]

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> Sequence[Alarm]:
        """Alarms, the newest first."""
        with self._lock:
            rows = list(self._reading().alarms.values())
        found = sorted((self._state.give(Alarm, kept) for kept in rows), key=lambda one: one.id)
        found.sort(key=lambda one: one.began_at, reverse=True)
        return [one for one in found if not (open_only and one.ended)][:limit]

    def held(self) -> Sequence[Member]:
        """(hub, replica, group) that are held."""
        return self._members(GroupState.HELD, None)

    def replicas_with_state(
        self,
        state: str,
        *,
        system: str | None = None,
        after: Member | None = None,
        limit: int = 500,
    ) -> Sequence[Member]:
        """(hub, replica, group) whose group is in the given state."""
        found = [
            one
            for one in self._members(state, None)
            if system in (None, one[1].system) and (after is None or _place(after) < _place(one))
        ]
        return found[:limit]

    def hubs(self, *, sync: str | None = None, after: str = "", limit: int = 500) -> Sequence[Hub]:
        """Hub records in order of id."""
        with self._lock:
            ids = sorted(one for one in self._reading().shares if one > after)
        found: list[Hub] = []
        for share in filter(None, map(self.share, ids)):
            if len(found) == limit:
                break
            if sync is None or sync in share.hub.syncs:
                found.append(share.hub)
        return found

    def versions(self, hub_id: str, field: str | None = None) -> Sequence[FieldVersion]:
        """Field versions, newest first."""
        with self._lock:
            rows = self._reading().versions.get(hub_id, ())
        found = [self._state.give(FieldVersion, kept) for kept in reversed(rows)]
        return [one for one in found if field is None or one.field == field]

    def audit(
        self, *, hub_id: str | None = None, after_seq: int = 0, limit: int = 500
    ) -> Iterator[AuditRow]:
        """Audit rows in order of ``seq``."""
        with self._lock:
            state = self._reading()
            if hub_id is None:
                wanted: Sequence[int] = range(after_seq + 1, len(state.audit) + 1)
            else:
                wanted = [seq for seq in state.audit_of.get(hub_id, ()) if seq > after_seq]
            rows = [(seq, state.audit[seq - 1]) for seq in wanted[:limit]]
        return (replace(state.give(AuditRow, kept), seq=seq) for seq, kept in rows)

    def last_audit_seq(self) -> int:
        """The ``seq`` of the newest audit row; 0 when there is none."""
        with self._lock:
            return len(self._reading().audit)

    def work_counts(self) -> Sequence[tuple[str, int, datetime | None]]:
        """(lane, waiting, oldest ``since`` that is due) per lane; timers do not count."""
        now = self._clock.now()
        with self._lock:
            lanes = {lane: list(rows.values()) for lane, rows in self._reading().work.items()}
        counts = []
        for lane, rows in sorted(lanes.items()):
            dirty = [one for one in rows if one.key.kind not in TIMERS]
            oldest = min((one.since for one in dirty if one.due_at <= now), default=None)
            if rows:
                counts.append((lane, len(dirty), oldest))
        return counts

    def sync_counts(self) -> Sequence[tuple[str, str, int]]:
        """(sync, what, number) per sync; records are counted, not fields."""
        now = self._clock.now()
        counts: dict[tuple[str, str], int] = {}
        for share in self._shares():
            states = {row.state for one in share.replicas for row in one.groups.values()}
            for sync in share.hub.syncs:
                for what in (COUNTED_AS.get(one, one.value) for one in states):
                    counts[sync, what] = counts.get((sync, what), 0) + 1
                shared = int(share.hub.state != "unlinked")
                counts[sync, "shared"] = counts.get((sync, "shared"), 0) + shared
                if share.hub.human_at is not None:
                    age = int((now - share.hub.human_at).total_seconds())
                    counts[sync, "lag_s"] = max(counts.get((sync, "lag_s"), 0), age)
        return [(sync, what, number) for (sync, what), number in sorted(counts.items())]

    def plans(self) -> Sequence[Plan]:
        """All plans, the newest first."""
        with self._lock:
            rows = sorted(self._reading().plans.items(), reverse=True)
        return [self._state.give(Plan, kept) for _, kept in rows]

    def plan(self, plan_id: str) -> Plan | None:
        """One plan."""
        with self._lock:
            kept = self._reading().plans.get(plan_number(plan_id))
        return None if kept is None else self._state.give(Plan, kept)

    def plan_lines(
        self,
        plan_id: str,
        *,
        after: int = 0,
        limit: int = 500,
        state: LineState | None = None,
    ) -> Sequence[PlanLine]:
        """Lines of a plan in their order; of one state only where that is said."""
        with self._lock:
            rows = sorted(self._reading().plan_lines.get(plan_number(plan_id), {}).items())
        lines = (self._state.give(PlanLine, kept) for n, kept in rows if n > after)
        return [one for one in lines if state in (None, one.state)][:limit]

    def mapping_versions(self, mapping: str, *, limit: int = 500) -> Sequence[MappingVersion]:
        """Versions of a mapping, the newest first; in the end what was put in place, as 0."""
        with self._lock:
            rows = sorted(self._reading().mappings.items(), reverse=True)
        kept = [one for (name, _), one in rows if name == mapping]
        return [self._state.give(MappingVersion, one) for one in kept[:limit]]


def _place(member: Member) -> tuple[int, str, str]:
    """Where it stands among others: the newest first."""
    _, replica, group = member
    return -micros(replica.groups[group].since), replica.id, group
