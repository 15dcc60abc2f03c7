"""Telling the other replicas that a group of the hub record changed."""

from __future__ import annotations

from sdsync.config.vocabulary import GROUPS
from sdsync.mappings.contract import Direction
from sdsync.store.records import GroupState, Json, Replica, ReplicaState, Share
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft

#: Statuses in which nobody's clock runs; entering or leaving them is told apart (law 24).
CLOCK_STOPPED = frozenset({"waiting", "resolved", "closed", "cancelled"})
TRAIL_LIMIT = 8

OWNER_SILENT = "the owner is silent"
#: Replicas that will have it, now or when they are in reach again.
RECEIVING = frozenset(
    {
        ReplicaState.LIVE,
        ReplicaState.UNBORN,
        ReplicaState.MISSING,
        ReplicaState.OUT_OF_REACH,
        ReplicaState.LEFT,
    }
)


def members(group: str) -> tuple[str, ...]:
    """The fields of a group; a field that is in none is a group of one (law 10)."""
    return tuple(GROUPS.get(group, (group,)))


def spread(draft: Draft, group: str, *, but: Replica | None, reaction: bool = False) -> None:
    """Mark the group dirty on every other replica that has or may have its fields."""
    for other in draft.share.replicas:
        if other is but or other.state not in RECEIVING or not _takes(draft, other, group):
            continue
        state = draft.state(other, group)
        if state is GroupState.HELD or (state is GroupState.PAUSED):
            continue
        if reaction and but is not None and other.system in but.wrote_from:
            hit("law 20: does not travel back")
            draft.mark(other, group, GroupState.DIFFERS, note=f"reaction:{but.system}")
            continue
        if other.state is not ReplicaState.UNBORN:
            draft.mark(other, group, GroupState.DIRTY)
        draft.deliver(other)


def _takes(draft: Draft, replica: Replica, group: str) -> bool:
    """Whether the replica's mapping writes any field of the group."""
    fields = draft.ctx.mapping(replica).fields
    return any(fields.get(field, Direction.IN) is not Direction.IN for field in members(group))


def remember_clock(share: Share, source: Replica | None, before: Json, after: Json) -> None:
    """Keep the statuses that start or stop a clock, for replicas that lag behind (law 24)."""
    if (before in CLOCK_STOPPED) == (after in CLOCK_STOPPED):
        return
    for other in share.replicas:
        shown = other.sent.get("status")
        if other is source or shown is None:
            continue
        if other.trail or before != shown:
            other.trail = [*other.trail, before][-TRAIL_LIMIT:]
            hit("law 24: clock transition kept")
