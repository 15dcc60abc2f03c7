"""What waits for a replica that takes nothing: each group and element points at the cause."""

from __future__ import annotations

from sdsync.store.records import GroupRow, GroupState, PlacementState, Replica
from sdsync.store.semantics import CRASH_GROUP
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, cause_id, digest

BEHIND = (GroupState.DIRTY, GroupState.IN_DOUBT)


def points_at(draft: Draft, replica: Replica, cause: str | None, text: str) -> None:
    """List all that waits for the replica under the cause; its replay revives all of it."""
    for group in draft.waiting_groups(replica, BEHIND):
        replica.groups[group] = GroupRow(GroupState.PARKED, draft.ctx.now, cause=cause, note=text)
    for place in draft.share.placements:
        if place.replica_id == replica.id and place.state is PlacementState.PENDING:
            place.state, place.cause, place.note = PlacementState.UNPLACEABLE, cause, text


def is_read(draft: Draft, replica: Replica) -> None:
    """It killed who read it, and is read now: its letter is over if nothing waits behind it."""
    row = replica.groups.get(CRASH_GROUP)
    if row is None or row.cause != _of_the_record(replica):
        return  # none, or that of one of its files
    behind = {one.cause for name, one in replica.groups.items() if name != CRASH_GROUP}
    behind |= {one.cause for one in draft.share.placements if one.replica_id == replica.id}
    if row.cause not in behind:
        hit("law 35: what was set aside is read")
        del replica.groups[CRASH_GROUP]
        draft.audit("read_again", source=replica.system, replica=replica, why=row.cause)


def about_the_record(replica: Replica) -> list[str]:
    """What a cause is about when work on the record itself killed its process."""
    return ["crash", replica.id]


def _of_the_record(replica: Replica) -> str:
    return cause_id(digest(["parked", [replica.system, CRASH_GROUP, about_the_record(replica)]]))
