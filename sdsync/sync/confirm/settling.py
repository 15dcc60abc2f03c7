"""Settling an intent in doubt: by its mark, or by a look-up after its landing time."""

from __future__ import annotations

from datetime import timedelta

from sdsync.store.records import (
    GroupState,
    Intent,
    IntentState,
    Json,
    Replica,
    ReplicaState,
)
from sdsync.sync.branches import hit
from sdsync.sync.decide.elements import placed_ids, settle_element, tell_placed
from sdsync.sync.deliver.birth import BIRTH_GROUP
from sdsync.sync.deliver.ties import ring_those_who_wait
from sdsync.sync.draft import Draft
from sdsync.sync.watch.telling import give_up

DOUBLES = "doubles"  # a group of its own: what has two bearers waits for a person
#: A person knows of them, or said to let them be.
TOLD = frozenset({GroupState.PARKED, GroupState.DIFFERS})
KEEP = "plan: keep the one that people touched, else the older, and close the others there"


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
    ring_those_who_wait(draft, replica)


def settle_intent(
    draft: Draft, replica: Replica, intent: Intent, native_ids: tuple[str, ...], *, complete: bool
) -> str | None:
    """Judge a look-up after the landing time; the native id when the thing exists (laws 26, 30)."""
    linked = placed_ids(draft, replica, intent.kind)
    fresh = [one for one in native_ids if one not in linked]
    if len(fresh) > 1:
        hit("law 30: doubles counted")
        draft.park(
            replica,
            DOUBLES,
            f"{replica.system} holds {len(fresh)} copies of one {intent.kind}; {KEEP}",
            about=["doubles", intent.id],
        )
    if fresh:
        hit("law 26: found, not repeated")
        if intent.element_id is None:
            fields = next(
                (one.fields for one in draft.share.attempts if intent.id in one.intents), {}
            )
            born(draft, replica, intent, fresh[0], fields)
        else:
            settle_element(draft, intent, fresh[0], None)
            tell_placed(draft, replica, intent.element_id, intent.audience)
        _judged(draft, intent)
        draft.look(replica)
        return fresh[0]
    handle = draft.ctx.systems[replica.system].capabilities.create[intent.kind]
    if not complete or handle.handle == "none":
        text = f"nobody can tell whether {replica.system} made the {intent.kind}"
        if give_up(draft, replica, intent.element_id, text):
            _judged(draft, intent)
            return None
        hit("law 26: doubt held")
        intent.state = IntentState.HELD
        group = BIRTH_GROUP if intent.element_id is None else f"{intent.kind}s"
        draft.hold(replica, group, text)
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
