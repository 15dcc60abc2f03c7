"""Deliver: the one next thing that a replica is to receive, and the attempt behind it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.config.vocabulary import PEER, group_of, spoken
from sdsync.connectors.contract import AddElement, Create, Operation, Update
from sdsync.store.records import (
    Attempt,
    GroupState,
    IntentState,
    Json,
    Replica,
    ReplicaState,
)
from sdsync.sync.branches import hit
from sdsync.sync.capture.suspicion import await_plan
from sdsync.sync.capture.untold import ask_about
from sdsync.sync.decide.restored import last_read
from sdsync.sync.deliver.birth import compute_birth, tenant_wall
from sdsync.sync.deliver.compute import (
    NeedLook,
    Rest,
    Send,
    Todo,
    compute_update,
    dirty_fields,
    waits_in_doubt,
    writable,
)
from sdsync.sync.deliver.in_names import keep_name
from sdsync.sync.deliver.placing import blocks_closing, compute_element, compute_withdrawal, pending
from sdsync.sync.deliver.waiting import points_at
from sdsync.sync.draft import Draft

OPEN_INTENTS = frozenset({IntentState.OPEN, IntentState.STARTED, IntentState.PENDING})
FAILURES_ALONE = 8  # looks or attempts in a row without progress, before a person is asked
#: After a read that did not prove what is to be written.
READ_AGAIN = timedelta(seconds=30)
TENANT = "tenant"  # the group under which the wall between tenants is told
#: Replicas that are never written again (a frozen one only until it returns).
ENDED = frozenset(
    {ReplicaState.GONE, ReplicaState.MERGED, ReplicaState.UNLINKED, ReplicaState.LEFT}
)


def compute(draft: Draft, replica: Replica, *, looked: bool) -> Todo:
    """What to do now for this replica.

    Args:
        looked: Whether the present values were read in this slot. Without
            compare-and-set, nothing is changed before they were (law 3).
    """
    if not writable(draft, replica):
        if replica.state in ENDED or draft.hub.state == "unlinked":
            _forget_groups(draft, replica)
        return Rest()
    doubt = waits_in_doubt(draft, replica)
    if doubt is not None:
        return doubt
    if replica.doubt:
        return NeedLook() if not looked else Rest(_landing(draft, replica))
    if replica.state is ReplicaState.UNBORN:
        if draft.hub.state == "merged":
            return Rest()
        return compute_birth(draft, replica)
    if not looked and _must_look(draft, replica):
        return NeedLook()
    first = ask_about(draft, replica, looked=looked)
    if first is not None:
        return first
    wall = tenant_wall(draft, replica)
    if wall:
        _behind_wall(draft, replica, wall)
        return compute_withdrawal(draft, replica) or Rest()
    return _next(draft, replica, looked=looked)


def _next(draft: Draft, replica: Replica, *, looked: bool) -> Todo:
    """What is taken back, fields, notes and files, the closing last (laws 24, 54)."""
    send = compute_withdrawal(draft, replica)
    if draft.ctx.suspect:
        await_plan(draft, replica)
    if send is None and draft.hub.state != "merged":
        send = compute_update(draft, replica, closing=False)
    # A peer's key goes along with something else where it can: alone it may mail (law 47).
    shown, send = (send, None) if send is not None and only_shows(send) else (None, send)
    send = send or compute_element(draft, replica)
    if send is None and draft.hub.state != "merged" and not blocks_closing(draft, replica):
        send = compute_update(draft, replica, closing=True)
    send = send or shown
    unproved = [name for name in dirty_fields(draft, replica) if name in replica.unproved]
    if send is None and unproved:
        hit("law 9: unproved fields wait for a whole read")
        return _read_whole(draft, replica, unproved) if looked else NeedLook()
    if send is None:
        replica.solo = False
        _settle_groups(draft, replica)
        _finish_merge(draft, replica)
        return Rest()
    if isinstance(send.operation, Update) and not looked and not _compares(draft, replica):
        return NeedLook()
    return send


def only_shows(send: Send) -> bool:
    """Whether the call does nothing but show the other side's key and link."""
    return bool(send.fields) and send.fields.keys() <= PEER and send.element_id is None


def _forget_groups(draft: Draft, replica: Replica) -> None:
    """What is never written again has nothing to receive."""
    for group in draft.waiting_groups(replica, (GroupState.DIRTY, GroupState.IN_DOUBT)):
        draft.mark(replica, group, GroupState.IN_STEP)
    replica.doubt, replica.stepping = {}, {}
    if replica.state is ReplicaState.LEFT:
        return  # frozen: what is in doubt there is settled when it returns
    for intent in draft.share.intents:
        if intent.replica_id == replica.id and intent.state in OPEN_INTENTS:
            intent.state, intent.content, intent.may_land_until = IntentState.ABANDONED, {}, None


def _behind_wall(draft: Draft, replica: Replica, wall: str) -> None:
    """Nothing of the record may go there: told once, and every waiting group points at it."""
    if draft.state(replica, TENANT) is not GroupState.PARKED:
        draft.park(replica, TENANT, wall, about=["tenant", replica.place])
    points_at(draft, replica, replica.groups[TENANT].cause, wall)


