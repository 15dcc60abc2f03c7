"""Tables that only help to find: derived from documents, never read back into records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.schema import Table

from sdsync.store import tables
from sdsync.store.dialect import Link, Row
from sdsync.store.statements import Statement, upsert

_KEYS = 2  # each of these tables is keyed by its first two columns


@dataclass(frozen=True, slots=True)
class Index:
    """One such table: whose rows it holds, and its columns, key first."""

    owner: str
    names: tuple[str, ...]
    read: Statement
    put: Statement
    remove: Statement


def _index(table: Table, owner: str, *names: str) -> Index:
    keys = [table.c[name] == bindparam("k_" + name) for name in names[:_KEYS]]
    wanted = [table.c[name] for name in names]
    return Index(
        owner=owner,
        names=names,
        read=Statement(select(*wanted).where(table.c[owner] == bindparam("owner"))),
        put=upsert(table) if len(names) > _KEYS else Statement(insert(table)),
        remove=Statement(delete(table).where(*keys)),
    )


HUB_SYNCS = _index(tables.hub_syncs, "hub_id", "hub_id", "sync")
HUB_VALUES = _index(tables.hub_values, "hub_id", "hub_id", "field", "kind", "digest")
GROUPS = _index(
    tables.replica_groups, "replica_id", "replica_id", "name", "hub_id", "state", "cause", "since"
)


def level(link: Link, index: Index, owner: str, wanted: Iterable[Row], *, is_new: bool) -> None:
    """Make the rows of one owner what they shall be, writing only differences."""
    new = set(wanted)
    old = set() if is_new else {tuple(one) for one in link.rows(index.read, {"owner": owner})}
    if new == old:
        return
    kept = {one[:_KEYS] for one in new}
    gone = [one[:_KEYS] for one in old if one[:_KEYS] not in kept]
    link.many(index.remove, [_named(index.names, one, "k_") for one in gone])
    link.many(index.put, [_named(index.names, one, "") for one in sorted(new - old, key=repr)])


def _named(names: tuple[str, ...], row: Row, prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in zip(names, row, strict=False)}
