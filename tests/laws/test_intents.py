"""Law 25: one intent for everything visible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdsync.store.contract import Stale
from sdsync.store.records import (
    Change,
    Hub,
    Intent,
    IntentState,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import START
from tests.laws.rig import House


# -- law 25 ------------------------------------------------------------------------------
def hub(number: int = 1, native: str = "4711", correlation: str = "desk#4711") -> Share:
    """A hub record with its replica and the intent to make another."""
    made = Hub(f"hub-{number}", "ticket", ["escalations"], correlation, "desk", START)
    born = Replica(f"desk-{number}", made.id, "desk", "ticket", ReplicaState.LIVE, native)
    unborn = Replica(f"dev-{number}", made.id, "dev", "ticket", ReplicaState.UNBORN)
    intent = Intent(f"i-{number}", made.id, unborn.id, "ticket", "infra", 1, f"mark-{number}")
    return Share(made, [born, unborn], intents=[intent])


def test_law_25_two_hub_records_never_have_one_correlation_key() -> None:
    store = MemoryStore()
    store.commit(Change(shares=[hub()]))

    with pytest.raises(Stale):
        store.commit(Change(shares=[hub(2, native="another")]))


def test_law_25_two_hub_records_never_have_one_native_record() -> None:
    store = MemoryStore()
    store.commit(Change(shares=[hub()]))

    with pytest.raises(Stale):
        store.commit(Change(shares=[hub(2, correlation="another")]))


def test_law_25_an_intent_is_stored_once_per_thing_and_generation() -> None:
    store = MemoryStore()
    share = hub()
    share.intents.append(replace(share.intents[0], id="i-9", mark="mark-9"))

    with pytest.raises(Stale):
        store.commit(Change(shares=[share]))


def test_law_25_the_intent_is_on_disk_before_the_call() -> None:
    house = House()
    seen: list[IntentState] = []
    ticket = house.run(30).desk.open("disk full")

    def look(_operation: object) -> None:
        seen.extend(one.state for one in ticket.share.intents)

    house.dev.line.instead["apply"] = look
    house.run()

    assert seen[0] is IntentState.STARTED


def test_law_25_the_loser_of_a_race_joins_the_winner() -> None:
    """Two processes see the new ticket at once; the other one is faster."""
    house = House()
    house.run(30)
    other = house.process(house.store)
    for name, system in other.core.systems.items():
        system.description = house.engine.core.systems[name].description
    commit = house.store.commit

    def late(change: Change, *, lasting: bool = True) -> None:
        if any(one.hub.version == 0 for one in change.shares):
            house.store.commit = commit
            other.work("desk")
        commit(change, lasting=lasting)

    house.store.commit = late
    ticket = house.desk.open("disk full")
    house.run()

    assert ticket.shared
    assert len(house.dev.tickets) == len(house.desk.tickets) == 1
