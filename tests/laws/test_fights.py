"""Laws 16 to 20: what is refused, what acts by itself, and what stops a fight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pytest

from sdsync.connectors.contract import Audience, Update
from sdsync.store.records import Json, ReplicaState
from sdsync.sync.persons import choosing
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


# -- law 16 ------------------------------------------------------------------------------
def test_law_16_a_refused_edit_is_kept_as_a_difference() -> None:
    house = House(sync={"fields": {"urgency": "desk"}})
    ticket = shared(house)

    ticket.copy("dev").set({"priority": "Immediate"}, by="bob")
    house.run()

    assert (ticket["Priority"], ticket.copy("dev")["priority"]) == ("50", "Immediate")
    assert ticket.group("dev", "urgency") == "differs"
    assert [one.field for one in ticket.told("refused")] == ["priority"]


def test_law_16_a_refused_edit_is_reverted_once_and_held_when_it_comes_again() -> None:
    house = House(sync={"fields": {"urgency": "desk"}, "on_refused": "revert"})
    ticket = shared(house)
    copy = ticket.copy("dev")

    copy.set({"priority": "Immediate"}, by="bob")
    house.run()
    assert copy["priority"] == "Normal"

    copy.set({"priority": "Immediate"}, by="bob")
    house.run()
    assert copy["priority"] == "Immediate"
    assert ticket.group("dev", "urgency") == "held"
    assert copy.history("priority") == ["Immediate", "Normal", "Immediate"]


# -- law 17 ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Urgent:
    """Whatever is tagged ``vip`` is critical; the simplest rule that there is."""

    name: str = "vip"
    reads: frozenset[str] = frozenset({"tags"})

    def decide(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Priority by tag."""
        return {"priority": "critical"} if "vip" in values["tags"] else {}


def test_law_17_a_rule_acts_once_per_version_of_its_inputs() -> None:
    house = House(rules=(Urgent(),))
    ticket = shared(house)
    ticket.set({"CustomFields.Tags": ["vip"]})
    house.run()
    assert ticket["Priority"] == "90"

    ticket.set({"Priority": "30"}, by="robot")
    house.run()
    assert ticket["Priority"] == "30"  # it had its say on these tags
    assert ticket.copy("dev")["priority"] == "Low"

    ticket.set({"CustomFields.Tags": ["vip", "later"]})
    house.run()
    assert ticket["Priority"] == "90"  # decided anew, by new inputs


def test_law_17_a_rule_is_never_over_a_newer_human_edit() -> None:
    house = House()
    ticket = shared(house)
    ticket.set({"CustomFields.Tags": ["vip"]})
    house.run(10)
    ticket.set({"Priority": "30"})
    house.run()

    house.start(rules=(Urgent(),))
    ticket.bell()
    house.run()

    assert ticket["Priority"] == "30"


