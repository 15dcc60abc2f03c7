"""Who enters a sync, where new records are born, who belongs together (laws 11, 12, 23)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sdsync.config.clock import moved
from sdsync.connectors.contract import NativeRecord
from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.store.records import Hub, Json, Replica, ReplicaState, Share
from sdsync.sync.audiences import apart
from sdsync.sync.branches import hit
from sdsync.sync.decide.edits import Look, proved
from sdsync.sync.decide.elements import distribute, is_old
from sdsync.sync.decide.observe import absorb
from sdsync.sync.deliver.ties import ring_the_tied, ring_those_who_wait
from sdsync.sync.draft import Draft
from sdsync.sync.model import Context, SyncPolicy

#: Priority words to the one scale of work, 1 to 5.
PRIORITIES = {"critical": 1, "high": 2, "normal": 3, "low": 4, "lowest": 5}


def environment(native: NativeRecord, ctx: Context) -> dict[str, Json]:
    """The canonical fields of a record that may enter, for ``take`` expressions."""
    mapping = ctx.systems[native.ref.system].mappings[native.ref.kind]
    env: dict[str, Json] = {"place": native.place, "queue": native.place, "project": native.place}
    for field in mapping.fields:
        if not proved(mapping, field, native):
            env[field] = UNKNOWN
            continue
        value = mapping.get(field, native.values, ctx.people)
        env[field] = None if isinstance(value, Unmapped) else value
    return env


def takers(
    native: NativeRecord, ctx: Context, activated: Callable[[str, str], datetime | None]
) -> list[SyncPolicy]:
    """The syncs that an unlinked record enters now, in order of their names.

    Nothing old enters: a record older than the sync's start enters only if its
    history shows that it came into the scope since (law 23).
    """
    env = environment(native, ctx)
    found = []
    for sync in ctx.syncs.values():
        take = sync.take.get(native.ref.system)
        if take is None or sync.kind != native.ref.kind or take.value(env) is not True:
            continue
        since = activated(sync.name, native.ref.system)
        if since is None or (
            _latest(native.created_at, native, ctx) < since
            and not _entered_since(native, sync, since, ctx)
        ):
            hit("law 23: old record does not enter")
            continue
        found.append(sync)
    return found


def _latest(at: datetime, native: NativeRecord, ctx: Context) -> datetime:
    """The latest instant that a stamp of the product can mean: it may count whole seconds."""
    system = ctx.systems[native.ref.system]
    return moved(ctx.ours(system.name, at), system.capabilities.stamp_resolution_s)


def _entered_since(native: NativeRecord, sync: SyncPolicy, since: datetime, ctx: Context) -> bool:
    mapping = ctx.systems[native.ref.system].mappings[native.ref.kind]
    take = sync.take[native.ref.system]
    paths = {path for field in take.reads & mapping.fields.keys() for path in mapping.paths(field)}
    if take.reads & {"place", "queue", "project"}:
        paths |= {"Queue", "project", "place"}
    return any(
        line.path in paths and ctx.ours(native.ref.system, line.at) >= since
        for line in native.history or ()
    )


def begin(look: Look, syncs: Sequence[SyncPolicy], ctx: Context) -> Draft:
    """A record enters: its hub record, its own replica, and the decision to bear the others."""
    native = look.native
    hub = Hub(
        id=ctx.new_id(),
        kind=native.ref.kind,
        syncs=[sync.name for sync in syncs],
        correlation=str(native.ref),
        birth_system=native.ref.system,
        created_at=ctx.now,
        born_at=min(ctx.now, ctx.ours(native.ref.system, native.created_at)),
    )
    draft = Draft(Share(hub), ctx)
    replica = attach(draft, native, joined_at=None)
    absorb(draft, replica, look)
    hub.priority = PRIORITIES.get(str(hub.values.get("priority")), 3)
    hub.tenant = tenant_of(draft, replica)
    draft.audit(
        "entered",
        source=native.ref.system,
        replica=replica,
        why=", ".join(hub.syncs),
        text=str(hub.values.get("title") or "")[:80],
    )
    for sync in syncs:
        bear(draft, sync)
    if not _inside(native, ctx):
        _leave(draft, replica, native)
    ring_the_tied(draft, replica, native.linked)
    return draft


def bear(draft: Draft, sync: SyncPolicy) -> None:
    """Decide a replica in every system where the sync has new ones born."""
    for system, rule in sync.put.items():
        if system == draft.hub.birth_system or draft.share.at(system) is not None:
            continue
        env = {**draft.hub.values, "tenant": draft.hub.tenant}
        values = dict(rule.literals)
        for field, expression in rule.computed.items():
            values[field] = expression.value(env)
        replica = Replica(
            id=draft.ctx.new_id(),
            hub_id=draft.hub.id,
            system=system,
            kind=draft.hub.kind,
            state=ReplicaState.UNBORN,
            place=str(values.pop("place")),
            birth=values,
        )
        draft.share.replicas.append(replica)
        draft.deliver(replica)
    for element in draft.share.elements:
        if not is_old(draft, element):
            distribute(draft, element)


def attach(draft: Draft, native: NativeRecord, *, joined_at: datetime | None) -> Replica:
    """A live replica for a record that exists. ``joined_at`` None: it is the birth."""
    replica = Replica(
        id=draft.ctx.new_id(),
        hub_id=draft.hub.id,
        system=native.ref.system,
        kind=native.ref.kind,
        state=ReplicaState.LIVE,
        native_id=native.ref.id,
        place=native.place,
        key=native.key,
        url=native.url,
        joined_at=joined_at,
    )
    draft.share.replicas.append(replica)
    return replica


def walled(share: Share, native: NativeRecord, ctx: Context) -> bool:
    """Whether the record lies in another tenant's place: they never belong together (law 49)."""
    tenant = ctx.systems[native.ref.system].tenants.get(native.place)
    return apart(tenant, share.hub.tenant)


