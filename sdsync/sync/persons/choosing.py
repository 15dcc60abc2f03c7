"""How a person ends a conflict: one candidate, or what they made of both (law 19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import Change, GroupRow, GroupState, Json, Replica, Share
from sdsync.sync.persons.by_hand import Refused, change_share, decree, ring, wake

Heads = Mapping[str, Mapping[str, Json]]
"""By system the candidate that a person saw."""


class Moved(Refused):
    """A candidate is another by now than the person saw; nothing was written."""

    def __init__(self, system: str, group: str, values: Mapping[str, Json]) -> None:
        super().__init__(f"{group} was changed in {system} meanwhile; nothing was written")
        self.system, self.group, self.values = system, group, values


def choose(
    store: Store,
    hub_id: str,
    group: str,
    system: str,
    by: str,
    now: datetime,
    *,
    saw: Heads | None = None,
) -> None:
    """End a held group: the candidate of one system becomes the hub's value.

    Present values are read again before anything is written.

    Args:
        saw: The candidates that the person chose among; None asks no such thing.

    Raises:
        Refused: The group is not held, or the system has no candidate.
        Moved: A candidate is another one by now.
    """

    def take(share: Share, change: Change) -> None:
        held = _as_seen(share, group, saw)
        chosen = next((one for one in held if one.system == system), None)
        if chosen is None:
            names = ", ".join(sorted({one.system for one in held})) or "none"
            raise Refused(f"{group} is not held with a candidate of {system}; candidates: {names}")
        head = _row(chosen, group).head or {}
        decree(share, change, head, by, now, action="chosen", replica=chosen)
        _end(share, change, group, now)

    change_share(store, hub_id, take)


def settle(
    store: Store,
    hub_id: str,
    group: str,
    values: Mapping[str, Json],
    by: str,
    now: datetime,
    *,
    saw: Heads,
) -> None:
    """End a held group with values that the person made of the candidates.

    Raises:
        Refused: The group is not held any more.
        Moved: A candidate is another one by now.
    """

    def take(share: Share, change: Change) -> None:
        if not _as_seen(share, group, saw):
            raise Refused(f"{group} is not held any more")
        decree(share, change, values, by, now, action="merged_by_hand")
        _end(share, change, group, now)

    change_share(store, hub_id, take)


def look_again(store: Store, hub_id: str, system: str, now: datetime) -> None:
    """Have a replica read anew: what it shows now becomes its candidate."""

    def ask(share: Share, change: Change) -> None:
        for one in share.replicas:
            if one.system == system and one.native_id is not None:
                ring(change, system, "look", one.native_id, share.hub, now, {"kind": one.kind})

    change_share(store, hub_id, ask)


def _as_seen(share: Share, group: str, saw: Heads | None) -> list[Replica]:
    """The replicas that hold the group, if their candidates are those that were seen."""
    held = [one for one in share.replicas if _held(one, group)]
    for one in held:
        head = _row(one, group).head
        if saw is not None and head is not None and saw.get(one.system) != head:
            raise Moved(one.system, group, head)
    return held


def _end(share: Share, change: Change, group: str, now: datetime) -> None:
    for one in share.replicas:
        if _held(one, group):
            row = _row(one, group)
            row.state, row.cause, row.head = GroupState.DIRTY, None, None
        wake(change, share.hub, one, now)


def _row(replica: Replica, group: str) -> GroupRow:
    return replica.groups.get(group_of(group)) or replica.groups[group]


def _held(replica: Replica, group: str) -> bool:
    row = replica.groups.get(group_of(group)) or replica.groups.get(group)
    return row is not None and row.state is GroupState.HELD
