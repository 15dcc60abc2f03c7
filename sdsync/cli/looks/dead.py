"""Dead letters: what is parked, by cause, and one of them in detail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import Cause, Hub, Json, Replica

MEMBERS = 10
PEER_FIELDS = frozenset({"peer_key", "peer_url"})


@dataclass(frozen=True, slots=True)
class DeadLook:
    """One cause."""

    id: str
    kind: str
    records: int
    priority: int
    since: datetime
    owner: str | None
    system: str
    text: str
    place: str | None
    remedy: str | None


@dataclass(frozen=True, slots=True)
class DeadList:
    """All causes, the worst first, and how many conflicts are held beside them."""

    causes: Sequence[DeadLook]
    held: int


@dataclass(frozen=True, slots=True)
class DiffLook:
    """One field of a parked group: what shall stand there and what stands there."""

    field: str
    shall: Json
    stands: Json


@dataclass(frozen=True, slots=True)
class MemberLook:
    """One record that points at the cause."""

    hub_id: str
    title: str
    ref: str
    priority: int
    group: str
    since: datetime
    note: str | None
    diff: Sequence[DiffLook]


@dataclass(frozen=True, slots=True)
class DeadDetail:
    """One cause with some of its records."""

    cause: DeadLook
    members: Sequence[MemberLook]
    more: int


def listing(store: Store) -> DeadList:
    """Everything that is parked, and what troubles a whole system."""
    found = [(one, _look(store, one)) for one in store.causes() if one.kind != "held"]
    # A cause whose last record went on is over, even before somebody closes its row; but
    # a place that is not trusted any more waits for a person's word, with records or without.
    causes = [look for one, look in found if look.records or one.at_place or one.kind == "system"]
    causes.sort(key=lambda one: (one.priority, one.since))
    return DeadList(causes, len({hub.id for hub, _, _ in store.held()}))


def detail(store: Store, cause: Cause, *, limit: int = MEMBERS) -> DeadDetail:
    """One cause; the oldest records of the worst priority first."""
    found = sorted(store.cause_members(cause.id), key=_urgency)
    members = [_member(*one) for one in found[:limit]]
    return DeadDetail(_look(store, cause), members, max(0, len(found) - limit))


def pick(store: Store, text: str) -> Cause | None:
    """The open cause that ``text`` begins, when it begins only one."""
    fitting = [one for one in store.causes() if one.id.startswith(text.casefold())]
    exact = [one for one in fitting if one.id == text.casefold()]
    return (exact or fitting)[0] if len(exact or fitting) == 1 else None


def name_of(hub: Hub, replica: Replica) -> str:
    """What commands take for a parked record: its side's name; while unborn, its birth's."""
    if replica.native_id is not None:
        return f"{replica.system}#{replica.native_id}"
    return hub.correlation


def _look(store: Store, cause: Cause) -> DeadLook:
    return DeadLook(
        id=cause.id,
        kind=cause.kind,
        records=len({hub.id for hub, _, _ in store.cause_members(cause.id)}),
        priority=cause.priority,
        since=cause.since,
        owner=cause.owner,
        system=cause.system,
        text=cause.text,
        place=spot(cause.place),
        remedy=_remedy(cause),
    )


def spot(place: str | None) -> str | None:
    """A rule's ``file:line``, without the column."""
    if place is None or place.count(":") < 2:
        return place
    return place.rpartition(":")[0]


def _remedy(cause: Cause) -> str | None:
    """What its text says, else what the rule's place says."""
    if cause.remedy or not cause.place:
        return cause.remedy
    where = spot(cause.place) or ""
    if where.startswith("packs/"):
        where = f"mappings/{cause.system}-ticket.yaml, over {where}"
    return f"edit {where}, then restart sdsync"


def _urgency(member: tuple[Hub, Replica, str]) -> tuple[int, datetime]:
    hub, replica, group = member
    return hub.priority, replica.groups[group].since


def _member(hub: Hub, replica: Replica, group: str) -> MemberLook:
    row = replica.groups[group]
    return MemberLook(
        hub_id=hub.id,
        title=str(hub.values.get("title") or "(no title)"),
        ref=name_of(hub, replica),
        priority=hub.priority,
        group=group,
        since=row.since,
        note=row.note,
        diff=tuple(_diff(hub, replica, group)),
    )


def _diff(hub: Hub, replica: Replica, group: str) -> Iterator[DiffLook]:
    names = sorted({*hub.values, *replica.sent})
    for name in names:
        shall, stands = hub.values.get(name), replica.sent.get(name)
        # What points to the other side differs by nature, and no hub record holds it.
        if group_of(name) == group and shall != stands and name not in PEER_FIELDS:
            yield DiffLook(name, shall, stands)
