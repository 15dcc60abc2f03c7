"""Dead letters: what is parked, by cause, and one of them in detail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sdsync.cli.looks.target import TargetLook
from sdsync.config.vocabulary import PEER, group_of
from sdsync.store.contract import Store
from sdsync.store.records import Cause, Hub, Json, Replica, Share
from sdsync.store.semantics import ON_ITS_WAY
from sdsync.sync.watch.needs import MappingLook, blamed, spot

Member = tuple[Hub, Replica, str]
Compare = Callable[[Hub, Replica, str], TargetLook | None]

MEMBERS = 6
#: A trail may have millions of rows, and who asks waits: the newest ones are looked through.
PAGE, PAGES = 500, 20


@dataclass(frozen=True, slots=True)
class PaceLook:
    """A cause whose records are tried again one after the other. ``per_minute`` is about it."""

    cause: str
    system: str
    records: int  # that are still to come
    per_minute: float | None  # None: there is but one
    last: datetime


@dataclass(frozen=True, slots=True)
class DeadLook:
    """One cause."""

    id: str
    kind: str
    records: int  # that ask for somebody
    on_way: int  # that are tried again, and are not through yet
    priority: int
    since: datetime
    owner: str | None
    system: str
    text: str
    place: str | None
    remedy: str | None
    mapping: MappingLook | None = None
    edit: str | None = None  # the rule's place in a file of the site, as what may mend it


@dataclass(frozen=True, slots=True)
class DeadList:
    """All causes, the worst first, and how many conflicts are held beside them.

    ``on_way`` holds those of which every record is tried again; ``paced``, what of all is
    spread over time.
    """

    causes: Sequence[DeadLook]
    held: int
    on_way: Sequence[DeadLook] = ()
    paced: Sequence[PaceLook] = ()


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
    state: str
    since: datetime
    note: str | None
    diff: Sequence[DiffLook]
    born: bool
    elements: Sequence[str]  # notes and files that did not come there for this cause
    target: TargetLook | None = None


@dataclass(frozen=True, slots=True)
class DeadDetail:
    """One cause with some of its records."""

    cause: DeadLook
    members: Sequence[MemberLook]
    more: int


def as_stored(_hub: Hub, _replica: Replica, _group: str) -> TargetLook | None:
    """No target is asked."""
    return None


def listing(store: Store, now: datetime) -> DeadList:
    """Everything that is parked, and what troubles a whole system."""
    found = [(one, _look(store, one)) for one in store.causes() if one.kind != "held"]
    # A cause whose last record went on is over, even before somebody closes its row; but
    # a place that is not trusted any more waits for a person's word, with records or without.
    causes = [look for one, look in found if look.records or one.at_place or one.kind == "system"]
    causes.sort(key=lambda one: (one.priority, one.since))
    on_way = [look for _, look in found if look.on_way and look not in causes]
    held = len({hub.id for hub, _, _ in store.held()})
    return DeadList(causes, held, on_way, paced(store, now))


def paced(store: Store, now: datetime) -> list[PaceLook]:
    """What is tried again later than now, as at a rate; the last to end last."""
    systems, found = {one.id: one.system for one in store.causes()}, []
    for cause, (records, first, last) in store.on_way(after=now).items():
        if cause not in systems:
            continue  # it is over, and only its last records are on their way
        span_s = (last - first).total_seconds()
        rate = 60 * (records - 1) / span_s if records > 1 and span_s > 0 else None
        found.append(PaceLook(cause, systems[cause], records, rate, last))
    return sorted(found, key=lambda one: (one.last, one.cause))


def detail(
    store: Store, cause: Cause, *, limit: int = MEMBERS, compare: Compare = as_stored
) -> DeadDetail:
    """One cause; the oldest records of the worst priority first.

    Args:
        limit: So many records are told, and compared with their targets.
        compare: What stands in the target, beside what would be written.
    """
    found = sorted(store.cause_members(cause.id), key=_urgency)
    return _detail(store, cause, found, limit, compare)


def of_record(store: Store, share: Share, *, compare: Compare = as_stored) -> list[DeadDetail]:
    """What one record has parked or on its way, by cause."""
    causes = {one.id: one for one in store.causes() if one.kind != "held"}
    mine: dict[str, list[Member]] = {}
    for replica in share.replicas:
        for group, row in replica.groups.items():
            if row.cause in causes:
                mine.setdefault(row.cause or "", []).append((share.hub, replica, group))
    return [
        _detail(store, causes[name], found, MEMBERS, compare)
        for name, found in sorted(mine.items())
    ]


def _detail(
    store: Store, cause: Cause, found: list[Member], limit: int, compare: Compare
) -> DeadDetail:
    members = [_member(store, *one, compare) for one in found[:limit]]
    return DeadDetail(_look(store, cause), members, max(0, len(found) - limit))


def taken_at(store: Store, cause: Cause) -> datetime | None:
    """Since when its owner is on it; None where the newest rows of the trail do not tell."""
    before = store.last_audit_seq()
    for _ in range(PAGES):
        if before <= 0:
            break
        after = max(0, before - PAGE)
        rows = [one for one in store.audit(after_seq=after, limit=PAGE) if one.seq <= before]
        for row in reversed(rows):
            if row.action == "assigned" and row.why == cause.id:
                return row.at if row.after == cause.owner else None
        if rows and rows[0].at < cause.since:
            break
        before = after
    return None


def pick(store: Store, text: str) -> Cause | None:
    """The open cause that ``text`` begins, when it begins only one."""
    if not text:
        return None
    fitting = [one for one in store.causes() if one.id.startswith(text.casefold())]
    exact = [one for one in fitting if one.id == text.casefold()]
    return (exact or fitting)[0] if len(exact or fitting) == 1 else None


def name_of(hub: Hub, replica: Replica) -> str:
    """What commands take for a parked record: its side's name; while unborn, its birth's."""
    if replica.native_id is not None:
        return f"{replica.system}#{replica.native_id}"
    return hub.correlation


def _look(store: Store, cause: Cause) -> DeadLook:
    records, on_way = counted(store, cause.id)
    return DeadLook(
        id=cause.id,
        kind=cause.kind,
        records=records,
        on_way=on_way,
        priority=cause.priority,
        since=cause.since,
        owner=cause.owner,
        system=cause.system,
        text=cause.text,
        place=spot(cause.place),
        remedy=_remedy(cause),
        mapping=blamed(store, cause),
        edit=None if cause.place is None or cause.place.startswith("packs/") else _edit(cause),
    )


def counted(store: Store, cause_id: str) -> tuple[int, int]:
    """How many records ask for somebody under a cause, and how many are tried again."""
    found = store.cause_members(cause_id)
    asking = {hub.id for hub, one, group in found if one.groups[group].state not in ON_ITS_WAY}
    return len(asking), len({hub.id for hub, _, _ in found} - asking)


def _remedy(cause: Cause) -> str | None:
    """What its text says, else what the rule's place says."""
    return cause.remedy or (_edit(cause) if cause.place else None)


