"""Writing one :class:`Change`: runs in the writer, touches only rows that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, literal, select, update
from sqlalchemy.schema import Table

from sdsync.store import alarmed, mapped, planned, seen, tables, working
from sdsync.store.codec import encode, micros, micros_or_none
from sdsync.store.contract import Stale
from sdsync.store.dialect import Link, Row
from sdsync.store.indexes import GROUPS, HUB_SYNCS, HUB_VALUES, level
from sdsync.store.parts import REPLICAS, Part, Prepared, PreparedShare, prepare
from sdsync.store.records import Cause, Change, InboxEvent, Pause
from sdsync.store.semantics import cause_clash, closed_first, joined
from sdsync.store.statements import Statement, insert_if_new, upsert
from sdsync.store.trail import audit_columns
from sdsync.store.vault import Vault, row_id
from sdsync.store.writer import Tx

_hubs = tables.hubs
HUB_INSERT = Statement(insert(_hubs))
HUB_UPDATE = Statement(
    update(_hubs)
    .where(_hubs.c.id == bindparam("k_id"), _hubs.c.version == bindparam("k_version"))
    .values({one.name: bindparam(one.name) for one in _hubs.columns if one.name != "id"})
)


#: Gives up a correlation that changes, so that another hub of the same change may take it.
HUB_FREE = Statement(
    update(_hubs)
    .where(_hubs.c.id == bindparam("k_id"), _hubs.c.correlation != bindparam("correlation"))
    .values(correlation=literal("\x1f") + _hubs.c.id)
)


#: What is stored of a part's rows: id -> (digest, the unique value that it has taken).
Stored = dict[str, tuple[bytes, Any]]


def _remove(table: Table, *keys: str) -> Statement:
    return Statement(delete(table).where(*(table.c[k] == bindparam("k_" + k) for k in keys)))


VERSION_INSERT = Statement(
    insert(tables.versions).values(
        {name: bindparam(name) for name in ("hub_id", "field", "version", "doc")}
    )
)
EVENT_INSERT = insert_if_new(tables.inbox, ("system", "digest"), but=("n",))
CAUSE_OF = Statement(select(tables.causes.c.doc).where(tables.causes.c.id == bindparam("id")))
CAUSE_PUT = upsert(tables.causes)
POINTING = Statement(
    select(tables.replica_groups.c.state)
    .where(tables.replica_groups.c.cause == bindparam("cause"))
    .distinct()
)
BLOB_DROP = _remove(tables.blobs, "element_id")
PAUSE_DROP = _remove(tables.pauses, "scope")
#: A row that is not there cannot be locked: whoever comes second must see it here.
PAUSE_NEW = insert_if_new(tables.pauses, ("scope",))
SIMPLE = {
    table.name: upsert(table)
    for table in (tables.systems, tables.syncs, tables.pauses, tables.people, tables.blobs)
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A change, encoded and sealed as far as that needs no database."""

    change: Change
    shares: tuple[PreparedShare, ...]
    versions: list[Mapping[str, Any]]
    events: list[Mapping[str, Any]]
    simple: list[tuple[Statement, list[Mapping[str, Any]]]]
    first_pauses: list[Mapping[str, Any]]
    plans: planned.Prepared
    mappings: Sequence[Mapping[str, Any]]
    alarms: Sequence[Mapping[str, Any]]
    audit: list[Mapping[str, Any]]


def make_ready(change: Change, vault: Vault) -> Ready:
    """The caller's share of the work, done before the writer is asked."""
    versions: list[Mapping[str, Any]] = []
    for hub_id, row in change.versions:
        key = {"hub_id": hub_id, "field": row.field, "version": row.version}
        doc = vault.seal("versions", row_id(hub_id, row.field, str(row.version)), row)
        versions.append({**key, "doc": doc})
    return Ready(
        change=change,
        shares=tuple(prepare(one, vault) for one in change.shares),
        versions=versions,
        events=[_event(one, vault) for one in change.events],
        simple=list(_simple(change, vault)),
        first_pauses=[
            {"scope": one.scope, "doc": vault.seal("pauses", row_id(one.scope), one)}
            for one in {one.scope: one for one in change.pauses}.values()  # the last one counts
            if _is_first(change, one)
        ],
        plans=planned.prepare(change, vault),
        mappings=mapped.prepare(change, vault),
        alarms=alarmed.prepare(change, vault),
        audit=[audit_columns(one, vault) for one in change.audit],
    )


