"""A place of which nothing is told: it is new, or out of our sight (laws 9 and 45).

Who reads there and what may be written is no matter for a guess: a note would be refused
for a reason that is not true, and a file taken back from where it may well stay.
"""

from __future__ import annotations

from sdsync.store.records import GroupState, Replica
from sdsync.sync.deliver.birth import ASKED_SOON
from sdsync.sync.deliver.compute import NeedLook, Rest
from sdsync.sync.draft import Draft

#: A group of its own: since when the system is asked about the place.
READERS = "readers"


def is_told(draft: Draft, replica: Replica) -> bool:
    """Whether the system's last description knows the replica's place."""
    places = draft.ctx.systems[replica.system].places
    return not places or replica.place in places


def ask_about(draft: Draft, replica: Replica, *, looked: bool) -> NeedLook | Rest | None:
    """What comes before any write where nothing is told of the place; None: go on.

    The record is read first: one that is out of sight answers so. Else its place is newer
    than the description, and the system describes itself anew; if it still does not tell
    then, it never will.
    """
    if is_told(draft, replica):
        draft.mark(replica, READERS, GroupState.IN_STEP)
        return None
    if not looked:
        return NeedLook()
    row, told_at = replica.groups.get(READERS), draft.ctx.systems[replica.system].described_at
    if row is not None and told_at is not None and told_at > row.since:
        return None
    draft.mark(replica, READERS, GroupState.DIRTY)
    draft.ring(replica.system, "describe", "feed")
    return Rest(draft.ctx.now + ASKED_SOON)
