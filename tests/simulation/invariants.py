"""What must hold when all is quiet: real products compared with what the store says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sdsync.config.vocabulary import group_of
from sdsync.mappings.contract import Direction
from sdsync.store.records import (
    GroupState,
    Hub,
    IntentState,
    Json,
    PlacementState,
    Ref,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.store.semantics import set_aside
from sdsync.sync.model import DEFAULT_POLICIES
from sdsync.testing.simulated.native import show
from sdsync.testing.simulated.things import Record
from tests.simulation.directory import Directory
from tests.simulation.words import HOME

if TYPE_CHECKING:
    from tests.simulation.world import World

LISTED = frozenset(
    {GroupState.DIFFERS, GroupState.AWAITING_PLAN, GroupState.HELD, GroupState.PARKED}
)
#: A record made in the very moment that its system is first watched may be old or new.
DOUBT = timedelta(seconds=4)
PEOPLE = frozenset({"owner_person", "reporter", "watchers"})
UNSETTLED = frozenset({IntentState.STARTED, IntentState.PENDING})


def shares(world: World) -> Iterator[Share]:
    """Every hub record with all that hangs on it."""
    after = ""
    while page := world.store.hubs(after=after):
        for hub in page:
            share = world.store.share(hub.id)
            assert share is not None
            yield share
        after = page[-1].id


def check(world: World) -> list[str]:
    """All breaches that the end of a run shows."""
    people = Directory(world.store, tuple(world.products))
    found = list(_unshared(world))
    for share in shares(world):
        if share.hub.state not in ("unlinked", "merged"):
            for replica in share.replicas:
                found += _replica(world, share, replica, people)
        found += _left_open(share)
    return found


def _unshared(world: World) -> Iterator[str]:
    """Records of people that lie where a sync takes from, and that nobody shares."""
    for name, product in world.products.items():
        watched = world.store.system(name).watched_since
        for record in product.records.values():
            gone = record.deleted or record.merged_into or record.forbidden
            old = watched is None or record.made_at <= watched + DOUBT
            if gone or old or record.place != HOME[name] or record.created_by == product.us:
                continue
            # It was read while it lay elsewhere, and what brought it here was never told: of what
            # nobody shares, no sweep asks.
            if record.id in product.unheard:
                continue
            if world.store.share_of(Ref(name, "ticket", record.id)) is None:
                yield f"{name} #{record.id} ({record.truth}) is in scope and not shared"


def _replica(world: World, share: Share, replica: Replica, people: Directory) -> Iterator[str]:
    where = f"{replica.system} #{replica.native_id} of hub {share.hub.id[-6:]}"
    for group, row in replica.groups.items():
        # Out of reach, missing, merged: the replica itself is listed, its groups wait.
        if row.state not in LISTED and replica.state is ReplicaState.LIVE:
            yield f"{where}: {group} is {row.state.value} when all is quiet ({row.note})"
    if replica.state is ReplicaState.UNBORN and not replica.groups:
        yield f"{where}: decided, never born, and not listed"
    # What killed its process is one letter for all of it, until somebody has it read again.
    if replica.state is not ReplicaState.LIVE or replica.native_id is None or set_aside(replica):
        return
    record = world.products[replica.system].records.get(replica.native_id)
    if record is None or record.deleted or record.forbidden:
        yield f"{where}: live in the store, and gone or out of reach in the product"
        return
    if record.merged_into is None:
        yield from _fields(world, share.hub, replica, record, people, where)
        yield from _elements(share, replica, where)


def _fields(
    world: World, hub: Hub, replica: Replica, record: Record, people: Directory, where: str
) -> Iterator[str]:
    mapping = world.engine.core.systems[replica.system].mappings["ticket"]
    native = show(world.products[replica.system], record).values
    for field, direction in mapping.fields.items():
        group = group_of(field)
        listed = group in replica.groups
        if listed or direction is not Direction.BOTH or policy(world, hub, group) == "each":
            continue
        if field not in hub.values or (hub.values[field] is None and field not in hub.versions):
            continue
        whole = hub.values[field]
        put = mapping.put(field, whole, seen=native, hub=hub.values, people=people)
        if put.refused is not None and field not in PEOPLE:
            yield f"{where}: {field} cannot be {whole!r}, and that is not listed"
        elif put.values and not _cut(whole, mapping.get(field, native, people)):
            yield (
                f"{where}: {field} shows {mapping.extract(field, native)!r}, the hub says "
                f"{whole!r}, and that is not listed"
            )


def policy(world: World, hub: Hub, group: str) -> str:
    """The policy of the group, as configured."""
    return world.plan.options.fields.get(group, DEFAULT_POLICIES.get(group, "newest"))


def _cut(whole: Json, shown: Json) -> bool:
    """Whether the product shows the beginning of a text: it cut the rest."""
    texts = isinstance(whole, str) and isinstance(shown, str)
    return texts and len(shown) > 20 and whole.startswith(shown)


def _elements(share: Share, replica: Replica, where: str) -> Iterator[str]:
    for element in share.elements:
        place = share.placement(element.id, replica.id)
        if element.deleted_at is not None or place is None:
            continue
        if place.state is PlacementState.PENDING and f"{element.kind}s" not in replica.groups:
            body = str(element.values.get("body") or element.values.get("name"))[:20]
            yield f"{where}: {element.kind} {body!r} still waits when all is quiet"


def _left_open(share: Share) -> Iterator[str]:
    for intent in share.intents:
        replica = share.replica(intent.replica_id)
        listed = replica.state is not ReplicaState.LIVE or replica.groups
        if intent.state in UNSETTLED and not listed:
            yield f"intent {intent.id[-6:]} for a {intent.kind} is {intent.state.value} at the end"
    for replica in share.replicas:
        if replica.doubt and replica.state is ReplicaState.LIVE and not set_aside(replica):
            yield f"{replica.system} #{replica.native_id}: {sorted(replica.doubt)} in doubt"