def _event(one: InboxEvent, vault: Vault) -> dict[str, Any]:
    kept = {"kind": one.kind, "native_id": one.native_id, "via": one.via}
    head = encode(kept)
    plain = len(head).to_bytes(4, "big") + head + one.body
    return {
        "system": one.system,
        "digest": one.digest,
        "received_at": micros(one.received_at),
        "doc": vault.cipher.seal("inbox", row_id(one.system, one.digest), plain),
    }


def _is_first(change: Change, pause: Pause) -> bool:
    """Whether it was decided on there being none."""
    return change.saw_pauses.get(pause.scope, pause) is None


def _simple(change: Change, vault: Vault) -> Iterable[tuple[Statement, list[Mapping[str, Any]]]]:
    """Rows of one document under one key."""
    kinds: tuple[tuple[str, tuple[str, ...], Iterable[Any]], ...] = (
        ("systems", ("system",), change.systems),
        ("syncs", ("sync",), change.syncs),
        ("pauses", ("scope",), [one for one in change.pauses if not _is_first(change, one)]),
        ("people", ("system", "native_id"), change.people),
    )
    for table, names, records in kinds:
        rows: list[Mapping[str, Any]] = []
        for one in records:
            key = {name: getattr(one, name) for name in names}
            rows.append({**key, "doc": vault.seal(table, row_id(*key.values()), one)})
        if rows:
            yield SIMPLE[table], rows
    if change.blobs:
        seal = vault.cipher.seal
        yield (
            SIMPLE["blobs"],
            [
                {"element_id": name, "body": seal("blobs", name, body)}
                for name, body in change.blobs
            ],
        )


def write(tx: Tx, ready: Ready, vault: Vault) -> None:
    """Write a change.

    Raises:
        Stale: A share, a cause, a pause, a plan or a mapping is another by now. A taken unique
            key comes as the driver's own error, which the writer turns into Stale.
    """
    change, link = ready.change, tx.link
    if len(ready.shares) > 1:
        link.many(HUB_FREE, [_freed(one) for one in ready.shares if one.old_version])
    for share in ready.shares:
        _write_hub(link, share)
    seen.check(link, change, vault)
    pointing = {one.id: _pointing(link, one.id) for one in change.causes}
    _write_parts(link, ready.shares, vault)
    link.many(VERSION_INSERT, ready.versions)
    known = {index for index, one in enumerate(ready.events) if link.run(EVENT_INSERT, one) == 0}
    working.write(link, change, known, vault)
    for cause in closed_first(change.causes):
        _write_cause(link, cause, pointing[cause.id], vault)
    link.many(PAUSE_DROP, [{"k_scope": scope} for scope in change.resumed])
    link.many(BLOB_DROP, [{"k_element_id": one} for one in change.dropped_blobs])
    for row in ready.first_pauses:
        if link.run(PAUSE_NEW, row) == 0:
            raise Stale(f"{row['scope']} was paused meanwhile")
    for statement, rows in ready.simple:
        link.many(statement, rows)
    planned.write(link, ready.plans)
    mapped.write(link, ready.mappings)
    alarmed.write(link, ready.alarms)
    tx.audit += ready.audit


def _freed(share: PreparedShare) -> dict[str, Any]:
    return {"k_id": share.hub_id, "correlation": share.hub["correlation"]}


def _write_hub(link: Link, share: PreparedShare) -> None:
    if share.old_version == 0:
        link.run(HUB_INSERT, share.hub)
    else:
        columns = {**share.hub, "k_id": share.hub_id, "k_version": share.old_version}
        del columns["id"]
        if link.run(HUB_UPDATE, columns) == 0:
            raise Stale(f"{share.hub_id} changed since it was loaded")
    hub_id, kind = share.hub_id, share.hub["kind"]
    is_new = share.old_version == 0
    level(link, HUB_SYNCS, share.hub_id, [(hub_id, one) for one in share.syncs], is_new=is_new)
    values: list[Row] = [(hub_id, name, kind, one) for name, one in share.values.items()]
    level(link, HUB_VALUES, share.hub_id, values, is_new=is_new)


