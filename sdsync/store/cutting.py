"""What may be forgotten, found and removed batch by batch (law 40).

What is to go is looked for by a reader; the writer gets a batch of keys at a time, so that
nobody waits long. A batch is one commit: killed at any moment, the next one goes on.
Nothing here is needed for "once": no record, pair, intent, mark, open cause or standing
plan is ever looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select

from sdsync.store import tables
from sdsync.store.audit import ERASE, Audits, Cut, TrailBroken
from sdsync.store.codec import micros
from sdsync.store.dialect import Row
from sdsync.store.planned import PLANS
from sdsync.store.records import FieldVersion, Plan, PlanState
from sdsync.store.statements import Statement
from sdsync.store.trail import MARK, erased
from sdsync.store.vault import row_id
from sdsync.store.writer import Tx

#: Rows per transaction: some milliseconds, so that a daemon beside it hardly waits.
BATCH = 500
_audit, _seals, _causes, _inbox = tables.audit, tables.audit_seals, tables.causes, tables.inbox
_versions, _lines, _plans = tables.versions, tables.plan_lines, tables.plans

FIRST_SINCE = Statement(
    select(_audit.c.seq).where(_audit.c.at >= bindparam("at")).order_by(_audit.c.seq).limit(1)
)
CUT_ROWS = Statement(delete(_audit).where(_audit.c.seq <= bindparam("upto")))
CUT_SEALS = Statement(delete(_seals).where(_seals.c.seq <= bindparam("upto")))
_old = [
    _audit.c.at < bindparam("at"),
    _audit.c.vals.is_not(None),
    func.length(_audit.c.vals) != MARK,
]
OLD_VALUES = Statement(
    select(_audit.c.seq, _audit.c.digest)
    .where(*_old, _audit.c.seq > bindparam("after"))
    .order_by(_audit.c.seq)
    .limit(bindparam("count"))
)
LAST_OLD_VALUES = Statement(select(func.coalesce(func.max(_audit.c.seq), 0)).where(*_old))
OLD_EVENTS = Statement(
    select(_inbox.c.n)
    .where(_inbox.c.received_at < bindparam("at"), _inbox.c.n > bindparam("after"))
    .order_by(_inbox.c.n)
    .limit(bindparam("count"))
)
DROP_EVENT = Statement(delete(_inbox).where(_inbox.c.n == bindparam("k")))
_pointing = exists().where(tables.replica_groups.c.cause == _causes.c.id)
OLD_CAUSES = Statement(
    select(_causes.c.id)
    .where(_causes.c.closed_at < bindparam("at"), _causes.c.id > bindparam("after"), ~_pointing)
    .order_by(_causes.c.id)
    .limit(bindparam("count"))
)
DROP_CAUSE = Statement(
    delete(_causes).where(_causes.c.id == bindparam("k"), _causes.c.closed_at.is_not(None))
)
VERSIONS = Statement(
    select(
        _versions.c.n, _versions.c.hub_id, _versions.c.field, _versions.c.version, _versions.c.doc
    )
    .where(_versions.c.n > bindparam("after"))
    .order_by(_versions.c.n)
    .limit(bindparam("count"))
)
DROP_VERSION = Statement(delete(_versions).where(_versions.c.n == bindparam("k")))
LINES_OF = Statement(
    select(_lines.c.n)
    .where(_lines.c.plan_n == bindparam("plan_n"), _lines.c.n > bindparam("after"))
    .order_by(_lines.c.n)
    .limit(bindparam("count"))
)
DROP_LINE = Statement(
    delete(_lines).where(_lines.c.plan_n == bindparam("k_plan_n"), _lines.c.n == bindparam("k_n"))
)
DROP_PLAN = Statement(
    delete(_plans).where(_plans.c.n == bindparam("n"), _plans.c.version == bindparam("version"))
)

KINDS = ("audit", "values", "letters", "plans", "events")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit removes. ``rows`` counts what a person would."""

    drop: Statement
    keys: Sequence[Mapping[str, Any]]
    rows: int


