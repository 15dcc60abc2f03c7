"""Every row under the current key, batch by batch: what makes an old key dispensable.

Nothing is remembered between runs. A document names the key that sealed it, so a run
that was broken off, or ran beside a daemon, goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import and_, bindparam, func, select, tuple_, update
from sqlalchemy.schema import Table

from sdsync.store import tables
from sdsync.store.base import Base
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import Row
from sdsync.store.identity import META_PUT, read_meta
from sdsync.store.statements import Statement
from sdsync.store.vault import row_id
from sdsync.store.writer import Tx

#: Rows per transaction: some milliseconds, so that a daemon beside it hardly waits.
BATCH = 200
#: A file may have ten megabytes.
BLOBS = 4
#: More that do not open are counted, not named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Sealed:
    """One encrypted column. ``binds`` are the columns whose values a document is bound to."""

    table: Table
    column: str
    binds: tuple[str, ...]
    name: str
    batch: int = BATCH

    def bound_to(self, values: Sequence[Any]) -> str:
        """What the document was sealed for."""
        return row_id(*(one.hex() if isinstance(one, bytes) else str(one) for one in values))


def _of(table: Table, column: str = "doc", batch: int = BATCH) -> Sealed:
    return Sealed(table, column, tuple(c.name for c in table.primary_key), table.name, batch)


SEALED = (
    *(_of(one) for one in (tables.hubs, tables.replicas, tables.elements, tables.placements)),
    *(_of(one) for one in (tables.intents, tables.attempts, tables.causes, tables.systems)),
    *(_of(one) for one in (tables.syncs, tables.pauses, tables.people, tables.work)),
    *(_of(one) for one in (tables.plans, tables.plan_lines, tables.mapping_versions)),
    _of(tables.alarms),
    _of(tables.lanes, "checkpoint"),
    _of(tables.blobs, "body", BLOBS),
    Sealed(tables.versions, "doc", ("hub_id", "field", "version"), "versions"),
    Sealed(tables.inbox, "doc", ("system", "digest"), "inbox"),
    Sealed(tables.audit, "words", ("digest",), "audit.words"),
    Sealed(tables.audit, "vals", ("digest",), "audit.vals"),
)


@dataclass(slots=True)
class ResealReport:
    """What a run did: rows by column, and the rows that do not open and were left."""

    key: str
    rows: dict[str, int] = field(default_factory=dict)
    left: int = 0
    problems: list[str] = field(default_factory=list)


class _Statements:
    """How the old rows of one column are found, in the order of their key, and replaced."""

    def __init__(self, one: Sealed) -> None:
        keys = list(one.table.primary_key)
        column = one.table.c[one.column]
        old = and_(column.is_not(None), func.substr(column, 1, 5) != bindparam("head"))
        page = select(column, *(one.table.c[name] for name in one.binds), *keys).where(old)
        page = page.order_by(*keys).limit(bindparam("count")).with_for_update()
        after = tuple_(*keys) > tuple_(*(bindparam(f"k_{key.name}") for key in keys))
        same = and_(*(key == bindparam(f"k_{key.name}") for key in keys))
        self.keys = tuple(f"k_{key.name}" for key in keys)
        self.first, self.next = Statement(page), Statement(page.where(after))
        put = update(one.table).where(same).values({one.column: bindparam("doc")})
        self.put = Statement(put)


class Resealing(Base):
    """The part of a store that changes its key."""

    @property
    def key_id(self) -> str:
        """The key that seals new rows, as its documents name it; tells nothing about it."""
        return self._vault.cipher.current.hex()

    def reseal(self, told: Callable[[str, int], None] = lambda _name, _rows: None) -> ResealReport:
        """Seal with the current key what another one sealed; nobody's work is held up.

        Args:
            told: Called with each column that is done, and how many rows it took.
        """
        report = ResealReport(self.key_id)
        for one in SEALED:
            statements, after = _Statements(one), None
            report.rows[one.name] = 0
            while True:
                batch = partial(self._batch, one=one, statements=statements, after=after)
                rows, problems = self._writer.run(batch)
                report.rows[one.name] += len(rows) - len(problems)
                report.left += len(problems)
                report.problems += problems[: NAMED - len(report.problems)]
                if len(rows) < one.batch:
                    break
                after = rows[-1]
            told(one.name, report.rows[one.name])
        if not report.left:
            self._writer.run(self._relock)
        return report

    def _batch(
        self, tx: Tx, *, one: Sealed, statements: _Statements, after: Sequence[Any] | None
    ) -> tuple[list[Sequence[Any]], list[str]]:
        """One transaction's rows: their keys, and why some of them stayed as they were."""
        cipher, width = self._vault.cipher, len(one.binds)
        place = dict(zip(statements.keys, after or (), strict=False))
        page = statements.next if after else statements.first
        found = tx.link.rows(page, {"head": cipher.head, "count": one.batch, **place})
        fresh, problems = [], []
        for doc, *rest in found:
            row = one.bound_to(rest[:width])
            try:
                plain = cipher.open(one.name, row, doc)
            except (Unreadable, KeyProblem) as problem:
                problems.append(str(problem))
                continue
            key = dict(zip(statements.keys, rest[width:], strict=True))
            fresh.append({**key, "doc": cipher.seal(one.name, row, plain)})
        tx.link.many(statements.put, fresh)
        return [_key(row, width) for row in found], problems

    def _relock(self, tx: Tx) -> None:
        """The store's own keys last: what opens them opens everything."""
        sealed = read_meta(tx.link, "secrets") or b""
        if not sealed.startswith(self._vault.cipher.head):
            tx.link.run(META_PUT, {"name": "secrets", "value": self._vault.locked()})


def _key(row: Row, width: int) -> Sequence[Any]:
    return tuple(row[1 + width :])