@dataclass(frozen=True, slots=True)
class Restless:
    """A rule that is never content with what it made."""

    name: str = "restless"
    reads: frozenset[str] = frozenset({"title"})

    def decide(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """One more mark each time."""
        return {"title": f"{values['title']}!"}


def test_law_17_rules_that_never_rest_hold_the_record() -> None:
    house = House(rules=(Restless(),))
    ticket = house.run(30).desk.open("disk full")
    house.run()

    assert ticket.group("desk", "rules") == "held"
    assert ticket["Subject"] == "disk full"
    assert house.quiet()


# -- law 18 ------------------------------------------------------------------------------
def stubborn(ticket: Ticket, *, by: str) -> None:
    """Somebody insists on another priority on each side, twelve times in twelve minutes."""
    in_turn(ticket, by=by, times=6, every_s=60)


def in_turn(ticket: Ticket, *, by: str, times: int, every_s: float) -> None:
    """One value is set here, another there, and so on."""
    for _ in range(times):
        ticket.copy("dev").set({"priority": "Immediate"}, by=by)
        ticket.house.run(every_s)
        ticket.set({"Priority": "10"}, by=by)
        ticket.house.run(every_s)


def test_law_18_a_war_of_automations_is_held_and_both_are_named() -> None:
    house = House()
    ticket = shared(house)

    stubborn(ticket, by="robot")

    row = ticket.row("dev", "urgency")
    assert row is not None
    assert row.state == "held"
    assert "desk and dev" in str(row.note)


def test_law_18_people_may_change_their_minds() -> None:
    house = House()
    ticket = shared(house)

    stubborn(ticket, by="bob")

    assert ticket.group("dev", "urgency") == "in step"
    assert ticket.copy("dev")["priority"] == "Low"


def test_law_18_scripts_under_the_accounts_of_people_do_not_fight_for_ever() -> None:
    house = House(poll_s=5)
    ticket = shared(house)

    in_turn(ticket, by="bob", times=8, every_s=15)

    row = ticket.row("dev", "urgency")
    assert row is not None
    assert row.state == "held"
    assert "desk and dev" in str(row.note)
    assert len(ticket.told("edited")) < 13  # then nothing of it is carried any more


def test_law_18_people_in_a_hurry_who_do_not_undo_each_other_are_people() -> None:
    house = House(poll_s=5)
    ticket = shared(house)

    for number in range(16):
        ticket.set({"Priority": ("90", "30")[number % 2]})
        house.run(15)

    assert not ticket.told("held")
    assert ticket.copy("dev")["priority"] == "Low"


def test_law_18_more_than_ten_notes_in_ten_minutes_are_a_loop() -> None:
    house = House()
    ticket = shared(house)

    for number in range(13):
        ticket.note(f"ping {number}", by="robot")
        house.run(30)

    assert ticket.copy("dev").bodies == [f"ping {number}" for number in range(10)]
    assert ticket.group("dev", "notes") == "held"
    assert "loop suspected" in str(ticket.row("dev", "notes"))


def test_law_18_a_lone_automation_is_no_chain() -> None:
    """Hops are systems that a change came through; each of these comes from the desk anew."""
    house = House()
    ticket = shared(house)

    for number in range(14):
        ticket.set({"Subject": f"queue length {number}"}, by="robot")
        house.run(1200)

    assert ticket.copy("dev")["subject"] == "queue length 13"


def test_law_18_a_chain_of_automations_is_cut_at_eight_hops() -> None:
    """Each side's machine answers the other's change with another: no value ever returns."""
    house = House()
    ticket = shared(house)

    for number in range(12):
        side, path = (ticket, "Subject") if number % 2 else (ticket.copy("dev"), "subject")
        side.set({path: f"re: {number}"}, by="robot")
        house.run(600)

    row = ticket.row("dev", "title")
    assert row is not None
    assert row.state == "held"
    assert "too many systems" in str(row.note)


# -- law 19 ------------------------------------------------------------------------------
@pytest.fixture
def held() -> Ticket:
    """Both sides changed the status, and the sync says that a person decides."""
    house = House(sync={"fields": {"outcome": "hold"}})
    ticket = shared(house, Status="open")
    house.dev.down(30)
    ticket.set({"Status": "stalled"})
    ticket.copy("dev").set({"status": "Resolved"}, by="bob")
    house.run()
    return ticket


def test_law_19_a_hold_keeps_one_head_per_replica_and_blocks_its_group_alone(
    held: Ticket,
) -> None:
    held.set({"Subject": "goes on"})
    held.house.run()

    heads = {name: held.row(name, "outcome") for name in ("desk", "dev")}
    assert {name: row.head["status"] for name, row in heads.items() if row and row.head} == {
        "desk": "waiting",
        "dev": "resolved",
    }
    assert held.copy("dev")["subject"] == "goes on"


def test_law_19_a_later_edit_replaces_its_head_and_equal_heads_resolve(held: Ticket) -> None:
    held.copy("dev").set({"status": "In Progress"}, by="bob")
    held.house.run()
    assert held.group("dev", "outcome") == "held"

    held.copy("dev").set({"status": "Feedback"}, by="bob")
    held.house.run()
    assert held.group("dev", "outcome") == held.group("desk", "outcome") == "in step"
    assert held.hub.values["status"] == "waiting"


def test_law_19_who_waited_when_it_was_held_still_receives_what_resolves_it() -> None:
    house = House(("desk", "dev", "board"), {"fields": {"outcome": "hold"}})
    ticket = shared(house)
    house.desk.down(300)  # it receives nothing before the others disagree
    ticket.copy("dev").set({"status": "In Progress"}, by="bob")
    ticket.copy("board").set({"list": "Blocked"}, by="bob")
    house.run(60)
    assert ticket.group("desk", "outcome") == ticket.group("board", "outcome") == "held"

    house.run(400)  # it is back, and takes nothing of what is held
    ticket.copy("board").set({"list": "Doing"}, by="bob")
    house.run(600)

    assert ticket["Status"] == "open"
    assert ticket.group("desk", "outcome") == "in step"


def test_law_19_who_ends_it_receives_what_a_third_changed_meanwhile() -> None:
    """The desk's ticket is born while the others disagree: nobody holds anything there."""
    house = House(("desk", "dev", "board"), {"fields": {"outcome": "hold"}}).run(5)
    house.desk.down(300)
    card = house.board.open()
    house.run(30)
    card.set({"list": "Blocked"}, by="bob")
    (issue,) = house.dev.tickets
    issue.set({"status": "In Progress"}, by="bob")
    house.run(400)
    (ticket,) = house.desk.tickets
    assert card.group("dev", "outcome") == card.group("board", "outcome") == "held"

    ticket.set({"Status": "resolved", "CustomFields.Fix": "fixed"}, by="ann")
    house.run(60)
    ticket.set({"Status": "stalled"}, by="ann")
    house.run(60)
    issue.set({"status": "Feedback"}, by="bob")
    house.run(200)

    assert card.group("dev", "outcome") == "in step"
    assert issue["custom_fields.Resolution"] == "fixed"


def parked_at_the_desk(policy: str) -> Ticket:
    """Dev resolved it; the desk takes no status, as it would mail a customer."""
    house = House(sync={"fields": {"outcome": policy}, "mail": None})
    ticket = shared(house, Status="open")
    house.desk.line.mails = lambda one: Audience(customers=isinstance(one, Update))
    house.start(poll_s=3600.0).run(30)
    ticket.copy("dev").set({"status": "Resolved"}, by="bob").bell()
    return ticket


@pytest.mark.parametrize("parked", [False, True], ids=["not read yet", "parked before"])
def test_law_19_an_edit_beside_a_write_that_may_not_go_is_held(*, parked: bool) -> None:
    """Nobody there saw the value that waits."""
    ticket = parked_at_the_desk("hold")
    if parked:
        ticket.house.run(60)
        assert ticket.group("desk", "outcome") == "parked"
    ticket.set({"Status": "stalled"})
    if parked:
        ticket.bell()
    ticket.house.run(60)

    assert ticket.group("desk", "outcome") == ticket.group("dev", "outcome") == "held"
    assert (ticket["Status"], ticket.copy("dev")["status"]) == ("stalled", "Resolved")


@pytest.mark.parametrize("policy", ["hold", "newest"])
def test_law_19_what_a_parked_value_lacks_may_be_filled_in(policy: str) -> None:
    ticket = parked_at_the_desk(policy)
    ticket.house.run(60)
    ticket.set({"CustomFields.Fix": "fixed"}).bell()
    ticket.house.run(60)

    assert ticket.group("dev", "outcome") == "in step"
    assert ticket.hub.values["status"] == "resolved"
    assert ticket.copy("dev")["custom_fields.Resolution"] == "fixed"


def test_law_19_a_system_without_the_field_does_not_resolve_what_others_hold() -> None:
    """The board has no resolution: its status agrees with both sides of the argument."""
    house = House(("desk", "dev", "board"), {"fields": {"outcome": "hold"}})
    ticket = shared(house)
    ticket.copy("dev").set({"custom_fields.Resolution": "wontfix"}, by="bob")
    ticket.set({"CustomFields.Fix": "replaced the disk"})
    house.desk.down(40)  # dev is looked at first
    house.run(120)
    assert ticket.group("desk", "outcome") == "held"

    for word in ("Doing", "Inbox"):
        ticket.copy("board").set({"list": word}, by="bob")
        house.run(60)

    assert ticket.group("desk", "outcome") == ticket.group("dev", "outcome") == "held"
    assert ticket["CustomFields.Fix"] == "replaced the disk"


def test_law_19_what_was_held_is_held_when_its_record_is_back(held: Ticket) -> None:
    house, copy = held.house, held.copy("dev")
    copy.record.deleted = True
    held.set({"Subject": "asks for a look"})
    house.run(300)
    assert held.replica("dev").state is ReplicaState.GONE

    copy.record.deleted = False
    copy.bell()
    house.run(300)

    assert held.replica("dev").state is ReplicaState.LIVE
    assert held.group("desk", "outcome") == held.group("dev", "outcome") == "held"
    assert (copy["status"], copy["subject"]) == ("Resolved", "asks for a look")


def test_law_16_what_was_kept_is_kept_when_its_record_is_back() -> None:
    house = House(sync={"fields": {"title": "desk"}})
    ticket = shared(house)
    copy = ticket.copy("dev")
    copy.set({"subject": "mine"}, by="bob")
    house.run()
    copy.record.deleted = True
    ticket.set({"Priority": "90"})
    house.run(300)
    copy.record.deleted = False
    copy.bell()
    house.run(300)

    assert ticket.group("dev", "title") == "differs"
    assert (copy["subject"], copy["priority"]) == ("mine", "Immediate")


def test_law_19_a_choice_reads_again_before_it_is_written(held: Ticket) -> None:
    house = held.house
    house.start(poll_s=600.0).run(30)
    held.copy("dev").set({"subject": "meanwhile"}, by="bob")

    choosing.choose(house.store, held.hub.id, "outcome", "desk", "ann", house.clock.now())
    house.wake("dev")
    house.run(30)

    assert held.copy("dev")["status"] == "Feedback"
    assert held.hub.values["title"] == "meanwhile"


def heads(ticket: Ticket) -> dict[str, dict[str, Json]]:
    """The candidates as a person sees them."""
    rows = {name: ticket.row(name, "outcome") for name in ("desk", "dev")}
    return {name: dict(row.head or {}) for name, row in rows.items() if row is not None}


@pytest.mark.parametrize("merged", [False, True])
def test_law_19_a_choice_among_candidates_that_moved_is_refused(held: Ticket, merged: bool) -> None:
    house, saw = held.house, heads(held)
    held.copy("dev").set({"status": "In Progress"}, by="bob")
    house.run()
    new, now = held.row("dev", "outcome"), house.clock.now()
    deeds = {
        False: partial(choosing.choose, system="desk", by="ann", now=now, saw=saw),
        True: partial(choosing.settle, values={"status": "new"}, by="ann", now=now, saw=saw),
    }

    with pytest.raises(choosing.Moved) as told:
        deeds[merged](house.store, held.hub.id, "outcome")

    assert new is not None
    assert told.value.values == new.head
    assert (held.group("dev", "outcome"), held.hub.values["status"]) == ("held", "waiting")


def test_law_19_what_a_person_made_of_the_candidates_stands_on_every_side(held: Ticket) -> None:
    house = held.house
    values = {"status": "in_progress"}

    choosing.settle(
        house.store, held.hub.id, "outcome", values, "ann", house.clock.now(), saw=heads(held)
    )
    house.run()

    assert (held["Status"], held.copy("dev")["status"]) == ("open", "In Progress")
    assert held.hub.versions["status"].source == "person:ann"
    assert held.group("dev", "outcome") == held.group("desk", "outcome") == "in step"


# -- law 20 ------------------------------------------------------------------------------
@pytest.fixture
def reacting() -> Ticket:
    """A reply from dev: the desk opens the new ticket by itself."""
    audiences = {"desk": "customer", "dev": "customer", "board": "customer"}
    house = House(("desk", "dev", "board"), {"notes": "as written"}, audiences)
    ticket = shared(house)
    ticket.copy("dev").note("we are on it", by="bob")
    house.run()
    assert ticket["Status"] == "open"
    return ticket


def test_law_20_a_reaction_does_not_travel_back_to_where_the_write_came_from(
    reacting: Ticket,
) -> None:
    assert reacting.copy("dev")["status"] == "New"
    assert reacting.group("dev", "outcome") == "differs"
    assert reacting.hub.versions["status"].source == "reaction:desk"
    assert reacting.copy("board")["list"] == "Doing"


def test_law_20_a_reaction_loses_to_everyone() -> None:
    """Also to an edit that was made before it."""
    audiences = {"desk": "customer", "dev": "customer", "board": "customer"}
    house = House(("desk", "dev", "board"), {"notes": "as written"}, audiences)
    ticket = shared(house)

    house.board.down(90)
    ticket.copy("board").set({"list": "Blocked"}, by="bob")
    house.clock.advance(5)
    ticket.copy("dev").note("we are on it", by="ann")
    house.run(60)
    assert ticket["Status"] == "open"

    house.run(300)
    assert ticket["Status"] == "stalled"
    assert ticket.copy("board")["list"] == "Blocked"