def _settle_groups(draft: Draft, replica: Replica) -> None:
    """Groups in which nothing is left to write are in step, whoever rang."""
    behind = {group_of(name) for name in dirty_fields(draft, replica)}
    behind |= {f"{element.kind}s" for element, _ in pending(draft, replica)}
    for group in draft.waiting_groups(replica, (GroupState.DIRTY, GroupState.IN_DOUBT)):
        if group not in behind:
            draft.mark(replica, group, GroupState.IN_STEP)


def _read_whole(draft: Draft, replica: Replica, unproved: list[str]) -> Rest:
    """What is to be written was not shown: read again later, and ask a person in the end."""
    replica.failures += 1
    if replica.failures < FAILURES_ALONE:
        return Rest(draft.ctx.now + READ_AGAIN)
    replica.failures = 0
    for group in sorted({group_of(name) for name in unproved}):
        what = f"{spoken(group)} to our account, so it is not written over"
        text = f"{replica.system} does not show {what}"
        draft.park(
            replica,
            group,
            text,
            about=["unproved", replica.place],
            remedy=f"sdsync check --live {replica.system}",
        )
    return Rest(draft.ctx.now)


def _finish_merge(draft: Draft, replica: Replica) -> None:
    """The last write of a merged record is out: it is never written again (law 22)."""
    if draft.hub.state == "merged" and not blocks_closing(draft, replica):
        replica.state = ReplicaState.MERGED


def _compares(draft: Draft, replica: Replica) -> bool:
    capabilities = draft.ctx.systems[replica.system].capabilities
    return capabilities.compare_and_set and replica.etag is not None


def _must_look(draft: Draft, replica: Replica) -> bool:
    """A changed mapping reads the record anew before it writes (law 7), a restored product too."""
    mapping = draft.ctx.mapping(replica)
    if replica.seen_mapping != mapping.version or replica.seen_at is None:
        return True
    return last_read(draft.ctx, replica) is not None


def _landing(draft: Draft, replica: Replica) -> datetime:
    ends = [one.deadline_at for one in draft.share.attempts if one.replica_id == replica.id]
    landing = max(
        (one.landing_s for one in draft.ctx.systems[replica.system].capabilities.create.values()),
        default=0.0,
    )
    return max(ends, default=draft.ctx.now) + timedelta(seconds=landing)


# -- the attempt ---------------------------------------------------------------------
def begin_attempt(draft: Draft, replica: Replica, send: Send) -> Attempt:
    """Store what is intended before the call goes out (laws 5, 25, 27)."""
    now, system = draft.ctx.now, draft.ctx.systems[replica.system]
    deadline = now + timedelta(seconds=system.deadline_s)
    replica.wrote_at = now
    replica.wrote_from = sources(draft, send)
    if not isinstance(send.operation, Create):
        replica.doubt.update(send.fields)
        replica.stepping.update(send.stepping)
    intents = []
    for intent in draft.share.intents:
        if intent.id == send.intent_id:
            handle = system.capabilities.create[intent.kind]
            intent.state, intent.starts, intent.started_at = (
                IntentState.STARTED,
                intent.starts + 1,
                now,
            )
            intent.may_land_until = deadline + timedelta(seconds=handle.landing_s)
            intent.content, intent.version = content(send.operation), send.version
            intent.audience, intent.sent_to = send.audience, replica.native_id
            keep_name(intent, send.operation)
            intents.append(intent.id)
    attempt = Attempt(
        id=draft.ctx.new_id(),
        replica_id=replica.id,
        hub_id=draft.hub.id,
        started_at=now,
        deadline_at=deadline,
        fields=dict(send.fields),
        summary=describe(send),
        intents=intents,
        operation=type(send.operation).__name__,
        element_id=send.element_id,
        version=send.version,
    )
    draft.share.attempts.append(attempt)
    hit("law 5: attempt stored first")
    return attempt


def content(operation: Operation) -> dict[str, Json]:
    """What a create sends, as native values."""
    return dict(operation.values) if isinstance(operation, Create | AddElement) else {}


def sources(draft: Draft, send: Send) -> list[str]:
    """The systems whose changes this write carries (law 20)."""
    found = {
        draft.hub.versions[name].source.removeprefix("reaction:")
        for name in send.fields
        if name in draft.hub.versions
    }
    found |= {one.source for one in draft.share.elements if one.id == send.element_id}
    if isinstance(send.operation, Create):
        found.add(draft.hub.birth_system)
    return sorted(found)


def describe(send: Send) -> str:
    """The write in a few words, for the trace; values of fields only, never a note's text."""
    operation = send.operation
    if isinstance(operation, Create):
        return f"born in {operation.place}"
    if isinstance(operation, Update):
        return ", ".join(f"{name} {_short(value)}" for name, value in sorted(send.fields.items()))
    verb = {"AddElement": "added", "EditElement": "edited", "RemoveElement": "withdrawn"}
    return f"{operation.kind} {verb[type(operation).__name__]}"


def _short(value: Json) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