def _write_parts(link: Link, shares: tuple[PreparedShare, ...], vault: Vault) -> None:
    """Write all shares' rows together: a row may move from one share to another."""
    merged: dict[str, tuple[Part, dict[str, Prepared], Stored]] = {}
    for share in shares:
        for part, rows in share.rows:
            _, new, old = merged.setdefault(part.table.name, (part, {}, {}))
            new.update(rows)
            if share.old_version:
                for digest, taken, *key in link.rows(part.digests, {"hub_id": share.hub_id}):
                    old[row_id(*key)] = (digest, taken)
    groups = {name: rows for share in shares for name, rows in share.groups.items()}
    for part, new, old in merged.values():
        gone, changed = _write_part(link, part, new, old, vault)
        if part is REPLICAS:
            for replica_id in gone:
                level(link, GROUPS, replica_id, (), is_new=False)
            for one in changed:
                _write_groups(link, one, groups[one.id], is_new=one.id not in old)


def _write_part(
    link: Link, part: Part, new: dict[str, Prepared], old: Stored, vault: Vault
) -> tuple[list[str], list[Prepared]]:
    """Write one table's differences; the ids that went, the rows that came or changed."""
    gone = [one for one in old if one not in new]
    link.many(part.delete, [_key(part, one) for one in gone])
    changed = [
        one for one in new.values() if one.id not in old or one.columns["digest"] != old[one.id][0]
    ]
    fresh = [one for one in changed if one.id not in old]
    edited = [one for one in changed if one.id in old]
    if part.taken:
        # Given up before taken: two rows may trade what no two may share.
        moved = [one for one in edited if old[one.id][1] != one.columns[part.taken]]
        link.many(part.free, [_key(part, one.id) for one in moved])
    link.many(part.update, [_moved(part, _sealed(one, vault)) for one in edited])
    link.many(part.insert, [_sealed(one, vault) for one in fresh])
    return gone, changed


def _write_groups(
    link: Link, replica: Prepared, rows: dict[str, tuple[Any, ...]], *, is_new: bool
) -> None:
    hub_id = replica.columns["hub_id"]
    wanted = [
        (replica.id, name, hub_id, state, cause, since)
        for name, (state, cause, since) in rows.items()
    ]
    level(link, GROUPS, replica.id, wanted, is_new=is_new)


def _sealed(one: Prepared, vault: Vault) -> dict[str, Any]:
    doc = vault.cipher.seal(one.part.table.name, one.id, one.plain)
    return {**one.columns, "doc": doc}


def _key(part: Part, row: str) -> dict[str, Any]:
    return {"k_" + name: value for name, value in zip(part.keys, row.split("\x1f"), strict=True)}


def _moved(part: Part, columns: dict[str, Any]) -> dict[str, Any]:
    return {("k_" + name if name in part.keys else name): v for name, v in columns.items()}


def _pointing(link: Link, cause: str) -> set[str]:
    """The states of the groups that point at a cause, before they are written anew."""
    return {str(one[0]) for one in link.rows(POINTING, {"cause": cause})}


def _write_cause(link: Link, new: Cause, states: set[str], vault: Vault) -> None:
    found = link.row(CAUSE_OF, {"id": new.id})
    old = vault.read(Cause, "causes", new.id, found[0]) if found else None
    if old is not None and cause_clash(old, new):
        raise Stale(f"cause {new.id} is another one by now")
    cause = joined(old, new, states)
    link.run(
        CAUSE_PUT,
        {
            "id": cause.id,
            "fingerprint": cause.fingerprint,
            "since": micros(cause.since),
            "closed_at": micros_or_none(cause.closed_at),
            "doc": vault.seal("causes", cause.id, cause),
        },
    )
