"""Laws 28, 32 and 54: a note in its author's own name, and ours all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdsync.connectors.contract import AddElement, Leave
from sdsync.sync.persons import commands
from tests.laws.people import Ticket
from tests.laws.rig import House, shared
from tests.laws.test_copies import FILE, ended, on_disk, restored

GIVEN = Leave(given=True)


def naming(house: House) -> House:
    """The tracker lets us write in everybody's name."""
    house.dev.line.names = GIVEN
    return house


def stands(ticket: Ticket) -> list[tuple[str, bool]]:
    """Who wrote each of its notes there, and whether a line says who did."""
    people = {one.native_id: one.login for one in ticket.side.product.people.values()}
    return [
        (people.get(one.author, "sdsync"), "wrote in" in one.body) for one in ticket.record.notes
    ]


def alone_on_both_sides(ticket: Ticket, body: str) -> bool:
    """One note there, and no echo of it here."""
    return ticket.bodies == [body] == ticket.copy("dev").bodies


def test_law_54_a_note_stands_in_its_authors_name_without_a_line() -> None:
    house = naming(House())
    ticket = shared(house)

    ticket.note("by ann", internal=True)
    house.run(600)

    copy = ticket.copy("dev")
    assert stands(copy) == [("ann", False)]
    assert copy.record.notes[0].internal
    assert alone_on_both_sides(ticket, "by ann")


def test_law_54_an_edit_there_comes_back_and_no_line_with_it() -> None:
    house = naming(House(("dev", "desk")))
    ticket = house.run(30).dev.open("born there")
    house.run()
    desk = ticket.copy("desk")
    desk.note("as said", internal=True)
    house.run()
    (note,) = ticket.record.notes

    ticket.side.product.edit_note(
        ticket.record, note, by=house.dev.who("bob"), body="as mended", internal=True, truth=""
    )
    house.run(600)

    assert stands(ticket) == [("ann", False)]
    assert ticket.bodies == ["as mended"]
    assert "wrote in" not in desk.record.notes[0].body


def test_law_54_an_edit_here_follows_there_without_a_line() -> None:
    house = naming(House())
    ticket = shared(house)
    note = ticket.note("as said", internal=True)
    house.run()

    ticket.side.product.edit_note(
        ticket.record, note, by=house.desk.who("ann"), body="as mended", internal=True, truth=""
    )
    house.run()

    copy = ticket.copy("dev")
    assert [one.body for one in copy.record.notes] == ["as mended"]
    assert stands(copy) == [("ann", False)]


@pytest.mark.parametrize("why", ["stranger", "machine", "no mail", "not asked for", "no account"])
def test_law_54_without_leave_the_line_says_who_wrote(why: str) -> None:
    house = House(sync={"mail": "none"} if why == "no mail" else {})
    if why != "not asked for":
        naming(house)
    if why == "stranger":
        house.dev.line.strangers.add(house.dev.who("ann"))
    if why == "no account":
        house.desk.product.hire("eve")
    house.desk.product.hire("cron", human=False)
    house.dev.product.hire("cron")
    ticket = shared(house)

    by = {"machine": "cron", "no account": "eve"}.get(why, "ann")
    ticket.note("said", internal=True, by=by)
    house.run(600)

    assert stands(ticket.copy("dev")) == [("sdsync", True)]


def test_law_54_where_the_name_is_ignored_the_note_gets_its_line_and_a_person_is_told() -> None:
    house = naming(House())
    ticket = shared(house)
    house.dev.line.deaf = True

    ticket.note("one", internal=True)
    house.run(60)
    ticket.note("two", internal=True)
    house.run(60)

    copy = ticket.copy("dev")
    assert stands(copy) == [("sdsync", True), ("sdsync", True)]
    assert copy.bodies == ticket.bodies == ["one", "two"]
    named = [one for one in house.dev.sent if isinstance(one, AddElement) and one.author]
    assert len(named) == 1  # not again until a check proves it anew
    (told,) = house.store.causes()
    assert told.text.startswith("dev: notes are written as our account")

    house.dev.line.deaf = False
    house.run(4 * 3600)
    ticket.note("three", internal=True)
    house.run(60)
    assert not house.store.causes()
    assert stands(copy)[2] == ("ann", False)


def test_law_54_a_check_that_proves_the_contrary_is_told_and_nothing_is_named() -> None:
    house = House()
    house.dev.line.names = Leave(given=False, why="no administrator", ignored=True)
    ticket = shared(house)

    ticket.note("said", internal=True)
    house.run(60)

    assert stands(ticket.copy("dev")) == [("sdsync", True)]
    assert [one.system for one in house.store.causes()] == [""]


@pytest.mark.parametrize("step", ["attempted", "sent", "read back"])
def test_law_28_killed_around_the_write_in_somebodys_name_stays_ours(step: str) -> None:
    house = naming(House(poll_s=1.0))
    ticket = shared(house)

    ticket.note("by ann", internal=True)
    house.dies(step)
    house.run(900)

    assert house.crashes == 1
    assert stands(ticket.copy("dev")) == [("ann", False)]
    assert alone_on_both_sides(ticket, "by ann")


def test_law_28_what_the_person_says_meanwhile_is_theirs() -> None:
    house = naming(House(poll_s=1.0))
    ticket = shared(house)
    copy = ticket.copy("dev")

    ticket.note("by ann", internal=True)
    house.dies("sent", lambda: copy.note("ann again", internal=True))
    house.run(900)

    assert sorted(copy.bodies) == sorted(ticket.bodies) == ["ann again", "by ann"]


def test_law_28_a_call_that_was_delivered_twice_is_no_source() -> None:
    house = naming(House(poll_s=1.0))
    ticket = shared(house)

    house.dev.fault("call delivered twice")
    ticket.note("by ann", internal=True)
    house.run(900)

    assert ticket.bodies == ["by ann"]
    assert ticket.group("dev", "doubles") == "parked"


@pytest.mark.parametrize("first", ["dev", "desk", "desk, and nothing is sent"])
def test_law_32_what_a_restored_store_wrote_in_a_name_is_not_said_again(
    tmp_path: Path, first: str
) -> None:
    """Whichever side is read first."""
    house, folder, backup = House(started=False), tmp_path / "house", tmp_path / "backup"
    naming(house)
    store = on_disk(house, folder)
    ticket = shared(house)
    ended(store)
    shutil.copyfile(folder / FILE, backup)
    store = on_disk(house, folder)
    ticket.note("after the backup", internal=True)
    house.run()
    ended(store)

    house.sides["desk" if first == "dev" else "dev"].down(120)
    store = restored(house, folder, backup)
    assert store.identity().suspect
    if "nothing" in first:
        commands.pause(store, "all", "ops", None, house.clock.now())
        house.run(600)
        commands.resume(store, "all", "ops", house.clock.now())
    house.run(1200)

    assert alone_on_both_sides(ticket, "after the backup")
    assert stands(ticket.copy("dev")) == [("ann", False)]
    ended(store)
