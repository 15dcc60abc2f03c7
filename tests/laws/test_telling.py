"""Law 48: what the record says of its wait is no trouble of its own, and ends with the wait."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import AddElement, Answer, Audience, Done, Found
from sdsync.connectors.failures import OutcomeUnknown, Rejected, Scope, Throttled
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

WAITS = "has not reached every side"
ARRIVED = "has reached every side by now"


def is_note(operation: object) -> bool:
    """Whether a note is written."""
    return isinstance(operation, AddElement)


def late(ticket: Ticket, seconds: float, priority: str = "90") -> Ticket:
    """Its change is put off by the other side for so long."""
    house = ticket.house
    house.dev.line.instead["apply"] = lambda _: Throttled(600.0, Scope.RECORD)
    ticket.set({"Priority": priority})
    house.run(seconds)
    return ticket


def arrive(house: House) -> None:
    """The other side takes it after all."""
    house.dev.line.instead.pop("apply")
    house.run(1200)


def said(ticket: Ticket, words: str) -> int:
    """How many notes of the ticket say so."""
    return sum(words in one.body for one in ticket.record.notes)


# -- no trouble of its own ---------------------------------------------------------------
def test_law_48_a_word_that_would_mail_is_given_up() -> None:
    house = House(sync={"mail": None})
    house.desk.line.mails = lambda one: Audience(staff=is_note(one))

    ticket = late(shared(house), 1800)

    assert not ticket.record.notes
    assert not house.store.causes()
    assert not ticket.replica("desk").groups
    (given_up,) = house.told("waiting_not_said")
    assert "would mail staff" in given_up.text

    arrive(house)
    assert not ticket.record.notes
    assert house.quiet(3600)


def test_law_48_whom_a_word_mails_is_read_and_not_guessed() -> None:
    """A connector that was just started knows of nobody, and counts one of staff to be careful."""
    house = House(sync={"mail": None})
    ticket = late(shared(house), 600)
    read: list[object] = []
    house.desk.line.instead["fetch"] = read.append
    house.desk.line.mails = lambda one: Audience(staff=is_note(one) and not read)

    house.run(1200)

    assert said(ticket, WAITS) == 1
    assert not house.store.causes()


@pytest.mark.parametrize(
    "answer", [Rejected(("body",), "no notes here"), OutcomeUnknown("hung up")]
)
def test_law_48_a_word_that_cannot_be_written_opens_no_cause(answer: Answer[Done]) -> None:
    house = House()
    ticket = late(shared(house), 600)
    house.desk.line.instead["apply"] = lambda one: answer if is_note(one) else None
    house.desk.line.instead["find"] = lambda _: Found((), complete=False)

    house.run(3600)

    assert not ticket.record.notes
    assert not house.store.causes()
    assert not ticket.replica("desk").groups
    assert len(house.told("waiting_not_said")) == 1


def test_law_48_a_word_whose_right_is_not_proved_opens_no_cause() -> None:
    house = House(private_right=False, audiences={"desk": "customer", "dev": "customer"})
    ticket = late(shared(house), 1800)

    assert not ticket.record.notes
    assert not house.store.causes()
    assert len(house.told("waiting_not_said")) == 1


# -- it ends with the wait ---------------------------------------------------------------
def test_law_48_what_said_that_it_waits_says_once_that_it_arrived() -> None:
    house = House()
    ticket = late(shared(house), 1800)
    assert said(ticket, WAITS) == 1

    arrive(house)

    assert said(ticket, ARRIVED) == 1
    assert len(ticket.record.notes) == 2
    assert all(one.internal for one in ticket.record.notes)
    assert not ticket.copy("dev").record.notes
    assert house.quiet(3600)


def test_law_48_what_arrived_no_longer_says_that_it_waits() -> None:
    house = House()
    ticket = late(shared(house), 60)
    house.desk.line.instead["apply"] = lambda _: Throttled(7200.0, Scope.RECORD)
    house.run(1800)
    assert house.told("said_waiting")
    arrive(house)
    house.desk.line.instead.pop("apply")

    house.run(9000)

    assert not ticket.record.notes
    assert ticket.copy("dev")["priority"] == "Immediate"
    assert house.quiet(3600)


def test_law_48_the_next_delay_is_told_anew() -> None:
    house = House()
    ticket = late(shared(house), 1800)
    arrive(house)

    late(ticket, 1800, "10")
    arrive(house)

    assert (said(ticket, WAITS), said(ticket, ARRIVED)) == (2, 2)
