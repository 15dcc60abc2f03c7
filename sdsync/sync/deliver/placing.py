"""Placing notes, files and worklogs on a replica: each once, no wider (laws 25, 45, 54)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sdsync.connectors.contract import AddElement, EditElement, RemoveElement
from sdsync.mappings.authorship import add_authorship
from sdsync.store.records import (
    Element,
    GroupState,
    IntentState,
    Json,
    Placement,
    PlacementState,
    Ref,
    Replica,
)
from sdsync.sync.branches import hit
from sdsync.sync.capture.untold import is_told
from sdsync.sync.confirm.leaks import LEAKED
from sdsync.sync.decide.elements import add_own, outgoing_audience
from sdsync.sync.decide.worklogs import WORKLOG, correction, edits, not_here, removes, text_there
from sdsync.sync.deliver.birth import MAX_STARTS, asks_first, narrower_than_proved, open_intent
from sdsync.sync.deliver.compute import Send, deep_merge
from sdsync.sync.deliver.in_names import author_there, may_be_named
from sdsync.sync.draft import Draft
from sdsync.sync.watch.telling import give_up, is_out_of_date, take_back

#: Of a follow-up's values: the note that it is about.
ABOUT = "about"


def pending(draft: Draft, replica: Replica) -> Iterator[tuple[Element, Placement]]:
    """Elements that wait for this replica, oldest first."""
    by_id = {one.id: one for one in draft.share.elements}
    places = [one for one in draft.share.placements if one.replica_id == replica.id]
    rows = [(by_id[one.element_id], one) for one in places if one.element_id in by_id]
    rows.sort(key=lambda row: (row[0].kind, row[0].created_at, row[0].id))
    for element, place in rows:
        if waits(element, place):
            yield element, place


def waits(element: Element, place: Placement) -> bool:
    """Whether the placement has something to do."""
    if place.state is PlacementState.PENDING:
        return element.deleted_at is None
    if place.state is not PlacementState.PLACED or place.native_id is None:
        return False  # what lies on a record that was merged away is out of our hands
    if place.note == LEAKED:
        return True
    return element.deleted_at is not None or place.sent_version < element.version


def compute_withdrawal(draft: Draft, replica: Replica) -> Send | None:
    """The next call that takes something back: it goes before all other work (law 54)."""
    for element, place in pending(draft, replica):
        if _taken_back(draft, replica, element, place):
            send = _send(draft, replica, element, place)
            if send is not None:
                return send
    return _uncovered(draft, replica)


def _uncovered(draft: Draft, replica: Replica) -> Send | None:
    """A file that lies where more people read than may: its record was moved there (law 45).

    A note keeps its own flag wherever it goes; files have none where a product gives them none.
    """
    system = draft.ctx.systems[replica.system]
    by_id = {one.id: one for one in draft.share.elements if one.deleted_at is None}
    for place in draft.share.placements:
        element = by_id.get(place.element_id)
        if element is None or place.replica_id != replica.id or place.native_id is None:
            continue
        flagged = "audience" in system.mappings[element.kind].fields
        if flagged or place.state is not PlacementState.PLACED:
            continue
        audience = outgoing_audience(draft, element)
        original = _is_original(draft, replica, element)
        if not original and _too_wide(draft, replica, element, audience):
            send = _withdraw(draft, replica, element, place, audience)
            if send is not None:
                return send
    return None


def _taken_back(draft: Draft, replica: Replica, element: Element, place: Placement) -> bool:
    """Whether a placed note or file leaked, was removed at its source, or became too narrow."""
    if place.state is not PlacementState.PLACED:
        return False
    if place.note == LEAKED or element.deleted_at is not None:
        return True
    return _too_wide(draft, replica, element, outgoing_audience(draft, element))


def compute_element(draft: Draft, replica: Replica) -> Send | None:
    """The next call for a note or file of this replica; None when none can go now."""
    for element, place in pending(draft, replica):
        send = _send(draft, replica, element, place)
        if send is not None:
            return send
    return None


def blocks_closing(draft: Draft, replica: Replica) -> bool:
    """Whether a note or file must still go out before the record may close (law 24).

    What is held for a person holds nothing else up (law 39).
    """
    return any(not _held(draft, replica, element) for element, _ in pending(draft, replica))


def _held(draft: Draft, replica: Replica, element: Element) -> bool:
    """Whether the element waits for a person: its kind is held, or its own doubt."""
    if draft.state(replica, f"{element.kind}s") is GroupState.HELD:
        return True
    return any(
        one.element_id == element.id
        and one.replica_id == replica.id
        and one.state is IntentState.HELD
        for one in draft.share.intents
    )


def _send(draft: Draft, replica: Replica, element: Element, place: Placement) -> Send | None:
    assert replica.native_id is not None
    ref = Ref(replica.system, replica.kind, replica.native_id)
    if place.state is PlacementState.PENDING:
        return _add(draft, replica, element, place, ref)
    capabilities = draft.ctx.systems[replica.system].capabilities
    if place.note == LEAKED and place.native_id is not None:
        return _withdraw(draft, replica, element, place, "private")
    if _is_original(draft, replica, element) or place.native_id is None:
        place.sent_version = element.version
        return None
    if element.kind == WORKLOG and not edits(capabilities, element.kind):
        correction(draft, replica, element, place)
        return None
    if element.deleted_at is not None:
        if removes(capabilities, element.kind):
            hit("law 54: withdrawn")
            return Send(
                RemoveElement(ref, element.kind, place.native_id),
                element_id=element.id,
                version=element.version,
            )
        _follow_up(draft, replica, element, place, "was withdrawn by its author")
        return None
    if not edits(capabilities, element.kind):
        _follow_up(draft, replica, element, place, "was changed by its author to:")
        return None
    audience = outgoing_audience(draft, element)
    if _too_wide(draft, replica, element, audience):
        return _withdraw(draft, replica, element, place, audience)
    values = _native(draft, replica, element, audience, named=place.author is not None)
    hit("law 54: edited in place")
    edit = EditElement(ref, element.kind, place.native_id, values)
    human = _by_person(draft, element)
    return Send(
        edit, element_id=element.id, version=element.version, audience=audience, human=human
    )


def _is_original(draft: Draft, replica: Replica, element: Element) -> bool:
    """Whether its author wrote it there; a late note has a copy of ours in the same product."""
    made = (one for one in draft.share.intents if one.replica_id == replica.id)
    return element.source == replica.system and all(one.element_id != element.id for one in made)


def _too_wide(draft: Draft, replica: Replica, element: Element, audience: str) -> bool:
    """Whether an element of this audience could be read by more people in the replica's place.

    A product whose files have no flag shows them to everybody who sees the record.
    """
    system = draft.ctx.systems[replica.system]
    place = system.places.get(replica.place or "")
    flagged = "audience" in system.mappings[element.kind].fields
    if place is not None and (not flagged or replica.place in system.leaky):
        place = dataclasses.replace(place, proved_audiences=frozenset())
    return narrower_than_proved(place, audience, flagged=flagged)


def _withdraw(
    draft: Draft, replica: Replica, element: Element, place: Placement, audience: str
) -> Send | None:
    """A note that became narrower than its copy can be: the copy is taken back (laws 45, 54)."""
    hit("law 45: narrowed note withdrawn")
    assert place.native_id is not None
    assert replica.native_id is not None
    ref = Ref(replica.system, replica.kind, replica.native_id)
    text = f'{replica.system}: a note became {audience}, which "{replica.place}" cannot keep'
    if removes(draft.ctx.systems[replica.system].capabilities, element.kind):
        return Send(
            RemoveElement(ref, element.kind, place.native_id),
            element_id=element.id,
            version=element.version,
        )
    _unplaceable(draft, replica, element, place, f"{text}; take it back there by hand")
    return None


def _follow_up(
    draft: Draft, replica: Replica, element: Element, place: Placement, what: str
) -> None:
    """The product cannot change it: one more line says what happened (law 54)."""
    hit("law 54: followed up")
    name = element.values.get("author_display") or "somebody"
    body = f"A note by {name} above {what}"
    if element.deleted_at is None:
        body = f"{body}\n\n{element.values.get('body')}"
        place.sent_version = element.version
    else:
        place.state = PlacementState.GONE
    _supersede(draft, replica, element)
    note = add_own(draft, replica, body, now=draft.ctx.now)
    note.values["audience"] = element.values.get("audience")
    note.values[ABOUT] = element.id


def _supersede(draft: Draft, replica: Replica, element: Element) -> None:
    """A follow-up that is not out yet bears words that hold no longer: it never goes out."""
    for one in draft.share.elements:
        place = draft.share.placement(one.id, replica.id)
        if one.values.get(ABOUT) != element.id or place is None:
            continue
        if place.state is PlacementState.PENDING:
            one.deleted_at, place.state = draft.ctx.now, PlacementState.GONE
            for intent in draft.share.intents:
                if intent.element_id == one.id and intent.state is IntentState.OPEN:
                    intent.state = IntentState.ABANDONED


def _add(
    draft: Draft, replica: Replica, element: Element, place: Placement, ref: Ref
) -> Send | None:
    if is_out_of_date(draft, element):
        hit("law 48: what arrived no longer says that it waits")
        take_back(draft, element)
        return None
    if _held(draft, replica, element):
        return None
    audience = outgoing_audience(draft, element)
    if _too_wide(draft, replica, element, audience):
        if asks_first(draft, replica, f"{element.kind}s"):
            return None
        hit("law 45: right not proved")
        _unplaceable(
            draft, replica, element, place, _too_wide_for(draft, replica, element, audience)
        )
        return None
    if (why := not_here(draft, replica, element)) is not None:
        _unplaceable(draft, replica, element, place, f"{replica.system} cannot hold it: {why}")
        return None
    if element.kind == "attachment" and element.blob not in ("stored", "dropped"):
        if element.blob in ("too large", "refused"):
            _as_link(draft, replica, element, place)
        return None
    values = _native(draft, replica, element, audience)
    intent = open_intent(draft, replica, kind=element.kind, element_id=element.id, content=values)
    if intent.starts >= MAX_STARTS:
        _unplaceable(
            draft,
            replica,
            element,
            place,
            f"{replica.system} accepted the {element.kind} {intent.starts} times and shows none",
        )
        return None
    operation = AddElement(ref, element.kind, values, intent.mark, intent.id)
    return Send(
        operation,
        intent_id=intent.id,
        element_id=element.id,
        version=element.version,
        audience=audience,
        human=_by_person(draft, element),
        named=_in_name(draft, replica, element, operation, audience),
    )


def _in_name(
    draft: Draft, replica: Replica, element: Element, operation: AddElement, audience: str
) -> AddElement | None:
    """The same note in its author's own name, for one that a person writes now (law 54)."""
    if not may_be_named(draft, replica) or not _by_person(draft, element):
        return None
    author = author_there(draft, replica, element)
    if author is None:
        return None
    values = _native(draft, replica, element, audience, named=True)
    return dataclasses.replace(operation, values=values, author=author)


