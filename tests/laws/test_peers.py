"""Each side shows the other's key: ours to write, kept right, and nobody's edit (laws 1, 18)."""

from __future__ import annotations

from sdsync.connectors.contract import Audience, Update
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

AT = {"desk": "CustomFields.Peer", "dev": "custom_fields.Peer"}


def peers(ticket: Ticket) -> tuple[object, object]:
    return ticket[AT["desk"]], ticket.copy("dev")[AT["dev"]]


def keys(ticket: Ticket) -> tuple[object, object]:
    return ticket.replica("dev").key, ticket.replica("desk").key


def test_law_1_each_side_shows_the_others_key_and_it_is_no_edit() -> None:
    house = House()
    ticket = shared(house)

    assert peers(ticket) == keys(ticket)

    assert "peer_key" not in ticket.hub.values
    assert not [one for one in ticket.told("edited") if one.field == "peer_key"]
    assert house.quiet()


def test_law_1_a_key_that_changed_is_shown_at_once() -> None:
    house = House()
    ticket = shared(house)
    before = peers(ticket)

    ticket.copy("dev").move("attic")
    house.run()

    assert peers(ticket) == keys(ticket) != before
    assert house.quiet()


def test_law_1_what_a_person_writes_there_is_put_right_however_often() -> None:
    house = House()
    ticket = shared(house)

    for round_ in range(6):
        ticket.set({AT["desk"]: f"nonsense {round_}"})
        ticket.copy("dev").set({AT["dev"]: ""}, by="bob")
        house.run(60)

    assert peers(ticket) == keys(ticket)
    assert ticket.group("desk", "peer_key") == "in step"
    assert "peer_key" not in ticket.hub.values


def test_law_18_a_machine_that_writes_it_again_and_again_is_left_alone() -> None:
    house = House()
    ticket = shared(house)

    for _ in range(10):
        ticket.set({AT["desk"]: "mine"}, by="robot")
        house.run(40)

    assert ticket.group("desk", "peer_key") == "differs"
    assert ticket.history(AT["desk"]).count(ticket.replica("dev").key) <= 4
    note = ticket.replica("desk").groups["peer_key"].note or ""
    assert "by turns" in note
    assert "sdsync" in note
    assert house.quiet()


def mailing_house() -> tuple[House, Ticket]:
    """Each update of the tracker mails somebody of staff, and its copy lost our key."""
    house = House(sync={"mail": None})
    ticket = shared(house)
    house.dev.line.mails = lambda one: Audience(staff=isinstance(one, Update))
    ticket.copy("dev").set({AT["dev"]: ""}, by="bob")
    house.run()
    return house, ticket


def test_law_47_a_key_alone_mails_nobody_and_is_no_dead_letter() -> None:
    house, ticket = mailing_house()

    assert ticket.copy("dev")[AT["dev"]] == ""
    assert ticket.group("dev", "peer_key") == "in step"
    assert list(house.store.causes()) == []
    assert house.quiet()

    ticket.set({"Subject": "new words"})
    house.run()

    assert ticket.copy("dev")["subject"] == "new words"
    assert peers(ticket) == keys(ticket)


def test_law_47_a_key_that_waits_holds_nothing_else_up() -> None:
    house, ticket = mailing_house()

    ticket.note("all the same", internal=True)
    ticket.set({"Priority": "90", "CustomFields.Environment": "Staging"}, by="robot")
    house.run()
    assert ticket.copy("dev").bodies == ["all the same"]
    assert ticket.group("dev", "urgency") == "parked"

    ticket.set({"Status": "resolved"})
    house.run()
    assert ticket.copy("dev")["status"] == "Resolved"
