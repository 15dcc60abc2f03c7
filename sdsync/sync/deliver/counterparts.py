"""Counterparts: what a record of one system is called at another, if their pair is known.

A name stands for a shared record in all systems: the ref of its birth, as text
(``desk#4711``). Whoever writes a record's id into another system, as a link or in a
text, asks here first: what is not shared there has no counterpart, and nor has what
lies behind a tenant's wall or is more private than the record that would show it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.store.contract import Store
from sdsync.store.records import Ref, Replica, ReplicaState, Share
from sdsync.sync.audiences import apart, width
from sdsync.sync.draft import Draft
from sdsync.sync.model import Context

#: The kind of record that has links and a parent.
TIED = "ticket"
#: A record that was merged into one that was merged …; more is a circle.
MERGES = 8


class SharedRecords:
    """Shared records by native id and by name, as the store has them now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, ref: Ref) -> Share | None:
        """The shared record behind a native id; its survivor's when it was merged (law 22)."""
        return self._survivor(self._store.share_of(ref))

    def named(self, kind: str, name: str) -> Share | None:
        """The shared record of this name, or its survivor."""
        return self._survivor(self._store.share_named(kind, name))

    def children(self, kind: str, name: str) -> Sequence[Share]:
        """The shared records whose parent has this name."""
        found = self._store.find_hubs(kind, "parent", name)
        return [one for hub_id in found if (one := self._store.share(hub_id)) is not None]

    def _survivor(self, share: Share | None) -> Share | None:
        for _ in range(MERGES):
            if share is None or share.hub.merged_into is None:
                break
            share = self._store.share(share.hub.merged_into)
        return None if share is None or share.hub.state in ("unlinked", "merged") else share


def counterpart(draft: Draft, replica: Replica, share: Share | None) -> Replica | None:
    """The copy of ``share`` that ``replica`` may name in its own system; None: it waits.

    Args:
        replica: Where the name is to be written, of the draft's own record.
        share: The record to be named: ``draft.ctx.records.of(ref)`` or ``.named(…)``.
    """
    if share is None or gap(draft, replica, share) is not None:
        return None
    return share.at(replica.system)


def gap(draft: Draft, replica: Replica, share: Share | None) -> str | None:
    """Why there is no counterpart that may be named, for a person; None: there is one."""
    missing = no_pair(share, replica.system)
    twin = share.at(replica.system) if share is not None else None
    if missing is not None or share is None or twin is None:
        return missing
    if _walled(draft, replica, share, twin):
        return "of another tenant"
    if _width(draft.ctx, twin) > _width(draft.ctx, replica):
        return f'more private than "{replica.place}" in {replica.system}'
    return None


def no_pair(share: Share | None, system: str) -> str | None:
    """Why a record has no living copy in a system; None: it has one."""
    twin = share.at(system) if share is not None else None
    if twin is None or twin.native_id is None:
        return f"not shared with {system} yet"
    return None if twin.state is ReplicaState.LIVE else f"{twin.state.value} in {system}"


def _walled(draft: Draft, replica: Replica, share: Share, twin: Replica) -> bool:
    """Whether a tenant's wall stands between the two (law 49)."""
    at = draft.ctx.systems[replica.system].tenants
    here, there = at.get(replica.place or ""), at.get(twin.place or "")
    return apart(draft.hub.tenant, share.hub.tenant) or apart(here, there)


def _width(ctx: Context, replica: Replica) -> int:
    """How few can read the replica's place (law 45)."""
    place = ctx.systems[replica.system].places.get(replica.place or "")
    if place is not None and place.public:
        return 0
    return width(place.default_audience if place is not None else None)
