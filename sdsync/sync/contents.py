"""Contents of files: kept as long as a copy that is still to be made needs them (law 40)."""

from __future__ import annotations

from collections.abc import Iterator

from sdsync.store.contract import Store
from sdsync.store.records import Change, Element, Placement, PlacementState, ReplicaState, Share

#: Among an element's values: the id of the one that it carries on since a merge; and a
#: placement's note: a merge, or the survivor, knows it.
ROUTED = "routed"
#: Among a routed element's values: the hub record of the one that it carries on.
ROUTED_FROM = "routed_from"
#: Nothing is written to such a replica any more; what is found again is fetched again.
OVER = frozenset({ReplicaState.GONE, ReplicaState.MERGED, ReplicaState.UNLINKED})


def content_id(element: Element) -> str:
    """Under which id a file's content is kept: a routed one was fetched for its first record."""
    return str(element.values.get(ROUTED) or element.id)


def let_go(store: Store, change: Change) -> None:
    """Let the contents go that nothing waits for after this change; the last step before it.

    Of the shares that it writes. Whoever needs one once more, after a replay or a restore
    say, fetches it again.
    """
    for share in change.shares:
        for element in _kept(share):
            if not _is_needed(store, change, share, element):
                _drop(change, element)


def _drop(change: Change, element: Element) -> None:
    name, element.blob = content_id(element), "dropped"
    change.dropped_blobs.append(name)
    change.blobs = [one for one in change.blobs if one[0] != name]


def _kept(share: Share) -> list[Element]:
    return [one for one in share.elements if one.kind == "attachment" and one.blob == "stored"]


def _is_needed(store: Store, change: Change, share: Share, element: Element) -> bool:
    """Whether it, or one with the same content on the other side of a merge, waits for it."""
    if _waits(share, element):
        return True
    name = content_id(element)
    return any(
        content_id(one) == name and _waits(other, one)
        for other in _others(store, change, share, element)
        for one in _kept(other)
    )


def _others(store: Store, change: Change, share: Share, element: Element) -> Iterator[Share]:
    written = {one.hub.id: one for one in change.shares}
    for hub_id in (share.hub.merged_into, element.values.get(ROUTED_FROM)):
        other = written.get(str(hub_id)) or (store.share(str(hub_id)) if hub_id else None)
        if other is not None:
            yield other


def _waits(share: Share, element: Element) -> bool:
    if element.deleted_at is not None or share.hub.state == "unlinked":
        return False
    over = {one.id for one in share.replicas if one.state in OVER}
    places = (one for one in share.placements_of(element.id) if one.replica_id not in over)
    return any(_may_go(one) for one in places)


def _may_go(place: Placement) -> bool:
    """A dead letter keeps the content too: it may be here alone by the time it is replayed."""
    refused = place.state is PlacementState.UNPLACEABLE and place.cause is not None
    return refused or place.state is PlacementState.PENDING