def _edit(cause: Cause) -> str:
    where = spot(cause.place) or ""
    if where.startswith("packs/"):
        where = f"mappings/{cause.system}-ticket.yaml, over {where}"
    return f"edit {where}, then sdsync reload"


def _urgency(member: Member) -> tuple[bool, int, datetime]:
    hub, replica, group = member
    row = replica.groups[group]
    return row.state in ON_ITS_WAY, hub.priority, row.since


def _elements(store: Store, hub: Hub, replica: Replica, cause: str | None) -> Iterator[str]:
    """``file "db01.log"``, ``note of nora: the disk is full again``."""
    share = store.share(hub.id)
    waiting = {
        one.element_id
        for one in (share.placements if share else ())
        if cause is not None and one.replica_id == replica.id and one.cause == cause
    }
    for one in share.elements if share else ():
        if one.id in waiting and one.kind == "attachment":
            yield f'file "{one.values.get("name")}"'
        elif one.id in waiting:
            text = " ".join(str(one.values.get("body") or "").split())
            yield f"note of {one.values.get('author_display') or one.source}: {text}"


def _member(store: Store, hub: Hub, replica: Replica, group: str, compare: Compare) -> MemberLook:
    row = replica.groups[group]
    return MemberLook(
        hub_id=hub.id,
        title=str(hub.values.get("title") or "(no title)"),
        ref=name_of(hub, replica),
        priority=hub.priority,
        group=group,
        state=str(row.state),
        since=row.since,
        note=row.note,
        diff=tuple(_diff(hub, replica, group)),
        born=replica.native_id is not None,
        elements=tuple(_elements(store, hub, replica, row.cause)),
        target=compare(hub, replica, group),
    )


def _diff(hub: Hub, replica: Replica, group: str) -> Iterator[DiffLook]:
    names = sorted({*hub.values, *replica.sent})
    for name in names:
        shall, stands = hub.values.get(name), replica.sent.get(name)
        # What points to the other side differs by nature, and no hub record holds it.
        if group_of(name) == group and shall != stands and name not in PEER:
            yield DiffLook(name, shall, stands)
