"""Confirm: what a call really did, read back and never believed (laws 2, 5, 6)."""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import Answer, Create, Done, EditElement, RemoveElement
from sdsync.connectors.failures import (
    OutcomeUnknown,
    Pending,
)
from sdsync.store.records import (
    GroupState,
    Json,
    PlacementState,
    Replica,
    ReplicaState,
)
from sdsync.sync.branches import hit
from sdsync.sync.confirm.doubt import confirm_state, copy_path, overridden, stepped
from sdsync.sync.confirm.jobs import intent_of
from sdsync.sync.confirm.leaks import asked_for, judge_flag
from sdsync.sync.confirm.refusal import landed, refused, say
from sdsync.sync.confirm.settling import born
from sdsync.sync.confirm.verdict import Verdict, verdict
from sdsync.sync.decide.edits import Look, view
from sdsync.sync.decide.elements import (
    find_native,
    outgoing_audience,
    read_values,
    settle_element,
    tell_placed,
)
from sdsync.sync.decide.observe import absorb
from sdsync.sync.decide.window import merge_covered
from sdsync.sync.deliver.attempt import READ_AGAIN
from sdsync.sync.deliver.compute import Send
from sdsync.sync.deliver.in_names import judge_author
from sdsync.sync.deliver.lacking import lacks, unwritable
from sdsync.sync.draft import Draft


def confirm(
    draft: Draft,
    replica: Replica,
    send: Send,
    answer: Answer[Done],
    back: Look | None,
    *,
    found: str | None = None,
) -> None:
    """Judge one call.

    Args:
        answer: What the connector said.
        back: The record read after the call; None when it could not be read.
        found: Native id of the element made, when the answer did not tell and a
            look-up did.
    """
    replica.crashes = 0  # this call did not kill
    if not _untold(send, answer):  # what was sent, and until when it may land, is needed then
        draft.share.attempts = [one for one in draft.share.attempts if one.replica_id != replica.id]
    if isinstance(answer, Done):
        replica.failures = 0
        for attempt in draft.share.attempts:
            attempt.handle = attempt.handle if attempt.replica_id != replica.id else None
        _done(draft, replica, send, answer, back, found)
    else:
        refused(draft, replica, send, answer)
    if back is not None and replica.state is not ReplicaState.UNBORN:
        absorb(draft, replica, back)


def _untold(send: Send, answer: Answer[Done]) -> bool:
    """Whether the answer leaves open what the call did, or what it made."""
    if isinstance(send.operation, Create) and isinstance(answer, Done):
        return answer.native_id is None
    return isinstance(answer, OutcomeUnknown | Pending)


# -- it was answered well --------------------------------------------------------------
def _done(
    draft: Draft, replica: Replica, send: Send, done: Done, back: Look | None, found: str | None
) -> None:
    if isinstance(send.operation, Create):
        if done.native_id is None:
            draft.deliver(replica, due=landed(draft, send))
            return  # the intent stays started: it is looked up
        if replica.native_id != done.native_id:  # else a look settled it by its mark meanwhile
            born(draft, replica, intent_of(draft, send.intent_id), done.native_id, send.fields)
    elif send.element_id is not None:
        _element_done(draft, replica, send, done.native_id or found, back)
    if back is not None:
        birth = isinstance(send.operation, Create)
        judge(draft, replica, send.fields, back, said=done.complaints, birth=birth)
    else:
        draft.look(replica)
    replica.confirmed_at = back.began_at if back is not None else draft.ctx.now
    draft.deliver(replica)


def judge(
    draft: Draft,
    replica: Replica,
    fields: dict[str, Json],
    back: Look,
    *,
    said: Sequence[str] = (),
    birth: bool = False,
) -> None:
    """Field by field: written, reshaped, ignored, or changed by somebody else (law 6).

    Args:
        said: What the product complained of beside its success, for the person who reads.
        birth: It was asked for a new record: what it then complained of and left out is
            sent once more, as a change of its own, which has its own refusal.
    """
    mapping = draft.ctx.mapping(replica)
    current = mapping.keep(back.native.values)
    touched = set()
    verdicts = {
        name: verdict(draft, replica, name, value, back, current) for name, value in fields.items()
    }
    for name, intended in fields.items():
        if name not in replica.doubt:
            continue
        if verdicts[name] is Verdict.UNKNOWN:
            hit("law 9: a partial read-back proves nothing")
            draft.look(replica, due=draft.ctx.now + READ_AGAIN)
            continue
        replica.doubt.pop(name)
        replica.stepping.pop(name, None)
        touched.add(group_of(name))
        if verdicts[name] in (Verdict.OURS, Verdict.STEP, Verdict.RESHAPED):
            merge_covered(draft, replica, name, back, current)
        match verdicts[name]:
            case Verdict.OURS:
                _written(draft, replica, name, intended, current)
            case Verdict.STEP:
                hit("law 5: step confirmed")
                _as_it_stands(draft, replica, name, current)
            case Verdict.UNTOUCHED if birth and said:
                hit("law 6: left out at birth")
                _as_it_stands(draft, replica, name, current)
                draft.mark(replica, group_of(name), GroupState.DIRTY)
            case Verdict.UNTOUCHED:
                _ignored(draft, replica, name, intended, back, said)
                touched.discard(group_of(name))
            case Verdict.ANOTHERS if name in replica.sent:
                hit("law 5: foreign edit in the window")
            case Verdict.RESHAPED:
                _reshaped(draft, replica, name, intended, current)
            case Verdict.OTHER | Verdict.REVERTED | Verdict.ANOTHERS:
                overridden(draft, replica, name, intended)
    for group in touched:
        if draft.state(replica, group) in (
            GroupState.DIRTY,
            GroupState.IN_STEP,
            GroupState.IN_DOUBT,
        ):
            confirm_state(draft, replica, group)


