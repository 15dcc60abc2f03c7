"""Whom a system did not know is tried again once it knows them, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from sdsync.store.records import Change, GroupRow, GroupState, Hub, Replica, ReplicaState, Share
from sdsync.sync.deliver.compute import NOBODY
from sdsync.testing.memory_store import MemoryStore
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House, shared


def given_to_a_stranger(house: House) -> Ticket:
    """Somebody whom dev does not know has it."""
    ticket = shared(house)
    house.desk.product.hire("zoe")
    house.run(700)
    ticket.set({"Owner": house.desk.who("zoe")})
    house.run(200)
    row = ticket.row("dev", "assignment")
    assert row is not None
    assert (row.state, row.note) == (GroupState.DIFFERS, NOBODY)
    return ticket


def test_a_newcomer_gets_what_was_theirs_however_much_differs_since() -> None:
    house = House()
    ticket = given_to_a_stranger(house)
    house.run(10)
    now = house.clock.now()
    for n in range(1_050):
        hub = Hub(f"other-{n}", "ticket", ["escalations"], f"desk#x{n}", "desk", now)
        copy = Replica(f"{hub.id}-dev", hub.id, "dev", "ticket", ReplicaState.OUT_OF_REACH)
        copy.groups["title"] = GroupRow(GroupState.DIFFERS, now, note="first contact")
        house.store.commit(Change(shares=[Share(hub, [copy])]))

    house.dev.product.hire("zoe")
    house.run(900)

    assert ticket.copy("dev")["assigned_to"] == house.dev.who("zoe")
    assert ticket.group("dev", "assignment") == "in step"


def test_an_account_that_is_gone_is_no_news_each_time() -> None:
    house = House()
    house.dev.product.hire("old")
    ticket = given_to_a_stranger(house)
    gone = house.dev.who("old")
    del house.dev.product.people[gone]
    known = ticket.row("dev", "assignment")

    house.run(3000)

    assert ticket.row("dev", "assignment") == known  # not tried again: nobody came
    assert gone in {one.native_id for one in house.store.people("dev")}


def test_a_newcomer_gets_it_though_the_process_dies_once_they_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    ticket = given_to_a_stranger(house)
    house.dev.product.hire("zoe")
    search = MemoryStore.replicas_with_state

    def dies(store: MemoryStore, *args: Any, **more: Any) -> Any:
        if house.dev.who("zoe") not in {one.native_id for one in store.people("dev")}:
            return search(store, *args, **more)
        monkeypatch.setattr(MemoryStore, "replicas_with_state", search)
        raise Crash("people are kept")

    monkeypatch.setattr(MemoryStore, "replicas_with_state", dies)
    house.run(900)

    assert house.crashes == 1
    assert ticket.copy("dev")["assigned_to"] == house.dev.who("zoe")
