"""What a commit means, apart from where it is kept: shared by every store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sdsync.store.codec import micros
from sdsync.store.records import (
    Attempt,
    Cause,
    Element,
    GroupState,
    InboxEvent,
    Intent,
    IntentState,
    LineState,
    PlanLine,
    Replica,
    ReplicaState,
    Share,
    Work,
)

#: Work that is a clock and not a dirty thing: not counted as waiting.
TIMERS = frozenset({"poll", "describe", "sweep", "count", "account"})

#: How far beyond its time work is put that waits for the end of a pause, and from when on
#: an instant is one of those: no clock of a work's is in the year 5000.
SHELF = timedelta(days=7000 * 365)
SHELVED_FROM = datetime(5000, 1, 1, tzinfo=UTC)

#: Replicas that may have changed or gone without a word of their feed.
SWEPT = frozenset({ReplicaState.LIVE, ReplicaState.LEFT})
#: The group under which a replica is parked that killed its process again and again.
CRASH_GROUP = "crashes"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which store this is: what marks carry (law 32).

    ``suspect`` says why it may not be the newest of its copies; None: it is.
    ``trusted_at``: when it was last taken for the newest although it was suspect.
    """

    store_id: str
    epoch: int
    suspect: str | None = None
    trusted_at: datetime | None = None


ENDED = frozenset({IntentState.SETTLED, IntentState.ABANDONED})

#: States of a group that a change is on its way to, or stuck before (law 48).
BEHIND = frozenset({GroupState.DIRTY, GroupState.IN_DOUBT, GroupState.PARKED, GroupState.HELD})

#: The column of ``sync_counts`` for a group's state, where it is not its name.
COUNTED_AS: Mapping[str, str] = {GroupState.AWAITING_PLAN: "awaiting"}


def swept_from(replica: Replica) -> int | None:
    """When the record was last read, for sweeps; None: no sweep looks at it again."""
    if replica.native_id is None or replica.state not in SWEPT or set_aside(replica):
        return None
    return micros(replica.last_ok_at) if replica.last_ok_at else 0


def set_aside(replica: Replica) -> bool:
    """Whether its record killed its process again and again, and was not read since.

    It is read when somebody replays it or its product tells of it: unread for ever, it
    would be the first of every sweep.
    """
    row, read_at = replica.groups.get(CRASH_GROUP), replica.last_ok_at
    return row is not None and (read_at is None or read_at <= row.since)


def first_ring(work: Work) -> Work:
    """Work that was not there.

    Its generation starts at the due instant: a process that lost its lease and
    finishes late can then never clear work that was done, and rung again, since.
    """
    generation = max(work.generation, micros(work.due_at))
    return replace(work, generation=generation, starts=0, hint=dict(work.hint))


def moved(work: Work, by: timedelta) -> Work:
    """The work with both its instants moved, so that its order is the same."""
    return replace(work, due_at=work.due_at + by, deadline_at=work.deadline_at + by)


def rung_again(old: Work, new: Work) -> Work:
    """Existing work after one more ring, which takes it from the shelf."""
    old = moved(old, -SHELF) if old.due_at >= SHELVED_FROM else old
    return Work(
        key=old.key,
        priority=min(old.priority, new.priority),
        since=min(old.since, new.since),
        due_at=min(old.due_at, new.due_at),
        deadline_at=min(old.deadline_at, new.deadline_at),
        generation=old.generation + 1,
        starts=old.starts,
        hint={**old.hint, **new.hint},
    )


def repeated(events: Sequence[InboxEvent], known: Collection[int]) -> Set[tuple[str, str | None]]:
    """System and id of the records that a change has events of, all of them known already.

    Args:
        events: All events of the change.
        known: Positions in ``events`` of those whose digest was known.
    """
    of = [(one.system, one.native_id) for one in events]
    return set(of) - {record for index, record in enumerate(of) if index not in known}


