"""Saying on the record itself that its sync waits (law 48)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.store.records import (
    Element,
    IntentState,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
    SystemRow,
)
from sdsync.store.semantics import BEHIND
from sdsync.sync.branches import hit
from sdsync.sync.decide.elements import add_own
from sdsync.sync.draft import Draft

#: How long a person's change may be on its way before the record says so.
SAID_AFTER = timedelta(minutes=15)
#: Of a word's values: what it tells of a wait, ``WAITS`` or ``OVER``. Other notes have none.
TELLS = "tells"
WAITS, OVER = "waits", "over"
#: Of an intent whose call may have made the word.
_CALLED = frozenset({IntentState.STARTED, IntentState.PENDING})


def behind(replica: Replica) -> list[str]:
    """Groups of a replica that a change has not reached."""
    return sorted(name for name, row in replica.groups.items() if row.state in BEHIND)


def say_that_it_waits(draft: Draft, systems: dict[str, SystemRow]) -> bool:
    """Write one internal line where the record was born; True when it was written.

    Never while a whole system is away (that is said once, elsewhere), never
    twice for one delay, and never to a customer.
    """
    hub = draft.hub
    waiting = [one for one in draft.share.replicas if behind(one)]
    home = draft.share.at(hub.birth_system)
    if hub.told_at is not None or not waiting or home is None or hub.human_at is None:
        return False
    if (
        not draft.live
        or home.state is not ReplicaState.LIVE
        or any(systems[one.system].state != "ok" for one in waiting)
    ):
        return False
    hit("law 48: the record says that it waits")
    hub.told_at = draft.ctx.now
    lines = [_line(one) for one in waiting]
    since = hub.human_at.strftime("%H:%M UTC")
    body = f"A change of {since} has not reached every side yet:\n\n" + "\n".join(lines)
    add_own(draft, home, body, now=draft.ctx.now).values[TELLS] = WAITS
    draft.audit("said_waiting", source="sdsync", replica=home, text="; ".join(lines)[:200])
    return True


def end_wait(draft: Draft) -> None:
    """When nothing waits any more, a record that said that it does says once that it is over."""
    hub, share = draft.hub, draft.share
    if any(behind(one) for one in share.replicas):
        return
    home = share.at(hub.birth_system)
    said = [one for one in share.elements if hub.told_at and _is_out(share, one, hub.told_at)]
    if said and home is not None and home.state is ReplicaState.LIVE and hub.human_at is not None:
        hit("law 48: what waited is over")
        whole = not any(one.groups for one in share.replicas)
        end = "has reached every side by now" if whole else "does not wait any more"
        body = f"The change of {hub.human_at.strftime('%H:%M UTC')} {end}."
        add_own(draft, home, body, now=draft.ctx.now).values[TELLS] = OVER
    hub.human_at = hub.told_at = None


def _is_out(share: Share, word: Element, told_at: datetime) -> bool:
    """Whether people can read the word of this wait, or may be able to."""
    if word.values.get(TELLS) != WAITS or word.created_at < told_at or word.deleted_at:
        return False
    calls = {one.state for one in share.intents if one.element_id == word.id}
    return _placed(share, word) or not calls.isdisjoint(_CALLED)


def _placed(share: Share, word: Element) -> bool:
    return any(one.state is PlacementState.PLACED for one in share.placements_of(word.id))


def is_out_of_date(draft: Draft, word: Element) -> bool:
    """Whether it would say that a change waits, and the change does not wait any more."""
    told_at = draft.hub.told_at
    if word.values.get(TELLS) != WAITS:
        return False
    ended = told_at is None or word.created_at < told_at
    return ended or not any(behind(one) for one in draft.share.replicas)


def take_back(draft: Draft, word: Element) -> None:
    """A word that is not written yet is never written."""
    word.deleted_at = draft.ctx.now
    for place in draft.share.placements_of(word.id):
        place.state = PlacementState.GONE
    for intent in draft.share.intents:
        if intent.element_id == word.id and intent.state in {IntentState.OPEN, *_CALLED}:
            intent.state, intent.content = IntentState.ABANDONED, {}


def give_up(draft: Draft, replica: Replica, element_id: str | None, why: str) -> bool:
    """Let a word that cannot be written be, with one line in the trail; False: it is none.

    It is no second trouble beside the one that it tells: nobody is asked about it.
    """
    for word in draft.share.elements:
        if word.id == element_id and TELLS in word.values and not _placed(draft.share, word):
            hit("law 48: a word that cannot be written is given up")
            take_back(draft, word)
            draft.audit("waiting_not_said", source="sdsync", replica=replica, text=why[:200])
            draft.deliver(replica)
            return True
    return False


def _line(replica: Replica) -> str:
    groups = behind(replica)
    notes = [row.note for name in groups if (row := replica.groups[name]).note]
    where = f"{replica.system} {replica.key or '(not born yet)'}"
    return f"- {where}: {', '.join(groups)}" + (f" ({notes[0]})" if notes else "")
