"""Links and parents between records: named by their pairs, or left where they are.

Laws 15 (sets), 18 (no ping-pong), 39 (a refusal stays with its group), 45 and 49 (what may
be named): the other record's pair has to be known, and what waits is taken up when it is.
"""

from __future__ import annotations

import pytest

from sdsync.cli.looks.ties import KEPT_BACK, looks
from sdsync.connectors.contract import Update
from sdsync.connectors.failures import Rejected
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


def house_of_ties() -> House:
    return House(ties=True)


def dev_id(ticket: Ticket) -> str:
    return ticket.copy("dev").record.id


def waits(ticket: Ticket, system: str = "dev") -> list[str]:
    """What ``trace`` tells of a side."""
    found = looks(ticket.house.store, ticket.share, [ticket.replica(system)])
    return [f"{one.what}: {one.why}" for one in found]


def test_law_15_a_link_crosses_as_the_pairs_own_and_its_removal_too() -> None:
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")

    one.set({"Links": [f"DependsOn {two.record.id}"]})
    house.run()
    assert one.copy("dev")["relations"] == [f"blocked {dev_id(two)}"]
    assert one.hub.values["links"] == [f"blocked_by desk#{two.record.id}"]

    one.copy("dev").set({"relations": []}, by="bob")
    house.run()
    assert one["Links"] == []
    assert one.hub.values["links"] == []
    assert house.quiet()


def test_law_15_links_of_both_sides_are_merged_member_by_member() -> None:
    house = house_of_ties()
    one, two, three = (shared(house, name) for name in ("one", "two", "three"))

    one.set({"Links": [f"RefersTo {two.record.id}"]})
    one.copy("dev").set({"relations": [f"blocks {dev_id(three)}"]}, by="bob")
    house.run()

    assert sorted(one["Links"]) == [f"DependedOnBy {three.record.id}", f"RefersTo {two.record.id}"]
    assert sorted(one.copy("dev")["relations"]) == [
        f"blocks {dev_id(three)}",
        f"relates {dev_id(two)}",
    ]
    assert house.quiet()


def test_law_18_the_other_end_that_a_product_shows_is_no_second_link() -> None:
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")

    one.set({"Links": [f"RefersTo {two.record.id}"]})
    two.set({"Links": [f"ReferredToBy {one.record.id}"]}, automatic=True)
    house.run()
    us = house.dev.product.us
    house.dev.product.write(
        two.copy("dev").record, {"relations": [f"relates {dev_id(one)}"]}, by=us
    )
    house.run()

    assert one.copy("dev")["relations"] == [f"relates {dev_id(two)}"]
    assert two.copy("dev")["relations"] == [f"relates {dev_id(one)}"]
    assert (one["Links"], two["Links"]) == (
        [f"RefersTo {two.record.id}"],
        [f"ReferredToBy {one.record.id}"],
    )
    assert house.quiet()


def test_a_link_to_a_stranger_stays_where_it_is_and_is_never_taken_away() -> None:
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")
    stranger = house.desk.open("not ours", place="General")
    house.run()

    one.set({"Links": [f"RefersTo {stranger.record.id}", "Bookmark 7"]})
    house.run()
    assert one.copy("dev")["relations"] == []
    assert waits(one, "desk") == [f"#{stranger.record.id}, #7: not shared"]

    one.copy("dev").set({"relations": [f"relates {dev_id(two)}"]}, by="bob")
    house.run()
    assert one["Links"] == [
        f"RefersTo {stranger.record.id}",
        "Bookmark 7",
        f"RefersTo {two.record.id}",
    ]
    assert house.quiet()


def test_a_link_is_taken_up_when_the_other_record_becomes_shared() -> None:
    house = house_of_ties()
    one = shared(house, "one")
    late = house.desk.open("later", place="General")
    one.set({"Links": [f"DependsOn {late.record.id}"], "MemberOf": late.record.id})
    house.run()
    assert one.copy("dev")["relations"] == []

    late.move("Escalated")
    house.run()

    assert one.copy("dev")["relations"] == [f"blocked {dev_id(late)}"]
    assert one.copy("dev")["parent"] == dev_id(late)
    assert waits(one) == []
    assert house.quiet()


def test_what_waits_for_a_pair_is_told_and_holds_nothing_up() -> None:
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")
    house.dev.down(100_000)
    young = house.desk.open("young")
    house.run(30)
    young.set({"Priority": "90"})

    one.set({"Links": [f"DependsOn {young.record.id}"], "MemberOf": young.record.id})
    house.run()
    name = f"desk#{young.record.id}"
    assert waits(one) == [
        f"blocked_by {name}: not shared with dev yet",
        f"parent {name}: not shared with dev yet",
    ]
    assert waits(two) == []

    house.dev.line.line.down_until = house.clock.now()
    house.run(2000)
    assert one.copy("dev")["relations"] == [f"blocked {dev_id(young)}"]
    assert one.copy("dev")["parent"] == dev_id(young)
    assert waits(one) == []


@pytest.mark.parametrize("step", ["confirmed", "decided", "attempted", "called", "captured"])
def test_what_waits_is_taken_up_though_the_process_dies(step: str) -> None:
    house = house_of_ties()
    one = shared(house, "one")
    late = house.desk.open("later", place="General")
    one.set({"Links": [f"DependsOn {late.record.id}"]})
    house.run()

    late.move("Escalated")
    house.dies(step)
    house.run(900)

    assert one.copy("dev")["relations"] == [f"blocked {dev_id(late)}"]


