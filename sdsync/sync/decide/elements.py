"""Notes, files and worklogs: taken in element by element, placed once on every other replica."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sdsync.connectors.contract import NativeElement
from sdsync.mappings.authorship import strip_authorship
from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.store.records import (
    Element,
    Intent,
    IntentState,
    Json,
    Placement,
    PlacementState,
    Replica,
    ReplicaState,
)
from sdsync.sync.audiences import narrowest, width
from sdsync.sync.branches import hit
from sdsync.sync.confirm.leaks import judge_flag
from sdsync.sync.decide.brakes import too_many_notes
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.orders import SAID, is_order_alone, obey_note, read_orders, was_for_staff
from sdsync.sync.decide.restored import is_anothers, is_newer, lose_element, revert_element
from sdsync.sync.decide.worklogs import WORKLOG, begin_worklog, follow, reads, takes
from sdsync.sync.deliver.in_names import is_ours, judge_author, waiting_twin
from sdsync.sync.draft import Draft, digest
from sdsync.sync.watch.needs import LOOP

KINDS = ("note", "attachment", WORKLOG)
#: How far a product's clock may be behind ours when it stamps what we made.
SKEW = timedelta(minutes=5)
ABSENT_ONCE = "absent once"  # in place of a digest: placed by us, and not shown yet
UNREAD = ("", ABSENT_ONCE)
ASK_AGAIN = timedelta(seconds=30)


def absorb_elements(
    draft: Draft, replica: Replica, look: Look, read_at: datetime | None = None
) -> None:
    """Take in new, changed and removed notes, files and worklogs of one look.

    Args:
        read_at: The last read, where the product was restored since (law 32).
    """
    for kind in KINDS:
        natives = look.native.elements(kind)
        if kind == WORKLOG and not reads(draft, replica, natives):
            continue
        if natives is None:
            hit("law 9: elements unknown")
            continue
        known = _known(draft, replica, kind)
        for native in natives:
            element = known.get(native.native_id)
            if element and read_at and is_anothers(draft.ctx, replica, native, read_at):
                element = None  # its number was given anew: the one that we know is lost
            elif element:
                del known[native.native_id]
            if element is None:
                _new(draft, replica, native)
            elif not (read_at and _went_back(draft, replica, element, native, read_at)):
                _seen_again(draft, replica, element, native)
        for native_id, element in known.items():
            if read_at:
                _lost(draft, replica, element, native_id)
            else:
                _absent(draft, replica, element, native_id)


def _known(draft: Draft, replica: Replica, kind: str) -> dict[str, Element]:
    """Elements of this kind that were placed on the replica, by native id."""
    by_id = {one.id: one for one in draft.share.elements if one.kind == kind}
    return {
        place.native_id: by_id[place.element_id]
        for place in draft.share.placements
        if place.replica_id == replica.id
        and place.native_id is not None
        and place.element_id in by_id
    }


def read_values(draft: Draft, replica: Replica, native: NativeElement) -> dict[str, Json]:
    """The canonical note, file or worklog that a native one shows; unknown audience is internal."""
    mapping = draft.ctx.systems[replica.system].mappings[native.kind]
    values: dict[str, Json] = {}
    for field in mapping.fields:
        value = mapping.get(field, native.values, draft.ctx.people, draft.ctx.names)
        if value is not UNKNOWN and not isinstance(value, Unmapped):
            values[field] = value
    if native.kind == "note":
        read_orders(values)
    if isinstance(values.get("body"), str):
        values["body"] = strip_authorship(values["body"])
    values["audience"] = values.get("audience") or "internal"
    values["author_native"] = native.author
    key = draft.ctx.people.key(replica.system, native.author) if native.author else None
    if key is not None:
        values["author_display"] = draft.ctx.people.display(key)
    values["created_at"] = native.created_at.isoformat()
    if native.url is not None:
        values["url"] = native.url
    return values


def native_digest(native: NativeElement) -> str:
    """What must change for a known element to count as edited."""
    return digest([native.kind, dict(native.values)])


# -- taking in ---------------------------------------------------------------------
def _new(draft: Draft, replica: Replica, native: NativeElement) -> None:
    if native.ours:
        waits = _waits_for_intent(draft, replica, native)
        hit("law 28: waits for its intent" if waits else "law 28: our own element is no source")
        return
    if is_ours(draft, replica, native):
        hit("law 28: our own in somebody's name is no source")
        return
    values = read_values(draft, replica, native)
    twin = waiting_twin(draft, replica, native, values.get("body"))
    if twin is not None:
        hit("law 32: a note of the lost time in somebody's name")
        element, place = twin
        place.state, place.native_id = PlacementState.PLACED, native.native_id
        place.sent_version, place.author = element.version, native.author
        place.seen_digest = native_digest(native)
        tell_placed(draft, replica, element.id, outgoing_audience(draft, element))
        return
    created_at = draft.ctx.ours(replica.system, native.created_at)
    old = before_join(replica, native.kind, created_at)
    element = Element(
        id=draft.ctx.new_id(),
        hub_id=draft.hub.id,
        kind=native.kind,
        values=values,
        source=replica.system,
        created_at=created_at,
        blob="wanted" if native.kind == "attachment" and not old else None,
    )
    holds = native.kind != WORKLOG or begin_worklog(element, native)
    draft.share.elements.append(element)
    draft.share.placements.append(_placed(element, replica, native))
    if old or not holds:
        hit("law 11: old elements count as seen")
        return
    draft.audit(
        f"{native.kind}_added",
        source=replica.system,
        replica=replica,
        actor=native.author,
        text=str(element.values.get("name") or "")[:80],
        why=str(element.values["audience"]),
    )
    obey_note(draft, replica, native, element.values, {})
    distribute(draft, element)


def is_old(draft: Draft, element: Element) -> bool:
    """Whether it stood in its system before that record was joined: never copied (law 11)."""
    source = draft.share.at(element.source)
    places = draft.share.placements_of(element.id)
    elsewhere = any(one.replica_id != _home(draft, element) for one in places)
    old = source is not None and before_join(source, element.kind, element.created_at)
    return old and not elsewhere


def before_join(replica: Replica, kind: str, created_at: datetime) -> bool:
    """Whether an element of this age is older than the sharing of its record (law 11)."""
    begun = [replica.joined_at, replica.worklogs_since if kind == WORKLOG else None]
    return any(one is not None and created_at < one for one in begun)


def _placed(element: Element, replica: Replica, native: NativeElement) -> Placement:
    return Placement(
        element_id=element.id,
        replica_id=replica.id,
        state=PlacementState.PLACED,
        native_id=native.native_id,
        sent_version=element.version,
        seen_digest=native_digest(native),
    )


def _waits_for_intent(draft: Draft, replica: Replica, native: NativeElement) -> bool:
    """Whether an open intent of ours may have made this element (law 28)."""
    created_at = draft.ctx.ours(replica.system, native.created_at)
    return any(
        one.replica_id == replica.id
        and one.kind == native.kind
        and one.state in (IntentState.STARTED, IntentState.PENDING, IntentState.HELD)
        and (one.started_at is None or created_at > one.started_at - SKEW)
        for one in draft.share.intents
    )


def distribute(draft: Draft, element: Element) -> None:
    """Decide where an element goes: to every other replica, once."""
    if is_order_alone(element.values):
        return
    others = [
        one
        for one in draft.share.replicas
        if one.state not in (ReplicaState.MERGED, ReplicaState.UNLINKED)
        and draft.share.placement(element.id, one.id) is None
        and takes(draft, one, element.kind)
    ]
    crossing = [
        one.created_at
        for one in draft.share.elements
        if one.kind == "note" and _crosses(draft, one)
    ]
    looping = element.kind == "note" and too_many_notes(draft, [*crossing, element.created_at])
    for other in others:
        place = Placement(element.id, other.id, PlacementState.PENDING)
        if looping:
            place.state, place.note = PlacementState.UNPLACEABLE, LOOP
            draft.hold(other, "notes", f"{LOOP}: more than ten notes crossed in ten minutes")
            place.cause = other.groups["notes"].cause
        draft.share.placements.append(place)
        draft.deliver(other)
    if element.blob == "wanted" and others:
        source = draft.share.at(element.source)
        if source is not None and not looping:
            draft.pull(element)


def _crosses(draft: Draft, element: Element) -> bool:
    return any(
        place.replica_id != _home(draft, element) and place.state is not PlacementState.UNPLACEABLE
        for place in draft.share.placements_of(element.id)
    )


def _home(draft: Draft, element: Element) -> str | None:
    source = draft.share.at(element.source)
    return source.id if source else None


# -- changes -----------------------------------------------------------------------
def _seen_again(draft: Draft, replica: Replica, element: Element, native: NativeElement) -> None:
    place = draft.share.placement(element.id, replica.id)
    if place is None or place.state is PlacementState.GONE:
        return
    now = native_digest(native)
    if place.seen_digest in UNREAD:  # placed, and not read since
        judge_flag(draft, replica, element, native, read_values(draft, replica, native))
        judge_author(draft, replica, element, native)
    if place.seen_digest in (*UNREAD, now):
        place.seen_digest = now
        return
    place.seen_digest = now
    if element.kind == WORKLOG and element.deleted_at is None:
        values = read_values(draft, replica, native)
        follow(draft, replica, element, place, values, native.author)
    if element.kind != "note" or element.deleted_at is not None:
        return
    values = read_values(draft, replica, native)
    before, was_order = element.values.get("body"), is_order_alone(element.values)
    if replica.system == element.source:
        known = element.values if was_for_staff(element.values) else values
        obey_note(draft, replica, native, values, known)
        _keep_orders(element, values)
        if is_order_alone(values):
            values["body"] = before  # nothing is said in its place: what was carried stays
    narrowed = replica.system == element.source and _narrower(values, element.values)
    if values.get("body") == before and not narrowed:
        return
    hit("law 54: edited note")
    element.values = {**element.values, "body": values.get("body")}
    if replica.system == element.source:
        element.values["audience"] = values["audience"]
    element.version += 1
    place.sent_version = element.version
    draft.audit(
        "note_edited",
        source=replica.system,
        replica=replica,
        actor=native.author,
        before=before,
        after=values.get("body"),
    )
    if was_order and not is_old(draft, element):
        distribute(draft, element)
    for other in draft.share.replicas:
        if other is not replica:
            draft.deliver(other)


def _keep_orders(element: Element, values: Mapping[str, Json]) -> None:
    """What its lines order now: a line that comes back later is given anew."""
    rest = {name: value for name, value in element.values.items() if name != SAID}
    element.values = rest | ({SAID: values[SAID]} if values.get(SAID) else {})


def _absent(draft: Draft, replica: Replica, element: Element, native_id: str) -> None:
    """Placed, then absent in a complete read: that, and only that, is a removal (law 15)."""
    place = draft.share.placement(element.id, replica.id)
    if place is None or place.state is not PlacementState.PLACED:
        return
    if place.seen_digest == "":
        # Never shown since we placed it: a read that lags, more likely than a removal.
        place.seen_digest = ABSENT_ONCE
        draft.look(replica, due=draft.ctx.now + ASK_AGAIN)
        return
    hit("law 15: placed then absent")
    place.state = PlacementState.GONE  # a tombstone: never created again
    draft.audit(f"{element.kind}_removed", source=replica.system, replica=replica, text=native_id)
    if replica.system != element.source or element.deleted_at is not None:
        return
    hit("law 54: withdrawn everywhere")
    element.deleted_at = draft.ctx.now
    for other in draft.share.placements_of(element.id):
        if other.state is PlacementState.PENDING:
            other.state = PlacementState.GONE
    for one in draft.share.replicas:
        draft.deliver(one)


def _lost(draft: Draft, replica: Replica, element: Element, native_id: str) -> None:
    place = draft.share.placement(element.id, replica.id)
    if place is not None and place.native_id == native_id:
        lose_element(draft, replica, element, place)


def _went_back(
    draft: Draft, replica: Replica, element: Element, native: NativeElement, read_at: datetime
) -> bool:
    """Whether it shows what nobody wrote since the last read: its product was restored (law 32)."""
    place, now = draft.share.placement(element.id, replica.id), native_digest(native)
    if place is None or place.seen_digest in (*UNREAD, now):
        return False
    if is_newer(draft.ctx, replica, native, read_at):
        return False
    place.seen_digest = now
    revert_element(draft, replica, element, place)
    return True


def _narrower(new: Mapping[str, Json], old: Mapping[str, Json]) -> bool:
    return width(new.get("audience")) > width(old.get("audience"))


def outgoing_audience(draft: Draft, element: Element) -> str:
    """Whom it may reach elsewhere: internal, unless the sync keeps it as written (law 45)."""
    written = draft.ctx.setting(draft.hub, "notes", "internal") == "as written"
    own = element.values.get("audience")
    return narrowest(own) if written else narrowest(own, "internal")


def add_own(draft: Draft, replica: Replica, body: str, *, now: datetime) -> Element:
    """A note by sdsync itself, for one replica alone."""
    element = Element(
        id=draft.ctx.new_id(),
        hub_id=draft.hub.id,
        kind="note",
        source="sdsync",
        created_at=now,
        values={"body": body, "audience": "internal", "author": None, "author_display": "sdsync"},
    )
    draft.share.elements.append(element)
    draft.share.placements.append(Placement(element.id, replica.id, PlacementState.PENDING))
    draft.deliver(replica)
    return element


def settle_element(
    draft: Draft, intent: Intent, native_id: str | None, native: NativeElement | None
) -> None:
    """The intent's element was found or answered: it is placed, exactly once."""
    intent.state, intent.native_id, intent.may_land_until = IntentState.SETTLED, native_id, None
    intent.content = {}
    assert intent.element_id is not None
    place = draft.share.placement(intent.element_id, intent.replica_id)
    if place is None:
        return
    place.state, place.native_id = PlacementState.PLACED, native_id
    place.author, place.seen_digest = intent.author, native_digest(native) if native else ""
    element = next(one for one in draft.share.elements if one.id == intent.element_id)
    place.sent_version = intent.version or element.version


def tell_placed(draft: Draft, replica: Replica, element_id: str, audience: str | None) -> None:
    """The audit row of a note or file that is there now, by whichever way it was known (law 53)."""
    element = next(one for one in draft.share.elements if one.id == element_id)
    draft.audit(
        f"{element.kind}_placed",
        source=element.source,
        replica=replica,
        why=audience,
        text=str(element.values.get("name") or "")[:80],
    )


def placed_ids(draft: Draft, replica: Replica, kind: str) -> set[str]:
    """Native ids of a kind that are linked already: never taken for another's (law 26).

    Products number notes and files apart: note 8 says nothing of file 8.
    """
    return set(_known(draft, replica, kind))


def find_native(natives: Sequence[NativeElement] | None, native_id: str) -> NativeElement | None:
    """The element with this id among those that a look showed."""
    return next((one for one in natives or () if one.native_id == native_id), None)
