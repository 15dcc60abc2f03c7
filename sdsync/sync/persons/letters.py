"""Dead letters: which groups a cause or a record has parked, who is on it, and letting them be.

A letter points and stores no old write. Each deed is one commit for each record, with an
audit row in it; a command that died halfway is given once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sdsync.config.problems import printable
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    GroupRow,
    GroupState,
    Hub,
    PlacementState,
    Replica,
    Share,
)
from sdsync.store.semantics import ON_ITS_WAY
from sdsync.sync.persons.by_hand import Refused, change_share, commit, find, told
from sdsync.sync.watch.telling import behind

Member = tuple[Hub, Replica, str]

ALL = "all"
#: What a person's replay of one record ends; what *differs* is ended by an edit or a plan.
ENDED_BY_REPLAY = frozenset({GroupState.PARKED, GroupState.AWAITING_PLAN})
LONGEST_OWNER = 80
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Within:
    """When a group was parked; None: no bound. ``since`` counts, ``until`` does not."""

    since: datetime | None = None
    until: datetime | None = None

    def has(self, at: datetime) -> bool:
        """Whether the instant lies within."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


ALWAYS = Within()


def asking(store: Store, cause_id: str) -> list[Member]:
    """The groups that wait for somebody under a cause; what is on its way again does not."""
    return [one for one in store.cause_members(cause_id) if _row(one).state not in ON_ITS_WAY]


def on_way(store: Store, what: str, within: Within = ALWAYS) -> list[Member]:
    """What is tried again already, of a cause, of one record, or all; as :func:`members` has it."""
    causes = store.causes()
    if "#" in what:
        share, known = find(store, what), {one.id for one in causes}
        found = [(share.hub, one, group) for one in share.replicas for group in one.groups]
        found = [one for one in found if _row(one).cause in known]
    else:
        mine = [one for one in causes if one.kind == "parked" and what in (ALL, one.id)]
        found = [member for cause in mine for member in store.cause_members(cause.id)]
    ours = [one for one in found if _row(one).state in ON_ITS_WAY and within.has(_row(one).since)]
    return sorted(ours, key=lambda one: (one[0].priority, _row(one).since, one[0].id))


def members(store: Store, what: str, within: Within = ALWAYS) -> list[Member]:
    """What a cause parked, what one record has parked, or all; the most urgent, then the oldest.

    Args:
        what: A cause's id, a record (``desk#4711``), or ``all``.

    Raises:
        Refused: No open cause and no shared record is called so.
    """
    found = [one for one in _members(store, what) if within.has(_row(one).since)]
    return sorted(found, key=lambda one: (one[0].priority, _row(one).since, one[0].id))


def _members(store: Store, what: str) -> list[Member]:
    if "#" in what:
        share = find(store, what)
        return [
            (share.hub, one, group)
            for one in share.replicas
            for group, row in one.groups.items()
            if row.state in ENDED_BY_REPLAY
        ]
    causes = [
        one for one in store.causes() if (one.kind == "parked" if what == ALL else one.id == what)
    ]
    if not causes and what != ALL:
        raise Refused(f'no open cause "{what}"; sdsync dead list shows them')
    found = [member for cause in causes for member in asking(store, cause.id)]
    if any(_row(one).head is not None for one in found):
        raise Refused(f"{what} is a conflict and waits for a choice; sdsync held list shows it")
    return found


def by_record(found: Sequence[Member]) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """Each hub record once, in the order of its first member, with its (replica, group)."""
    chosen: dict[str, set[tuple[str, str]]] = {}
    for hub, replica, group in found:
        chosen.setdefault(hub.id, set()).add((replica.id, group))
    return ((hub_id, frozenset(one)) for hub_id, one in chosen.items())


def assign(store: Store, cause: Cause, owner: str | None, by: str, now: datetime) -> None:
    """Say who is on it, or with None that nobody is; the same again says nothing.

    Raises:
        Refused: The owner is no name, or the cause was mended meanwhile.
    """
    name = None if owner is None else named(owner)
    if name == cause.owner:
        return
    before, cause.owner = cause.owner, name or ""
    row = AuditRow(now, "assigned", f"person:{by}", system=cause.system, actor=by, why=cause.id,
                   text=name or "nobody", before=before, after=name)  # fmt: skip
    try:
        commit(store, Change(causes=[cause], saw_open=[cause.id], audit=[row]))
    except Stale:
        if any(one.id == cause.id for one in store.causes()):
            raise
        raise Refused(f"{cause.id} is closed by now: nothing waits for anybody") from None


def named(text: str) -> str:
    """A name as it is kept: one line, and short.

    Raises:
        Refused: It is none.
    """
    name = printable(" ".join(text.split()))
    if not name or len(name) > LONGEST_OWNER:
        raise Refused(f"an owner is a name of at most {LONGEST_OWNER} letters")
    return name


def drop(
    store: Store, what: str, reason: str, by: str, now: datetime, *, dry_run: bool = False
) -> Sequence[Member]:
    """Let what is parked be: it *differs* from now on, until an edit or a plan ends that.

    Nothing is written anywhere. What only awaits a plan or is held has ends of its own.

    Args:
        what: As of :func:`members`.
        reason: Why; it is kept with each group and in the trail.

    Raises:
        Refused: No reason was given, or nothing is called ``what``.
    """
    why = printable(" ".join(reason.split()))[:LONGEST_REASON]
    if not why:
        raise Refused("what is dropped needs a reason")
    found = [one for one in members(store, what) if _row(one).state is GroupState.PARKED]
    if not dry_run:
        for hub_id, chosen in by_record(found):
            change_share(store, hub_id, partial(_let_be, chosen=chosen, why=why, by=by, now=now))
    return found


def _let_be(
    share: Share,
    change: Change,
    *,
    chosen: frozenset[tuple[str, str]],
    why: str,
    by: str,
    now: datetime,
) -> None:
    for replica in share.replicas:
        groups = parked(replica, chosen, lambda row: row.state is GroupState.PARKED)
        ended = {replica.groups[group].cause for group in groups}
        for group in groups:
            row = replica.groups[group]
            # The old words stay in front: they are known by them where they came from.
            note = f"{row.note}; dropped by {by}: {why}" if row.note else f"dropped by {by}: {why}"
            replica.groups[group] = GroupRow(GroupState.DIFFERS, now, note=note)
            change.audit.append(
                told("dropped", share.hub, replica, by, now, field=group, why=row.cause, text=why)
            )
        for place in share.placements:
            unplaced = place.state is not PlacementState.PLACED  # else it leaked: still to come
            if place.replica_id == replica.id and place.cause in ended and unplaced:
                place.state, place.cause = PlacementState.UNPLACEABLE, None
    if not any(behind(one) for one in share.replicas):
        share.hub.human_at = share.hub.told_at = None


def parked(
    replica: Replica, chosen: frozenset[tuple[str, str]], still: Callable[[GroupRow], bool]
) -> list[str]:
    """The chosen groups that are as they were when they were chosen."""
    names = (group for one, group in chosen if one == replica.id and group in replica.groups)
    return sorted(group for group in names if still(replica.groups[group]))


def _row(member: Member) -> GroupRow:
    _, replica, group = member
    return replica.groups[group]
