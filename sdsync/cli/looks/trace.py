"""One shared record in one look: its sides, its fields, its story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.cli.looks import refs, ties
from sdsync.cli.looks.native import value_at
from sdsync.cli.looks.people import People
from sdsync.cli.looks.story import Line, tell
from sdsync.config.model import SystemConfig
from sdsync.config.vocabulary import group_of
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.store.contract import Store
from sdsync.store.records import (
    AuditRow,
    FieldVersion,
    GroupRow,
    GroupState,
    Json,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.sync.watch.needs import Need, out

LAST_LINES = 20
_ASKS = frozenset({GroupState.PARKED, GroupState.HELD})


@dataclass(frozen=True, slots=True)
class SideLook:
    """One replica. ``state`` says how many of its fields are as they shall be."""

    system: str
    key: str
    shown: str  # its status, in its own word
    state: str
    since: datetime | None
    url: str | None
    trouble: bool


@dataclass(frozen=True, slots=True)
class FieldLook:
    """One field: what each side shows, what the hub record holds, and why."""

    name: str
    sides: Mapping[str, Json]
    hub: Json
    why: str
    state: str
    trouble: bool


@dataclass(frozen=True, slots=True)
class ElementsLook:
    """Notes or files: how many stand on each side, how many there are."""

    name: str
    sides: Mapping[str, int]
    total: int
    waiting: int
    unplaceable: int


@dataclass(frozen=True, slots=True)
class PauseLook:
    """What keeps the record from being written; ``scope`` as ``resume`` takes it."""

    scope: str
    by: str
    since: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class TraceLook:
    """Everything that ``sdsync trace`` tells."""

    hub_id: str
    title: str
    priority: int
    tenant: str | None
    syncs: Sequence[str]
    state: str
    needs: Sequence[tuple[str, str]]  # (cause id, command that cures it)
    sides: Sequence[SideLook]
    fields: Sequence[FieldLook]
    elements: Sequence[ElementsLook]
    lines: Sequence[Line]
    earlier: int
    systems: Sequence[str] = field(default=())
    pauses: Sequence[PauseLook] = field(default=())
    waits: Sequence[Need] = field(default=())  # systems that are out, which it has something for
    ties: Sequence[ties.TieLook] = field(default=())  # links and parents that stay on one side


def look(
    store: Store,
    share: Share,
    mappings: Mapping[str, FieldMapping],
    *,
    systems: Mapping[str, SystemConfig] | None = None,
    all_rows: bool = False,
) -> TraceLook:
    """Read the trace of one record.

    Args:
        store: For its audit rows.
        share: The record.
        mappings: By system; a side without one shows canonical values.
        systems: Of the configuration; of others it is not told whether they are out.
        all_rows: Every field and every line, not only those that matter now.
    """
    hub = share.hub
    sides = [one for one in share.replicas if one.state is not ReplicaState.UNLINKED]
    sides.sort(key=lambda one: (one.system != hub.birth_system, one.system))
    people = People(store)
    fields = list(_fields(share, sides, mappings, people))
    lines = [tell(row, people) for row in _rows(store, hub.id)]
    shown = lines if all_rows else lines[-LAST_LINES:]
    return TraceLook(
        hub_id=hub.id,
        title=str(hub.values.get("title") or "(no title)"),
        priority=hub.priority,
        tenant=hub.tenant,
        syncs=tuple(hub.syncs),
        state=hub.state,
        needs=tuple(_needs(sides)),
        sides=tuple(_side(one, share, mappings.get(one.system)) for one in sides),
        fields=tuple(one for one in fields if all_rows or _matters(one.name, one, share, sides)),
        elements=tuple(_elements(share, sides)),
        lines=tuple(shown),
        earlier=len(lines) - len(shown),
        systems=tuple(one.system for one in sides),
        pauses=tuple(_pauses(store, share, sides)),
        waits=tuple(_waits(store, share, sides, systems or {})),
        ties=tuple(ties.looks(store, share, sides)),
    )


def _pauses(store: Store, share: Share, sides: Sequence[Replica]) -> Iterator[PauseLook]:
    hub = share.hub
    scopes = {"all", f"tenant:{hub.tenant}", *(f"sync:{one}" for one in hub.syncs)}
    scopes |= {f"system:{one.system}" for one in sides}
    for pause in store.pauses():
        if pause.scope == f"record:{hub.id}":
            yield PauseLook(refs.name_of(share), pause.by, pause.since, pause.reason)
        elif pause.scope in scopes:
            yield PauseLook(pause.scope, pause.by, pause.since, pause.reason)


def _waits(
    store: Store, share: Share, sides: Sequence[Replica], systems: Mapping[str, SystemConfig]
) -> Iterator[Need]:
    pending = {one.replica_id for one in share.placements if one.state is PlacementState.PENDING}
    for side in sides:
        dirty = any(row.state is GroupState.DIRTY for row in side.groups.values())
        waiting = dirty or side.doubt or side.id in pending or side.native_id is None
        if waiting and side.system in systems:
            need = out(side.system, systems[side.system], store.system(side.system))
            if need is not None:
                yield need


def _rows(store: Store, hub_id: str) -> Iterator[AuditRow]:
    seq = 0
    while page := list(store.audit(hub_id=hub_id, after_seq=seq)):
        yield from page
        seq = page[-1].seq


def _needs(sides: Sequence[Replica]) -> Iterator[tuple[str, str]]:
    told = set()
    for replica in sides:
        for row in replica.groups.values():
            if row.state in _ASKS and row.cause and row.cause not in told:
                told.add(row.cause)
                word = "held" if row.state is GroupState.HELD else "dead"
                yield row.cause, f"sdsync {word} show {row.cause}"


# -- sides -----------------------------------------------------------------------
def _side(replica: Replica, share: Share, mapping: FieldMapping | None) -> SideLook:
    out_of_step = {n for n, row in replica.groups.items() if row.state is not GroupState.DIFFERS}
    groups = {group_of(name) for name in share.hub.values} | set(replica.groups)
    if replica.state is not ReplicaState.LIVE:
        state = str(replica.state)
    elif replica.doubt:
        state = "in doubt"
    elif out_of_step:
        state = f"{len(groups) - len(out_of_step)} of {len(groups)}"
    else:
        state = "in step"
    return SideLook(
        system=replica.system,
        key=replica.key or replica.native_id or "not born",
        shown=str(_shown("status", replica, mapping) or "-"),
        state=state,
        since=replica.confirmed_at or replica.seen_at,
        url=replica.url,
        trouble=any(row.state in _ASKS for row in replica.groups.values()),
    )


def _shown(name: str, replica: Replica, mapping: FieldMapping | None) -> Json:
    """The native words that the side showed last; the canonical value without a mapping."""
    if mapping is None or name not in mapping.fields:
        return replica.sent.get(name)
    found = [value for path in mapping.paths(name) if (value := value_at(replica.seen, path))]
    return found[0] if len(found) == 1 else found or None


# -- fields ------------------------------------------------------------------------
def _fields(
    share: Share,
    sides: Sequence[Replica],
    mappings: Mapping[str, FieldMapping],
    people: People,
) -> Iterator[FieldLook]:
    hub = share.hub
    for name in sorted({*hub.values, *(one for side in sides for one in side.sent)}):
        group = group_of(name)
        rows = {side.system: side.groups[group] for side in sides if group in side.groups}
        yield FieldLook(
            name=name,
            sides={side.system: _shown(name, side, mappings.get(side.system)) for side in sides},
            hub=hub.values.get(name),
            why=_why(name, rows, sides) or _provenance(hub.versions.get(name), people),
            state=", ".join(f"{row.state} at {system}" for system, row in rows.items()),
            trouble=any(row.state in _ASKS for row in rows.values()),
        )


def _why(name: str, rows: Mapping[str, GroupRow], sides: Sequence[Replica]) -> str:
    """What keeps the field out of step, else what a write lost, else nothing."""
    for system, row in rows.items():
        told = f": {row.note}" if row.note else ""
        cause = f" {row.cause}" if row.cause and row.state in _ASKS else ""
        return f"{row.state}{cause} at {system}{told}"
    for side in sides:
        for note in side.fidelity:
            if note.field == name:
                return f"{side.system}: {note.text}"
    return ""


def _provenance(version: FieldVersion | None, people: People) -> str:
    """Whose value it is."""
    if version is None:
        return ""
    if not version.changed_by:
        return version.source
    return f"{version.source}, {people.name(version.source, version.changed_by)}"


def _matters(name: str, look: FieldLook, share: Share, sides: Sequence[Replica]) -> bool:
    """Whether a field tells something: the status always, another when it is not in step.

    Native words of two products differ by nature, so canonical values are compared.
    """
    if name not in share.hub.values:
        return bool(look.state)
    hub = share.hub.values[name]
    return (
        name == "status"
        or bool(look.state)
        or any(name in side.doubt or side.sent.get(name, hub) != hub for side in sides)
    )


def _elements(share: Share, sides: Sequence[Replica]) -> Iterator[ElementsLook]:
    for kind, name in (("note", "notes"), ("attachment", "files"), ("worklog", "worklogs")):
        ids = {one.id for one in share.elements if one.kind == kind and one.deleted_at is None}
        if not ids:
            continue
        mine = [one for one in share.placements if one.element_id in ids]
        yield ElementsLook(
            name=name,
            sides={
                side.system: sum(
                    one.replica_id == side.id and one.state is PlacementState.PLACED for one in mine
                )
                for side in sides
            },
            total=len(ids),
            waiting=sum(one.state is PlacementState.PENDING for one in mine),
            unplaceable=sum(one.state is PlacementState.UNPLACEABLE for one in mine),
        )
