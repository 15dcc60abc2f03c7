"""Making dirty again what waits for a person: one record's part of a replay.

It points and stores no old write: today's mapping and today's state decide.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sdsync.store.records import (
    Change,
    GroupState,
    IntentState,
    PlacementState,
    Replica,
    Share,
)
from sdsync.sync.decide.waves import EXISTENCE
from sdsync.sync.model import NAMED, SUSPECT
from sdsync.sync.persons.by_hand import ring, wake


def revive(
    share: Share,
    change: Change,
    replica: Replica,
    groups: Collection[str],
    now: datetime,
    *,
    due: datetime | None = None,
) -> None:
    """Have these groups of a replica tried again, with the notes and files that hang on them.

    What was parked points at its cause until it went through, or was refused anew.
    """
    due = due or now
    ended = {row.cause for group, row in replica.groups.items() if group in groups} - {None}
    for group in replica.groups.keys() & set(groups):
        row = replica.groups[group]
        if group == EXISTENCE and row.state is GroupState.AWAITING_PLAN:
            continue  # a restored product lost the record: only a plan makes it again (law 32)
        note = NAMED if row.note == SUSPECT else None
        cause = row.cause if row.state is GroupState.PARKED else None
        row.state, row.cause, row.note, row.since = GroupState.DIRTY, cause, note, now
    for place in share.placements:
        if place.state in (PlacementState.PLACED, PlacementState.GONE):
            continue  # it leaked, and is still to be taken back; or it was taken back (law 15)
        if place.replica_id == replica.id and place.cause in ended:
            place.state, place.cause, place.note = PlacementState.PENDING, None, None
    for intent in share.intents:
        if intent.replica_id == replica.id and intent.state is IntentState.HELD:
            intent.state, intent.may_land_until = IntentState.STARTED, now
    replica.failures = 0
    for element in share.elements:
        if element.kind == "attachment" and element.blob == "refused":
            element.blob = "wanted"
            hint = {"hub": share.hub.id}
            ring(change, element.source, "pull", element.id, share.hub, due, hint)
    wake(change, share.hub, replica, due)