def _too_wide_for(draft: Draft, replica: Replica, element: Element, audience: str) -> str:
    if not is_told(draft, replica):
        return f'{replica.system} does not tell who reads "{replica.place}"'
    if element.kind == "attachment":  # it has no flag: no right of ours would help
        return f'{replica.system}: no file can be kept {audience} in "{replica.place}"'
    what = f"{audience} {element.kind}s"
    return f'{replica.system}: our account cannot write {what} in "{replica.place}"'


def _by_person(draft: Draft, element: Element) -> bool:
    """Whether a person wrote it now: only then may it mail anybody by default (law 47)."""
    author = element.values.get("author_native")
    return (
        element.source != "sdsync"
        and draft.is_of_now(element.created_at)
        and draft.ctx.humans(element.source, str(author) if author else None)
    )


def _native(
    draft: Draft, replica: Replica, element: Element, audience: str, *, named: bool = False
) -> dict[str, Json]:
    """The native values of an element, inert and with its author's line (laws 46, 54).

    One that is ``named`` stands there in its author's name, and needs no line.
    """
    mapping = draft.ctx.systems[replica.system].mappings[element.kind]
    canonical = dict(element.values)
    canonical["audience"] = audience
    if element.kind == "note" and element.source != "sdsync" and not named:
        name = str(canonical.get("author_display") or "somebody")
        canonical["body"] = add_authorship(str(canonical.get("body") or ""), name, element.source)
    if element.kind == WORKLOG:
        canonical["text"] = text_there(draft, replica, element)
    patch: dict[str, Json] = {}
    for name in mapping.fields:
        if canonical.get(name) is None:
            continue
        put = draft.put(mapping, name, canonical[name], seen={}, hub=canonical)
        if put.cut:
            draft.fidelity(replica, element.kind, put.cut)
        deep_merge(patch, put.values)
    return patch


