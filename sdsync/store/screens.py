"""Reads for screens and sweeps: pages and counts, newest first unless said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, or_, select

from sdsync.store import tables, trail
from sdsync.store.base import Base
from sdsync.store.codec import instant, instant_or_none, micros
from sdsync.store.dialect import Row
from sdsync.store.queries import read_hub
from sdsync.store.records import AuditRow, Cause, FieldVersion, GroupState, Hub, Replica
from sdsync.store.semantics import COUNTED_AS, ON_ITS_WAY, SHELVED_FROM, TIMERS
from sdsync.store.statements import Statement
from sdsync.store.vault import row_id

Member = tuple[Hub, Replica, str]

_hubs, _syncs, _groups = tables.hubs, tables.hub_syncs, tables.replica_groups
_replicas, _work, _versions, _causes = (
    tables.replicas,
    tables.work,
    tables.versions,
    tables.causes,
)

CAUSES = Statement(
    select(_causes.c.id, _causes.c.closed_at, _causes.c.doc).order_by(
        _causes.c.since.desc(), _causes.c.id
    )
)
OPEN_CAUSES = Statement(
    select(_causes.c.id, _causes.c.closed_at, _causes.c.doc)
    .where(_causes.c.closed_at.is_(None))
    .order_by(_causes.c.since.desc(), _causes.c.id)
)


def _members() -> Select[*tuple[Any, ...]]:
    return (
        select(
            _groups.c.name,
            _hubs.c.id,
            _hubs.c.version,
            _hubs.c.doc,
            _replicas.c.id,
            _replicas.c.doc,
        )
        .join_from(_groups, _replicas, _replicas.c.id == _groups.c.replica_id)
        .join(_hubs, _hubs.c.id == _groups.c.hub_id)
        .order_by(_groups.c.since.desc(), _groups.c.replica_id, _groups.c.name)
    )


MEMBERS_OF_CAUSE = Statement(_members().where(_groups.c.cause == bindparam("cause")))
MEMBER_OF_CAUSE = Statement(
    select(_groups.c.name).where(_groups.c.cause == bindparam("cause")).limit(1)
)
ASKING = Statement(
    select(_groups.c.cause, func.count(_groups.c.hub_id.distinct()))
    .where(
        _groups.c.cause.is_not(None),
        *(_groups.c.state != one.value for one in sorted(ON_ITS_WAY)),
    )
    .group_by(_groups.c.cause)
)
ON_WAY = Statement(
    select(
        _groups.c.cause,
        func.count(_groups.c.hub_id.distinct()),
        func.min(_work.c.due_at),
        func.max(_work.c.due_at),
    )
    .join_from(_groups, _replicas, _replicas.c.id == _groups.c.replica_id)
    .join(
        _work,
        and_(
            _work.c.lane == _replicas.c.system,
            _work.c.kind == "deliver",
            _work.c.target == _replicas.c.id,
        ),
    )
    .where(
        _groups.c.cause.is_not(None),
        or_(*(_groups.c.state == one.value for one in sorted(ON_ITS_WAY))),
        _work.c.since > bindparam("after"),
        _work.c.due_at < micros(SHELVED_FROM),
    )
    .group_by(_groups.c.cause)
)
LATE = Statement(
    select(_work.c.target, _work.c.since)
    .where(
        _work.c.lane == bindparam("lane"),
        _work.c.kind == "deliver",
        _work.c.priority == bindparam("priority"),
        _work.c.since < bindparam("before"),
        _work.c.due_at < micros(SHELVED_FROM),  # what a pause holds is told as its pause
    )
    .order_by(_work.c.since, _work.c.target)
    .limit(bindparam("count"))
)
WITH_STATE = Statement(_members().where(_groups.c.state == bindparam("state")))
_some_with_state = (
    _members()
    .where(
        _groups.c.state == bindparam("state"),
        _groups.c.since <= bindparam("since"),
        or_(
            _groups.c.since < bindparam("since"),
            _groups.c.replica_id > bindparam("replica_id"),
            and_(
                _groups.c.replica_id == bindparam("replica_id"),
                _groups.c.name > bindparam("name"),
            ),
        ),
    )
    .limit(bindparam("count"))
)
SOME_WITH_STATE = Statement(_some_with_state)
SOME_OF_SYSTEM = Statement(_some_with_state.where(_replicas.c.system == bindparam("system")))
#: Newer than any instant: the first page begins behind it.
NEWEST = 2**62
HUBS = Statement(
    select(_hubs.c.id, _hubs.c.version, _hubs.c.doc)
    .where(_hubs.c.id > bindparam("after"))
    .order_by(_hubs.c.id)
    .limit(bindparam("count"))
)
HUBS_OF_SYNC = Statement(
    select(_hubs.c.id, _hubs.c.version, _hubs.c.doc)
    .join_from(_syncs, _hubs, _hubs.c.id == _syncs.c.hub_id)
    .where(_syncs.c.sync == bindparam("sync"), _syncs.c.hub_id > bindparam("after"))
    .order_by(_syncs.c.hub_id)
    .limit(bindparam("count"))
)
_version_columns = (_versions.c.field, _versions.c.version, _versions.c.doc)
VERSIONS = Statement(
    select(*_version_columns)
    .where(_versions.c.hub_id == bindparam("hub_id"))
    .order_by(_versions.c.n.desc())
)
VERSIONS_OF_FIELD = Statement(
    select(*_version_columns)
    .where(_versions.c.hub_id == bindparam("hub_id"), _versions.c.field == bindparam("field"))
    .order_by(_versions.c.n.desc())
)
_is_dirty = and_(*(_work.c.kind != one for one in sorted(TIMERS)))
WORK_COUNTS = Statement(
    select(
        _work.c.lane,
        func.sum(case((_is_dirty, 1), else_=0)),
        func.min(case((and_(_is_dirty, _work.c.due_at <= bindparam("now")), _work.c.since))),
    )
    .group_by(_work.c.lane)
    .order_by(_work.c.lane)
)
SHARED = Statement(
    select(
        _syncs.c.sync,
        func.sum(case((_hubs.c.state != "unlinked", 1), else_=0)),
        func.min(_hubs.c.human_at),
    )
    .join_from(_syncs, _hubs, _hubs.c.id == _syncs.c.hub_id)
    .group_by(_syncs.c.sync)
)
TROUBLED = Statement(
    select(_syncs.c.sync, _groups.c.state, func.count(_groups.c.hub_id.distinct()))
    .join_from(_groups, _syncs, _syncs.c.hub_id == _groups.c.hub_id)
    .group_by(_syncs.c.sync, _groups.c.state)
)


def _behind(last: Member | None) -> dict[str, Any]:
    """Where a page begins: behind the last of the page before."""
    if last is None:
        return {"since": NEWEST, "replica_id": "", "name": ""}
    _, replica, group = last
    return {
        "since": micros(replica.groups[group].since), "replica_id": replica.id, "name": group,
    }  # fmt: skip


class Screens(Base):
    """What the status, the dead letters, the trace and the sweeps ask."""

    def causes(self, *, open_only: bool = True) -> Sequence[Cause]:
        """Causes, newest first."""
        with self._reading() as link:
            rows = link.rows(OPEN_CAUSES if open_only else CAUSES)
        return [self._vault.read(Cause, "causes", one, doc) for one, _, doc in rows]

    def cause_members(self, cause_id: str) -> Sequence[Member]:
        """(hub, replica, group) that point at the cause."""
        with self._reading() as link:
            rows = link.rows(MEMBERS_OF_CAUSE, {"cause": cause_id})
        return [self._member(one) for one in rows]

    def has_members(self, cause_id: str) -> bool:
        """Whether anything points at the cause; its cost does not grow with what does."""
        with self._reading() as link:
            return link.row(MEMBER_OF_CAUSE, {"cause": cause_id}) is not None

    def asking(self) -> dict[str, int]:
        """Cause -> records that ask for somebody under it; those that are on their way do not."""
        with self._reading() as link:
            return {str(cause): int(number) for cause, number in link.rows(ASKING)}

    def on_way(self, *, after: datetime) -> dict[str, tuple[int, datetime, datetime]]:
        """Cause -> records that are tried again under it, when the first and when the last is due.

        Those that were meant for later than an instant, and not those that are put off; what
        waits for the end of a pause is not due at all.
        """
        with self._reading() as link:
            return {
                str(cause): (int(number), instant(first), instant(last))
                for cause, number, first, last in link.rows(ON_WAY, {"after": micros(after)})
            }

    def late(
        self, lane: str, priority: int, *, before: datetime, limit: int
    ) -> Sequence[tuple[str, datetime]]:
        """(replica id, since) of what waits to be delivered since before then, oldest first."""
        asked = {"lane": lane, "priority": priority, "before": micros(before), "count": limit}
        with self._reading() as link:
            return [(target, instant(since)) for target, since in link.rows(LATE, asked)]

    def held(self) -> Sequence[Member]:
        """(hub, replica, group) that are held."""
        with self._reading() as link:
            rows = link.rows(WITH_STATE, {"state": GroupState.HELD.value})
        return [self._member(one) for one in rows]

    def replicas_with_state(
        self,
        state: str,
        *,
        system: str | None = None,
        after: Member | None = None,
        limit: int = 500,
    ) -> Sequence[Member]:
        """(hub, replica, group) whose group is in the given state."""
        asked: dict[str, Any] = {"state": str(state), "count": limit, **_behind(after)}
        with self._reading() as link:
            if system is None:
                rows = link.rows(SOME_WITH_STATE, asked)
            else:
                rows = link.rows(SOME_OF_SYSTEM, {**asked, "system": system})
        return [self._member(one) for one in rows]

    def _member(self, row: Row) -> Member:
        group, hub_id, version, hub, replica_id, replica = row
        vault = self._vault
        read = vault.read(Replica, "replicas", replica_id, replica)
        return read_hub((hub_id, version, hub), vault), read, group

    def hubs(self, *, sync: str | None = None, after: str = "", limit: int = 500) -> Sequence[Hub]:
        """Hub records in order of id."""
        params: dict[str, Any] = {"after": after, "count": limit}
        with self._reading() as link:
            if sync is None:
                rows = link.rows(HUBS, params)
            else:
                rows = link.rows(HUBS_OF_SYNC, {**params, "sync": sync})
        return [read_hub(one, self._vault) for one in rows]

    def versions(self, hub_id: str, field: str | None = None) -> Sequence[FieldVersion]:
        """Field versions, newest first."""
        with self._reading() as link:
            if field is None:
                rows = link.rows(VERSIONS, {"hub_id": hub_id})
            else:
                rows = link.rows(VERSIONS_OF_FIELD, {"hub_id": hub_id, "field": field})
        return [
            self._vault.read(FieldVersion, "versions", row_id(hub_id, name, str(version)), doc)
            for name, version, doc in rows
        ]

    def audit(
        self, *, hub_id: str | None = None, after_seq: int = 0, limit: int = 500
    ) -> Iterator[AuditRow]:
        """Audit rows in order of ``seq``."""
        params: dict[str, Any] = {"after": after_seq, "count": limit}
        with self._reading() as link:
            if hub_id is None:
                rows = link.rows(trail.AUDIT_PAGE, params)
            else:
                rows = link.rows(trail.AUDIT_PAGE_OF_HUB, {**params, "hub_id": hub_id})
        return (trail.read_audit(one, self._vault) for one in rows)

    def last_audit_seq(self) -> int:
        """The ``seq`` of the newest audit row; 0 when there is none."""
        with self._reading() as link:
            return int(link.rows(trail.LAST_SEQ)[0][0])

    def work_counts(self) -> Sequence[tuple[str, int, datetime | None]]:
        """(lane, waiting, oldest ``since`` that is due) per lane; timers do not count."""
        with self._reading() as link:
            rows = link.rows(WORK_COUNTS, {"now": micros(self._clock.now())})
        return [(lane, int(waiting), instant_or_none(oldest)) for lane, waiting, oldest in rows]

    def sync_counts(self) -> Sequence[tuple[str, str, int]]:
        """(sync, what, number) per sync; records are counted, not fields."""
        now = micros(self._clock.now())
        counts: dict[tuple[str, str], int] = {}
        with self._reading() as link:
            for sync, shared, human_at in link.rows(SHARED):
                counts[sync, "shared"] = int(shared)
                if human_at is not None:
                    counts[sync, "lag_s"] = max(0, (now - human_at) // 1_000_000)
            for sync, state, number in link.rows(TROUBLED):
                counts[sync, COUNTED_AS.get(state, state)] = int(number)
        return [(sync, what, number) for (sync, what), number in sorted(counts.items())]
