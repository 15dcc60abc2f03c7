"""Laws 1 to 8: what is compared with what, and what an answer proves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from sdsync.connectors.contract import Create, Done, NativeRecord, Update
from sdsync.connectors.failures import Rejected, Transient
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.observe import too_old
from sdsync.sync.draft import Draft
from sdsync.sync.persons import recovery
from sdsync.sync.persons.recovery import Replay
from sdsync.testing.simulated.native import show
from sdsync.testing.simulated.writing import carry_out
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

REFUSED = Rejected(("priority",), "not in the list")
LONG = "login fails for everybody in the Prague office since the update"


# -- law 1 -------------------------------------------------------------------------------
def test_law_1_a_title_that_the_product_cuts_is_written_once() -> None:
    house = House(("desk", "board"))
    ticket = shared(house, LONG)

    assert ticket.copy("board")["title"] == LONG[:40].rstrip()
    assert house.quiet()


def test_law_1_a_cut_title_never_comes_back_as_an_edit() -> None:
    house = House(("desk", "board"))
    ticket = shared(house, LONG)

    ticket.copy("board").set({"labels": ["vip"]})
    house.run()

    assert ticket["Subject"] == LONG
    assert ticket["CustomFields.Tags"] == ["vip"]


# -- law 2 -------------------------------------------------------------------------------
def test_law_2_a_change_beside_our_write_is_merged_and_not_taken_for_known() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    ticket.set({"Subject": "disk full on db01"})
    house.dev.meanwhile("before", lambda: copy.set({"priority": "Immediate"}, by="bob"))
    house.run()

    assert copy["subject"] == "disk full on db01"
    assert ticket["Priority"] == "90"


# -- law 3 -------------------------------------------------------------------------------
def test_law_3_without_versions_the_target_is_read_before_it_is_written() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    house.start(poll_s=300.0).run(60)

    ticket.set({"Subject": "older words"})
    house.clock.advance(5)
    copy.set({"subject": "newer words"}, by="bob")  # its feed is asked in minutes only
    ticket.bell()
    house.run(30)

    assert ticket["Subject"] == copy["subject"] == "newer words"


def test_law_3_with_versions_a_foreign_change_makes_the_write_conflict() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    house.start(poll_s=300.0).run(60)

    copy.set({"subject": "older words"})
    house.clock.advance(5)
    ticket.set({"Subject": "newer words"}, by="bob")
    copy.bell()
    house.run(30)

    assert ticket.history("Subject") == ["newer words"]
    assert copy["subject"] == "newer words"


# -- law 4 -------------------------------------------------------------------------------
def test_law_4_an_answer_from_before_the_base_is_asked_again() -> None:
    house = House()
    ticket = shared(house)
    ticket.set({"Subject": "first"})
    house.run()
    ticket.set({"Subject": "second"})
    house.run()

    house.desk.fault("stale read")
    ticket.bell()
    house.run()

    assert house.desk.line.planned.hits["stale read"] == 1
    assert ticket.copy("dev").history("subject") == ["first", "second"]


def test_law_4_a_read_that_began_before_our_write_ended_is_too_old() -> None:
    house = House()
    ticket = shared(house)
    ticket.set({"Subject": "written"})
    house.run()
    copy, replica = ticket.copy("dev"), ticket.replica("dev")
    native = show(house.dev.product, copy.record)
    assert replica.confirmed_at is not None
    replica.seen_at = None

    draft = Draft(ticket.share, house.engine.core.context())
    early = Look(native, replica.confirmed_at - timedelta(milliseconds=1))
    assert too_old(draft, replica, early)
    assert not too_old(draft, replica, Look(native, replica.confirmed_at))


# -- law 5 -------------------------------------------------------------------------------
def test_law_5_what_a_dead_process_wrote_is_ours_and_no_edit() -> None:
    """The board tells no history: only the stored attempt says whose value it shows."""
    house = House(("desk", "board"), {"systems": ("board", "desk")})
    ticket = shared(house)

    def meanwhile() -> None:
        ticket.set({"Subject": "what she wrote next"})
        house.board.down(60)  # hers is seen first

    ticket.set({"Subject": "what we wrote"})
    house.dies("sent", then=meanwhile)
    house.run(300)

    assert house.crashes == 1
    assert ticket["Subject"] == ticket.copy("board")["title"] == "what she wrote next"


def test_law_5_a_write_that_did_not_take_effect_is_sent_again() -> None:
    house = House()
    ticket = shared(house)

    house.dev.fault("cut before effect")
    ticket.set({"Subject": "once more"})
    house.run(300)

    assert ticket.copy("dev")["subject"] == "once more"
    assert ticket.group("dev", "title") == "in step"


def test_law_5_another_value_in_doubt_is_an_edit() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.fault("effect then cut")
    house.dev.meanwhile("after", lambda: copy.set({"subject": "a person's"}, by="bob"))
    ticket.set({"Subject": "ours"})
    house.run(300)

    assert copy.history("subject") == ["ours", "a person's"]
    assert ticket["Subject"] == "a person's"


def test_law_5_a_transition_path_is_confirmed_step_by_step() -> None:
    house = House()
    ticket = shared(house)

    ticket.set({"Status": "resolved"})
    house.run()

    assert ticket.copy("dev").history("status") == ["In Progress", "Resolved"]
    assert ticket["Status"] == "resolved"
    assert ticket.group("dev", "outcome") == "in step"


@pytest.mark.parametrize("read_back", [None, Transient("500")])
def test_law_5_a_way_that_is_given_up_half_way_is_gone_back(read_back: Transient | None) -> None:
    """The tracker is away after the read that confirms the first step, or before it."""
    house = House()
    ticket = shared(house, Status="stalled")
    copy = ticket.copy("dev")

    def away_soon(_: object) -> Transient | None:
        if copy["status"] != "In Progress":
            return None
        house.dev.line.instead.clear()
        house.clock.after(0.001, partial(house.dev.down, 120))
        return read_back

    house.dev.line.instead["fetch"] = away_soon
    ticket.set({"Status": "rejected"})
    house.run(30)
    assert copy.history("status")[-1] == "In Progress"
    ticket.set({"Status": "stalled"})
    house.run(600)

    assert copy.history("status")[-2:] == ["In Progress", "Feedback"]
    assert ticket["Status"] == "stalled"
    assert ticket.group("dev", "outcome") == "in step"


# -- law 6 -------------------------------------------------------------------------------
def test_law_6_a_field_that_was_ignored_with_a_success_is_refused() -> None:
    house = House()
    ticket = shared(house)
    ticket.copy("dev").record.has_child = True  # its priority is derived from now on

    ticket.set({"Priority": "90", "Subject": "goes through"})
    house.run()

    assert ticket.copy("dev")["subject"] == "goes through"
    assert ticket.group("dev", "urgency") == "parked"
    assert ticket["Priority"] == "90"
    assert house.quiet()


@pytest.mark.parametrize(("later", "state"), [(None, "in step"), (REFUSED, "parked")])
def test_law_6_what_a_birth_left_out_with_a_word_is_sent_once_more_as_a_change(
    later: Rejected | None, state: str
) -> None:
    house = House()

    def without(operation: object) -> object | None:
        if isinstance(operation, Update) and "priority" in operation.values:
            return later
        if not isinstance(operation, Create):
            return None
        left = {path: one for path, one in operation.values.items() if path != "priority"}
        operation = replace(operation, values=left)
        done = carry_out(house.dev.product, house.dev.line.planned, operation)
        assert isinstance(done, Done)
        return replace(done, complaints=("priority was not set",))

    house.dev.line.instead["apply"] = without
    ticket = shared(house, Priority="90")

    assert ticket.copy("dev")["priority"] == ("Immediate" if later is None else "Normal")
    assert ticket.group("dev", "urgency") == state
    assert [one.text for one in ticket.told("parked")] == (
        [] if later is None else ['dev refuses priority "critical": not in the list']
    )
    assert house.quiet()


def test_law_6_what_stands_there_instead_at_birth_is_nobodys_edit() -> None:
    house = House()

    def own() -> None:
        house.dev.tickets[0].record.values["priority"] = "Normal"  # and no line of history

    house.dev.meanwhile("after", own)
    ticket = shared(house, Priority="90")
    house.run()

    assert ticket["Priority"] == "90"
    assert ticket.group("dev", "urgency") == "parked"
    assert not ticket.told("edited")
    assert house.quiet()


def test_law_6_a_reshaped_value_becomes_seen() -> None:
    house = House(("desk", "board"))
    ticket = shared(house)

    ticket.set({"Subject": LONG})
    house.run()

    assert ticket.replica("board").seen["title"] == LONG[:40].rstrip()
    assert ticket.replica("board").sent["title"] == LONG
    assert ticket.group("board", "title") == "in step"


# -- law 7 -------------------------------------------------------------------------------
@pytest.fixture
def remapped() -> Ticket:
    """The board shows *top* for *high*; the new mapping would write *mid* for it."""
    house = House(("desk", "board"))
    ticket = shared(house, Priority="70")
    assert ticket.copy("board")["weight"] == "top"
    house.start(edition=2)
    ticket.copy("board").bell()
    house.run()
    return ticket


def test_law_7_what_a_new_mapping_alone_would_change_awaits_a_plan(remapped: Ticket) -> None:
    assert remapped["Priority"] == "70"
    assert remapped.copy("board")["weight"] == "top"
    assert remapped.group("board", "urgency") == "awaiting plan"
    assert remapped.house.quiet()


def test_law_7_what_the_first_read_does_not_prove_is_compared_at_a_later_one() -> None:
    house = House(("desk", "board"))
    ticket = shared(house, Priority="70")
    house.start(edition=2)
    copy = ticket.copy("board")
    copy.side.line.instead["fetch"] = without_weight
    copy.bell()
    house.run()
    assert ticket.group("board", "urgency") == "in step"

    del copy.side.line.instead["fetch"]
    copy.bell()
    house.run()

    assert copy["weight"] == "top"
    assert ticket.group("board", "urgency") == "awaiting plan"


def without_weight(shown: object) -> object:
    """The same look, but its weight was not to be had."""
    assert isinstance(shown, NativeRecord)
    values = {name: one for name, one in shown.values.items() if name != "weight"}
    return replace(shown, values=values, unknown=frozenset({"weight"}))


def test_law_7_an_edit_of_the_value_itself_ends_the_wait(remapped: Ticket) -> None:
    remapped.set({"Priority": "30"})
    remapped.house.run()

    assert remapped.copy("board")["weight"] == "low"
    assert remapped.group("board", "urgency") == "in step"


def test_law_7_a_replay_that_names_it_ends_the_wait(remapped: Ticket) -> None:
    house = remapped.house
    recovery.replay(house.store, Replay(f"desk#{remapped.record.id}"), "ann", house.clock.now())
    house.run()

    assert remapped.copy("board")["weight"] == "mid"


# -- law 8 -------------------------------------------------------------------------------
def test_law_8_an_edit_of_a_lossy_view_is_carried_onto_the_whole() -> None:
    house = House()
    ticket = shared(house, **{"CustomFields.Category": "infra/storage"})
    assert ticket.copy("dev")["category"] == "storage"

    ticket.copy("dev").set({"category": "network"})
    house.run()

    assert ticket["CustomFields.Category"] == "infra/network"


def test_law_8_a_value_that_still_projects_to_the_view_stays() -> None:
    """*Low* is all that dev has for *low* and *lowest*; the desk's word was *low*."""
    house = House()
    ticket = shared(house)

    house.dev.down(20)
    ticket.set({"Priority": "30"})
    house.run(10)
    ticket.copy("dev").set({"priority": "Low"}, by="bob")
    house.run()

    assert ticket["Priority"] == "30"
    assert ticket.hub.values["priority"] == "low"
