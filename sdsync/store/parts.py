"""What hangs on a hub record, as rows: the five tables that a share is made of.

A share is prepared (encoded, digested) by its caller; the writer compares digests
and seals and writes only what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, null, select, update

from sdsync.store import tables
from sdsync.store.codec import encode, micros, micros_or_none
from sdsync.store.records import Attempt, Element, Intent, Placement, Replica, Share
from sdsync.store.semantics import ENDED, intent_target, swept_from
from sdsync.store.statements import Statement
from sdsync.store.vault import Vault, row_id

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a share's rows: its statements, and what a record looks like in it."""

    table: Table
    record: type[Any]
    of_share: Callable[[Share], list[Any]]
    columns: Callable[[Any, Mapping[str, str]], Columns]
    keys: tuple[str, ...]
    taken: str  # the column that no two rows share, if there is one
    digests: Statement  # digest, what ``taken`` holds, key
    docs: Statement
    insert: Statement
    update: Statement
    delete: Statement
    free: Statement  # empties ``taken``, so that another row may have it

    def id_of(self, columns: Mapping[str, Any]) -> str:
        """The key of a row, as text."""
        return row_id(*(columns[name] for name in self.keys))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row as it shall be; ``doc`` is missing in ``columns`` until it is sealed."""

    part: Part
    id: str
    columns: Columns
    plain: bytes


def _part(
    table: Table,
    record: type[Any],
    of_share: Callable[[Share], list[Any]],
    columns: Callable[[Any, Mapping[str, str]], Columns],
    taken: str = "",
) -> Part:
    keys = tuple(one.name for one in table.primary_key)
    of_hub = table.c.hub_id == bindparam("hub_id")
    is_row = [table.c[name] == bindparam("k_" + name) for name in keys]
    rest: dict[str, Any] = {
        one.name: bindparam(one.name) for one in table.columns if one.name not in keys
    }
    key_columns = [table.c[name] for name in keys]
    return Part(
        table=table,
        record=record,
        of_share=of_share,
        columns=columns,
        keys=keys,
        taken=taken,
        digests=Statement(
            select(table.c.digest, table.c[taken] if taken else null(), *key_columns).where(of_hub)
        ),
        docs=Statement(select(table.c.doc, *key_columns).where(of_hub).order_by(*key_columns)),
        insert=Statement(insert(table)),
        update=Statement(update(table).where(*is_row).values(rest)),
        delete=Statement(delete(table).where(*is_row)),
        free=Statement(update(table).where(*is_row).values({taken or table.c.digest.name: null()})),
    )


def _replica(one: Replica, _: Mapping[str, str]) -> Columns:
    return {
        "id": one.id,
        "system": one.system,
        "kind": one.kind,
        "native_id": one.native_id,
        "read_at": swept_from(one),
    }


def _intent(one: Intent, systems: Mapping[str, str]) -> Columns:
    return {
        "id": one.id,
        "element": one.element_id or "",
        "target": intent_target(one, systems),
        "system": systems.get(one.replica_id, ""),
        "kind": one.kind,
        "place": one.place,
        "generation": one.generation,
        "mark": one.mark or None,
        "ended": int(one.state in ENDED),
    }


def _placement(one: Placement, _: Mapping[str, str]) -> Columns:
    return {"element_id": one.element_id, "replica_id": one.replica_id}


def _by_id(one: Element | Attempt, _: Mapping[str, str]) -> Columns:
    return {"id": one.id}


REPLICAS = _part(
    tables.replicas, Replica, lambda share: list(share.replicas), _replica, "native_id"
)
ELEMENTS = _part(tables.elements, Element, lambda share: list(share.elements), _by_id)
PLACEMENTS = _part(tables.placements, Placement, lambda share: list(share.placements), _placement)
INTENTS = _part(tables.intents, Intent, lambda share: list(share.intents), _intent, "mark")
ATTEMPTS = _part(tables.attempts, Attempt, lambda share: list(share.attempts), _by_id)
PARTS = (REPLICAS, ELEMENTS, PLACEMENTS, INTENTS, ATTEMPTS)


@dataclass(frozen=True, slots=True)
class PreparedShare:
    """A share as its rows shall be."""

    hub_id: str
    old_version: int
    hub: Columns  # of the hubs table, sealed
    syncs: frozenset[str]
    values: dict[str, bytes]  # field -> digest for find_hubs
    rows: tuple[tuple[Part, dict[str, Prepared]], ...]  # per part, by row id
    groups: dict[str, dict[str, tuple[Any, ...]]]  # replica id -> name -> (state, cause, since)


def prepare(share: Share, vault: Vault) -> PreparedShare:
    """Encode and digest everything; touches no database."""
    hub = share.hub
    systems = {one.id: one.system for one in share.replicas}
    return PreparedShare(
        hub_id=hub.id,
        old_version=hub.version,
        hub={
            "id": hub.id,
            "kind": hub.kind,
            "correlation": hub.correlation,
            "state": hub.state,
            "human_at": micros_or_none(hub.human_at),
            "version": hub.version + 1,
            "doc": vault.seal("hubs", hub.id, hub),
        },
        syncs=frozenset(hub.syncs),
        values={
            name: vault.value_digest(hub.kind, name, value)
            for name, value in hub.values.items()
            if value is not None
        },
        rows=tuple((part, _rows(part, share, systems, vault)) for part in PARTS),
        groups={
            one.id: {
                name: (row.state.value, row.cause, micros(row.since))
                for name, row in one.groups.items()
            }
            for one in share.replicas
        },
    )


def _rows(
    part: Part, share: Share, systems: Mapping[str, str], vault: Vault
) -> dict[str, Prepared]:
    prepared = {}
    for record in part.of_share(share):
        columns = part.columns(record, systems)
        plain = encode(record)
        columns["hub_id"] = share.hub.id
        # The clear columns count too: a replica's system can move an intent's.
        columns["digest"] = vault.digest(plain + repr(sorted(columns.items())).encode())
        row = part.id_of(columns)
        prepared[row] = Prepared(part, row, columns, plain)
    return prepared
