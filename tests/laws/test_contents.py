"""Law 40: the content of a file is kept as long as something waits for it, and no longer."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import AddElement
from sdsync.connectors.failures import Missing, Rejected, Scope, Throttled, Transient
from sdsync.sync.persons import letters, recovery
from sdsync.sync.persons.recovery import Replay
from tests.laws.people import Side, Ticket
from tests.laws.rig import AWAY, House, shared


def is_file(operation: object) -> bool:
    """Whether it attaches a file."""
    return isinstance(operation, AddElement) and operation.kind == "attachment"


def refuse_files(side: Side) -> None:
    """Nobody may attach a file there."""
    refused = Rejected(("file",), "files of this type are refused")
    side.line.instead["apply"] = lambda operation: refused if is_file(operation) else None


def test_law_40_a_refused_files_content_stays_until_its_letter_is_closed() -> None:
    house = House(("desk", "dev", "board"))
    ticket = shared(house)
    refuse_files(house.dev)
    house.board.down(600)
    ticket.attach("log.txt", b"bytes")
    house.run(1200)
    assert ticket.group("dev", "attachments") == "parked"
    assert [one.content for one in ticket.copy("board").record.files] == [b"bytes"]
    assert house.store.blob(ticket.element("log.txt").id) == b"bytes"
    house.desk.line.instead["download"] = lambda _: Missing()  # purged there meanwhile

    house.dev.line.instead.clear()
    recovery.replay(house.store, Replay("all"), "ann", house.clock.now())
    house.run(600)

    assert [one.content for one in ticket.copy("dev").record.files] == [b"bytes"]
    assert len(ticket.copy("board").record.files) == 1
    assert ticket.group("dev", "attachments") == "in step"
    assert house.store.blob(ticket.element("log.txt").id) is None


def test_law_40_a_file_that_stayed_with_a_merged_records_old_number_is_told() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    other = house.desk.open("not shared", place=AWAY["desk"])
    house.desk.line.instead["download"] = lambda _: Transient("500")
    ticket.attach("log.txt", b"bytes")
    house.run(120)
    house.desk.product.merge(ticket.record, other.record, by=house.desk.who("ann"))
    ticket.bell()
    house.run(120)
    house.desk.line.instead.clear()
    house.run(1200)

    assert not copy.record.files
    assert len([said for said in copy.bodies if "log.txt" in said]) == 1
    assert copy.placement("dev", "log.txt").state.value == "unplaceable"


def test_law_40_the_content_of_a_file_that_was_taken_back_goes() -> None:
    house = House()
    ticket = shared(house)
    house.dev.down(3600)
    ticket.attach("log.txt", b"bytes")
    house.run(120)
    element = ticket.element("log.txt")
    assert house.store.blob(element.id) == b"bytes"

    ticket.record.files.clear()
    ticket.set({"Subject": "without its file"})
    house.run(120)

    assert house.store.blob(element.id) is None


@pytest.mark.parametrize("first_s", [120, 0])
def test_law_40_the_content_goes_with_the_pair(first_s: float) -> None:
    house = House(sync={"on_leave": "unlink"})
    ticket = shared(house)
    house.dev.down(3600)
    ticket.attach("log.txt", b"bytes")
    house.run(first_s)

    ticket.move(AWAY["desk"])
    house.run(300)

    assert ticket.hub.state == "unlinked"
    assert house.store.blob(ticket.element("log.txt").id) is None


def merge(house: House, loser: Ticket, survivor: Ticket) -> None:
    """Somebody merges one into the other at the desk."""
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)


@pytest.mark.parametrize("then", ["replayed", "dropped"])
def test_law_40_the_dead_letter_of_a_routed_file_keeps_its_content(then: str) -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    merge(house, loser, survivor)
    refuse_files(house.desk)
    twin.attach("late.log", b"late bytes", by="bob")
    house.run(600)
    name = twin.element("late.log").id
    assert survivor.group("desk", "attachments") == "parked"
    assert house.store.blob(name) == b"late bytes"

    house.desk.line.instead.clear()
    if then == "replayed":
        recovery.replay(house.store, Replay("all"), "ann", house.clock.now())
    else:
        letters.drop(house.store, "all", "not wanted", "ann", house.clock.now())
        assert house.store.blob(name) is None
    house.run(600)

    came = [b"late bytes"] * (then == "replayed")
    assert [one.content for one in survivor.record.files] == came
    assert house.store.blob(name) is None


def test_law_40_a_content_stays_while_a_file_on_either_side_of_a_merge_needs_it() -> None:
    house = House(("desk", "dev", "board"))
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin, third = loser.copy("dev"), loser.copy("board")
    busy = Throttled(600.0, Scope.RECORD)
    house.board.line.instead["apply"] = lambda operation: (
        busy if getattr(operation, "ref", None) == third.ref else None
    )
    merge(house, loser, survivor)  # the last word on the third is not out yet
    twin.attach("late.log", b"late bytes", by="bob")
    house.run(300)
    assert [one.content for one in survivor.copy("board").record.files] == [b"late bytes"]
    assert not third.record.files
    name = twin.element("late.log").id
    assert house.store.blob(name) == b"late bytes"

    house.board.line.instead.clear()
    house.run(1200)

    assert [one.content for one in third.record.files] == [b"late bytes"]
    assert house.store.blob(name) is None
