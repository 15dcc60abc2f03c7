"""What a person lets go on: a replay of what is parked, the release of what is gone in number.

Each is one commit for each record, with an audit row in it; a command that died halfway
is given once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sdsync.store.contract import Store
from sdsync.store.records import (
    AuditRow,
    Change,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)
from sdsync.store.semantics import ON_ITS_WAY, SHELVED_FROM
from sdsync.sync.core import FEED
from sdsync.sync.decide.waves import EXISTENCE
from sdsync.sync.persons.by_hand import Refused, change_share, commit, ring, told, wake
from sdsync.sync.persons.letters import (
    ALL,
    ALWAYS,
    Member,
    Within,
    asking,
    by_record,
    members,
    on_way,
    parked,
)
from sdsync.sync.persons.reviving import revive


@dataclass(frozen=True, slots=True)
class Replay:
    """What is tried again.

    Args:
        what: A cause's id, a record (``desk#4711``), or ``all``.
        within: Of that only what was parked then.
        every: Between two records; None sends all as soon as their lanes let.
    """

    what: str
    within: Within = ALWAYS
    every: timedelta | None = None

    def due(self, number: int, now: datetime) -> datetime:
        """When the record of this number is due, counted from 0."""
        return now if self.every is None else now + self.every * number


def replay(
    store: Store, what: Replay, by: str, now: datetime, *, dry_run: bool = False
) -> Sequence[Member]:
    """Mark dirty again what a cause parked, or what one record has parked.

    It points and stores no old write: today's mapping and today's state decide.
    A replay of a replay finds nothing parked and does nothing. A rate is kept by due
    instants in the store: no command has to run meanwhile, and a killed daemon goes on.
    """
    found = members(store, what.what, what.within)
    if dry_run:
        return found
    # The last first: what a command that died left over are the first slots, so that
    # the same command, given again at once, fills these and no slot twice.
    slots = list(enumerate(by_record(found)))
    for number, (hub_id, chosen) in reversed(slots):
        due = what.due(number, now)
        change_share(store, hub_id, partial(_revive, chosen=chosen, by=by, now=now, due=due))
    _trust_again(store, what.what, found, by, now)
    _ask_again(store, found, now)
    return found


def hurried(
    store: Store, what: Replay, by: str, now: datetime, *, dry_run: bool = False
) -> Sequence[Member]:
    """Have at once what an earlier replay spread over time.

    What a target put off is not of these.
    """
    found = [
        (hub, replica, group)
        for hub, replica, group in on_way(store, what.what, what.within)
        if (work := store.work(WorkKey(replica.system, "deliver", replica.id))) is not None
        and now < work.since  # else it was tried, and is put off
        and work.due_at < SHELVED_FROM
    ]
    for hub_id, chosen in () if dry_run else by_record(found):
        change_share(store, hub_id, partial(_hurry, chosen=chosen, by=by, now=now))
    return found


def _hurry(
    share: Share, change: Change, *, chosen: frozenset[tuple[str, str]], by: str, now: datetime
) -> None:
    for replica in share.replicas:
        groups = parked(replica, chosen, lambda row: row.state in ON_ITS_WAY)
        if groups:
            wake(change, share.hub, replica, now)
            text = f"{', '.join(groups)}, at once"
            change.audit.append(told("replayed", share.hub, replica, by, now, text=text))


def _trust_again(store: Store, what: str, found: Sequence[Member], by: str, now: datetime) -> None:
    """A replay ends the distrust of a place, once nothing waits under its cause (law 45)."""
    pointed = {replica.groups[group].cause for _, replica, group in found}
    change = Change()
    for cause in store.causes():
        named = what == ALL or cause.id == what or cause.id in pointed
        if cause.at_place is None or not named or asking(store, cause.id):
            continue
        cause.closed_at = now
        change.causes.append(cause)
        change.ring.append(_ask(cause.system, now))
        change.audit.append(
            AuditRow(now, "trusted", f"person:{by}", system=cause.system, actor=by,
                     why=cause.id, text=cause.at_place)
        )  # fmt: skip
    if change.causes:
        commit(store, change)


def _ask_again(store: Store, found: Sequence[Member], now: datetime) -> None:
    """Have the systems tell their places and rights anew: the cause may be mended there."""
    systems = sorted({replica.system for _, replica, _ in found})
    if systems:
        commit(store, Change(ring=[_ask(one, now) for one in systems]))


def _ask(system: str, now: datetime) -> Work:
    return Work(WorkKey(system, "describe", FEED), 1, now, now, now)


def _revive(
    share: Share,
    change: Change,
    *,
    chosen: frozenset[tuple[str, str]],
    by: str,
    now: datetime,
    due: datetime,
) -> None:
    for replica in share.replicas:
        # A candidate that came meanwhile waits for a choice, and is not written over (law 19).
        groups = parked(
            replica, chosen, lambda row: row.state not in ON_ITS_WAY and row.head is None
        )
        if not groups:
            continue
        causes = ", ".join(
            sorted({one for group in groups if (one := replica.groups[group].cause)})
        )
        revive(share, change, replica, groups, now, due=due)
        text = ", ".join(groups)
        change.audit.append(
            told("replayed", share.hub, replica, by, now, text=text, why=causes or None)
        )


def release(store: Store, cause_id: str, by: str, now: datetime) -> Sequence[Member]:
    """Say that records which are gone in number may be gone (law 41): each is read once more.

    Raises:
        Refused: No such wave is held.
    """
    causes = [one for one in store.causes() if one.kind == "held" and one.id == cause_id]
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
