"""Confirm: what a call really did, read back and never believed (laws 2, 5, 6)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import Answer, Create, Done, RemoveElement
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
from sdsync.mappings.contract import Unmapped
from sdsync.store.records import (
    GroupState,
    Intent,
    IntentState,
    Json,
    PlacementState,
    Replica,
    ReplicaState,
)
from sdsync.sync.birth import BIRTH_GROUP
from sdsync.sync.branches import hit
from sdsync.sync.compute import Send, deep_merge
from sdsync.sync.draft import Draft
from sdsync.sync.edits import Look, view
from sdsync.sync.elements import find_native, placed_ids, read_values, settle_element
from sdsync.sync.observe import absorb, confirm_state, copy_path
from sdsync.sync.placing import leaked
from sdsync.sync.verdict import Verdict, verdict

REACH_AGAIN = timedelta(minutes=10)
FAILURES_ALONE = 8  # attempts without progress while its lane is well, before a person is asked
BACK_OFF_S = 5.0
BACK_OFF_MAX_S = 300.0


def confirm(
    draft: Draft, replica: Replica, send: Send, answer: Answer[Done], back: Look | None,
    *, found: str | None = None,
) -> None:  # fmt: skip
    """Judge one call.

    Args:
        answer: What the connector said.
        back: The record read after the call; None when it could not be read.
        found: Native id of the element made, when the answer did not tell and a
            look-up did.
    """
    if not isinstance(answer, OutcomeUnknown):  # its deadline is needed until it is judged
        draft.share.attempts = [one for one in draft.share.attempts if one.replica_id != replica.id]
    if isinstance(answer, Done):
        replica.failures = 0
        _done(draft, replica, send, answer, back, found)
    else:
        _failed(draft, replica, send, answer)
    if back is not None and replica.state is not ReplicaState.UNBORN:
        absorb(draft, replica, back)


# -- it was answered well --------------------------------------------------------------
def _done(
    draft: Draft, replica: Replica, send: Send, done: Done, back: Look | None, found: str | None
) -> None:
    if isinstance(send.operation, Create):
        if done.native_id is None:
            draft.deliver(replica, due=_landed(draft, send))
            return  # the intent stays started: it is looked up
        born(draft, replica, _intent(draft, send.intent_id), done.native_id, send.fields)
    elif send.element_id is not None:
        _element_done(draft, replica, send, done.native_id or found, back)
    if back is not None:
        judge(draft, replica, send.fields, back)
    else:
        draft.look(replica)
    replica.confirmed_at = back.began_at if back is not None else draft.ctx.now
    draft.deliver(replica)


def born(
    draft: Draft, replica: Replica, intent: Intent | None, native_id: str, fields: dict[str, Json]
) -> None:
    """The record exists, once; its fields are in doubt until they are read."""
    replica.native_id, replica.state = native_id, ReplicaState.LIVE
    replica.sent, replica.seen, replica.doubt = {}, {}, dict(fields)
    replica.groups.pop(BIRTH_GROUP, None)
    if intent is not None:
        intent.state, intent.native_id = IntentState.SETTLED, native_id
        intent.may_land_until, intent.content = None, {}
    draft.audit("born", source=draft.hub.birth_system, replica=replica, text=replica.place or "")
    for other in draft.share.replicas:
        if other is not replica:
            draft.deliver(other)  # it shows our key in its peer field


def judge(draft: Draft, replica: Replica, fields: dict[str, Json], back: Look) -> None:
    """Field by field: written, reshaped, ignored, or changed by somebody else (law 6)."""
    mapping = draft.ctx.mapping(replica)
    current = mapping.keep(back.native.values)
    touched = set()
    verdicts = {
        name: verdict(draft, replica, name, value, back, current) for name, value in fields.items()
    }
    for name, intended in fields.items():
        if name not in replica.doubt:
            continue
        replica.doubt.pop(name)
        replica.stepping.pop(name, None)
        touched.add(group_of(name))
        match verdicts[name]:
            case Verdict.UNKNOWN:
                replica.sent[name] = intended
            case Verdict.OURS:
                _written(draft, replica, name, intended, current)
            case Verdict.STEP:
                hit("law 5: step confirmed")
                _base(replica, mapping.paths(name), current)
            case Verdict.UNTOUCHED:
                _ignored(draft, replica, name, intended, current)
                touched.discard(group_of(name))
            case Verdict.ANOTHERS:
                hit("law 5: foreign edit in the window")
                replica.sent.setdefault(name, None)
            case Verdict.RESHAPED:
                _reshaped(draft, replica, name, intended, current)
            case Verdict.OTHER:
                _overridden(draft, replica, name, intended)
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
        "written", source=version.source if version else "sdsync", replica=replica, field=name,
        actor=version.changed_by if version else None, before=before, after=intended,
    )  # fmt: skip


def _reshaped(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> None:
    """A text that the product cut or rewrote: what it shows becomes *seen*."""
    hit("law 6: reshaped becomes seen")
    shown = view(draft.ctx.mapping(replica), name, current, draft.ctx)
    draft.fidelity(replica, name, f"{replica.system} reshaped it to {str(shown)[:80]!r}")
    _written(draft, replica, name, intended, current)


def _overridden(draft: Draft, replica: Replica, name: str, intended: Json) -> None:
    """Another value than sent: the base is what we wrote, and what it shows instead
    goes through merge as a change."""
    replica.sent[name] = intended
    mapping, ctx = draft.ctx.mapping(replica), draft.ctx
    put = mapping.put(name, intended, seen={}, hub=draft.hub.values, people=ctx.people)
    deep_merge(replica.seen, put.values)


def _ignored(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> None:
    """Answered 2xx and did not do it (law 6): its group is refused, others go on."""
    hit("law 6: ignored")
    mapping = draft.ctx.mapping(replica)
    shown = view(mapping, name, current, draft.ctx)
    replica.sent[name] = None if isinstance(shown, Unmapped) else shown
    _base(replica, mapping.paths(name), current)
    draft.park(
        replica, group_of(name), f"{replica.system} took {name} = {_say(intended)} with a success and ignored it",
        about=["ignored", name, intended, replica.place],
        remedy=f"sdsync check --live {replica.system}",
    )  # fmt: skip


def _base(replica: Replica, paths: object, current: dict[str, Json]) -> None:
    for path in paths if isinstance(paths, list | tuple) else ():
        copy_path(path, current, replica.seen)


def _element_done(
    draft: Draft, replica: Replica, send: Send, native_id: str | None, back: Look | None
) -> None:
    place = draft.share.placement(send.element_id or "", replica.id)
    element = next(one for one in draft.share.elements if one.id == send.element_id)
    intent = _intent(draft, send.intent_id)
    if intent is None:  # an edit or a withdrawal
        if place is not None:
            place.sent_version, place.seen_digest = element.version, ""
            if isinstance(send.operation, RemoveElement):
                place.state = PlacementState.GONE
        draft.audit(f"{element.kind}_changed", source=element.source, replica=replica)
        return
    if native_id is None:
        draft.deliver(replica, due=intent.may_land_until)
        return
    natives = None
    if back is not None:
        natives = back.native.notes if element.kind == "note" else back.native.attachments
    native = find_native(natives, native_id)
    settle_element(draft, intent, native_id, native)
    draft.audit(
        f"{element.kind}_placed", source=element.source, replica=replica,
        why=send.audience, text=str(element.values.get("name") or "")[:80],
    )  # fmt: skip
    if native is not None and element.kind == "note":
        shown = read_values(draft, replica, native).get("audience")
        if leaked(send.audience, shown):
            _withdraw_leak(draft, replica, element.id, str(shown), send.audience)


def _withdraw_leak(
    draft: Draft, replica: Replica, element_id: str, shown: str, asked: str | None
) -> None:
    """The stored flag is wider than asked: take it back first, tell a person at once."""
    hit("law 45: leak withdrawn")
    element = next(one for one in draft.share.elements if one.id == element_id)
    place = draft.share.placement(element_id, replica.id)
    assert place is not None
    place.note = "leaked"
    draft.park(
        replica, "notes", f"{replica.system} stored a note for {shown} that was written for {asked}",
        about=["leak", replica.place], remedy=f"sdsync check --live {replica.system}",
    )  # fmt: skip
    place.cause = replica.groups["notes"].cause
    draft.audit("leaked", source="sdsync", replica=replica, text=element.kind, why=shown)


# -- it was not --------------------------------------------------------------------------
def _failed(draft: Draft, replica: Replica, send: Send, answer: object) -> None:
    if isinstance(answer, OutcomeUnknown):
        hit("law 5: outcome unknown")
        replica.failures += 1
        for name in send.fields:
            if name in replica.doubt:
                draft.mark(replica, group_of(name), GroupState.IN_DOUBT)
        draft.audit("in_doubt", source="sdsync", replica=replica, text=answer.detail[:120])
        draft.deliver(replica, due=_landed(draft, send))
        return
    if isinstance(answer, Pending):
        hit("law 31: pending")
        _pending(draft, replica, send, answer)
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
        case Missing():
            draft.look(replica)
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
    intent = _intent(draft, send.intent_id)
    if intent is not None:
        intent.state, intent.may_land_until, intent.not_found = IntentState.OPEN, None, 0
        intent.starts = max(0, intent.starts - 1)


def _pending(draft: Draft, replica: Replica, send: Send, answer: Pending) -> None:
    ask = draft.ctx.now + timedelta(seconds=answer.ask_after_s)
    intent = _intent(draft, send.intent_id)
    if intent is not None:
        intent.state, intent.handle, intent.may_land_until = IntentState.PENDING, answer.handle, ask
    draft.deliver(replica, due=ask)


def _rejected(draft: Draft, replica: Replica, send: Send, answer: Rejected) -> None:
    """A refused group parks itself; a whole refused without a name goes group by group (laws 35, 39)."""
    detail = answer.detail or "refused without a word"
    mapping = draft.ctx.mapping(replica)
    named = {
        name
        for name in send.fields
        for path in mapping.paths(name)
        if any(path == one or path.endswith(f".{one}") for one in answer.fields)
    }
    if send.element_id is not None:
        _element_refused(draft, replica, send, detail)
        return
    groups = {group_of(name) for name in named or send.fields}
    if isinstance(send.operation, Create) and not named:
        groups = {BIRTH_GROUP}
    elif not named and len(groups) > 1:
        hit("law 35: groups go alone")
        replica.solo = True
        draft.deliver(replica)
        return
    hit("law 39: refused group parks itself")
    for group in sorted(groups):
        about = {name: send.fields[name] for name in send.fields if group_of(name) == group}
        draft.park(replica, group, f"{replica.system} refuses {_values(about) or group}: {detail}",
                   about=["rejected", about, detail])  # fmt: skip
    draft.deliver(replica)


def _element_refused(draft: Draft, replica: Replica, send: Send, detail: str) -> None:
    """A refused note or file never blocks its record."""
    place = draft.share.placement(send.element_id or "", replica.id)
    element = next(one for one in draft.share.elements if one.id == send.element_id)
    draft.park(replica, f"{element.kind}s", f"{replica.system} refuses the {element.kind}: {detail}",
               about=["element", detail])  # fmt: skip
    if place is not None:
        place.state, place.note = PlacementState.UNPLACEABLE, detail
        place.cause = replica.groups[f"{element.kind}s"].cause
    intent = _intent(draft, send.intent_id)
    if intent is not None:
        intent.state = IntentState.ABANDONED
    draft.deliver(replica)


def _forbidden(draft: Draft, replica: Replica, send: Send, answer: Forbidden) -> None:
    """Out of reach is a state of one record, and no dead letter (law 39)."""
    if isinstance(send.operation, Create):
        draft.park(replica, BIRTH_GROUP, f"{replica.system} forbids creating in {replica.place}: {answer.detail}",
                   about=["forbidden", replica.place])  # fmt: skip
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
        for group in {group_of(name) for name in send.fields} or {BIRTH_GROUP}:
            draft.park(replica, group, f"{replica.system} fails on this record again and again: {answer.detail}",
                       about=["fails", replica.id])  # fmt: skip
        replica.failures = 0
        return
    wait = min(BACK_OFF_S * 2 ** min(replica.failures, 10), BACK_OFF_MAX_S)
    draft.deliver(replica, due=draft.ctx.now + timedelta(seconds=wait))


# -- look-ups of what an intent made ------------------------------------------------------
def settle_intent(
    draft: Draft, replica: Replica, intent: Intent, native_ids: tuple[str, ...], *, complete: bool
) -> str | None:
    """Judge a look-up after the landing time; the native id when the thing exists (laws 26, 30)."""
    linked = placed_ids(draft, replica)
    fresh = [one for one in native_ids if one not in linked]
    if len(fresh) > 1:
        hit("law 30: doubles counted")
        draft.park(replica, "doubles", f"{replica.system} holds {len(fresh)} copies of one {intent.kind}",
                   about=["doubles", intent.id])  # fmt: skip
    if fresh:
        hit("law 26: found, not repeated")
        if intent.element_id is None:
            fields = next(
                (one.fields for one in draft.share.attempts if intent.id in one.intents), {}
            )
            born(draft, replica, intent, fresh[0], fields)
        else:
            settle_element(draft, intent, fresh[0], None)
        _judged(draft, intent)
        draft.look(replica)
        return fresh[0]
    handle = draft.ctx.systems[replica.system].capabilities.create[intent.kind]
    if not complete or handle.handle == "none":
        hit("law 26: doubt held")
        intent.state = IntentState.HELD
        group = BIRTH_GROUP if intent.element_id is None else f"{intent.kind}s"
        draft.hold(
            replica, group, f"nobody can tell whether {replica.system} made the {intent.kind}"
        )
        return None
    intent.not_found += 1
    if intent.not_found < 2:
        hit("law 26: not found once")
        wait = timedelta(seconds=max(handle.landing_s, 5.0))
        intent.may_land_until = draft.ctx.now + wait
        draft.deliver(replica, due=intent.may_land_until)
        return None
    hit("law 26: not found twice, repeated")
    intent.state, intent.not_found, intent.may_land_until = IntentState.OPEN, 0, None
    _judged(draft, intent)
    draft.deliver(replica)
    return None


def _judged(draft: Draft, intent: Intent) -> None:
    """The intent's own attempt is over; those behind other doubts are not."""
    draft.share.attempts = [one for one in draft.share.attempts if intent.id not in one.intents]


def _landed(draft: Draft, send: Send) -> datetime:
    intent = _intent(draft, send.intent_id)
    if intent is not None and intent.may_land_until is not None:
        return intent.may_land_until
    return draft.ctx.now + timedelta(seconds=BACK_OFF_S)


def _intent(draft: Draft, intent_id: str | None) -> Intent | None:
    return next((one for one in draft.share.intents if one.id == intent_id), None)


def _say(value: Json) -> str:
    return f'"{str(value)[:60]}"'


def _values(about: dict[str, Json]) -> str:
    return ", ".join(f"{name} {_say(value)}" for name, value in sorted(about.items()))
