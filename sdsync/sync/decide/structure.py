"""Merges, moves and deletes at a system (laws 21 and 22)."""

from __future__ import annotations

from datetime import timedelta

from sdsync.connectors.contract import NativeRecord
from sdsync.store.contract import Store
from sdsync.store.records import (
    Change,
    Element,
    FieldVersion,
    GroupState,
    Placement,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.sync.branches import hit
from sdsync.sync.contents import ROUTED, ROUTED_FROM
from sdsync.sync.decide.elements import add_own, distribute
from sdsync.sync.decide.last_words import take_last_words
from sdsync.sync.decide.restored import last_read, lose
from sdsync.sync.decide.spread import spread
from sdsync.sync.decide.waves import EXISTENCE, held_back, of_wave
from sdsync.sync.draft import Draft

#: Between the two looks that must both find nothing.
SECOND_LOOK = timedelta(seconds=60)
#: What stands whether the record is there or not: it may come back.
DECIDED = frozenset({GroupState.HELD, GroupState.DIFFERS, GroupState.AWAITING_PLAN})


def not_found(
    draft: Draft,
    replica: Replica,
    *,
    canary: bool | None,
    proved: bool = False,
    released: bool = False,
) -> bool:
    """Judge a record that was not found; True when it is gone for good (law 21).

    Args:
        canary: Whether another record of the place can be read now; None: not asked.
        proved: A delete feed named it: no second look is needed, unless many are gone.
        released: A person said that it is gone with many others (law 41).
    """
    if replica.state in (ReplicaState.GONE, ReplicaState.MERGED, ReplicaState.UNLINKED):
        return replica.state is ReplicaState.GONE
    now = draft.ctx.now
    proved = proved and not draft.ctx.wave(replica.system).in_number
    if not proved and replica.not_found_at is None:
        hit("law 21: not found once")
        replica.not_found_at, replica.state = now, ReplicaState.MISSING
        draft.audit(
            "missing", source=replica.system, replica=replica, text="not found, asked again"
        )
        draft.look(replica, due=now + SECOND_LOOK)
        return False
    if not proved and (canary is not True or now - (replica.not_found_at or now) < SECOND_LOOK / 2):
        hit("law 21: no canary, not proved")
        draft.look(replica, due=now + SECOND_LOOK)
        return False
    if last_read(draft.ctx, replica) is not None:
        lose(draft, replica)
        return False
    if not released and held_back(draft, replica):
        return False
    hit("law 21: gone")
    _gone(draft, replica)
    return True


def _gone(draft: Draft, replica: Replica) -> None:
    replica.state, replica.doubt = ReplicaState.GONE, {}
    replica.groups = {
        group: row
        for group, row in replica.groups.items()
        if row.state in DECIDED and group != EXISTENCE
    }
    policy = draft.ctx.setting(draft.hub, "on_delete", "hold")
    draft.audit("gone", source=replica.system, replica=replica, why=policy)
    others = [one for one in draft.share.replicas if one.state is ReplicaState.LIVE]
    if policy == "unlink" or not others:
        draft.hub.state = "unlinked"
    elif policy in ("close", "archive"):
        _close(draft, replica)
    else:
        for other in others:
            text = f"{_name(replica)} was deleted, {_name(other)} is open"
            draft.hold(other, EXISTENCE, text)


def found_again(draft: Draft, replica: Replica) -> None:
    """What was gone is there again: what becomes of the others is no question any more."""
    replica.state = ReplicaState.LIVE
    draft.audit("back", source=replica.system, replica=replica, text="readable again")
    draft.deliver(replica)
    if any(one.state is ReplicaState.GONE for one in draft.share.replicas):
        return
    for other in draft.share.replicas:
        if draft.state(other, EXISTENCE) is GroupState.HELD and not of_wave(other):
            draft.mark(other, EXISTENCE, GroupState.IN_STEP)


def _name(replica: Replica) -> str:
    return f"{replica.system} {replica.key or replica.native_id}"


def _close(draft: Draft, replica: Replica) -> None:
    now, before = draft.ctx.now, draft.hub.values.get("status")
    draft.set_value(
        FieldVersion(
            "status",
            draft.next_version("status"),
            "closed",
            replica.system,
            replica.native_id,
            now,
            now,
            human=False,
        )
    )
    draft.audit(
        "edited",
        source=replica.system,
        replica=replica,
        field="status",
        why="on_delete = close",
        before=before,
        after="closed",
    )
    spread(draft, "outcome", but=replica)


def merged(
    draft: Draft, replica: Replica, native: NativeRecord, survivor: Share | None
) -> Draft | None:
    """The system answered with another record: a merge (law 22).

    Returns the survivor's draft when the survivor is shared as well; it must be
    committed together with ``draft``. When it is not shared, the record simply
    goes on under the survivor's id.
    """
    if replica.native_id == native.ref.id:
        return None
    if survivor is None or survivor.hub.id == draft.hub.id:
        hit("law 22: goes on under another id")
        if replica.native_id:
            replica.aliases = [*replica.aliases, replica.native_id][-10:]
        old, replica.native_id = replica.key, native.ref.id
        replica.sent, replica.seen, replica.seen_mapping = {}, {}, ""
        take_last_words(draft, replica, native, draft, replica)
        replica.joined_at = draft.ctx.now
        _leave_behind(draft, replica, native)
        draft.audit(
            "moved", source=replica.system, replica=replica, text=f"{old} is now {native.key}"
        )
        draft.look(replica)
        return None
    hit("law 22: merged")
    replica.state, replica.merged_into = ReplicaState.MERGED, native.ref.id
    replica.groups, replica.doubt = {}, {}
    for one in draft.share.replicas:
        draft.deliver(one)
    draft.hub.state, draft.hub.merged_into = "merged", survivor.hub.id
    draft.hub.merged_at = draft.ctx.now
    for place in draft.share.placements:
        if place.state is PlacementState.PLACED:
            place.note = ROUTED  # known before the merge: told on the loser's side
    draft.audit("merged", source=replica.system, replica=replica, text=f"into {native.key}")
    other = Draft(survivor, draft.ctx)
    other.audit("absorbed", source=replica.system, text=f"{replica.key} was merged into it")
    home = survivor.at(replica.system)
    if home is not None:
        take_last_words(draft, replica, native, other, home)
        hit("law 22: the survivor is read")
        other.look(home)  # what it took over from the loser, watchers say, may be no event of its
    for one in draft.share.replicas:
        twin = survivor.at(one.system)
        if one is replica or one.state is not ReplicaState.LIVE:
            continue
        peer = (twin and (twin.key or twin.native_id)) or native.key  # it may not be born yet
        add_own(
            draft,
            one,
            now=draft.ctx.now,
            body=f"Duplicate of {peer}: {_name(replica)} was merged into {native.key}.",
        )
        for group in list(one.groups):
            draft.mark(one, group, GroupState.IN_STEP)
    return other


def _leave_behind(draft: Draft, replica: Replica, native: NativeRecord) -> None:
    """Notes and files that the new id does not show stayed with the old one.

    They are out of sight there, which is no removal (law 15): nobody took them back.
    """
    natives = [*(native.notes or ()), *(native.attachments or ())]
    shown = {(one.kind, one.native_id) for one in natives}
    for element in draft.share.elements:
        place = draft.share.placement(element.id, replica.id)
        if place is not None and (element.kind, place.native_id) not in shown:
            place.native_id = None


def _already_there(
    draft: Draft, survivor: Draft, element: Element, copy: Element, *, but: Replica
) -> None:
    """Systems where the note was placed before the merge have it: it is not placed again."""
    for place in draft.share.placements_of(element.id):
        system = draft.share.replica(place.replica_id).system
        twin = survivor.share.at(system)
        if place.replica_id == but.id:
            continue
        if place.state is PlacementState.PLACED and twin is not None:
            survivor.share.placements.append(
                Placement(copy.id, twin.id, PlacementState.PLACED, place.native_id, copy.version)
            )


def _follow(draft: Draft, element: Element, survivor: Draft) -> bool:
    """What its author did to a routed note since, reaches its copies as well (law 54)."""
    found = (one for one in survivor.share.elements if one.values.get(ROUTED) == element.id)
    copy = next(found, None)
    if copy is None or (copy.version == element.version and copy.deleted_at == element.deleted_at):
        return False
    copy.values = {**element.values, ROUTED: element.id, ROUTED_FROM: draft.hub.id}
    copy.version, copy.deleted_at = element.version, element.deleted_at
    for place in survivor.share.placements_of(copy.id):
        if copy.deleted_at is not None and place.state is PlacementState.PENDING:
            place.state = PlacementState.GONE
        survivor.deliver(survivor.share.replica(place.replica_id))
    return True


def route_late(draft: Draft, replica: Replica, survivor: Draft) -> int:
    """Notes and files that people added to a merged copy after the merge go on (law 22).

    A file goes once its content is here, or is known to be out of reach: its copy has
    no record of its own to fetch it from.
    """
    moved = 0
    for element in [one for one in draft.share.elements if one.source == replica.system]:
        home = draft.share.placement(element.id, replica.id)
        if element.kind not in ("note", "attachment") or home is None:
            continue
        if home.note == ROUTED:
            moved += _follow(draft, element, survivor)
            continue
        if element.deleted_at is not None:
            continue  # its author took it back before the merge was known
        if element.blob in ("wanted", "dropped"):
            draft.pull(element)
            continue
        hit("law 22: late note routed")
        home.note = ROUTED
        copy = Element(
            id=draft.ctx.new_id(),
            hub_id=survivor.hub.id,
            kind=element.kind,
            # What stays behind because it is too large is told with the page where it lies.
            values={
                "url": replica.url,
                **element.values,
                ROUTED: element.id,
                ROUTED_FROM: draft.hub.id,
            },
            version=element.version,
            source=element.source,
            created_at=element.created_at,
            hops=element.hops,
            blob=element.blob,
        )
        survivor.share.elements.append(copy)
        _already_there(draft, survivor, element, copy, but=replica)
        distribute(survivor, copy)
        moved += 1
    return moved


def late(store: Store, draft: Draft, replica: Replica, survivor_id: str) -> Change:
    """Pass on to the survivor what came late, in one commit for both shares."""
    survivor = store.share(survivor_id)
    if survivor is None:
        return draft.change
    other = Draft(survivor, draft.ctx)
    return both(draft, other) if route_late(draft, replica, other) else draft.change


def both(draft: Draft, other: Draft) -> Change:
    """One commit for two shares (a merge)."""
    change = draft.change
    for name in ("shares", "audit", "versions", "ring", "causes"):
        getattr(change, name).extend(getattr(other.change, name))
    return change
