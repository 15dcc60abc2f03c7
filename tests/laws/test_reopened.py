"""Law 41: what a feed leaves out while a place is out of sight is not left out for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sdsync.connectors.contract import Description
from sdsync.store.records import ReplicaState
from tests.laws.people import Ticket
from tests.laws.rig import AWAY, House, shared


def _archived(said: Description) -> Description:
    infra = replace(said.places["infra"], archived=True)
    return replace(said, places={**said.places, "infra": infra})


def _unseen(said: Description) -> Description:
    return replace(said, places={key: one for key, one in said.places.items() if key != "infra"})


def opened_while_closed(house: House, looks: Callable[[Description], Description]) -> Ticket:
    """A record that nobody had read when its place went; the feed goes on elsewhere."""
    house.run(700)
    place = house.dev.product.places["infra"]
    house.dev.line.instead["describe"] = looks  # type: ignore[assignment]
    ticket = house.dev.open("nobody read me")
    place.archived = True
    house.run(700)
    house.dev.open("elsewhere", place=AWAY["dev"])
    house.run(700)
    assert not house.desk.tickets
    place.archived = False
    house.dev.line.instead = {}
    return ticket


@pytest.mark.parametrize("looks", [_archived, _unseen])
def test_law_41_what_was_opened_before_a_place_was_closed_is_read_when_it_opens_again(
    looks: Callable[[Description], Description],
) -> None:
    house = House()
    opened_while_closed(house, looks)
    house.run(700)

    assert [one["Subject"] for one in house.desk.tickets] == ["nobody read me"]
    assert [one.system for one in house.told("reopened")] == ["dev"]
    assert house.quiet()


def test_law_45_nothing_is_guessed_of_a_place_that_is_out_of_sight() -> None:
    """Its notes are not refused, and its files not taken back, for who might read there."""
    house = House()
    ticket = shared(house)
    ticket.attach("trace.log")
    house.run(60)
    house.dev.line.instead["describe"] = _unseen  # type: ignore[assignment]
    house.dev.product.places["infra"].archived = True
    house.run(700)

    ticket.note("meanwhile", internal=True)
    house.run(120)
    assert ticket.replica("dev").state is ReplicaState.OUT_OF_REACH
    assert not ticket.told("parked")

    house.dev.product.places["infra"].archived = False
    house.dev.line.instead = {}
    copy = ticket.copy("dev").bell()
    house.run(60)
    assert copy.bodies == ["meanwhile"]
    assert [one.name for one in copy.record.files] == ["trace.log"]


def test_law_45_a_place_that_is_never_told_gets_nothing_internal() -> None:
    house = House()
    ticket = shared(house)
    house.dev.line.instead["describe"] = _unseen  # type: ignore[assignment]
    house.run(700)

    ticket.note("for us", internal=True)
    ticket.set({"Subject": "goes on"})
    house.run(60)

    assert not ticket.copy("dev").bodies
    assert ticket.copy("dev")["subject"] == "goes on"
    assert [one.text for one in house.store.causes()] == ['dev does not tell who reads "infra"']


def test_law_41_a_process_that_starts_meanwhile_knows_since_when_a_place_is_closed() -> None:
    house = House()
    opened_while_closed(house, _archived)
    house.start().run(120)

    assert [one["Subject"] for one in house.desk.tickets] == ["nobody read me"]


def test_law_41_a_place_that_opens_again_takes_nothing_old() -> None:
    house = House(started=False)
    house.dev.open("from long ago")
    house.clock.advance(3600.0)
    house.start()
    opened_while_closed(house, _archived)
    house.run(700)

    assert [one["Subject"] for one in house.desk.tickets] == ["nobody read me"]
