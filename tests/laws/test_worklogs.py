"""Worklogs under the laws: each is copied once, by its id, and its owner alone decides on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdsync.connectors.contract import (
    AddElement,
    EditElement,
    NativeRecord,
    Operation,
    RemoveElement,
)
from sdsync.connectors.failures import Rejected
from sdsync.store.records import GroupState, PlacementState
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

COPY = {"worklogs": "copy"}


def both(**sync: str) -> tuple[House, Ticket, Ticket]:
    """A ticket of the desk and its copy at the tracker, in a sync that copies worklogs."""
    house = House(sync={**COPY, **sync})
    ticket = shared(house)
    return house, ticket, ticket.copy("dev")


def sent(house: House, system: str, *kinds: type[Operation]) -> list[Operation]:
    """Calls about worklogs that set out."""
    return [
        one
        for one in house.sides[system].sent
        if isinstance(one, kinds) and isinstance(one, AddElement | EditElement | RemoveElement)
        and one.kind == "worklog"
    ]  # fmt: skip


def texts(ticket: Ticket) -> list[str]:
    """What copies say after the line that names who worked."""
    return [text.partition(": ")[2] for _, text in ticket.logged]


# -- law 25 ------------------------------------------------------------------------------
def test_law_25_a_worklog_is_copied_once_each_way_with_its_author() -> None:
    house, ticket, copy = both()

    ticket.log(20, "looked into it")
    house.run()
    copy.log(90, "indexes rebuilt", by="bob")
    house.run()

    assert [minutes for minutes, _ in copy.logged] == [20, 90]
    assert [minutes for minutes, _ in ticket.logged] == [20, 90]
    assert copy.logged[0][1].startswith("Ann worked in desk")
    assert ticket.logged[1][1].startswith("Bob worked in dev")
    assert texts(copy)[0] == "looked into it"
    assert house.quiet()


def test_law_25_without_the_word_in_its_sync_no_worklog_is_copied() -> None:
    house = House()
    ticket = shared(house)

    ticket.log(20)
    house.run()

    assert ticket.copy("dev").logged == []


def test_law_25_equal_worklogs_are_told_apart_by_count() -> None:
    house, ticket, copy = both()

    ticket.log(15, "phone")
    ticket.log(15, "phone")
    house.dev.fault("effect then cut", 2)
    house.run(900)

    assert texts(copy) == ["phone", "phone"]


# -- law 26 ------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["effect then cut", "effect then 500", "cut before effect"])
def test_law_26_a_worklog_in_doubt_is_found_by_its_content(fault: str) -> None:
    house, ticket, copy = both()

    house.dev.fault(fault)
    ticket.log(20, "once")
    house.run(900)

    assert texts(copy) == ["once"]


def test_law_26_a_worklog_that_somebody_edited_before_it_was_found_is_not_repeated() -> None:
    house, ticket, copy = both()

    house.dev.fault("effect then cut")
    house.dev.meanwhile("after", lambda: edit_first(copy))
    ticket.log(20, "once")
    house.run(900)

    assert texts(copy) == ["once"]


def edit_first(copy: Ticket) -> None:
    """Somebody changes the time of a copy at once."""
    (log,) = copy.record.logs
    bob = copy.side.who("bob")
    copy.side.product.edit_log(copy.record, log, by=bob, seconds=60, text=log.text)


@pytest.mark.parametrize("step", ["attempted", "sent", "confirmed"])
def test_law_26_a_crash_around_the_call_doubles_no_worklog(step: str) -> None:
    house, ticket, copy = both()

    house.dies(step)
    ticket.log(20, "once")
    house.run(900)

    assert texts(copy) == ["once"]


# -- law 28 ------------------------------------------------------------------------------
def test_law_28_our_own_worklog_is_no_source() -> None:
    """Not even one whose copy nobody links: it waits for a person, it never travels."""
    house, _, copy = both()

    copy.side.product.log_work(
        copy.record, 600, "of a lost store", by=copy.side.product.us, truth=""
    )
    house.run()

    assert not sent(house, "desk", AddElement)


# -- law 11 ------------------------------------------------------------------------------
def test_law_11_what_was_logged_before_the_switch_is_old() -> None:
    house = House()
    ticket = shared(house)
    ticket.log(20, "old")
    house.run()

    house.start(sync=COPY)
    ticket.note("rings", internal=True)
    house.run()
    ticket.log(30, "new")
    house.run()

    assert texts(ticket.copy("dev")) == ["new"]


def test_law_11_what_was_logged_while_it_was_switched_off_is_old() -> None:
    house, ticket, copy = both()
    ticket.log(10, "first")
    house.run()
    house.start(sync={})
    ticket.log(20, "unseen")
    house.run()

    house.start(sync=COPY)
    ticket.note("rings", internal=True)
    house.run()
    ticket.log(30, "last")
    house.run()

    assert texts(copy) == ["first", "last"]


# -- law 9 -------------------------------------------------------------------------------
def test_law_9_worklogs_that_a_read_does_not_prove_are_not_removed() -> None:
    house, ticket, copy = both()
    ticket.log(20, "stays")
    house.run()

    def without(shown: object) -> NativeRecord:
        assert isinstance(shown, NativeRecord)
        return replace(shown, worklogs=None)

    house.desk.line.instead["fetch"] = without
    ticket.bell()
    house.run()

    assert texts(copy) == ["stays"]


# -- law 54: the owner's edits follow ----------------------------------------------------
def test_law_54_an_edited_worklog_follows_in_place() -> None:
    house, ticket, copy = both()
    log = ticket.log(20, "typo")
    house.run()

    ticket.side.product.edit_log(
        ticket.record, log, by=ticket.side.who("ann"), seconds=1800, text="mended"
    )
    house.run()

    assert copy.logged[0][0] == 30
    assert texts(copy) == ["mended"]
    assert len(sent(house, "dev", EditElement)) == 1
    assert house.quiet()


def test_law_54_a_removed_worklog_is_taken_back() -> None:
    house, ticket, copy = both()
    log = ticket.log(20, "never happened")
    house.run()

    ticket.side.product.remove_log(ticket.record, log, by=ticket.side.who("ann"))
    house.run(300)

    assert copy.logged == []


@pytest.mark.parametrize(("minutes", "more"), [(50, [20]), (10, [-20]), (0, [-30])])
def test_law_54_where_a_copy_stays_another_entry_makes_up_for_it(
    minutes: int, more: list[int]
) -> None:
    """The desk's own entries never change: the sum there is right all the same."""
    house, ticket, copy = both()
    log = copy.log(30, "rebuilt", by="bob")
    house.run()

    product, bob = copy.side.product, copy.side.who("bob")
    if minutes:
        product.edit_log(copy.record, log, by=bob, seconds=minutes * 60, text="rebuilt")
    else:
        product.remove_log(copy.record, log, by=bob)
    house.run(300)

    assert [one for one, _ in ticket.logged] == [30, *more]
    assert "Bob" in ticket.logged[1][1]
    assert house.quiet()
    assert len(copy.logged) == bool(minutes)  # what we wrote there is nobody's work