class Cutting(Audits):
    """The part of a store that forgets."""

    def expired(self, kind: str, before: datetime, *, enough: int | None = None) -> int:
        """How much of a kind would go.

        Args:
            kind: One of ``KINDS``.
            before: What is younger stays.
            enough: Nobody asks whether it is more.
        """
        if kind == "audit":
            first, upto = self._to_cut(before)
            return max(0, upto - first + 1)
        rows = 0
        for one in self._found(kind, before):
            rows += one.rows
            if enough is not None and rows >= enough:
                break
        return rows

    def forget(self, kind: str, before: datetime, plan: str, now: datetime) -> Iterator[int]:
        """Remove what expired; how much each batch took, once it is committed.

        Args:
            kind: One of ``KINDS``.
            before: What is younger stays.
            plan: Stands in the checkpoint that a cut trail begins with.
            now: As ``plan``.

        Raises:
            TrailBroken: The trail is not whole up to the last record of it that would go:
                nothing goes.
        """
        self._prove(kind, before)
        if kind == "audit":
            yield from self._cut_trail(before, plan, now)
            return
        for batch in self._found(kind, before):
            self._writer.run(partial(_drop, batch=batch))
            yield batch.rows

    # -- the trail ---------------------------------------------------------------------
    def _prove(self, kind: str, before: datetime) -> None:
        first, last = 1, 0
        if kind == "audit":
            first, last = self._to_cut(before)
        elif kind == "values":
            with self._reading() as link:
                last = link.rows(LAST_OLD_VALUES, {"at": micros(before)})[0][0]
        if first > last:
            return
        found = self.verify(anchored=False, upto=last)
        if found.problem is not None:
            raise TrailBroken(found.problem)

    def _to_cut(self, before: datetime) -> tuple[int, int]:
        """The first and the last record to go; the newest sealed one never does.

        What comes next is numbered and chained after it.
        """
        with self._reading() as link:
            sealed, _ = self._sealed_to(link)
            young = link.row(FIRST_SINCE, {"at": micros(before)})
            upto = sealed - 1 if young is None else min(sealed, young[0]) - 1
            return self._cut(link).seq + 1, upto

    def _cut_trail(self, before: datetime, plan: str, now: datetime) -> Iterator[int]:
        first, last = self._to_cut(before)
        at = now.isoformat(timespec="seconds")
        while first <= last:
            upto = min(first + BATCH - 1, last)
            yield self._writer.run(partial(self._cut_to, upto=upto, at=at, plan=plan))
            first = upto + 1

    def _cut_to(self, tx: Tx, *, upto: int, at: str, plan: str) -> int:
        """Move the checkpoint and remove what lies before it: one commit does both."""
        link = tx.link
        chain = self._chain_at(link, upto)
        if chain is None or upto <= self._cut(link).seq:
            return 0  # another process was faster
        self._put_cut(link, Cut(upto, bytes.fromhex(chain), at, plan))
        gone = link.run(CUT_ROWS, {"upto": upto})
        link.run(CUT_SEALS, {"upto": upto})
        return gone

    def free_bytes(self) -> int | None:
        """What is free inside the database's file, to be used again; None on a server."""
        if self._dialect.name != "sqlite":
            return None
        with self._reading() as link:
            pages, size = (
                int(link.command(f"PRAGMA {one}")[0][0]) for one in ("freelist_count", "page_size")
            )
        return pages * size

    # -- the rest ----------------------------------------------------------------------
    def _found(self, kind: str, before: datetime) -> Iterator[Batch]:
        at = micros(before)
        match kind:
            case "values":
                yield from self._pages_of(OLD_VALUES, ERASE["vals"], 0, at, self._marked)
                yield from self._old_versions(before)
            case "letters":
                yield from self._pages_of(OLD_CAUSES, DROP_CAUSE, "", at)
            case "events":
                yield from self._pages_of(OLD_EVENTS, DROP_EVENT, 0, at)
            case "plans":
                yield from self._old_plans(before)
            case _:
                raise ValueError(kind)

    def _marked(self, row: Row) -> Mapping[str, Any]:
        return {"k": row[0], "mark": erased("vals", row[1], self._vault)}

    def _pages_of(
        self,
        old: Statement,
        drop: Statement,
        start: Any,
        at: int,
        key: Callable[[Row], Mapping[str, Any]] = lambda row: {"k": row[0]},
    ) -> Iterator[Batch]:
        """Rows that a clear column dates, in the order of their keys."""
        after = start
        while True:
            with self._reading() as link:
                rows = link.rows(old, {"at": at, "after": after, "count": BATCH})
            if rows:
                after = rows[-1][0]
                yield Batch(drop, [key(one) for one in rows], len(rows))
            if len(rows) < BATCH:
                return

    def _old_versions(self, before: datetime) -> Iterator[Batch]:
        """What fields once held, oldest first; the hub record has what they hold now."""
        after = 0
        while True:
            with self._reading() as link:
                rows = link.rows(VERSIONS, {"after": after, "count": BATCH})
            old = [one for one in rows if self._version(one).changed_hi < before]
            if old:
                yield Batch(DROP_VERSION, [{"k": one[0]} for one in old], len(old))
            if not old or len(rows) < BATCH:
                return  # they are nearly in the order of time: what is left goes another day
            after = rows[-1][0]

    def _version(self, row: Row) -> FieldVersion:
        _, hub_id, field, version, doc = row
        key = row_id(hub_id, field, str(version))
        return self._vault.read(FieldVersion, "versions", key, doc)

    def _old_plans(self, before: datetime) -> Iterator[Batch]:
        """Plans that are over, lines first. The newest stays: its number is not given twice."""
        with self._reading() as link:
            rows = link.rows(PLANS)
        for n, version, doc in rows[1:]:
            if not _over(self._vault.read(Plan, "plans", str(n), doc), before):
                continue
            after = 0
            while True:
                with self._reading() as link:
                    lines = link.rows(LINES_OF, {"plan_n": n, "after": after, "count": BATCH})
                if not lines:
                    break
                after = lines[-1][0]
                yield Batch(DROP_LINE, [{"k_plan_n": n, "k_n": one[0]} for one in lines], 0)
            yield Batch(DROP_PLAN, [{"n": n, "version": version}], 1)


def _over(plan: Plan, before: datetime) -> bool:
    """Whether nothing goes by the plan; one of joins holds back births while it stands (law 12)."""
    ended = plan.state is PlanState.DROPPED or (
        plan.state is PlanState.APPLIED and plan.kind != "connect"
    )
    return ended and max(plan.at, plan.approved_at or plan.at) < before


def _drop(tx: Tx, *, batch: Batch) -> None:
    tx.link.many(batch.drop, batch.keys)