def _written(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> None:
    before = replica.sent.get(name)
    replica.sent[name] = intended
    _base(replica, draft.ctx.mapping(replica).paths(name), current)
    if name == "status" and replica.trail and replica.trail[0] == intended:
        replica.trail = replica.trail[1:]
    version = draft.hub.versions.get(name)
    draft.audit(
        "written",
        source=version.source if version else "sdsync",
        replica=replica,
        field=name,
        actor=version.changed_by if version else None,
        before=before,
        after=intended,
    )


def _reshaped(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> None:
    """A text that the product cut or rewrote: what it shows becomes *seen*."""
    hit("law 6: reshaped becomes seen")
    shown = view(draft.ctx.mapping(replica), name, current, draft.ctx)
    draft.fidelity(replica, name, f"{replica.system} reshaped it to {str(shown)[:80]!r}")
    _written(draft, replica, name, intended, current)


def _ignored(
    draft: Draft, replica: Replica, name: str, intended: Json, back: Look, said: Sequence[str]
) -> None:
    """Answered 2xx and did not do it (law 6): its group is refused, others go on."""
    hit("law 6: ignored")
    _as_it_stands(draft, replica, name, draft.ctx.mapping(replica).keep(back.native.values))
    told = lacks(draft, replica, {name: intended}) or unwritable(draft, replica, name, back.native)
    told = told or "; ".join(said)
    draft.park(
        replica,
        group_of(name),
        f"{replica.system} took {name} = {say(intended)} with a success and ignored it"
        + (f": {told}" if told else ""),
        about=["ignored", name, intended, replica.place],
        place=draft.rule_place(replica, [name]),
        remedy=f"sdsync check --live {replica.system}",
    )


def _as_it_stands(draft: Draft, replica: Replica, name: str, current: dict[str, Json]) -> None:
    """What it shows is the base, though we sent another value."""
    stepped(draft, replica, name, current)
    _base(replica, draft.ctx.mapping(replica).paths(name), current)


def _base(replica: Replica, paths: object, current: dict[str, Json]) -> None:
    for path in paths if isinstance(paths, list | tuple) else ():
        copy_path(path, current, replica.seen)


def _element_done(
    draft: Draft, replica: Replica, send: Send, native_id: str | None, back: Look | None
) -> None:
    place = draft.share.placement(send.element_id or "", replica.id)
    element = next(one for one in draft.share.elements if one.id == send.element_id)
    intent = intent_of(draft, send.intent_id)
    if intent is None:  # an edit or a withdrawal
        if place is not None:
            place.sent_version, place.seen_digest = send.version or element.version, ""
            if isinstance(send.operation, RemoveElement):
                place.state = PlacementState.GONE
        if isinstance(send.operation, EditElement):
            asked = send.audience or outgoing_audience(draft, element)
            asked_for(draft, replica, element, asked)
        did = "withdrawn" if isinstance(send.operation, RemoveElement) else "changed"
        name = str(element.values.get("name") or "")[:80]
        draft.audit(f"{element.kind}_{did}", source=element.source, replica=replica, text=name)
        return
    if native_id is None:
        draft.deliver(replica, due=intent.may_land_until)
        return
    natives = None
    if back is not None:
        natives = back.native.elements(element.kind)
    native = find_native(natives, native_id)
    settle_element(draft, intent, native_id, native)
    tell_placed(draft, replica, element.id, send.audience)
    if native is None:  # its flag is not read yet
        draft.look(replica, due=draft.ctx.now + READ_AGAIN)
    else:
        judge_flag(draft, replica, element, native, read_values(draft, replica, native))
        judge_author(draft, replica, element, native)
