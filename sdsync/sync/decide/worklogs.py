"""Worklogs: copied entry by entry, each with one owner, the system where it was logged.

Sums are never compared and never merged: a product adds up its own entries. An edit or
a removal at the owner follows at the copies; what people do to a copy never travels.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sdsync.connectors.contract import Capabilities, NativeElement
from sdsync.mappings.authorship import worked_line
from sdsync.mappings.contract import UNKNOWN, Direction, Unmapped
from sdsync.store.records import Element, Json, Placement, PlacementState, Replica
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft

WORKLOG = "worklog"
#: Of its values: the seconds of each of its versions, so that a correction knows what was carried.
SECONDS_OF = "seconds_of"
EVER = datetime(1970, 1, 1, tzinfo=UTC)
REVERTED = "an edit of this copy was put back once"
_OWNED = ("seconds", "started_at", "text", "billable")


def reads(draft: Draft, replica: Replica, natives: tuple[NativeElement, ...] | None) -> bool:
    """Whether worklogs of this look are taken in; what was logged before that began is old."""
    if draft.ctx.setting(draft.hub, "worklogs", "none") != "copy":
        replica.worklogs_since = None  # switched on again, nothing of the time between is copied
        return False
    if natives is not None and replica.worklogs_since is None:
        # A first look takes what stands there, as of notes; a later one what came after the last.
        replica.worklogs_since = replica.previous_look_at or EVER
    return True


def takes(draft: Draft, replica: Replica, kind: str) -> bool:
    """Whether elements of this kind can stand there at all."""
    return kind in draft.ctx.systems[replica.system].mappings


def begin_worklog(element: Element, native: NativeElement) -> bool:
    """Make a new element one that can be followed; False when it holds no time to copy."""
    element.values.setdefault("started_at", native.created_at.isoformat())
    element.values[SECONDS_OF] = [element.values.get("seconds")]
    return bool(element.values.get("seconds"))


def follow(
    draft: Draft,
    replica: Replica,
    element: Element,
    place: Placement,
    values: Mapping[str, Json],
    actor: str | None,
) -> None:
    """A known worklog shows other values: its owner's travel, those of a copy do not."""
    if replica.system != element.source:
        _copy_changed(draft, replica, element, place, actor)
        return
    fresh = {name: values[name] for name in _OWNED if name in values}
    if all(element.values.get(name) == value for name, value in fresh.items()):
        return
    hit("law 54: edited worklog")
    before = {name: element.values.get(name) for name in fresh}
    told = element.values.get(SECONDS_OF)
    seconds = fresh.get("seconds", element.values.get("seconds"))
    element.values = {
        **element.values,
        **fresh,
        SECONDS_OF: [*(told if isinstance(told, list) else []), seconds],
    }
    element.version += 1
    place.sent_version = element.version
    draft.audit(
        "worklog_edited",
        source=replica.system,
        replica=replica,
        actor=actor,
        before=before,
        after=fresh,
    )
    for other in draft.share.replicas:
        if other is not replica:
            draft.deliver(other)


def _copy_changed(
    draft: Draft, replica: Replica, element: Element, place: Placement, actor: str | None
) -> None:
    """Put back once where the sync says so, else left to differ (law 16)."""
    able = draft.ctx.systems[replica.system].capabilities.edits_worklogs
    revert = draft.ctx.setting(draft.hub, "on_refused", "keep") == "revert" and able
    if revert and place.note != REVERTED:
        hit("law 16: worklog copy put back")
        place.note, place.sent_version = REVERTED, 0
        draft.deliver(replica)
    draft.audit(
        "worklog_differs",
        source=replica.system,
        replica=replica,
        actor=actor,
        why=f"{element.source} owns it",
        text="put back" if place.sent_version == 0 else "kept",
    )


# -- going out ---------------------------------------------------------------------
def edits(capabilities: Capabilities, kind: str) -> bool:
    """Whether an element that we placed can be changed there."""
    return capabilities.edits_worklogs if kind == WORKLOG else capabilities.edits_notes


def removes(capabilities: Capabilities, kind: str) -> bool:
    """Whether an element that we placed can be taken back there."""
    return capabilities.edits_worklogs if kind == WORKLOG else capabilities.removes_notes


def text_there(draft: Draft, replica: Replica, element: Element) -> str:
    """The text of a copy: who worked, where, on which day if nothing else can say it."""
    text = str(element.values.get("text") or "")
    if element.source == "sdsync":
        return text
    mapping = draft.ctx.systems[replica.system].mappings[WORKLOG]
    dated = mapping.fields.get("started_at", Direction.IN) is not Direction.IN
    day = None if dated else str(element.values.get("started_at") or "")[:10]
    name = str(element.values.get("author_display") or "somebody")
    return worked_line(text, name, element.source, day)


def not_here(draft: Draft, replica: Replica, element: Element) -> str | None:
    """Why the product cannot hold this time; None: it can."""
    if element.kind != WORKLOG:
        return None
    mapping = draft.ctx.systems[replica.system].mappings[WORKLOG]
    seconds = element.values.get("seconds")
    put = mapping.put("seconds", seconds, seen={}, hub=element.values, people=draft.ctx.people)
    return put.refused


def correction(
    draft: Draft, replica: Replica, element: Element, place: Placement
) -> Element | None:
    """The entry that makes up for a copy that cannot be changed; None: nothing to make up for.

    The copy is then as its owner's entry is, as far as the product can tell.
    """
    told = element.values.get(SECONDS_OF)
    carried = told[place.sent_version - 1] if isinstance(told, list) else None
    now = 0 if element.deleted_at is not None else element.values.get("seconds")
    more = _shown(draft, replica, now) - _shown(draft, replica, carried)
    place.sent_version = element.version
    if element.deleted_at is not None:
        place.state = PlacementState.GONE
    if more == 0:
        return None
    hit("law 54: worklog made up for")
    name = element.values.get("author_display") or "somebody"
    what = "withdrew" if element.deleted_at is not None else "corrected"
    one = Element(
        id=draft.ctx.new_id(),
        hub_id=draft.hub.id,
        kind=WORKLOG,
        source="sdsync",
        created_at=draft.ctx.now,
        values={
            "seconds": more,
            "started_at": element.values.get("started_at"),
            "text": f"{name} {what} an entry in {element.source}",
            "audience": element.values.get("audience"),
            "author_display": "sdsync",
        },
    )
    draft.share.elements.append(one)
    draft.share.placements.append(Placement(one.id, replica.id, PlacementState.PENDING))
    draft.deliver(replica)
    return one


def shows(draft: Draft, replica: Replica, element: Element, shown: Mapping[str, Json]) -> bool:
    """Whether canonical values that stand there are what this element looks like there."""
    same_text = shown.get("text") == text_there(draft, replica, element)
    seconds = element.values.get("seconds")
    return same_text and shown.get("seconds") == _shown(draft, replica, seconds)


def _shown(draft: Draft, replica: Replica, seconds: Json) -> int:
    """The seconds that the product shows when it is given these."""
    if not isinstance(seconds, int) or not seconds:
        return 0
    mapping, people = draft.ctx.systems[replica.system].mappings[WORKLOG], draft.ctx.people
    put = mapping.put("seconds", seconds, seen={}, hub={}, people=people)
    shown = mapping.get("seconds", put.values, people)
    known = shown is not UNKNOWN and not isinstance(shown, Unmapped)
    return int(shown) if known and isinstance(shown, int | float) else seconds
