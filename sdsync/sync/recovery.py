"""What a person decides about what waits: parked, held, or gone in number.

Each is one commit for each record, with an audit row in it; a command that died halfway
is given once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import (
    AuditRow,
    Change,
    FieldVersion,
    GroupState,
    Hub,
    Replica,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)
from sdsync.sync.by_hand import Refused, change_share, commit, find, next_version, ring, told, wake
from sdsync.sync.feeds import FEED
from sdsync.sync.reviving import revive
from sdsync.sync.waves import EXISTENCE

Member = tuple[Hub, Replica, str]
ENDED_BY_REPLAY = frozenset({GroupState.PARKED, GroupState.AWAITING_PLAN, GroupState.DIFFERS})


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
        change_share(store, hub_id, partial(_revive, chosen=chosen, by=by, now=now))
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
        commit(store, change)


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
        revive(share, change, replica, groups, now)
        change.audit.append(
            told("replayed", share.hub, replica, by, now, text=", ".join(sorted(groups)))
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
                field, next_version(share.hub, field), value, f"person:{by}", None, now, now, by
            )
            share.hub.values[field], share.hub.versions[field] = value, version
            change.versions.append((share.hub.id, version))
            change.audit.append(
                told("chosen", share.hub, chosen, by, now, field=field, before=before, after=value)
            )
        for one in share.replicas:
            if _held(one, group):
                one.groups[group].state, one.groups[group].cause = GroupState.DIRTY, None
                one.groups[group].head = None
            wake(change, share.hub, one, now)

    change_share(store, hub_id, take)


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
        change = Change(audit=[told("released", hub, replica, by, now, text="it may be gone")])
        hint = {"kind": replica.kind, "released": by}
        ring(change, replica.system, "look", replica.native_id or "", hub, now, hint)
        commit(store, change)
    return members


def _held(replica: Replica, group: str) -> bool:
    row = replica.groups.get(group_of(group)) or replica.groups.get(group)
    return row is not None and row.state is GroupState.HELD
