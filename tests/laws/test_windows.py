"""Laws 3, 4, 5 and 11: edits of people in the moments that no look of ours shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.store.records import ReplicaState
from sdsync.sync.confirm.verdict import Verdict, verdict
from sdsync.sync.decide.edits import Look
from sdsync.sync.draft import Draft
from sdsync.testing.simulated.native import show
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


def told(ticket: Ticket, field: str, *actions: str) -> list[tuple[str, str | None]]:
    """Which decisions about the field are in the trail, and whose edit each was about."""
    return [
        (row.action, row.actor)
        for action in actions
        for row in ticket.told(action)
        if row.field == field and row.system == "dev"
    ]


# -- law 3 -------------------------------------------------------------------------------
def test_law_3_an_edit_that_our_write_covered_is_merged_where_history_tells() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.meanwhile("before", lambda: copy.set({"subject": "newer words"}, by="bob"))
    ticket.set({"Subject": "older words"})
    house.run()

    assert copy.history("subject") == ["newer words", "older words", "newer words"]
    assert ticket["Subject"] == "newer words"
    assert house.quiet()


def test_law_3_a_covered_edit_is_merged_also_when_our_write_was_in_doubt() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.fault("effect then cut")
    house.dev.meanwhile("before", lambda: copy.set({"subject": "newer words"}, by="bob"))
    ticket.set({"Subject": "older words"})
    house.run(300)

    assert ticket["Subject"] == copy["subject"] == "newer words"


def test_law_3_an_edit_that_a_step_of_ours_covered_is_written_back() -> None:
    """Ours was only the first step of the way: what stands there is neither value."""
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.meanwhile("before", lambda: copy.set({"status": "Rejected"}, by="bob"))
    ticket.set({"Status": "resolved"})
    house.run(600)

    assert copy.history("status")[:2] == ["Rejected", "In Progress"]
    assert (ticket["Status"], copy["status"]) == ("rejected", "Rejected")


@pytest.mark.parametrize("answer", ["keep", "revert"])
def test_law_3_a_covered_edit_that_may_not_stand_is_told(answer: str) -> None:
    house = House(sync={"fields": {"title": "desk"}, "on_refused": answer})
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.meanwhile("before", lambda: copy.set({"subject": "not mine"}, by="bob"))
    ticket.set({"Subject": "the owner's"})
    house.run()

    assert copy["subject"] == ticket["Subject"] == "the owner's"
    assert told(ticket, "title", "refused") == [("refused", house.dev.who("bob"))]
    assert ticket.group("dev", "title") == "in step"


def test_law_3_a_tag_added_in_the_window_stays() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    tags = {"custom_fields.Tags": ["later"]}
    house.dev.meanwhile("before", lambda: copy.set(tags, by="bob"))
    ticket.set({"CustomFields.Tags": ["vip"]})
    house.run()

    assert ticket["CustomFields.Tags"] == copy["custom_fields.Tags"] == ["later", "vip"]


# -- law 4 -------------------------------------------------------------------------------
def test_law_4_a_read_back_from_before_the_write_judges_nothing() -> None:
    house = House()
    ticket = shared(house)

    house.desk.fault("stale read")
    ticket.copy("dev").set({"subject": "newer words"})
    house.run()

    assert house.desk.line.planned.hits["stale read"] == 1
    assert not ticket.told("parked")
    assert ticket["Subject"] == "newer words"
    assert ticket.group("desk", "title") == "in step"


# -- law 5 -------------------------------------------------------------------------------
def test_law_5_a_step_that_a_person_took_is_an_edit() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.meanwhile("before", lambda: copy.set({"status": "In Progress"}, by="bob"))
    ticket.set({"Status": "resolved"})
    house.run()

    assert told(ticket, "status", "edited", "overruled") == [("edited", house.dev.who("bob"))]
    assert (ticket["Status"], copy["status"]) == ("open", "In Progress")


def test_law_5_what_we_emptied_in_doubt_and_a_person_put_back_is_an_edit() -> None:
    house = House()
    ann = house.desk.who("ann")
    ticket = shared(house, Owner=ann)
    copy = ticket.copy("dev")
    assigned = copy["assigned_to"]

    house.desk.fault("effect then 500")
    house.desk.meanwhile("after", lambda: house.clock.after(0.5, put_back))

    def put_back() -> None:
        ticket.set({"Owner": ann}, by="bob")

    copy.set({"assigned_to": ""}, by="bob")
    house.run(300)

    assert ticket.history("Owner") == ["", ann]
    assert copy["assigned_to"] == assigned


def test_law_5_an_edit_before_a_pending_create_is_found_is_an_edit() -> None:
    house = House(("desk", "board"))
    house.run(30)

    house.board.fault("pending job")
    ticket = house.desk.open("disk full")
    while not house.board.tickets:  # the job is done before anybody asks for it
        house.run(0.2)
    assert ticket.replica("board").state is ReplicaState.UNBORN
    (card,) = house.board.tickets
    card.set({"weight": "low"})
    house.run(300)

    assert card["weight"] == "low"
    assert ticket["Priority"] == "30"


def test_law_5_an_edit_between_birth_and_first_look_is_an_edit() -> None:
    house = House()
    fixed = {"custom_fields.Resolution": "fixed"}
    house.dev.meanwhile("after", lambda: house.dev.tickets[0].set(fixed, by="bob"))

    ticket = shared(house)
    house.run()

    assert ticket["CustomFields.Fix"] == "fixed"
    assert told(ticket, "resolution", "edited") == [("edited", house.dev.who("bob"))]


def test_law_5_a_text_that_an_earlier_write_left_is_not_this_one_reshaped() -> None:
    """Its line of history is ours, but it is not of the write in doubt."""
    house = House()
    ticket = shared(house)
    ticket.copy("dev").set({"subject": "written before"})
    house.run()
    draft = Draft(ticket.share, house.engine.core.context())
    replica = draft.share.at("desk")
    assert replica is not None
    assert replica.wrote_at is not None
    look = Look(show(house.desk.product, ticket.record), house.clock.now())
    current = draft.ctx.mapping(replica).keep(look.native.values)
    replica.seen["Subject"] = "what stood there at first"

    of_this_write = verdict(draft, replica, "title", "in doubt", look, current)
    replica.wrote_at += timedelta(seconds=60)
    of_an_earlier_one = verdict(draft, replica, "title", "in doubt", look, current)

    assert (of_this_write, of_an_earlier_one) == (Verdict.RESHAPED, Verdict.OTHER)


def test_law_5_what_is_empty_since_its_birth_is_told() -> None:
    house = House(("desk", "board"))
    house.run(30)

    house.board.fault("effect then cut")
    house.board.meanwhile("after", lambda: house.board.tickets[0].set({"due": ""}))
    ticket = house.desk.open("disk full", Due="2026-04-01")
    house.run(300)

    assert ticket.group("board", "due_at") == "differs"
    assert [row.why for row in ticket.told("differs")] == ["empty since its birth"]


# -- law 11 ------------------------------------------------------------------------------
def test_law_11_where_nothing_tells_who_set_it_the_difference_is_told() -> None:
    house = House(("desk", "board"))
    owner = {"assignee": house.board.who("bob")}
    house.board.meanwhile("after", lambda: house.board.tickets[0].set(owner))

    ticket = shared(house)

    assert ticket.group("board", "assignment") == "differs"
    assert [row.before for row in ticket.told("differs")] == ["bob@example.org"]
