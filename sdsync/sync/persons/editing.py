"""A person's change of the hub record itself: the mended value of a dead letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sdsync.config.vocabulary import group_of, members_of
from sdsync.store.contract import Store
from sdsync.store.records import Change, GroupRow, GroupState, Json, Replica, Share
from sdsync.sync.decide.spread import RECEIVING
from sdsync.sync.deliver.birth import BIRTH_GROUP
from sdsync.sync.persons.by_hand import Refused, change_share, decree, wake


def edit(store: Store, hub_id: str, values: Mapping[str, Json], by: str, now: datetime) -> None:
    """Give the hub record these values, as a change of this person, and send them.

    It ends what is parked, dropped or awaits a plan in their groups. Each side is read
    before it is written, and newer edits there are merged with this one.

    Raises:
        Refused: A group is held, and so a choice is asked for; or nothing would change.
    """

    def make(share: Share, change: Change) -> None:
        fresh = {name: one for name, one in values.items() if share.hub.values.get(name) != one}
        if not fresh:
            told = ", ".join(values)
            raise Refused(f"{told} is that already; what is parked is tried again by a replay")
        # A value may be all that a birth waited for.
        groups = {group_of(name) for name in fresh} | {BIRTH_GROUP}
        for one in share.replicas:
            _free_to_change(one, groups)
        decree(share, change, fresh, by, now, action="edited")
        for one in share.replicas:
            for group in groups:
                _dirty(one, group, now)
            wake(change, share.hub, one, now)

    change_share(store, hub_id, make)


def _free_to_change(replica: Replica, groups: set[str]) -> None:
    for group in sorted(groups):
        row = replica.groups.get(group)
        if row is not None and row.state is GroupState.HELD and group != BIRTH_GROUP:
            raise Refused(f"{group} is held, and waits for a choice: sdsync held list")


def _dirty(replica: Replica, group: str, now: datetime) -> None:
    """The group has something to receive there, if the replica has any of its fields.

    One in which nothing is left to write is in step again at the next delivery.
    """
    row = replica.groups.get(group)
    if row is not None and row.state is GroupState.PAUSED:
        return
    if group == BIRTH_GROUP and (row is None or row.state is not GroupState.PARKED):
        return  # nobody said no to it, or somebody let it be
    has = row is not None or any(name in replica.sent for name in members_of(group))
    if has and replica.state in RECEIVING:
        cause = row.cause if row is not None and row.state is GroupState.PARKED else None
        replica.groups[group] = GroupRow(GroupState.DIRTY, now, cause=cause)
