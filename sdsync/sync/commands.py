"""What a person may tell a store: each command is one commit with an audit row in it.

The running daemon notices by itself; none of these needs it to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sdsync.config.vocabulary import group_of
from sdsync.ratelimit import urgency
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Change,
    FieldVersion,
    GroupState,
    Hub,
    IntentState,
    Json,
    Pause,
    PlacementState,
    Ref,
    Replica,
    ReplicaState,
    Share,
    SyncRow,
    Work,
    WorkKey,
)
from sdsync.sync.feeds import FEED
from sdsync.sync.model import NAMED, OBJECTIVES, SUSPECT
from sdsync.sync.waves import EXISTENCE

if TYPE_CHECKING:
    from sdsync.store.resealing import ResealReport
    from sdsync.store.sql import SqlStore

Member = tuple[Hub, Replica, str]
ENDED_BY_REPLAY = frozenset({GroupState.PARKED, GroupState.AWAITING_PLAN, GroupState.DIFFERS})


class Refused(Exception):  # noqa: N818 - named as the thing that happened
    """A command that cannot be carried out; the text says why and what to do instead."""


def pause(store: Store, scope: str, by: str, reason: str | None, now: datetime) -> None:
    """Stop writing in a scope; capture goes on.

    Args:
        scope: "all", "system:X", "sync:X", "tenant:X" or "record:HUB".
    """
    row = AuditRow(now, "paused", f"person:{by}", actor=by, why=reason, text=scope)
    store.commit(Change(pauses=[Pause(scope, now, by, reason)], audit=[row]))


def resume(store: Store, scope: str, by: str, now: datetime) -> None:
    """End a pause, and ring what waited.

    Raises:
        Refused: Nothing has this scope paused.
    """
    if scope not in {one.scope for one in store.pauses()}:
        raise Refused(f'"{scope}" is not paused; sdsync status lists the pauses')
    row = AuditRow(now, "resumed", f"person:{by}", actor=by, text=scope)
    store.commit(Change(resumed=[scope], audit=[row]))
    for lane, _, _ in store.work_counts():
        store.ring(lane)


def trust(store: Store, by: str, now: datetime) -> int:
    """Take a suspect store for the true one (law 32); its new epoch.

    A running daemon lets go what waited at its next look at any feed.
    """
    known = store.identity()
    told = AuditRow(now, "trusted", f"person:{by}", actor=by, text=known.suspect or "")
    epoch = store.new_epoch().epoch
    store.commit(Change(audit=[told]))
    return epoch


def reencrypt(
    store: SqlStore, by: str, now: datetime, *, told: Callable[[str, int], None]
) -> ResealReport:
    """Encrypt with the current key what an older one did, and note who asked for it."""
    report = store.reseal(told)
    text = f"{sum(report.rows.values())} rows with key {report.key}"
    row = AuditRow(now, "reencrypted", f"person:{by}", actor=by, text=text)
    store.commit(Change(audit=[row]))
    return report


def replay(
    store: Store, cause_or_ref: str, by: str, now: datetime, dry_run: bool
) -> Sequence[Member]:
    """Mark dirty again what a cause parked, or what one record has parked.

    It points and stores no old write: today's mapping and today's state decide.
    A replay of a replay finds nothing parked and does nothing.

    Args:
        cause_or_ref: A cause's id, a record (``desk#4711``), or ``all``.
    """
    members = _members(store, cause_or_ref)
    if dry_run:
        return members
    for hub_id in {hub.id for hub, _, _ in members}:
        chosen = {(replica.id, group) for hub, replica, group in members if hub.id == hub_id}
        _change(store, hub_id, partial(_revive, chosen=chosen, by=by, now=now))
    _trust_again(store, cause_or_ref, members, by, now)
    return members


def _trust_again(
    store: Store, cause_or_ref: str, members: Sequence[Member], by: str, now: datetime
) -> None:
    """A replay ends the distrust of a place, once nothing points at its cause (law 45)."""
    pointed = {replica.groups[group].cause for _, replica, group in members}
    change = Change()
    for cause in store.causes():
        named = cause_or_ref == "all" or cause.id.startswith(cause_or_ref) or cause.id in pointed
        if cause.at_place is None or not named or store.cause_members(cause.id):
            continue
        cause.closed_at = now
        change.causes.append(cause)
        change.ring.append(Work(WorkKey(cause.system, "describe", FEED), 1, now, now, now))
        change.audit.append(
            AuditRow(now, "trusted", f"person:{by}", system=cause.system, actor=by,
                     why=cause.id, text=cause.at_place)
        )  # fmt: skip
    if change.causes:
        _commit(store, change)


def _members(store: Store, cause_or_ref: str) -> list[Member]:
    if "#" in cause_or_ref:
        share = find(store, cause_or_ref)
        return [
            (share.hub, one, group)
            for one in share.replicas
            for group, row in one.groups.items()
            if row.state in ENDED_BY_REPLAY
        ]
    if cause_or_ref == "all":
        return [
            member
            for cause in store.causes()
            if cause.kind == "parked"
            for member in store.cause_members(cause.id)
        ]
    causes = [one for one in store.causes() if one.id.startswith(cause_or_ref)]
    if not causes:
        raise Refused(f'no open cause "{cause_or_ref}"; sdsync dead list shows them')
    return [member for cause in causes for member in store.cause_members(cause.id)]


def _revive(
    share: Share, change: Change, *, chosen: set[tuple[str, str]], by: str, now: datetime
) -> None:
    for replica in share.replicas:
        groups = {group for one, group in chosen if one == replica.id}
        if not groups:
            continue
        ended = {row.cause for group, row in replica.groups.items() if group in groups}
        for group in groups & replica.groups.keys():
            row = replica.groups[group]
            note = NAMED if row.note == SUSPECT else None
            row.state, row.cause, row.note, row.since = GroupState.DIRTY, None, note, now
        for place in share.placements:
            if place.state is PlacementState.PLACED:
                continue  # it leaked, and is still to be taken back
            if place.replica_id == replica.id and place.cause in ended:
                place.state, place.cause, place.note = PlacementState.PENDING, None, None
        for intent in share.intents:
            if intent.replica_id == replica.id and intent.state is IntentState.HELD:
                intent.state, intent.may_land_until = IntentState.STARTED, now
        replica.failures = 0
        for element in share.elements:
            if element.kind == "attachment" and element.blob == "refused":
                element.blob = "wanted"
                _ring(
                    change,
                    element.source,
                    "pull",
                    element.id,
                    share.hub,
                    now,
                    {"hub": share.hub.id},
                )
        _wake(change, share.hub, replica, now)
        change.audit.append(
            _told("replayed", share.hub, replica, by, now, text=", ".join(sorted(groups)))
        )


def choose(store: Store, hub_id: str, group: str, system: str, by: str, now: datetime) -> None:
    """End a held group: the candidate of one system becomes the hub's value.

    Present values are read again before anything is written.

    Raises:
        Refused: The group is not held, or the system has no candidate.
    """

    def take(share: Share, change: Change) -> None:
        held = [one for one in share.replicas if _held(one, group)]
        chosen = next((one for one in held if one.system == system), None)
        if chosen is None:
            names = ", ".join(sorted({one.system for one in held})) or "none"
            raise Refused(f"{group} is not held with a candidate of {system}; candidates: {names}")
        head = chosen.groups[group].head or {}
        for field, value in head.items():
            before = share.hub.values.get(field)
            version = FieldVersion(
                field, _next(share.hub, field), value, f"person:{by}", None, now, now, by
            )
            share.hub.values[field], share.hub.versions[field] = value, version
            change.versions.append((share.hub.id, version))
            change.audit.append(
                _told("chosen", share.hub, chosen, by, now, field=field, before=before, after=value)
            )
        for one in share.replicas:
            if _held(one, group):
                one.groups[group].state, one.groups[group].cause = GroupState.DIRTY, None
                one.groups[group].head = None
            _wake(change, share.hub, one, now)

    _change(store, hub_id, take)


def release(store: Store, cause_id: str, by: str, now: datetime) -> Sequence[Member]:
    """Say that records which are gone in number may be gone (law 41): each is read once more.

    Raises:
        Refused: No such wave is held.
    """
    causes = [one for one in store.causes() if one.kind == "held" and one.id.startswith(cause_id)]
    members = [
        (hub, replica, group)
        for cause in causes
        for hub, replica, group in store.cause_members(cause.id)
        if group == EXISTENCE and replica.state is ReplicaState.MISSING
    ]
    if not members:
        raise Refused(f'no deletions are held as "{cause_id}"; sdsync held list shows what is held')
    for hub, replica, _ in members:
        change = Change(audit=[_told("released", hub, replica, by, now, text="it may be gone")])
        hint = {"kind": replica.kind, "released": by}
        _ring(change, replica.system, "look", replica.native_id or "", hub, now, hint)
        _commit(store, change)
    return members


def drop_existence(store: Store, hub_id: str, by: str, now: datetime) -> None:
    """The other side was deleted, and that is fine: the record stands alone from now on."""

    def forget(share: Share, change: Change) -> None:
        share.hub.state = "unlinked"
        change.audit.append(
            _told("unlinked", share.hub, None, by, now, text="the other side is gone")
        )

    _change(store, hub_id, forget)


def resync(store: Store, ref: str, by: str, now: datetime) -> None:
    """Read every side of a record again and deliver what is missing."""
    share = find(store, ref)
    change = Change(audit=[_told("resync", share.hub, None, by, now)])
    for replica in share.replicas:
        _wake(change, share.hub, replica, now)
    _commit(store, change)


def link(store: Store, a: Ref, b: Ref, sync: str, by: str, now: datetime) -> None:
    """Join two records that belong together. Unequal values agree to differ (law 11).

    Raises:
        Refused: Both are shared already, or neither is.
    """
    left, right = store.share_of(a), store.share_of(b)
    if left is not None and right is not None:
        same = left.hub.id == right.hub.id
        raise Refused(
            f"{a} and {b} are linked already"
            if same
            else f"{a} and {b} belong to two records; unlink one first"
        )
    share, other = (left, b) if left is not None else (right, a)
    if share is None:
        share = _newborn(a, sync, now)
        other = b
    change = Change(shares=[share])
    replica = Replica(
        id=f"{share.hub.id}-{other.system}-{other.id}",
        hub_id=share.hub.id,
        system=other.system,
        kind=other.kind,
        state=ReplicaState.LIVE,
        native_id=other.id,
        joined_at=now,
    )
    share.replicas = [
        one
        for one in share.replicas
        if not (one.system == other.system and one.state is ReplicaState.UNBORN)
    ]
    share.replicas.append(replica)
    change.audit.append(_told("linked", share.hub, replica, by, now, text=f"{a} and {b}"))
    for one in share.replicas:
        _wake(change, share.hub, one, now)
    _commit(store, change)


def _newborn(ref: Ref, sync: str, now: datetime) -> Share:
    hub = Hub(
        id=f"{int(now.timestamp() * 1000):011x}{abs(hash(ref)) % 16**13:013x}",
        kind=ref.kind,
        syncs=[sync],
        correlation=str(ref),
        birth_system=ref.system,
        created_at=now,
    )
    replica = Replica(
        id=f"{hub.id}-{ref.system}",
        hub_id=hub.id,
        system=ref.system,
        kind=ref.kind,
        state=ReplicaState.LIVE,
        native_id=ref.id,
        joined_at=now,
    )
    return Share(hub, [replica])


def unlink(store: Store, ref: str, by: str, now: datetime) -> None:
    """End the sharing of a record; nothing is deleted on any side."""
    share = find(store, ref)

    def end(fresh: Share, change: Change) -> None:
        fresh.hub.state = "unlinked"
        for replica in fresh.replicas:
            replica.groups = {}
            if replica.state is ReplicaState.UNBORN:
                replica.state = ReplicaState.UNLINKED
        change.audit.append(_told("unlinked", fresh.hub, None, by, now, text=ref))

    _change(store, share.hub.id, end)


def go_live(store: Store, sync: str, by: str, now: datetime) -> None:
    """Note that a sync may write from now on, and ring all that waits for it."""
    _set_mode(store, sync, "live", by, now)
    after = ""
    while hubs := store.hubs(sync=sync, after=after, limit=200):
        for hub in hubs:
            share = store.share(hub.id)
            change = Change()
            for replica in share.replicas if share else ():
                _wake(change, hub, replica, now)
            _commit(store, change)
        after = hubs[-1].id


def go_observe(store: Store, sync: str, by: str, now: datetime) -> None:
    """Stop writing for a sync; everything else goes on (law 56)."""
    _set_mode(store, sync, "observe", by, now)


def _set_mode(store: Store, sync: str, mode: str, by: str, now: datetime) -> None:
    row = store.sync(sync) or SyncRow(sync, now, mode)
    row.mode = mode
    told = AuditRow(now, mode, f"person:{by}", actor=by, text=sync)
    store.commit(Change(syncs=[row], audit=[told]))


# -- pieces ------------------------------------------------------------------------
def find(store: Store, text: str) -> Share:
    """The share that ``desk#4711`` names, by id or by key.

    Raises:
        Refused: No shared record has that name.
    """
    system, _, name = text.partition("#")
    for native_id in (name, name.rpartition("#")[2]):
        share = store.share_of(Ref(system, "ticket", native_id))
        if share is not None:
            return share
    raise Refused(f"no shared record is called {text}; it may not be in any take yet")


def _change(store: Store, hub_id: str, make: Callable[[Share, Change], None]) -> None:
    """Load, change and commit a share; again when somebody was faster."""
    for _ in range(10):
        share = store.share(hub_id)
        if share is None:
            raise Refused(f"no hub record {hub_id}")
        change = Change(shares=[share])
        make(share, change)
        try:
            _commit(store, change)
        except Stale:
            continue
        return
    raise Refused("the record changes faster than the command can be carried out; try again")


def _commit(store: Store, change: Change) -> None:
    """Commit, and wake the lanes of a running daemon (law 34)."""
    store.commit(change)
    for lane in {work.key.lane for work in change.ring}:
        store.ring(lane)


def _wake(change: Change, hub: Hub, replica: Replica, now: datetime) -> None:
    """Read the replica again, then deliver what it lacks."""
    if replica.native_id is not None and replica.state is not ReplicaState.MERGED:
        _ring(change, replica.system, "look", replica.native_id, hub, now, {"kind": replica.kind})
    if replica.state in (ReplicaState.LIVE, ReplicaState.UNBORN):
        _ring(change, replica.system, "deliver", replica.id, hub, now, {})


def _ring(
    change: Change,
    lane: str,
    kind: str,
    target: str,
    hub: Hub,
    now: datetime,
    hint: dict[str, Json],
) -> None:
    deadline = urgency.deadline(now, hub.priority, OBJECTIVES)
    change.ring.append(
        Work(WorkKey(lane, kind, target), hub.priority, now, now, deadline, hint=hint)
    )


def _held(replica: Replica, group: str) -> bool:
    row = replica.groups.get(group_of(group)) or replica.groups.get(group)
    return row is not None and row.state is GroupState.HELD


def _next(hub: Hub, field: str) -> int:
    present = hub.versions.get(field)
    return present.version + 1 if present else 1


def _told(
    action: str,
    hub: Hub,
    replica: Replica | None,
    by: str,
    now: datetime,
    *,
    text: str = "",
    field: str | None = None,
    before: Json = None,
    after: Json = None,
) -> AuditRow:
    return AuditRow(
        at=now,
        action=action,
        source=f"person:{by}",
        hub_id=hub.id,
        actor=by,
        text=text,
        field=field,
        system=replica.system if replica else None,
        ref=replica.key if replica else None,
        before=before,
        after=after,
    )
