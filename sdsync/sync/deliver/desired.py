"""The canonical value that a replica should hold."""

from __future__ import annotations

from sdsync.config.vocabulary import PEER, TIES
from sdsync.mappings.lenses.strangers import OUTSIDERS_READ
from sdsync.mappings.lenses.ties import BEFORE
from sdsync.mappings.lenses.told import BORN_IN, CARRIED, REPORTED_BY
from sdsync.store.records import Json, Replica
from sdsync.sync.audiences import width
from sdsync.sync.deliver.ties import shown_links, shown_parent
from sdsync.sync.draft import Draft

#: Kinds of fields that name people: whoever is unknown is left alone, never blanked.
PEOPLE_KINDS = frozenset({"person", "people"})


def desired(draft: Draft, replica: Replica, field: str) -> Json:
    """The canonical value that the replica should hold."""
    if field in PEER:
        peer = _peer(draft, replica)
        return (peer.key if field == "peer_key" else peer.url) if peer else None
    if field in TIES:
        return shown_links(draft, replica) if field == "links" else shown_parent(draft, replica)
    if field == "status":
        while replica.trail and replica.trail[0] == replica.sent.get("status"):
            replica.trail = replica.trail[1:]  # it stands there already
        if replica.trail:
            return replica.trail[0]
    return draft.hub.values.get(field)


def _peer(draft: Draft, replica: Replica) -> Replica | None:
    """The other side that a replica shows: the birth, or for the birth the first other."""
    others = [one for one in draft.share.replicas if one is not replica and one.native_id]
    return next((one for one in others if one.system == draft.hub.birth_system), None) or next(
        iter(others), None
    )


def surroundings(draft: Draft, replica: Replica) -> dict[str, Json]:
    """The hub's values as a lens may read them beside its own, and what it must know of the place.

    That is the peer's link, the links that it acknowledged last, where the record began
    and who reported it there in that system's own word, and whether people from outside
    read it here.
    """
    place = draft.ctx.systems[replica.system].places.get(replica.place or "")
    outsiders = place is None or place.public or width(place.default_audience) < width("internal")
    links = {BEFORE: replica.sent["links"]} if "links" in replica.sent else {}
    return {
        **draft.hub.values,
        **links,
        "peer_url": desired(draft, replica, "peer_url"),
        BORN_IN: draft.hub.birth_system,
        REPORTED_BY: _stranger(draft, "reporter"),
        CARRIED: draft.ctx.policy(draft.hub, "reporter") != "each",
        OUTSIDERS_READ: outsiders,
    }


def _stranger(draft: Draft, field: str) -> Json:
    """The word by which the side of birth shows somebody whom sdsync does not know (yet)."""
    home = draft.share.at(draft.hub.birth_system)
    if home is None or field not in draft.ctx.mapping(home).fields:
        return None
    if draft.ctx.mapping(home).extract(field, home.seen):
        return None  # what no rule knows stays unseen
    return next((one.shown for one in home.fidelity if one.field == field), None)