def test_law_54_corrections_add_up_over_several_edits_and_a_crash() -> None:
    house, ticket, copy = both()
    log = copy.log(30, "rebuilt", by="bob")
    house.run()
    product, bob = copy.side.product, copy.side.who("bob")

    for minutes in (45, 20, 60):
        house.dies("attempted")
        product.edit_log(copy.record, log, by=bob, seconds=minutes * 60, text="rebuilt")
        house.run(300)

    assert sum(one for one, _ in ticket.logged) == 60


# -- law 16: a copy is not its editor's --------------------------------------------------
def edited_copy(house: House, copy: Ticket, minutes: int) -> None:
    """Somebody changes what we wrote."""
    (log,) = copy.record.logs
    copy.side.product.edit_log(
        copy.record, log, by=copy.side.who("bob"), seconds=minutes * 60, text=log.text
    )
    house.run()


def test_law_16_an_edit_of_a_copy_stays_there_and_never_travels() -> None:
    house, ticket, copy = both()
    ticket.log(20, "mine")
    house.run()

    edited_copy(house, copy, 99)

    assert [one for one, _ in ticket.logged] == [20]
    assert [one for one, _ in copy.logged] == [99]
    assert house.told("worklog_differs")
    assert house.quiet()


def test_law_16_an_edit_of_a_copy_is_put_back_once() -> None:
    house, ticket, copy = both(on_refused="revert")
    ticket.log(20, "mine")
    house.run()

    edited_copy(house, copy, 99)
    assert [one for one, _ in copy.logged] == [20]
    edited_copy(house, copy, 77)

    assert [one for one, _ in copy.logged] == [77]
    assert [one for one, _ in ticket.logged] == [20]


# -- law 15 ------------------------------------------------------------------------------
def test_law_15_a_copy_that_somebody_deleted_is_not_made_again() -> None:
    house, ticket, copy = both()
    log = ticket.log(20, "mine")
    house.run()

    copy.side.product.remove_log(copy.record, copy.record.logs[0], by=copy.side.who("bob"))
    house.run()
    ticket.side.product.edit_log(
        ticket.record, log, by=ticket.side.who("ann"), seconds=60, text="mine"
    )
    house.run()

    assert copy.logged == []
    assert [one for one, _ in ticket.logged] == [1]


# -- law 45 ------------------------------------------------------------------------------
def test_law_45_work_is_not_shown_in_a_place_that_strangers_read() -> None:
    house = House(
        sync=COPY, audiences={"dev": "public"}, public=("desk", "dev"), private_right=False
    )
    ticket = shared(house)

    ticket.log(20, "what we think of the customer")
    house.run()

    assert ticket.copy("dev").logged == []
    (cause,) = [one for one in house.store.causes() if "worklogs" in one.text]
    assert "cannot write internal worklogs" in cause.text


# -- law 24 ------------------------------------------------------------------------------
def test_law_24_work_goes_out_before_the_closing() -> None:
    house = House(sync=COPY).run(30)
    ticket = house.dev.open("disk full", status="In Progress")
    house.run()
    before = len(house.desk.sent)

    house.desk.down(60)
    ticket.set({"status": "Resolved"}).set({"status": "Closed"})
    ticket.log(20, "last touches")
    house.run(300)

    order = [type(one).__name__ for one in house.desk.sent[before:]]
    assert order == ["AddElement", "Update"]


# -- law 39 ------------------------------------------------------------------------------
def test_law_39_a_refused_worklog_holds_nothing_else_up() -> None:
    house, ticket, copy = both()
    house.dev.line.instead["apply"] = lambda one: (
        Rejected(("activity",), "Activity cannot be blank")
        if isinstance(one, AddElement) and one.kind == "worklog"
        else None
    )

    ticket.log(20, "refused")
    ticket.set({"Subject": "goes on"})
    house.run(300)

    assert copy.logged == []
    assert copy["subject"] == "goes on"
    replica = ticket.replica("dev")
    assert replica.groups["worklogs"].state is GroupState.PARKED
    states = {one.state for one in house.store.share(replica.hub_id).placements}
    assert PlacementState.PLACED in states