def test_a_parent_crosses_changes_and_goes() -> None:
    house = house_of_ties()
    one, two, three = (shared(house, name) for name in ("one", "two", "three"))

    one.set({"MemberOf": two.record.id})
    house.run()
    assert one.copy("dev")["parent"] == dev_id(two)

    one.copy("dev").set({"parent": dev_id(three)}, by="bob")
    house.run()
    assert one["MemberOf"] == three.record.id

    one.set({"MemberOf": ""})
    house.run()
    assert one.copy("dev")["parent"] == ""
    assert house.quiet()


def test_law_39_a_refused_link_parks_the_links_alone() -> None:
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")

    def refuse(operation: object) -> object | None:
        loop = isinstance(operation, Update) and "relations" in operation.values
        return Rejected(("relations",), "it would create a circular dependency") if loop else None

    house.dev.line.instead["apply"] = refuse
    one.set({"Links": [f"DependsOn {two.record.id}"], "Subject": "new words", "Priority": "90"})
    house.run()

    assert one.group("dev", "links") == "parked"
    assert one.copy("dev")["subject"] == "new words"
    assert one.copy("dev")["priority"] == "Immediate"
    row = one.row("dev", "links")
    assert row is not None
    assert "circular" in (row.note or "")


def test_law_49_a_link_never_crosses_a_tenants_wall() -> None:
    house = House(ties=True, tenants={"dev": {"infra": "acme", "attic": "globex"}})
    one, two = shared(house, "one"), shared(house, "two")
    two.copy("dev").move("attic")
    house.run()

    one.set({"Links": [f"DependsOn {two.record.id}"]})
    house.run()

    assert one.copy("dev")["relations"] == []
    assert waits(one) == [f"blocked_by desk#{two.record.id}: {KEPT_BACK}"]


def test_a_link_that_a_product_has_no_word_for_is_told_and_kept() -> None:
    house = house_of_ties()
    one, two, three = (shared(house, name) for name in ("one", "two", "three"))

    one.copy("dev").set({"relations": [f"duplicates {dev_id(two)}"]}, by="bob")
    house.run()
    assert one["Links"] == []
    (note,) = [lost for lost in one.replica("desk").fidelity if lost.field == "links"]
    assert note.text == f"no word in desk for: duplicates desk#{two.record.id}"

    one.set({"Links": [f"RefersTo {three.record.id}"]})
    house.run()
    assert one.copy("dev")["relations"] == [
        f"duplicates {dev_id(two)}",
        f"relates {dev_id(three)}",
    ]
    assert one["Links"] == [f"RefersTo {three.record.id}"]
    assert house.quiet()


def test_law_15_with_an_owner_the_others_links_are_kept_and_the_owners_are_merged() -> None:
    house = House(ties=True, sync={"fields": {"links": "desk"}})
    one, two, three = (shared(house, name) for name in ("one", "two", "three"))

    one.copy("dev").set({"relations": [f"blocks {dev_id(two)}"]}, by="bob")
    house.run()
    assert one["Links"] == []
    assert one.group("dev", "links") == "differs"

    one.set({"Links": [f"RefersTo {three.record.id}"]})
    house.run()
    assert one.hub.values["links"] == [f"relates desk#{three.record.id}"]
    assert house.quiet()


def test_law_20_a_removal_at_the_other_end_is_a_removal_here() -> None:
    """The product takes a link away at both ends; each end is looked at by itself."""
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")
    one.set({"Links": [f"RefersTo {two.record.id}"]})
    two.set({"Links": [f"ReferredToBy {one.record.id}"]})
    house.run()
    assert two.copy("dev")["relations"] == [f"relates {dev_id(one)}"]

    two.set({"Links": []})
    one.set({"Links": []}, automatic=True)
    house.run()

    assert one.copy("dev")["relations"] == two.copy("dev")["relations"] == []
    assert (one["Links"], two["Links"]) == ([], [])
    assert house.quiet()


def test_law_20_a_link_that_a_product_drops_by_itself_is_nobodys_removal() -> None:
    """Redmine drops relations between an issue and its new parent, in our account's name."""
    house = house_of_ties()
    one, two = shared(house, "one"), shared(house, "two")
    one.set({"Links": [f"RefersTo {two.record.id}"]})
    two.set({"Links": [f"ReferredToBy {one.record.id}"]})
    house.run()

    us = house.dev.product.us
    house.dev.product.write(one.copy("dev").record, {"relations": []}, by=us)
    house.run()

    assert one.hub.values["links"] == [f"relates desk#{two.record.id}"]
    assert one["Links"] == [f"RefersTo {two.record.id}"]
    assert one.copy("dev")["relations"] == [f"relates {dev_id(two)}"]
    assert house.quiet()


def test_where_each_side_keeps_its_own_no_tie_crosses() -> None:
    house = House(ties=True, sync={"fields": {"links": "each", "parent": "each"}})
    one, two = shared(house, "one"), shared(house, "two")
    home = {"relations": one.copy("dev")["relations"], "parent": one.copy("dev")["parent"]}

    one.set({"Links": [f"RefersTo {two.record.id}"], "MemberOf": two.record.id})
    house.run()
    assert {name: one.copy("dev")[name] for name in home} == home

    one.copy("dev").set({"relations": [f"blocks {dev_id(two)}"]}, by="bob")
    house.run()
    assert one["Links"] == [f"RefersTo {two.record.id}"]
    assert one.copy("dev")["relations"] == [f"blocks {dev_id(two)}"]
    assert house.quiet()
