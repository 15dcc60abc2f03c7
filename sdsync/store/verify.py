"""Is the store sound: its pages, what its rows point at, whether its documents open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.schema import Column, Table

from sdsync.store import tables
from sdsync.store.audit import Audits, VerifyReport
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import Link
from sdsync.store.statements import Statement
from sdsync.store.vault import row_id

#: Rows opened per table: damage and a wrong key show in any, a sample is quick.
SAMPLE = 200

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
_DOCUMENTS = (
    tables.hubs,
    tables.replicas,
    tables.elements,
    tables.placements,
    tables.intents,
    tables.attempts,
    tables.causes,
    tables.systems,
    tables.syncs,
    tables.pauses,
    tables.people,
    tables.plans,
    tables.plan_lines,
    tables.mapping_versions,
    tables.alarms,
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


def _sample(table: Table) -> Statement:
    keys = list(table.primary_key)
    # The doc's digest, or the key: any order that a change of rows mixes anew.
    by = table.c.digest if "digest" in table.c else keys[-1]
    return Statement(select(table.c.doc, *keys).order_by(by).limit(SAMPLE))


_ORPHANS = [(table.name, key, _orphans(table, key, target)) for table, key, target in _POINTERS]
_SAMPLES = [(table.name, _sample(table)) for table in _DOCUMENTS]
_COUNTS = [
    (table.name, Statement(select(func.count()).select_from(table)))
    for table in tables.metadata.sorted_tables
]


class Verifying(Audits):
    """The part of a store that examines itself."""

    def examine(self, *, anchored: bool = True) -> StoreReport:
        """Check pages, pointers, a sample of documents, the audit chain and the witness.

        Args:
            anchored: Not so is a copy: of it the witness says nothing.

        Raises:
            StoreDamaged: So much that it cannot be read to its end.
        """
        with self._reading() as link:
            problems = self._dialect.check(link, quick=False)
            problems += list(_pointing_nowhere(link))
            opened, unreadable = self._open_sample(link)
            rows = {name: int(link.rows(statement)[0][0]) for name, statement in _COUNTS}
        return StoreReport(
            problems=(*problems, *unreadable),
            opened=opened,
            rows=rows,
            audit=self.verify(anchored=anchored),
            suspect=self.identity().suspect if anchored else None,
        )

    def _open_sample(self, link: Link) -> tuple[int, list[str]]:
        opened, problems = 0, []
        for name, statement in _SAMPLES:
            for doc, *key in link.rows(statement):
                try:
                    self._vault.cipher.open(name, row_id(*map(str, key)), doc)
                    opened += 1
                except (Unreadable, KeyProblem) as problem:
                    problems.append(str(problem))
        return opened, problems


def _pointing_nowhere(link: Link) -> Iterator[str]:
    for name, key, statement in _ORPHANS:
        count = int(link.rows(statement)[0][0])
        if count:
            yield f"{name}: {count} rows whose {key} does not exist"
