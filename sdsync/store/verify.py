"""Is the store sound: its pages, what its rows point at, whether its documents open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.schema import Column, Table

from sdsync.store import tables
from sdsync.store.audit import Audits, VerifyReport
from sdsync.store.dialect import Link
from sdsync.store.opened import open_all
from sdsync.store.statements import Statement

#: (rows, the key they hold, the table they point at): nobody may point at nothing.
_POINTERS = (
    (tables.replicas, "hub_id", tables.hubs),
    (tables.elements, "hub_id", tables.hubs),
    (tables.placements, "hub_id", tables.hubs),
    (tables.intents, "hub_id", tables.hubs),
    (tables.attempts, "hub_id", tables.hubs),
    (tables.hub_syncs, "hub_id", tables.hubs),
    (tables.hub_values, "hub_id", tables.hubs),
    (tables.replica_groups, "replica_id", tables.replicas),
    (tables.placements, "element_id", tables.elements),
    (tables.placements, "replica_id", tables.replicas),
)


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What ``sdsync store verify`` says. ``problems`` is empty when the store is sound."""

    problems: tuple[str, ...]
    opened: int  # documents that were opened
    rows: dict[str, int]  # per table
    audit: VerifyReport
    suspect: str | None

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems and self.audit.ok and self.suspect is None


def _orphans(table: Table, key: str, target: Table) -> Statement:
    points_at: Column[object] = target.c["id"]
    missing = ~select(points_at).where(points_at == table.c[key]).exists()
    return Statement(select(func.count()).select_from(table).where(missing))


_ORPHANS = [(table.name, key, _orphans(table, key, target)) for table, key, target in _POINTERS]
_COUNTS = [
    (table.name, Statement(select(func.count()).select_from(table)))
    for table in tables.metadata.sorted_tables
]


class Verifying(Audits):
    """The part of a store that examines itself."""

    def examine(self, *, anchored: bool = True) -> StoreReport:
        """Check pages, pointers, every document, the audit chain and the witness.

        Args:
            anchored: Not so is a copy: of it the witness says nothing.

        Raises:
            StoreDamaged: So much that it cannot be read to its end.
        """
        with self._reading() as link:
            problems = self._dialect.check(link, quick=False)
            problems += list(_pointing_nowhere(link))
            opened = open_all(link, self._vault)
            rows = {name: int(link.rows(statement)[0][0]) for name, statement in _COUNTS}
        return StoreReport(
            problems=(*problems, *opened.problems),
            opened=opened.documents,
            rows=rows,
            audit=self.verify(anchored=anchored),
            suspect=self.identity().suspect if anchored else None,
        )


def _pointing_nowhere(link: Link) -> Iterator[str]:
    for name, key, statement in _ORPHANS:
        count = int(link.rows(statement)[0][0])
        if count:
            yield f"{name}: {count} rows whose {key} does not exist"
