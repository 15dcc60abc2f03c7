"""Laws 11, 12, 23, 48 and 49 of records that a person links, and of those they part."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import Create
from sdsync.store.records import Change, IntentState, ReplicaState, Share, Verdict
from sdsync.sync.decide.ending import free
from sdsync.sync.persons import commands
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans import linking
from sdsync.sync.plans.scene import Scene
from tests.laws.people import Ticket
from tests.laws.rig import House, shared
from tests.laws.test_groups import older
from tests.laws.test_plans import Old, applied, by_key, lines, typed


def link(one: Ticket, other: Ticket) -> None:
    """What ann types; the daemon goes on beside it."""
    house = one.house
    typed(house, lambda scene: linking.link(scene, one.ref, other.ref))
    for name in house.systems:
        house.wake(name)
    house.run(600)


def unlink(ticket: Ticket) -> None:
    house = ticket.house
    commands.unlink(house.store, str(ticket.ref), "ann", house.clock.now())
    house.run(60)


def creates(house: House) -> int:
    return sum(isinstance(one, Create) for side in house.sides.values() for one in side.sent)


def share_of(ticket: Ticket) -> Share:
    share = ticket.house.store.share_of(ticket.ref)
    assert isinstance(share, Share)
    return share


def key_of(ticket: Ticket, system: str) -> str | None:
    """What people call its record in a system."""
    replica = share_of(ticket).at(system)
    return replica.key if replica else None


def pair(title: str) -> tuple[Ticket, Ticket]:
    """Two records of people that nobody shares, in a house that runs."""
    house = House(started=False)
    ticket = house.desk.open(title, Content="the same")
    other = house.dev.open(title, description="the same")
    house.clock.advance(60)
    house.start().run(60)
    return ticket, other


# -- law 49 ------------------------------------------------------------------------------
def test_law_49_a_record_of_another_tenants_place_is_not_linked_to_a_shared_one() -> None:
    house = House(
        tenants={"desk": {"Escalated": "acme", "General": "acme"}, "dev": {"attic": "globex"}},
        sync={"put": {}},
    )
    ticket = house.run(30).desk.open("printer")
    secret = house.dev.open("globex secret", place="attic")
    house.run(60)

    with pytest.raises(Refused, match=rf"{secret.ref} lies in a place of another tenant than desk"):
        link(ticket, secret)
    secret.set({"subject": "globex secret 2"}, by="bob")
    house.run(600)

    assert ticket["Subject"] == "printer"
    assert not secret.shared


def test_law_49_two_lone_records_of_two_tenants_are_not_linked() -> None:
    ticket, other = pair("disk full")
    house = ticket.house
    house.tenants = {"desk": {"Escalated": "acme"}, "dev": {"infra": "globex"}}
    house.start()

    with pytest.raises(Refused, match="they belong to two tenants, acme and globex"):
        link(ticket, other)

    assert not ticket.shared
    assert not other.shared


# -- law 23 ------------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["desk", "dev"])
def test_law_23_a_record_gets_no_second_copy_in_a_system_by_hand(side: str) -> None:
    house = House()
    ticket = shared(house, "printer")
    copy = ticket.copy("dev")
    place = {"desk": "General", "dev": "attic"}[side]
    lone = house.sides[side].open("something else", place=place)
    house.run(60)
    mine, there = (copy, ticket) if side == "desk" else (ticket, copy)

    with pytest.raises(Refused) as refused:
        link(mine, lone)

    assert str(refused.value) == (
        f"{mine.ref} is joined with {there.ref} already; sdsync unlink {mine.ref} parts them"
    )
    assert len(share_of(ticket).replicas) == 2
    assert not lone.shared


def test_law_23_two_that_are_shared_are_not_linked() -> None:
    house = House()
    first, second = shared(house, "printer"), shared(house, "disk full")

    with pytest.raises(Refused, match="belong to two records; unlink one first"):
        link(first, second.copy("dev"))
    with pytest.raises(Refused, match="are joined already"):
        link(first, first.copy("dev"))


def test_law_23_a_system_whose_record_was_parted_from_the_others_gets_another() -> None:
    house = House(("desk", "dev", "board"))
    ticket = shared(house, "printer")
    wrong, share = ticket.copy("board"), share_of(ticket)
    free(share, share.replicas[[one.system for one in share.replicas].index("board")])
    house.store.commit(Change(shares=[share]))
    right = house.board.open("printer", place="ideas")
    house.run(60)

    link(ticket, right)

    right.set({"title": "printer is out"}, by="bob")
    house.run(600)
    assert (ticket["Subject"], wrong["title"]) == ("printer is out", "printer")
    assert ticket.replica("board").native_id == right.record.id


def test_law_23_who_was_linked_with_another_meanwhile_is_not_linked_twice() -> None:
    ticket, other = pair("disk full")
    house = ticket.house
    rival = house.dev.open("disk full", place="attic")

    def late(scene: Scene) -> None:
        scene.core.step = lambda name: link(ticket, rival) if name == "pair read" else None
        linking.link(scene, ticket.ref, other.ref)

    with pytest.raises(Refused, match=f"{ticket.ref} is joined with {rival.ref} already"):
        typed(house, late)

    assert ticket.copy("dev").record is rival.record
    assert not other.shared


def test_law_23_what_cannot_be_read_or_became_another_record_is_not_linked() -> None:
    ticket, other = pair("disk full")
    house = ticket.house
    other.record.deleted = True

    with pytest.raises(Refused, match="nothing was linked"):
        link(ticket, other)

    assert not ticket.shared
    assert house.quiet()


# -- law 12: linking ---------------------------------------------------------------------
def test_law_12_what_is_linked_before_its_copy_is_born_needs_none() -> None:
    house = House().run(30)
    lone = house.dev.open("disk full", place="attic")
    house.run(60).dev.down(600)
    ticket = house.desk.open("disk full")
    house.run(60)
    assert ticket.replica("dev").state is ReplicaState.UNBORN
    house.dev.line.line.down_until = None

    link(ticket, lone)

    assert creates(house) == 0
    assert ticket.copy("dev").record is lone.record
    assert ticket.group("dev", "birth") == "in step"


def test_law_12_the_one_of_several_candidates_that_a_person_links_ends_the_doubt() -> None:
    house = older("disk full", "disk full")
    ticket = house.desk.open("disk full")
    house.run()
    assert ticket.group("dev", "birth") == "held"

    link(ticket, house.dev.tickets[1])

    assert ticket.copy("dev").record is house.dev.tickets[1].record
    assert not ticket.replica("dev").groups
    assert creates(house) == 0


# -- law 12: parting -----------------------------------------------------------------------
def test_law_12_what_was_parted_stays_apart_and_is_let_in_by_nothing() -> None:
    house = House()
    ticket = shared(house, "printer")
    copy, before = ticket.copy("dev"), creates(house)
    unlink(ticket)

    ticket.set({"Subject": "printer on fire"})
    copy.set({"subject": "of dev alone"}, by="bob")
    ticket.note("a word")
    house.run(600)
    house.start().run(600)

    assert (ticket["Subject"], copy["subject"]) == ("printer on fire", "of dev alone")
    assert creates(house) == before
    assert [len(house.desk.tickets), len(house.dev.tickets)] == [1, 1]
    with pytest.raises(Refused, match=rf"parted already; sdsync link {ticket.ref} SYSTEM#ID"):
        unlink(ticket)


def test_law_12_two_that_were_parted_are_linked_again_and_nothing_is_created() -> None:
    house = House()
    ticket = shared(house, "printer")
    copy, before, hub = ticket.copy("dev"), creates(house), share_of(ticket).hub.id
    unlink(ticket)

    link(ticket, copy)

    assert ticket.copy("dev").record is copy.record
    assert share_of(ticket).hub.id != hub
    copy.set({"subject": "printer on fire"}, by="bob")
    house.run(600)
    assert ticket["Subject"] == "printer on fire"
    assert creates(house) == before
    assert house.quiet()


def test_law_12_what_was_linked_wrongly_is_parted_and_linked_rightly() -> None:
    ticket, wrong = pair("disk full")
    house = ticket.house
    right = house.dev.open("disk is full", place="attic")
    house.run(60)
    link(ticket, wrong)
    assert ticket["CustomFields.Peer"] == key_of(ticket, "dev")

    unlink(ticket)
    link(ticket, right)

    assert f"{ticket.ref} belongs to another record now" in [
        one.text for one in house.store.audit(hub_id=share_of(wrong).hub.id, limit=100)
    ]
    assert ticket.copy("dev").record is right.record
    assert ticket["CustomFields.Peer"] == key_of(ticket, "dev")
    assert right["custom_fields.Peer"] == key_of(ticket, "desk")
    right.set({"subject": "disk full on db01"}, by="bob")
    wrong.set({"subject": "another matter"}, by="bob")
    house.run(600)
    assert ticket["Subject"] == "disk full on db01"
    assert creates(house) == 0
    assert house.quiet()


def test_law_12_the_copies_of_two_are_exchanged_by_hand() -> None:
    house = House()
    tickets = [shared(house, "printer"), shared(house, "disk full")]
    copies, before = [one.copy("dev") for one in tickets], creates(house)
    unlink(tickets[0])

    with pytest.raises(Refused, match=f"sdsync unlink {tickets[1].ref} parts them"):
        link(tickets[1], copies[0])
    unlink(tickets[1])
    link(tickets[0], copies[1])
    link(tickets[1], copies[0])

    assert [one.copy("dev").ref for one in tickets] == [one.ref for one in copies[::-1]]
    assert creates(house) == before


def test_law_12_a_create_that_is_out_while_it_is_parted_is_not_made_twice() -> None:
    house = House().run(30)
    ticket = house.desk.open("printer")
    house.dev.meanwhile(
        "after", lambda: commands.unlink(house.store, str(ticket.ref), "ann", house.clock.now())
    )
    house.run(600)
    (made,) = house.dev.tickets

    link(ticket, made)

    assert ticket.copy("dev").record is made.record
    assert creates(house) == 1
    assert house.quiet()


@pytest.mark.parametrize("killed", [False, True])
def test_law_23_a_record_to_which_a_call_is_out_is_linked_when_it_is_over(*, killed: bool) -> None:
    house = House()
    ticket = shared(house, "printer")
    copy, refused = ticket.copy("dev"), list[str]()

    def part_and_link() -> None:
        commands.unlink(house.store, str(ticket.ref), "ann", house.clock.now())
        try:
            typed(house, lambda scene: linking.link(scene, ticket.ref, copy.ref))
        except Refused as error:
            refused.append(str(error))
        if killed:
            house.dies("sent")

    house.dev.meanwhile("after", part_and_link)
    ticket.set({"Subject": "printer on fire"})
    house.run(600)
    assert refused == [f"a call of ours to {copy.ref} is out just now; try again in a minute"]

    link(ticket, copy)
    copy.set({"subject": "printer is out"}, by="bob")
    house.run(600)

    assert ticket["Subject"] == "printer is out"
    assert house.quiet()


def test_law_12_a_plan_leaves_to_a_person_what_a_person_parted() -> None:
    old = Old()
    ticket = old.pair("A-1")
    house = old.start()
    applied(house, typed(house, by_key))
    copy = ticket.copy("dev")
    unlink(ticket)

    again = typed(house, by_key)

    (line,) = lines(house, again, Verdict.AMBIGUOUS)
    assert line.why == f"one of them was parted; sdsync link {ticket.ref} {copy.ref} joins them"


def test_law_12_a_match_finds_no_record_that_was_parted() -> None:
    house = older("disk full")
    ticket = house.desk.open("disk full")
    house.run()
    parted = ticket.copy("dev")
    unlink(ticket)

    another = house.desk.open("disk full")
    rival = house.dev.open("disk full")
    house.run(600)

    assert share_of(parted).hub.id == share_of(ticket).hub.id
    assert share_of(parted).hub.state == "unlinked"
    assert share_of(another).hub.id == share_of(rival).hub.id
    assert creates(house) == 0


# -- law 48 ------------------------------------------------------------------------------
def test_law_48_what_waits_for_a_parted_record_is_let_go_and_not_told() -> None:
    house = House()
    ticket = shared(house, "printer")
    house.dev.down(7200)
    ticket.set({"Subject": "printer on fire"})
    ticket.note("a word")
    house.run(1200)
    assert share_of(ticket).hub.human_at
    told = len(ticket.bodies)

    commands.unlink(house.store, str(ticket.ref), "ann", house.clock.now())

    share = share_of(ticket)
    assert (share.hub.human_at, share.hub.told_at) == (None, None)
    assert not any(one.groups for one in share.replicas)
    assert not [one for one in share.intents if one.state is IntentState.OPEN]
    house.run(9000)
    assert len(ticket.bodies) == told
    assert ticket["Subject"] != house.dev.tickets[0]["subject"]
