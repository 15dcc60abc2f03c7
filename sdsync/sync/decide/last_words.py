"""What was said on a record just before it was merged away, and not read until then (law 22)."""

from __future__ import annotations

from sdsync.connectors.contract import NativeRecord
from sdsync.store.records import Element, Placement, PlacementState, Replica
from sdsync.sync.decide.elements import before_join, distribute, placed_ids, read_values
from sdsync.sync.draft import Draft


def take_last_words(
    loser: Draft, replica: Replica, native: NativeRecord, survivor: Draft, home: Replica
) -> None:
    """Carry the notes and files that stayed with the merged record, and that nobody knows yet.

    Its product shows them beside the survivor's, whose own they are not: so they are placed
    at home, under no id that could be missed there. A file cannot be asked for by then:
    a line says where it lies.

    Args:
        replica: The merged one, of ``loser``.
        native: What answered in its place.
        home: The survivor's replica in the same system, of ``survivor``.
    """
    system = replica.system
    for one in native.left:
        created_at = loser.ctx.ours(system, one.created_at)
        known = one.native_id in placed_ids(loser, replica, one.kind)
        if known or one.ours or before_join(replica, one.kind, created_at):
            continue
        element = Element(
            id=survivor.ctx.new_id(),
            hub_id=survivor.hub.id,
            kind=one.kind,
            values=read_values(survivor, home, one),
            source=system,
            created_at=created_at,
            blob="refused" if one.kind == "attachment" else None,
        )
        survivor.share.elements.append(element)
        place = Placement(element.id, home.id, PlacementState.PLACED, sent_version=element.version)
        survivor.share.placements.append(place)
        survivor.audit(
            f"{one.kind}_added",
            source=system,
            replica=home,
            actor=one.author,
            text=str(element.values.get("name") or "")[:80],
            why=str(element.values["audience"]),
        )
        distribute(survivor, element)
