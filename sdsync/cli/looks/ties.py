"""What of a record's links and parent stays on one side, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdsync.config.vocabulary import TIES
from sdsync.mappings.lenses.ties import target
from sdsync.store.contract import Store
from sdsync.store.records import Json, Ref, Replica, ReplicaState, Share
from sdsync.sync.deliver.counterparts import SharedRecords, no_pair

#: So many ids are named; of a parent with many children the rest is counted.
NAMED = 5
KEPT_BACK = "it is of another tenant, or more private"


@dataclass(frozen=True, slots=True)
class TieLook:
    """One tie that a side is not shown, or the ties of a side that lead to strangers."""

    system: str
    what: str  # "blocks desk#12", or native ids
    why: str


def looks(store: Store, share: Share, sides: Sequence[Replica]) -> Iterator[TieLook]:
    """Side by side: what waits to be written there, then what leads to no shared record."""
    records = SharedRecords(store)
    for side in sides:
        if side.state is not ReplicaState.LIVE:
            continue
        for field in sorted(TIES & side.sent.keys()):
            for one in _missing(share.hub.values.get(field), side.sent.get(field)):
                name = target(one) if field == "links" else one
                other = records.named(share.hub.kind, name)
                reason = no_pair(other, side.system) or KEPT_BACK
                what = one if field == "links" else f"parent {one}"
                yield TieLook(side.system, what, reason)
        ids = [one for one in side.linked if not store.name_of(Ref(side.system, side.kind, one))]
        if ids:
            more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
            what = ", ".join(f"#{one}" for one in ids[:NAMED]) + more
            yield TieLook(side.system, what, "not shared")


def _missing(hub: Json, sent: Json) -> list[str]:
    wanted = hub if isinstance(hub, list) else [hub] if hub else []
    there = sent if isinstance(sent, list) else [sent]
    return [str(one) for one in wanted if one not in there]