def is_repeat(work: Work, told: Set[tuple[str, str | None]]) -> bool:
    """Whether the ring came with events that are all known already, as :func:`repeated` says.

    A look comes with the events of its record, a poll with events that name
    none; any other ring was decided, and counts whatever events travel with it.
    """
    target = work.key.target if work.key.kind == "look" else None
    return work.key.kind in ("look", "poll") and (work.key.lane, target) in told


def cause_clash(old: Cause, new: Cause) -> bool:
    """Whether ``new`` would overwrite another open cause that has the same id."""
    return old.closed_at is None and old.fingerprint != new.fingerprint


#: States of a group that is on its way again: it points at its cause and asks for nobody.
ON_ITS_WAY = frozenset({GroupState.DIRTY, GroupState.IN_DOUBT})


def joined(old: Cause | None, new: Cause, states: Collection[str]) -> Cause:
    """A cause as it is kept: an open one that something points at goes on.

    It keeps its beginning, its worst priority and its owner, whoever joins it now; and
    it is not closed under a group that still asks for somebody, however late that came.

    Args:
        old: The stored row of its id.
        new: As it was decided. Its owner None says nothing; empty, that it has none.
        states: Of the groups that pointed at it before this change.
    """
    owner = new.owner or None
    if old is None or old.closed_at is not None or not states:
        return replace(new, owner=owner)
    return replace(
        new,
        since=min(old.since, new.since),
        priority=min(old.priority, new.priority),
        owner=old.owner if new.owner is None else owner,
        closed_at=new.closed_at if ON_ITS_WAY.issuperset(states) else None,
    )


def closed_first(causes: Iterable[Cause]) -> list[Cause]:
    """Causes in the order of writing: a fingerprint is freed before it is taken."""
    return sorted(causes, key=lambda one: one.closed_at is None)


#: States that a plan's line gets once, while it waits: of two who carry it out one is first.
LINES_OVER = frozenset({LineState.DONE, LineState.REFUSED, LineState.WITHOUT})


def over_last(lines: Iterable[PlanLine]) -> list[PlanLine]:
    """Lines in the order of writing: one is there before it is over."""
    return sorted(lines, key=lambda one: one.state in LINES_OVER)


def intent_target(intent: Intent, systems: Mapping[str, str]) -> str:
    """Where an intent's thing is unique: a record per system, an element per replica."""
    if intent.element_id is not None:
        return intent.replica_id
    return systems.get(intent.replica_id, intent.replica_id)


def in_order(share: Share) -> Share:
    """The share as every store reads it back: members in order of their ids."""
    return Share(
        hub=share.hub,
        replicas=sorted(share.replicas, key=_id),
        elements=sorted(share.elements, key=_id),
        placements=sorted(share.placements, key=lambda one: (one.element_id, one.replica_id)),
        intents=sorted(share.intents, key=_id),
        attempts=sorted(share.attempts, key=_id),
    )


def _id(record: Replica | Element | Intent | Attempt) -> str:
    return record.id


def unique_keys(share: Share) -> Iterator[tuple[str, ...]]:
    """Everything of a share that no other share may have (law 25)."""
    systems = {one.id: one.system for one in share.replicas}
    yield ("hub", share.hub.kind, share.hub.correlation)
    for replica in share.replicas:
        yield ("replica", replica.id)
        if replica.native_id is not None:
            yield ("native", replica.system, replica.kind, replica.native_id)
    for element in share.elements:
        yield ("element", element.id)
    for placement in share.placements:
        yield ("placement", placement.element_id, placement.replica_id)
    for intent in share.intents:
        target = intent_target(intent, systems)
        yield ("intent", intent.id)
        if intent.mark:
            yield ("mark", intent.mark)
        made = (intent.element_id or "", target, intent.kind, intent.place)
        yield ("made", share.hub.id, *made, str(intent.generation))
    for attempt in share.attempts:
        yield ("attempt", attempt.id)


def plan_number(plan_id: str) -> int:
    """The number of ``p-19``; 0, which no plan has, for what is no plan's name."""
    head, _, number = plan_id.partition("-")
    fits = head == "p" and number.isascii() and number.isdecimal() and len(number) < 10
    return int(number) if fits else 0
