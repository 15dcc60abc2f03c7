"""Saying on the record itself that its sync waits (law 48)."""

from __future__ import annotations

from datetime import timedelta

from sdsync.store.records import Replica, ReplicaState, SystemRow
from sdsync.store.semantics import BEHIND
from sdsync.sync.branches import hit
from sdsync.sync.decide.elements import add_own
from sdsync.sync.draft import Draft

#: How long a person's change may be on its way before the record says so.
SAID_AFTER = timedelta(minutes=15)


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
    add_own(draft, home, body, now=draft.ctx.now)
    draft.audit("said_waiting", source="sdsync", replica=home, text="; ".join(lines)[:200])
    return True


def _line(replica: Replica) -> str:
    groups = behind(replica)
    notes = [row.note for name in groups if (row := replica.groups[name]).note]
    where = f"{replica.system} {replica.key or '(not born yet)'}"
    return f"- {where}: {', '.join(groups)}" + (f" ({notes[0]})" if notes else "")
