"""Reads of the way: shares and what a step needs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, or_, select

from sdsync.store import tables, working
from sdsync.store.base import Base
from sdsync.store.codec import micros
from sdsync.store.dialect import Link
from sdsync.store.parts import PARTS
from sdsync.store.records import (
    Cause,
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
from sdsync.store.semantics import BEHIND
from sdsync.store.statements import Statement
from sdsync.store.vault import Vault, row_id

_hubs, _replicas, _intents = tables.hubs, tables.replicas, tables.intents
_values, _causes = tables.hub_values, tables.causes
_syncs, _groups = tables.hub_syncs, tables.replica_groups

HUB_OF = Statement(
    select(_hubs.c.id, _hubs.c.version, _hubs.c.doc).where(_hubs.c.id == bindparam("id"))
)
BY_NATIVE = Statement(
    select(_replicas.c.hub_id).where(
        _replicas.c.system == bindparam("system"),
        _replicas.c.kind == bindparam("kind"),
        _replicas.c.native_id == bindparam("id"),
    )
)
NAME_OF = Statement(
    select(_hubs.c.correlation)
    .join(_replicas, _replicas.c.hub_id == _hubs.c.id)
    .where(
        _replicas.c.system == bindparam("system"),
        _replicas.c.kind == bindparam("kind"),
        _replicas.c.native_id == bindparam("id"),
        _hubs.c.state != "unlinked",
    )
)
NAMED = Statement(
    select(_hubs.c.id).where(
        _hubs.c.kind == bindparam("kind"), _hubs.c.correlation == bindparam("name")
    )
)
_of_sync = exists().where(_syncs.c.sync == bindparam("sync"), _syncs.c.hub_id == _hubs.c.id)
_is_behind = exists().where(
    _replicas.c.hub_id == _hubs.c.id,
    _groups.c.replica_id == _replicas.c.id,
    or_(*(_groups.c.state == one.value for one in sorted(BEHIND))),
)
#: By the index of ``human_at``; what the sync does not share is passed over in the database.
UNDELIVERED = Statement(
    select(_hubs.c.id, _hubs.c.version, _hubs.c.doc)
    .where(
        _hubs.c.human_at >= bindparam("after_at"),
        _hubs.c.human_at < bindparam("before"),
        or_(_hubs.c.human_at > bindparam("after_at"), _hubs.c.id > bindparam("after_id")),
        func.substr(_hubs.c.correlation, 1, bindparam("letters")) == bindparam("born"),
        _of_sync,
        _is_behind,
    )
    .order_by(_hubs.c.human_at, _hubs.c.id)
    .limit(bindparam("limit"))
)
#: By the index of these rows alone: the word must stand in the statement itself.
GONE = Statement(
    select(func.count()).where(
        tables.audit.c.action == literal_column("'gone'"),
        tables.audit.c.system == bindparam("system"),
        tables.audit.c.at >= bindparam("since"),
    )
)
KNOWN = Statement(
    select(func.count()).where(
        _replicas.c.system == bindparam("system"), _replicas.c.native_id.is_not(None)
    )
)
UNREAD = Statement(
    select(_replicas.c.kind, _replicas.c.native_id)
    .where(_replicas.c.system == bindparam("system"), _replicas.c.read_at < bindparam("before"))
    .order_by(_replicas.c.read_at)
    .limit(bindparam("limit"))
)
BY_REPLICA = Statement(select(_replicas.c.hub_id).where(_replicas.c.id == bindparam("id")))
BY_MARK = Statement(select(_intents.c.hub_id).where(_intents.c.mark == bindparam("mark")))
#: By the primary key: it costs as what was made since, in whichever system.
MADE = Statement(
    select(_intents.c.hub_id, _intents.c.id)
    .where(
        _intents.c.id > bindparam("after"),
        _intents.c.id < bindparam("upto"),
        _intents.c.system == bindparam("system"),
        _intents.c.ended == 1,
    )
    .order_by(_intents.c.id)
    .limit(bindparam("limit"))
)
OPEN_INTENTS = Statement(
    select(_intents.c.hub_id, _intents.c.place)
    .where(
        _intents.c.system == bindparam("system"),
        _intents.c.kind == bindparam("kind"),
        _intents.c.ended == 0,
    )
    .order_by(_intents.c.hub_id, _intents.c.place)
)
BY_VALUE = Statement(
    select(_values.c.hub_id)
    .where(
        _values.c.kind == bindparam("kind"),
        _values.c.field == bindparam("field"),
        _values.c.digest == bindparam("digest"),
    )
    .order_by(_values.c.hub_id)
)
OPEN_CAUSE = Statement(
    select(_causes.c.id, _causes.c.doc).where(
        _causes.c.fingerprint == bindparam("fingerprint"), _causes.c.closed_at.is_(None)
    )
)
BLOB_OF = Statement(select(tables.blobs.c.body).where(tables.blobs.c.element_id == bindparam("id")))
SYSTEM_OF = Statement(
    select(tables.systems.c.doc).where(tables.systems.c.system == bindparam("id"))
)
SYNC_OF = Statement(select(tables.syncs.c.doc).where(tables.syncs.c.sync == bindparam("id")))
PAUSES = Statement(
    select(tables.pauses.c.scope, tables.pauses.c.doc).order_by(tables.pauses.c.scope)
)
PEOPLE_OF = Statement(
    select(tables.people.c.native_id, tables.people.c.doc)
    .where(tables.people.c.system == bindparam("id"))
    .order_by(tables.people.c.native_id)
)


def read_hub(row: Sequence[Any], vault: Vault) -> Hub:
    """A hub from (id, version, doc): the column knows the version that counts."""
    hub_id, version, doc = row
    hub = vault.read(Hub, "hubs", hub_id, doc)
    hub.version = version
    return hub


def load_share(link: Link, hub_id: str, vault: Vault) -> Share | None:
    """A hub record with all that hangs on it, members in order of their ids."""
    row = link.row(HUB_OF, {"id": hub_id})
    if row is None:
        return None
    found: list[list[Any]] = []
    for part in PARTS:
        rows = link.rows(part.docs, {"hub_id": hub_id})
        name = part.table.name
        found.append([vault.read(part.record, name, row_id(*key), doc) for doc, *key in rows])
    return Share(read_hub(row, vault), *found)


class Queries(Base):
    """What step functions and connectors' runners read."""

    def share(self, hub_id: str) -> Share | None:
        """The hub record with all that hangs on it."""
        with self._reading() as link:
            return load_share(link, hub_id, self._vault)

    def _share_by(self, statement: Statement, **params: str) -> Share | None:
        with self._reading() as link:
            found = link.row(statement, params)
            return None if found is None else load_share(link, found[0], self._vault)

    def share_of(self, ref: Ref) -> Share | None:
        """The share that has a replica with this native id."""
        return self._share_by(BY_NATIVE, system=ref.system, kind=ref.kind, id=ref.id)

    def share_with_replica(self, replica_id: str) -> Share | None:
        """The share that this replica belongs to."""
        return self._share_by(BY_REPLICA, id=replica_id)

    def share_by_mark(self, mark: str) -> Share | None:
        """The share that has an intent with this mark, open or settled."""
        return self._share_by(BY_MARK, mark=mark)

    def open_intents_in(self, system: str, kind: str) -> Sequence[tuple[str, str]]:
        """(hub id, place) of intents of this record kind that are not settled."""
        with self._reading() as link:
            rows = link.rows(OPEN_INTENTS, {"system": system, "kind": kind})
        return [(hub_id, place) for hub_id, place in rows]

    def made(self, system: str, *, after: str, upto: str, limit: int) -> Sequence[tuple[str, str]]:
        """(hub id, intent id) of what was made in a system, in order of intent ids."""
        params = {"system": system, "after": after, "upto": upto, "limit": limit}
        with self._reading() as link:
            rows = link.rows(MADE, params)
        return [(str(hub_id), str(intent_id)) for hub_id, intent_id in rows]

    def find_hubs(self, kind: str, field: str, value: Json) -> Sequence[str]:
        """Hub ids whose ``values[field]`` equals ``value``; None finds nothing."""
        if value is None:
            return []
        digest = self._vault.value_digest(kind, field, value)
        with self._reading() as link:
            rows = link.rows(BY_VALUE, {"kind": kind, "field": field, "digest": digest})
        return [str(one[0]) for one in rows]

    def unread(self, system: str, *, before: datetime, limit: int) -> Sequence[Ref]:
        """Records of a system that were not read since, the longest unread first."""
        params = {"system": system, "before": micros(before), "limit": limit}
        with self._reading() as link:
            rows = link.rows(UNREAD, params)
        return [Ref(system, str(kind), str(native_id)) for kind, native_id in rows]

    def gone_since(self, system: str, since: datetime) -> int:
        """How many records of a system were taken for gone since (law 41)."""
        with self._reading() as link:
            return int(link.rows(GONE, {"system": system, "since": micros(since)})[0][0])

    def shared_as(self, system: str, kind: str, native_ids: Sequence[str]) -> dict[str, str]:
        """Native id -> hub id, of those that have a hub record."""
        found: dict[str, str] = {}
        with self._reading() as link:
            for one in native_ids:
                row = link.row(BY_NATIVE, {"system": system, "kind": kind, "id": one})
                if row is not None:
                    found[one] = str(row[0])
        return found

    def name_of(self, ref: Ref) -> str | None:
        """The name of the shared record behind a native id; None when it is not shared."""
        with self._reading() as link:
            row = link.row(NAME_OF, {"system": ref.system, "kind": ref.kind, "id": ref.id})
        return None if row is None else str(row[0])

    def share_named(self, kind: str, name: str) -> Share | None:
        """The share whose hub record has this kind and name."""
        return self._share_by(NAMED, kind=kind, name=name)

    def known(self, system: str) -> int:
        """How many records of a system are or were shared."""
        with self._reading() as link:
            return int(link.rows(KNOWN, {"system": system})[0][0])

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
        born = f"{system}#"  # how the name of a record begins
        params = {
            "born": born,
            "letters": len(born),
            "sync": sync,
            "after_at": micros(after[0]),
            "after_id": after[1],
            "before": micros(before),
            "limit": limit,
        }
        with self._reading() as link:
            rows = link.rows(UNDELIVERED, params)
        return [read_hub(one, self._vault) for one in rows]

    def next_due(self, lane: str, busy: frozenset[str] = frozenset()) -> datetime | None:
        """When work of the lane, but on these targets, is due next; it may be past."""
        with self._reading() as link:
            return working.next_due(link, lane, busy)

    def due(self, lane: str, kind: str, *, now: datetime) -> int:
        """How much work of a kind is due in the lane."""
        with self._reading() as link:
            rows = link.rows(working.DUE_OF_KIND, {"lane": lane, "kind": kind, "now": micros(now)})
        return int(rows[0][0])

    def started(self, lane: str) -> Sequence[WorkKey]:
        """Work of the lane that was started and has not ended, in order."""
        with self._reading() as link:
            rows = link.rows(working.OPEN, {"lane": lane})
        return [WorkKey(*row[:3]) for row in rows]

    def work(self, key: WorkKey) -> Work | None:
        """One row of work."""
        params = {"k_lane": key.lane, "k_kind": key.kind, "k_target": key.target}
        with self._reading() as link:
            found = link.row(working.WORK_OF, params)
        return None if found is None else working.read_work(found, self._vault)

    def blob(self, element_id: str) -> bytes | None:
        """A file's content."""
        with self._reading() as link:
            found = link.row(BLOB_OF, {"id": element_id})
        return None if found is None else self._vault.cipher.open("blobs", element_id, found[0])

    def system(self, name: str) -> SystemRow:
        """What is known of a system; a new row when nothing is."""
        with self._reading() as link:
            found = link.row(SYSTEM_OF, {"id": name})
        if found is None:
            return SystemRow(name)
        return self._vault.read(SystemRow, "systems", name, found[0])

    def sync(self, name: str) -> SyncRow | None:
        """What is known of a sync."""
        with self._reading() as link:
            found = link.row(SYNC_OF, {"id": name})
        return None if found is None else self._vault.read(SyncRow, "syncs", name, found[0])

    def pauses(self) -> Sequence[Pause]:
        """All pauses in order of scope."""
        with self._reading() as link:
            rows = link.rows(PAUSES)
        return [self._vault.read(Pause, "pauses", scope, doc) for scope, doc in rows]

    def people(self, system: str) -> Sequence[PersonRow]:
        """The people of a system in order of native id."""
        with self._reading() as link:
            rows = link.rows(PEOPLE_OF, {"id": system})
        return [
            self._vault.read(PersonRow, "people", row_id(system, native_id), doc)
            for native_id, doc in rows
        ]

    def cause(self, fingerprint: str) -> Cause | None:
        """The open cause with this fingerprint."""
        with self._reading() as link:
            found = link.row(OPEN_CAUSE, {"fingerprint": fingerprint})
        return None if found is None else self._vault.read(Cause, "causes", found[0], found[1])

    def lane(self, lane: str) -> LaneRow:
        """What outlives the lane's holder."""
        with self._reading() as link:
            found = link.row(working.LANE_OF, {"lane": lane})
        return working.read_lane(found, lane, self._vault)