def join(draft: Draft, look: Look, *, why: str, by: str | None = None) -> Replica:
    """Link a record that exists to the share: first contact has no base (law 11).

    ``by`` is the person who said so; None: its match key did.
    """
    hit("law 12: joined")
    unborn = next(
        (
            one
            for one in draft.share.replicas
            if one.system == look.native.ref.system and one.state is ReplicaState.UNBORN
        ),
        None,
    )
    if unborn is None:
        replica = attach(draft, look.native, joined_at=draft.ctx.now)
    else:
        replica = unborn
        replica.state, replica.native_id = ReplicaState.LIVE, look.native.ref.id
        replica.key, replica.url, replica.place = (
            look.native.key,
            look.native.url,
            look.native.place,
        )
        replica.sent, replica.joined_at = {}, draft.ctx.now
        replica.groups = {}  # what waited was its birth
    source = f"person:{by}" if by else "sdsync"
    draft.audit("linked", source=source, replica=replica, actor=by, why=why)
    absorb(draft, replica, look)
    if any(not one.in_scope for one in draft.share.replicas):
        _freeze(draft)  # it was not live when the record left
    draft.deliver_others(None)
    ring_the_tied(draft, replica, look.native.linked)
    ring_those_who_wait(draft, replica)
    return replica


def tenant_of(draft: Draft, replica: Replica) -> str | None:
    """The tenant that a replica's place or fields name; None: no wall is told."""
    system = draft.ctx.systems[replica.system]
    if replica.place and replica.place in system.tenants:
        return system.tenants[replica.place]
    value = draft.hub.values.get("tenant")
    return str(value) if value else None


def rescope(draft: Draft, replica: Replica, native: NativeRecord) -> None:
    """Say once that a record left every ``take``, or came back (law 23).

    Leaving is a move to a place outside; a changed attribute alone is not, and nor is
    a move from one sync's take into another's.
    """
    if replica.system != draft.hub.birth_system or native.place == replica.place:
        return
    inside = _inside(native, draft.ctx)
    if inside == replica.in_scope:
        return
    if not inside:
        _leave(draft, replica, native)
        return
    hit("law 23: came back")
    replica.in_scope = True
    draft.audit("returned", source=replica.system, replica=replica, text=native.place)
    for one in draft.share.replicas:
        if one.state is ReplicaState.LEFT:
            one.state = ReplicaState.LIVE
    draft.deliver_others(None)


def _inside(native: NativeRecord, ctx: Context) -> bool:
    """Whether any sync that takes from its system takes the record as it is now."""
    env = environment(native, ctx)
    takes = [
        sync.take[native.ref.system]
        for sync in ctx.syncs.values()
        if sync.kind == native.ref.kind and native.ref.system in sync.take
    ]
    return not takes or any(take.value(env) is True for take in takes)


def _leave(draft: Draft, replica: Replica, native: NativeRecord) -> None:
    hit("law 23: left")
    replica.in_scope = False
    policy = draft.ctx.setting(draft.hub, "on_leave", "finish")
    draft.audit("left", source=replica.system, replica=replica, text=native.place, why=policy)
    if policy == "unlink":
        draft.hub.state = "unlinked"
    _freeze(draft)


def _freeze(draft: Draft) -> None:
    """The copies of a record that left wait for its return, where they shall."""
    if draft.ctx.setting(draft.hub, "on_leave", "finish") != "freeze":
        return
    for one in draft.share.replicas:
        if one.state is ReplicaState.LIVE:
            one.state = ReplicaState.LEFT
