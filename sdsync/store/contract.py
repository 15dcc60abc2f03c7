"""What the engine needs of a store. :mod:`sdsync.store.sql` is the real one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from sdsync.store.records import (
    Alarm,
    AuditRow,
    Cause,
    Change,
    FieldVersion,
    Hub,
    Json,
    LaneRow,
    LineState,
    MappingVersion,
    Pause,
    PersonRow,
    Plan,
    PlanLine,
    Ref,
    Replica,
    Share,
    SyncRow,
    SystemRow,
    Work,
    WorkKey,
)
from sdsync.store.semantics import Identity


class Stale(Exception):  # noqa: N818 - an event of the way, not a mistake
    """A share was committed on an older version than the stored one; load it again."""


class StoreFull(Exception):  # noqa: N818 - as above
    """The disk is full or the store cannot be written: nothing was committed."""


class Store(Protocol):
    """The truth. Every method is one transaction; readers get their own copies."""

    def identity(self) -> Identity:
        """Its id and epoch, and why it may not be the newest of its copies (law 32)."""
        ...

    def new_epoch(self) -> Identity:
        """Take this store for the true one: nothing is suspect any more."""
        ...

    def commit(self, change: Change, *, lasting: bool = True) -> None:
        """Write all of ``change`` or nothing. Returns when it is on disk.

        Not ``lasting``: it returns when everybody reads it and this process may die. It
        reaches the disk before or with the next lasting commit, so that nothing which
        follows from it outlives it; only a machine that loses power may forget it.

        Ringing work that exists raises its generation, keeps the earlier
        ``since`` and ``deadline_at``, takes the earlier ``due_at`` and the more
        urgent priority. New events whose digest is known are dropped, and so is
        the ring that came with them only if the work exists already.

        Raises:
            Stale: A share's version is not the stored one.
            StoreFull: The disk refused.
        """
        ...

    def claim(
        self, lane: str, *, now: datetime, busy: frozenset[str], limit: int
    ) -> Sequence[Work]:
        """Due work of the lane, most urgent first; counts a start of each (law 35).

        ``busy`` holds targets that are being worked on by this process and
        are left out.
        """
        ...

    def share(self, hub_id: str) -> Share | None:
        """The hub record with all that hangs on it, members in order of their ids."""
        ...

    def share_of(self, ref: Ref) -> Share | None:
        """The share that has a replica with this native id (any replica state)."""
        ...

    def share_with_replica(self, replica_id: str) -> Share | None:
        """The share that this replica belongs to."""
        ...

    def share_by_mark(self, mark: str) -> Share | None:
        """The share that has an intent with this mark, open or settled."""
        ...

    def open_intents_in(self, system: str, kind: str) -> Sequence[tuple[str, str]]:
        """(hub id, place) of intents of this record kind that are not settled (law 28)."""
        ...

    def made(self, system: str, *, after: str, upto: str, limit: int) -> Sequence[tuple[str, str]]:
        """(hub id, intent id) of what was made in a system, in order of intent ids.

        Those between ``after`` and ``upto``, both exclusive, that are settled or given up.
        """
        ...

    def find_hubs(self, kind: str, field: str, value: Json) -> Sequence[str]:
        """Hub ids whose ``values[field]`` equals ``value``, for `match` keys (law 12)."""
        ...

    def unread(self, system: str, *, before: datetime, limit: int) -> Sequence[Ref]:
        """Records of a system that were not read since, the longest unread first."""
        ...

    def gone_since(self, system: str, since: datetime) -> int:
        """How many records of a system were taken for gone since (law 41)."""
        ...

    def shared_as(self, system: str, kind: str, native_ids: Sequence[str]) -> dict[str, str]:
        """Native id -> hub id, of those that have a hub record (any replica state)."""
        ...

    def name_of(self, ref: Ref) -> str | None:
        """The name of the shared record behind a native id: its ``correlation``.

        None when it is not shared, or not any more.
        """
        ...

    def share_named(self, kind: str, name: str) -> Share | None:
        """The share whose hub record has this kind and ``correlation``."""
        ...

    def known(self, system: str) -> int:
        """How many records of a system are or were shared."""
        ...

    def undelivered(
        self,
        system: str,
        sync: str,
        *,
        after: tuple[datetime, str],
        before: datetime,
        limit: int,
    ) -> Sequence[Hub]:
        """Hub records of ``sync``, born in ``system``, with a person's change on its way.

        A group of theirs is behind, and their ``human_at`` lies before ``before``. In order
        of (``human_at``, ``id``), from ``after`` on, exclusive; what was told is among them.
        """
        ...

    def next_due(self, lane: str, busy: frozenset[str] = frozenset()) -> datetime | None:
        """When work of the lane, but on these targets, is due next; it may be past.

        What waits for the end of a pause is not due at all.
        """
        ...

    def due(self, lane: str, kind: str, *, now: datetime) -> int:
        """How much work of a kind is due in the lane."""
        ...

    def started(self, lane: str) -> Sequence[WorkKey]:
        """Work of the lane that was started and has not ended, in order."""
        ...

    def work(self, key: WorkKey) -> Work | None:
        """One row of work."""
        ...

    def blob(self, element_id: str) -> bytes | None:
        """A file's content."""
        ...

    def system(self, name: str) -> SystemRow:
        """What is known of a system; a new row when nothing is."""
        ...

    def sync(self, name: str) -> SyncRow | None:
        """What is known of a sync."""
        ...

    def pauses(self) -> Sequence[Pause]:
        """All pauses in order of scope."""
        ...

    def people(self, system: str) -> Sequence[PersonRow]:
        """The people of a system in order of native id."""
        ...

    def cause(self, fingerprint: str) -> Cause | None:
        """The open cause with this fingerprint."""
        ...

    # For screens and sweeps: newest first unless said.
    def causes(self, *, open_only: bool = True) -> Sequence[Cause]:
        """Causes: the open ones, or all."""
        ...

    def cause_members(self, cause_id: str) -> Sequence[tuple[Hub, Replica, str]]:
        """(hub, replica, group) that point at the cause."""
        ...

    def has_members(self, cause_id: str) -> bool:
        """Whether anything points at the cause; its cost does not grow with what does."""
        ...

    def asking(self) -> dict[str, int]:
        """Cause -> records that ask for somebody under it; those that are on their way do not."""
        ...

    def on_way(self, *, after: datetime) -> dict[str, tuple[int, datetime, datetime]]:
        """Cause -> records that are tried again under it, when the first and when the last is due.

        Those that were meant for later than an instant, and not those that are put off; what
        waits for the end of a pause is not due at all.
        """
        ...

    def held(self) -> Sequence[tuple[Hub, Replica, str]]:
        """(hub, replica, group) that are held."""
        ...

    def hubs(self, *, sync: str | None = None, after: str = "", limit: int = 500) -> Sequence[Hub]:
        """Hub records in order of id."""
        ...

    def replicas_with_state(
        self,
        state: str,
        *,
        system: str | None = None,
        after: tuple[Hub, Replica, str] | None = None,
        limit: int = 500,
    ) -> Sequence[tuple[Hub, Replica, str]]:
        """(hub, replica, group) whose group is in the given state, e.g. ``differs``.

        Of one system only where that is said. ``after`` is the last of the page before, as
        it was told: it may have changed since.
        """
        ...

    def versions(self, hub_id: str, field: str | None = None) -> Sequence[FieldVersion]:
        """Versions of one field, or of all."""
        ...

    def audit(
        self, *, hub_id: str | None = None, after_seq: int = 0, limit: int = 500
    ) -> Iterator[AuditRow]:
        """Audit rows in order of ``seq``."""
        ...

    def last_audit_seq(self) -> int:
        """The ``seq`` of the newest audit row; 0 when there is none."""
        ...

    def work_counts(self) -> Sequence[tuple[str, int, datetime | None]]:
        """(lane, waiting, oldest ``since`` that is due) per lane."""
        ...

    def late(
        self, lane: str, priority: int, *, before: datetime, limit: int
    ) -> Sequence[tuple[str, datetime]]:
        """(replica id, since) of what waits to be delivered since before then, oldest first."""
        ...

    def sync_counts(self) -> Sequence[tuple[str, str, int]]:
        """(sync, what, number): shared, parked, held, differs, awaiting, lag_s … per sync."""
        ...

    def plans(self) -> Sequence[Plan]:
        """All plans, the newest first."""
        ...

    def plan(self, plan_id: str) -> Plan | None:
        """One plan."""
        ...

    def plan_lines(
        self,
        plan_id: str,
        *,
        after: int = 0,
        limit: int = 500,
        state: LineState | None = None,
    ) -> Sequence[PlanLine]:
        """Lines of a plan in their order; of one state only where that is said."""
        ...

    def mapping_versions(self, mapping: str, *, limit: int = 500) -> Sequence[MappingVersion]:
        """Versions of a mapping, the newest first; in the end what was put in place, as 0."""
        ...

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> Sequence[Alarm]:
        """Alarms, the newest first: those with something left to tell or to end, or all."""
        ...

    def lane(self, lane: str) -> LaneRow:
        """What outlives the lane's holder; a new row when there is none."""
        ...

    def ring(self, lane: str) -> bool:
        """Note that the lane has work; True only when it turned true (law 34)."""
        ...

    def unring(self, lane: str) -> bool:
        """Clear the bell before the holder's last look; True if it was rung."""
        ...

    def lease(self, lane: str, holder: str, *, now: datetime, until: datetime) -> int | None:
        """Take or renew the lane; the fence, or None when somebody else holds it."""
        ...

    def checkpoint(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Keep what a next holder must know, now; nothing when another holds it by now."""
        ...

    def release(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Give the lane back; nothing when another holds it by now."""
        ...
