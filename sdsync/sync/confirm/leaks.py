"""A note whose stored flag is wider than the one that was asked for (law 45)."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.contract import NativeElement
from sdsync.store.records import Element, Intent, Json, Replica
from sdsync.sync.audiences import width
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft

#: Note of a placement whose stored flag was wider than asked.
LEAKED = "leaked"
LEAK = "leak"  # a group of its own: another trouble with notes does not take its place


def judge_flag(
    draft: Draft,
    replica: Replica,
    element: Element,
    native: NativeElement,
    shown: Mapping[str, Json],
) -> None:
    """Compare the audience of a note that we wrote with the one that was asked for.

    Args:
        shown: Its canonical values, as the product shows them now.
    """
    intent = _intent(draft, replica, element)
    if native.kind != "note" or intent is None or intent.audience is None:
        return
    if leaked(intent.audience, shown.get("audience")):
        _withdraw_leak(draft, replica, element.id, str(shown.get("audience")), intent.audience)


def _intent(draft: Draft, replica: Replica, element: Element) -> Intent | None:
    """The newest decision to place the element there; None for one that people wrote."""
    found = [
        one
        for one in draft.share.intents
        if one.element_id == element.id and one.replica_id == replica.id
    ]
    return max(found, key=lambda one: one.generation, default=None)


def asked_for(draft: Draft, replica: Replica, element: Element, audience: str) -> None:
    """An edit asked for this audience: the next read is judged by it."""
    intent = _intent(draft, replica, element)
    if intent is not None:
        intent.audience = audience


def leaked(intended: str | None, shown: Json) -> bool:
    """Whether the stored flag is wider than the one that was asked for (law 45)."""
    return intended is not None and width(shown) < width(intended)


def _withdraw_leak(
    draft: Draft, replica: Replica, element_id: str, shown: str, asked: str | None
) -> None:
    """The stored flag is wider than asked: take it back first, tell a person at once."""
    hit("law 45: leak withdrawn")
    element = next(one for one in draft.share.elements if one.id == element_id)
    place = draft.share.placement(element_id, replica.id)
    assert place is not None
    place.note = LEAKED
    draft.park(
        replica,
        LEAK,
        f"{replica.system} stored a note for {shown} that was written for {asked}",
        about=["leak", replica.place],
        remedy=f"sdsync check --live {replica.system}",
        distrust=replica.place,
    )
    place.cause = replica.groups[LEAK].cause
    draft.deliver(replica)
    draft.audit("leaked", source="sdsync", replica=replica, text=element.kind, why=shown)
