"""What waits for a replica that takes nothing: each group and element points at the cause."""

from __future__ import annotations

from sdsync.store.records import GroupRow, GroupState, PlacementState, Replica
from sdsync.sync.draft import Draft

BEHIND = (GroupState.DIRTY, GroupState.IN_DOUBT)


def points_at(draft: Draft, replica: Replica, cause: str | None, text: str) -> None:
    """List all that waits for the replica under the cause; its replay revives all of it."""
    for group in draft.waiting_groups(replica, BEHIND):
        replica.groups[group] = GroupRow(GroupState.PARKED, draft.ctx.now, cause=cause, note=text)
    for place in draft.share.placements:
        if place.replica_id == replica.id and place.state is PlacementState.PENDING:
            place.state, place.cause, place.note = PlacementState.UNPLACEABLE, cause, text
