"""Creates of other records that are in doubt: what is found may be theirs (law 28)."""

from __future__ import annotations

from sdsync.store.contract import Store
from sdsync.store.records import IntentState

IN_DOUBT = frozenset({IntentState.STARTED, IntentState.PENDING})


def create_in_doubt(store: Store, system: str, kind: str, place: str | None, *, but: str) -> bool:
    """Whether another record's create is out in this place.

    Args:
        but: The hub record that asks: its own creates do not count.
    """
    for hub_id, where in store.open_intents_in(system, kind):
        share = store.share(hub_id) if where == place and hub_id != but else None
        if share is None:
            continue
        for one in share.intents:
            here = share.replica(one.replica_id).system == system
            if here and one.state in IN_DOUBT and one.element_id is None:
                return True
    return False