def _as_link(draft: Draft, replica: Replica, element: Element, place: Placement) -> None:
    """A file that cannot be copied becomes a line with its name and where it lies."""
    place.state = PlacementState.UNPLACEABLE
    source = draft.share.at(element.source)
    where = element.values.get("url") or (source.url if source else None)
    most = draft.ctx.setting(draft.hub, "file_limit_bytes", 10_000_000)
    why = f"larger than {most} bytes" if element.blob == "too large" else "it was not handed out"
    text = (
        f'File "{element.values.get("name")}" ({element.values.get("size")} bytes) '
        f"stays in {element.source}, {why}{f': {where}' if where else ''}"
    )
    place.note = text
    draft.fidelity(replica, "attachment", text)
    note = add_own(draft, replica, text, now=draft.ctx.now)
    note.values["audience"] = outgoing_audience(draft, element)


def _unplaceable(
    draft: Draft, replica: Replica, element: Element, place: Placement, text: str
) -> None:
    if give_up(draft, replica, element.id, text):
        return
    place.state, place.note = PlacementState.UNPLACEABLE, text
    draft.park(
        replica,
        f"{element.kind}s",
        text,
        about=["element", replica.place, text],
        remedy=f"sdsync check --live {replica.system}",
    )
    place.cause = replica.groups[f"{element.kind}s"].cause
