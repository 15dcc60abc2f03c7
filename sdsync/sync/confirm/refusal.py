"""Confirm, when a call was not answered well: what each failure means for the record."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.config.vocabulary import group_of, spoken
from sdsync.connectors.contract import Create
from sdsync.connectors.failures import (
    Conflict,
    Forbidden,
    Missing,
    OutcomeUnknown,
    Pending,
    Rejected,
    Throttled,
    Transient,
)
from sdsync.store.records import (
    GroupState,
    IntentState,
    Json,
    PlacementState,
    Replica,
    ReplicaState,
)
from sdsync.sync.branches import hit
from sdsync.sync.confirm.jobs import forget_job, intent_of, remember_job
from sdsync.sync.deliver.attempt import FAILURES_ALONE
from sdsync.sync.deliver.birth import BIRTH_GROUP
from sdsync.sync.deliver.compute import Send
from sdsync.sync.deliver.lacking import lacks
from sdsync.sync.draft import Draft
from sdsync.sync.watch.telling import give_up

REACH_AGAIN = timedelta(minutes=10)
BACK_OFF_S = 5.0
BACK_OFF_MAX_S = 300.0


def refused(draft: Draft, replica: Replica, send: Send, answer: object) -> None:
    """Judge a failure; nothing of ours is lost by any of them."""
    if isinstance(answer, OutcomeUnknown):
        hit("law 5: outcome unknown")
        forget_job(draft, replica, send)
        replica.failures += 1
        for name in send.fields:
            if name in replica.doubt:
                draft.mark(replica, group_of(name), GroupState.IN_DOUBT)
        draft.audit("in_doubt", source="sdsync", replica=replica, text=answer.detail[:120])
        draft.deliver(replica, due=landed(draft, send))
        return
    if isinstance(answer, Pending):
        hit("law 31: pending")
        remember_job(draft, replica, send, answer)
        return
    _not_applied(draft, replica, send)
    match answer:
        case Rejected():
            _rejected(draft, replica, send, answer)
        case Conflict():
            hit("law 3: conflict, looked again")
            replica.etag = None  # nothing more goes out on the old one
            draft.look(replica)
            draft.deliver(replica)
        case Missing():  # the record, or the note that was to be changed: the look tells
            draft.look(replica)
            draft.deliver(replica, due=draft.ctx.now + timedelta(seconds=BACK_OFF_S))
        case Forbidden():
            _forbidden(draft, replica, send, answer)
        case Throttled():
            draft.deliver(replica, due=draft.ctx.now + timedelta(seconds=answer.after_s))
        case Transient():
            _try_again(draft, replica, send, answer)
        case _:  # the lane's trouble: the runner pauses the lane, the work waits (law 39)
            draft.deliver(replica)


def _not_applied(draft: Draft, replica: Replica, send: Send) -> None:
    """Nothing took effect: the doubt is over, the intent is open again."""
    for name in send.fields:
        replica.doubt.pop(name, None)
        replica.stepping.pop(name, None)
    intent = intent_of(draft, send.intent_id)
    if intent is not None:
        intent.state, intent.may_land_until, intent.not_found = IntentState.OPEN, None, 0
        intent.starts = max(0, intent.starts - 1)


def _rejected(draft: Draft, replica: Replica, send: Send, answer: Rejected) -> None:
    """A refused group parks itself; a whole without a name goes group by group (laws 35, 39)."""
    detail = answer.detail or "refused without a word"
    mapping = draft.ctx.mapping(replica)
    named = {
        name
        for name in send.fields
        for path in mapping.paths(name)
        if any(_is(path, one) for one in answer.fields)
    }
    if send.element_id is not None:
        _element_refused(draft, replica, send, detail)
        return
    groups = {group_of(name) for name in named or send.fields}
    if isinstance(send.operation, Create) and (not named or _not_ours(draft, replica, answer)):
        groups = {BIRTH_GROUP}
    elif not named and len(groups) > 1:
        hit("law 35: groups go alone")
        replica.solo = True
        draft.deliver(replica)
        return
    hit("law 39: refused group parks itself")
    for group in sorted(groups):
        about = {name: send.fields[name] for name in send.fields if group_of(name) == group}
        draft.park(
            replica,
            group,
            f"{replica.system} refuses {_what(replica, group, about)}: "
            + (lacks(draft, replica, about) or detail),
            about=["rejected", about or replica.place, detail],
            place=draft.rule_place(replica, about),
            remedy=f"sdsync check --live {replica.system}",
        )
    draft.deliver(replica)


def _not_ours(draft: Draft, replica: Replica, answer: Rejected) -> bool:
    """Whether it names a field that no rule writes, as the place: nothing is born without that."""
    mapping = draft.ctx.mapping(replica)
    paths = {path for field in mapping.fields for path in mapping.paths(field)}
    return any(not any(_is(path, one) for path in paths) for one in answer.fields)


def _is(path: str, named: str) -> bool:
    return path == named or path.endswith(f".{named}")


def _what(replica: Replica, group: str, about: dict[str, Json]) -> str:
    if group == BIRTH_GROUP:
        return f'a new record in "{replica.place}"'
    return _values(about) or spoken(group)


def _element_refused(draft: Draft, replica: Replica, send: Send, detail: str) -> None:
    """A refused note or file never blocks its record."""
    if give_up(draft, replica, send.element_id, detail):
        return
    place = draft.share.placement(send.element_id or "", replica.id)
    element = next(one for one in draft.share.elements if one.id == send.element_id)
    draft.park(
        replica,
        f"{element.kind}s",
        f"{replica.system} refuses the {element.kind}: {detail}",
        about=["element", detail],
    )
    if place is not None:
        place.state, place.note = PlacementState.UNPLACEABLE, detail
        place.cause = replica.groups[f"{element.kind}s"].cause
    intent = intent_of(draft, send.intent_id)
    if intent is not None:
        intent.state = IntentState.ABANDONED
    draft.deliver(replica)


def _forbidden(draft: Draft, replica: Replica, send: Send, answer: Forbidden) -> None:
    """Out of reach is a state of one record, and no dead letter (law 39)."""
    if isinstance(send.operation, Create):
        draft.park(
            replica,
            BIRTH_GROUP,
            f"{replica.system} forbids creating in {replica.place}: {answer.detail}",
            about=["forbidden", replica.place],
        )
        return
    hit("law 39: out of reach")
    if replica.state is ReplicaState.LIVE:
        replica.state = ReplicaState.OUT_OF_REACH
        draft.audit(
            "out_of_reach", source=replica.system, replica=replica, text=answer.detail[:120]
        )
    draft.look(replica, due=draft.ctx.now + REACH_AGAIN)


def _try_again(draft: Draft, replica: Replica, send: Send, answer: Transient) -> None:
    replica.failures += 1
    if replica.failures >= FAILURES_ALONE:
        hit("law 39: a record that fails alone")
        replica.failures = 0
        _set_aside(draft, replica, send, f"fails on it again and again: {answer.detail}")
        return
    wait = min(BACK_OFF_S * 2 ** min(replica.failures, 10), BACK_OFF_MAX_S)
    draft.deliver(replica, due=draft.ctx.now + timedelta(seconds=wait))


def _set_aside(draft: Draft, replica: Replica, send: Send, text: str) -> None:
    """What fails alone waits for a person; the rest of the record goes on."""
    if send.element_id is not None:
        _element_refused(draft, replica, send, text)
        return
    groups = {group_of(name) for name in send.fields}
    if isinstance(send.operation, Create) or not groups:
        groups = {BIRTH_GROUP}  # a record is born whole, or not at all
    for group in sorted(groups):
        draft.park(replica, group, f"{replica.system} {text}", about=["fails", replica.id])
    draft.deliver(replica)


def _values(about: dict[str, Json]) -> str:
    return ", ".join(f"{name} {say(value)}" for name, value in sorted(about.items()))


def say(value: Json) -> str:
    """A value for a message: quoted, and cut."""
    return f'"{str(value)[:60]}"'


def landed(draft: Draft, send: Send) -> datetime:
    """When a call that we gave up can no longer take effect (law 27)."""
    intent = intent_of(draft, send.intent_id)
    if intent is not None and intent.may_land_until is not None:
        return intent.may_land_until
    return draft.ctx.now + timedelta(seconds=BACK_OFF_S)
