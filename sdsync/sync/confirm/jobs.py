"""Accepted is not done: a product's job is asked until it answers (law 31)."""

from __future__ import annotations

from datetime import timedelta

from sdsync.connectors.contract import (
    AddElement,
    Answer,
    Create,
    Done,
    EditElement,
    Operation,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import (
    Forbidden,
    Missing,
    OutcomeUnknown,
    Pending,
    Throttled,
    Transient,
)
from sdsync.store.records import Attempt, Intent, IntentState, Ref, Replica
from sdsync.sync.branches import hit
from sdsync.sync.deliver.compute import Send
from sdsync.sync.draft import Draft
from sdsync.sync.policy import lane_trouble


def remember_job(draft: Draft, replica: Replica, send: Send, answer: Pending) -> None:
    """The call was accepted: its attempt keeps the handle, and when it is to be asked."""
    ask = draft.ctx.now + timedelta(seconds=answer.ask_after_s)
    attempt = attempt_of(draft, replica, send)
    if attempt is not None:
        attempt.handle, attempt.deadline_at = answer.handle, ask
    intent = intent_of(draft, send.intent_id)
    if intent is not None:
        intent.state, intent.may_land_until = IntentState.PENDING, ask
    draft.deliver(replica, due=ask)


def forget_job(draft: Draft, replica: Replica, send: Send) -> None:
    """Nobody knows of the job any more: what it was to make is in doubt from now on."""
    attempt = attempt_of(draft, replica, send)
    if attempt is None or attempt.handle is None:
        return
    hit("law 31: a lost job is in doubt")
    attempt.handle, attempt.deadline_at = None, draft.ctx.now
    intent = intent_of(draft, send.intent_id)
    if intent is not None:
        handle = draft.ctx.systems[replica.system].capabilities.create[intent.kind]
        intent.state = IntentState.STARTED
        intent.may_land_until = draft.ctx.now + timedelta(seconds=handle.landing_s)


def unasked(answer: object) -> bool:
    """Whether the job could not be asked at all: nothing is known of it, and it is asked again."""
    return lane_trouble(answer) is not None or isinstance(answer, Transient | Throttled)


def outcome(answer: Answer[Done]) -> Answer[Done]:
    """What the answer about a job says of the write that it carries out."""
    if isinstance(answer, Missing | Forbidden):
        return OutcomeUnknown("the product does not know the job that it gave us")
    return answer


def sent_before(draft: Draft, replica: Replica, attempt: Attempt) -> Send:
    """The call behind an attempt, as far as its confirmation asks for it."""
    intent = intent_of(draft, next(iter(attempt.intents), None))
    return Send(
        _operation(replica, attempt, intent),
        fields=dict(attempt.fields),
        intent_id=intent.id if intent else None,
        element_id=attempt.element_id,
        version=intent.version if intent else attempt.version,
        audience=intent.audience if intent else None,
    )


def _operation(replica: Replica, attempt: Attempt, intent: Intent | None) -> Operation:
    ref = Ref(replica.system, replica.kind, replica.native_id or "")
    match attempt.operation, intent:
        case "Create", Intent() as made:
            return Create(made.kind, made.place, made.content, made.mark, made.id)
        case "AddElement", Intent() as made:
            return AddElement(ref, made.kind, made.content, made.mark, made.id, author=made.author)
        case "EditElement", _:
            return EditElement(ref, "note", "", {})
        case "RemoveElement", _:
            return RemoveElement(ref, "note", "")
        case _:
            return Update(ref, {})


def attempt_of(draft: Draft, replica: Replica, send: Send) -> Attempt | None:
    """The open attempt behind a call: the newest that fits."""
    mine = [
        one
        for one in draft.share.attempts
        if one.replica_id == replica.id
        and (send.intent_id is None or send.intent_id in one.intents)
    ]
    return max(mine, key=lambda one: one.started_at, default=None)


def intent_of(draft: Draft, intent_id: str | None) -> Intent | None:
    """The intent behind a call; None when it makes nothing new."""
    return next((one for one in draft.share.intents if one.id == intent_id), None)
