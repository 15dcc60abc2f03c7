"""Notes in their authors' names, where the product lets us; ours all the same (laws 28, 54).

Only what a person says now is written so: what is old, a machine's, or may mail nobody goes
under our own name with its author's line.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.contract import AddElement, NativeElement, Operation
from sdsync.store.records import (
    Cause,
    Element,
    Intent,
    IntentState,
    Json,
    Placement,
    PlacementState,
    Replica,
)
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, cause_id, digest

#: What whole seconds of stamps, and of the measured offset of clocks, may amount to.
SLACK = timedelta(seconds=10)


def author_there(draft: Draft, replica: Replica, element: Element) -> str | None:
    """Whom the system knows as the author of a note of somewhere else; None: nobody, or no person.

    As everywhere: by the site's table, a verified address, or the login.
    """
    people, native = draft.ctx.people, element.values.get("author_native")
    if element.kind != "note" or element.source in ("sdsync", replica.system) or not native:
        return None
    key = people.key(element.source, native)
    there = people.native(replica.system, key) if key else None
    account = draft.ctx.systems[replica.system].account
    if there is None or there == account or not draft.ctx.humans(replica.system, there):
        return None
    return there


def may_be_named(draft: Draft, replica: Replica) -> bool:
    """Whether notes may be written in names at all: the product proved it, and mail may go.

    Redmine, for one, mails our own account what is said in another's name.
    """
    allowed = draft.ctx.setting(draft.hub, "mail", None) != "none"
    return allowed and draft.ctx.systems[replica.system].impersonates


def keep_name(intent: Intent, operation: Operation) -> None:
    """Note in whose name a call goes out, and which words: that tells ours later."""
    author = operation.author if isinstance(operation, AddElement) else None
    intent.author = author
    intent.said = said(intent.content.get("body")) if author is not None else ""


def said(body: Json) -> str:
    """A digest of a note's words; line ends and spaces are set as products like."""
    return digest(str(body or "").split())


def is_ours(draft: Draft, replica: Replica, native: NativeElement) -> bool:
    """Whether an unlinked note in a person's name is what a call of ours made, or made twice.

    Its words are exactly those of the call, it bears the name that the call asked for, and
    it is no older and no younger than what the call could make. Had that person typed them
    there as well just then: they stand on the other side already, so nothing is lost.
    """
    if native.kind != "note" or native.author is None:
        return False
    system = draft.ctx.systems[replica.system]
    at = draft.ctx.ours(replica.system, native.created_at)
    lands_s = system.deadline_s + system.capabilities.create["note"].landing_s
    lands = timedelta(seconds=lands_s) + SLACK
    return any(
        one.author == native.author
        and one.started_at is not None
        and one.started_at - SLACK < at < one.started_at + lands
        and one.said == said(native.values.get("body"))
        for one in draft.share.intents
        if one.replica_id == replica.id and one.state is not IntentState.ABANDONED
    )


def waiting_twin(
    draft: Draft, replica: Replica, native: NativeElement, body: Json
) -> tuple[Element, Placement] | None:
    """Of a store that may have forgotten it: the note that waits to be placed, and stands there.

    The same person said the same words on both sides: one of them is ours, and which one
    nobody knows any more (law 32).
    """
    if native.kind != "note" or not _impersonates(draft):
        return None
    for element in draft.share.elements:
        place = draft.share.placement(element.id, replica.id)
        if place is None or place.state is not PlacementState.PENDING or element.deleted_at:
            continue
        if not draft.ctx.may_have_made(element.created_at):
            continue
        same = said(element.values.get("body")) == said(body)
        if same and native.author == author_there(draft, replica, element):
            return element, place
    return None


def may_be_lost(draft: Draft, replica: Replica, element: Element, native: NativeElement) -> bool:
    """Whether a note in its author's own name may be one that a restored store has forgotten."""
    return (
        native.author is not None
        and _impersonates(draft)
        and native.author == author_there(draft, replica, element)
    )


def _impersonates(draft: Draft) -> bool:
    return any(
        draft.ctx.systems[one.system].capabilities.impersonates for one in draft.share.replicas
    )


def judge_author(draft: Draft, replica: Replica, element: Element, native: NativeElement) -> None:
    """Another author stands there than the one we named: it is ours, and gets its line (law 54)."""
    place = draft.share.placement(element.id, replica.id)
    if place is None or place.author is None or native.author in (None, place.author):
        return
    hit("law 54: the name was ignored")
    place.author, place.sent_version = None, 0
    told = ignored(replica.system, draft.ctx.now)
    if all(one.id != told.id for one in draft.change.causes):
        draft.change.causes.append(told)
    draft.deliver(replica)


def ignored(system: str, now: datetime) -> Cause:
    """What a person is told once, until a check proves that names are honoured again."""
    fingerprint = about_names(system)
    text = f"{system}: notes are written as our account, whomever we name; they bear a line instead"
    remedy = f"sdsync check --live {system}"
    return Cause(cause_id(fingerprint), "system", "", fingerprint, text, now, remedy=remedy)


def about_names(system: str) -> str:
    """The fingerprint of that cause."""
    return digest(["system", ["names", system]])
