"""What a sync that observes would send, were it live: found by the very compute that sends.

Each call is taken to do what it should, on a copy; nothing is stored, sent or asked of
a product. What a product would refuse, and what a birth would join instead (law 12),
only the real run finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sdsync.config.vocabulary import PEER, group_of
from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Connector,
    Create,
    EditElement,
    RemoveElement,
    Update,
)
from sdsync.store.records import (
    Element,
    GroupState,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.sync.decide.worklogs import WORKLOG
from sdsync.sync.deliver.attempt import compute, only_shows
from sdsync.sync.deliver.compute import Send, deep_merge
from sdsync.sync.deliver.mailing import of_newborn, over_mail_budget, wait_over_budget, whom
from sdsync.sync.draft import Draft
from sdsync.sync.model import Context
from sdsync.sync.watch.tally import Tally

#: Calls to one replica; whoever has more notes than that is counted short.
MOST = 1_000
#: In place of the id of what is not made.
NOT_MADE = "not made"


def forecast(
    share: Share, ctx: Context, sync: str, system: str, connector: Connector, tallies: Tallies
) -> None:
    """Add what one record would send to a system, were the sync live.

    A record that another sync lets write, or that is paused, adds nothing.

    Args:
        share: A copy: it is changed.
        connector: The system's; it is asked for nothing but whom a write mails.
    """
    if Draft(share, ctx).live or ctx.pause(f"record:{share.hub.id}") is not None:
        return
    live = {name: replace(one, mode="live") for name, one in ctx.syncs.items() if name == sync}
    draft = Draft(share, replace(ctx, syncs={**ctx.syncs, **live}))
    for replica in [one for one in share.replicas if one.system == system]:
        updated: set[int] = set()
        for send, mailed in _sends(draft, replica, connector, tallies):
            for tally, since in ((tallies.all, None), (tallies.day, tallies.since)):
                names = _fields(draft, send, since)
                if _counts(draft, send, names, since):
                    _add(tally, send, mailed, names, first=id(tally) not in updated)
                    updated |= {id(tally)} if isinstance(send.operation, Update) else set()


@dataclass(slots=True)
class Tallies:
    """All that would be sent by now, and what of it came since yesterday."""

    since: datetime
    all: Tally = field(default_factory=Tally)
    day: Tally = field(default_factory=Tally)


def _sends(
    draft: Draft, replica: Replica, connector: Connector, tallies: Tallies
) -> Iterator[tuple[Send, Audience]]:
    created = Audience()
    for _ in range(MOST):
        send = compute(draft, replica, looked=True)
        if not isinstance(send, Send):
            return
        if replica.native_id == NOT_MADE and isinstance(send.operation, AddElement):
            mailed = of_newborn(send.operation, created)
        else:
            mailed = whom(connector, draft, replica, send.operation)
        why = over_mail_budget(draft, send, mailed)
        if why is None:
            yield send, mailed
            created = mailed if isinstance(send.operation, Create) else created
            _as_if_done(draft, replica, send)
            continue
        if only_shows(send):
            return  # it goes along with something else, and nothing else is left
        wait_over_budget(draft, replica, send, why, mailed)
        tallies.all.over_budget += not _tried_apart(draft, replica, send)
        if isinstance(send.operation, Create):
            return


def _tried_apart(draft: Draft, replica: Replica, send: Send) -> bool:
    """Whether nothing waits yet, for the groups of the call are tried one by one first."""
    groups = {group_of(name) for name in send.fields}
    born = isinstance(send.operation, Create)  # whole, or not at all
    return (
        not born
        and bool(groups)
        and all(draft.state(replica, one) is not GroupState.PARKED for one in groups)
    )


def _add(tally: Tally, send: Send, mailed: Audience, names: list[str], *, first: bool) -> None:
    """Count a call that would be sent; ``first`` of its kind for its record."""
    tally.customers += mailed.customers
    tally.staff += mailed.staff
    if isinstance(send.operation, Create):
        tally.births += 1
    elif isinstance(send.operation, Update):
        tally.updates += first
        for name in names:
            tally.fields[name] = tally.fields.get(name, 0) + 1
    elif send.operation.kind == "note":
        tally.notes += 1
    elif send.operation.kind == WORKLOG:
        tally.worklogs += 1
    else:
        tally.files += 1


def _fields(draft: Draft, send: Send, since: datetime | None) -> list[str]:
    """The fields that the call changes, of those that changed since then."""
    versions = draft.hub.versions
    return [
        name
        for name in send.fields
        if name not in PEER
        and (since is None or (name in versions and versions[name].changed_hi >= since))
    ]


def _counts(draft: Draft, send: Send, names: list[str], since: datetime | None) -> bool:
    if isinstance(send.operation, Update):
        return bool(names)
    if since is None:
        return True
    if isinstance(send.operation, Create):
        return draft.hub.created_at >= since
    element = _element(draft, send)
    return element is not None and element.created_at >= since


def _element(draft: Draft, send: Send) -> Element | None:
    return next((one for one in draft.share.elements if one.id == send.element_id), None)


def _as_if_done(draft: Draft, replica: Replica, send: Send) -> None:
    """Change the copy as a call that did what it should would have."""
    match send.operation:
        case Create(values=values):
            replica.state, replica.native_id = ReplicaState.LIVE, NOT_MADE
            replica.seen, replica.seen_at = {}, draft.ctx.now
            replica.seen_mapping = draft.ctx.mapping(replica).version
            deep_merge(replica.seen, values)
        case Update(values=values):
            deep_merge(replica.seen, values)
        case AddElement() | EditElement() | RemoveElement():
            _placed(draft, replica, send)
    replica.sent.update(send.fields)
    for group in draft.waiting_groups(replica, {GroupState.DIRTY}):
        if group in replica.groups:
            del replica.groups[group]
    draft.share.intents = [one for one in draft.share.intents if one.id != send.intent_id]


def _placed(draft: Draft, replica: Replica, send: Send) -> None:
    place = draft.share.placement(send.element_id or "", replica.id)
    element = _element(draft, send)
    if place is None or element is None:
        return
    gone = isinstance(send.operation, RemoveElement)
    place.state = PlacementState.GONE if gone else PlacementState.PLACED
    place.native_id, place.note = place.native_id or NOT_MADE, None
    place.sent_version = element.version
