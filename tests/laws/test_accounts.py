"""What a sync that observes would have sent: told once a day, and true (law 56)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.connectors.contract import AddElement, Audience, Create
from sdsync.store.records import AuditRow
from sdsync.sync.persons import commands
from sdsync.sync.watch import accounts
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House

DAY = 24 * 3600.0


def observing(**more: Any) -> House:
    """Polls seldom: nights come quickly."""
    return House(sync={"mode": "observe", **more}, poll_s=3600.0).run(30)


def opened(house: House, title: str = "disk full", **more: Any) -> Ticket:
    return house.desk.open(title, **more)


def rows(house: House, system: str) -> list[AuditRow]:
    return [one for one in house.told("would_send") if one.system == system]


def last(house: House, system: str) -> dict[str, Any]:
    found: dict[str, Any] = rows(house, system)[-1].after["all"]
    return {name: value for name, value in found.items() if value}


def test_law_56_an_account_is_given_once_a_day_and_nothing_is_sent() -> None:
    house = observing()
    ticket = opened(house)
    ticket.note("look at this", internal=True)
    ticket.attach("log.txt")
    house.run(DAY)

    assert last(house, "dev") == {"births": 1, "notes": 1, "files": 1}
    assert last(house, "desk") == {}
    assert [one.text for one in rows(house, "dev")] == ["1 birth, 1 note, 1 file"]
    assert [one.text for one in rows(house, "desk")] == ["nothing"]

    house.run(2 * DAY)
    assert len(rows(house, "dev")) == 3
    assert house.writes() == 0


def test_law_56_the_day_counts_what_came_since_yesterday() -> None:
    house = observing()
    opened(house)
    house.run(DAY)
    opened(house, "another")
    house.run(DAY)

    newest = rows(house, "dev")[-1].after
    assert (newest["all"]["births"], newest["day"]["births"]) == (2, 1)


def test_law_56_fields_of_shared_records_are_counted_by_name() -> None:
    house = observing()
    commands.go_live(house.store, "escalations", "ops", house.clock.now())
    ticket = opened(house)
    house.run(4000)
    commands.go_observe(house.store, "escalations", "ops", house.clock.now())
    wrote = house.writes()
    ticket.set({"Subject": "disk very full", "Priority": "90", "Status": "resolved"})
    ticket.copy("dev").move("attic", by="bob")
    house.run(DAY)

    fields = {"title": 1, "priority": 1, "status": 1}
    assert last(house, "dev") == {"updates": 1, "fields": fields}
    assert last(house, "desk") == {}  # it would show the new key, and that is no difference
    assert house.writes() == wrote


def test_law_47_mails_are_counted_and_what_is_over_the_budget_waits() -> None:
    house = observing(mail=None)
    house.dev.line.mails = lambda one: Audience(staff=2 * isinstance(one, Create))
    opened(house)
    opened(house, "by a machine", by="robot")
    house.run(DAY)

    assert last(house, "dev") == {"births": 1, "staff": 2, "over_budget": 1}
    assert rows(house, "dev")[-1].text == (
        "1 birth; 2 mails to staff, 1 over the mail budget would wait"
    )


def test_law_47_a_note_on_what_is_not_born_yet_mails_whom_its_birth_mails() -> None:
    house = observing(mail="staff")
    house.dev.line.mails = lambda one: Audience(staff=2 * isinstance(one, Create))
    opened(house).note("look at this", internal=True)
    house.run(DAY)

    assert last(house, "dev") == {"births": 1, "notes": 1, "staff": 4}


def test_law_56_an_account_that_a_person_asks_for_is_given_at_once() -> None:
    house = observing()
    opened(house)
    house.run(4000)

    accounts.ask(house.store, ["dev"], house.clock.now())
    house.wake("dev")
    house.run(30)

    assert last(house, "dev") == {"births": 1}
    assert not rows(house, "desk")
    house.run(DAY)
    assert len(rows(house, "dev")) == 2


def test_law_56_a_sync_that_is_live_gives_no_account() -> None:
    house = observing()
    opened(house)
    commands.go_live(house.store, "escalations", "ops", house.clock.now())
    house.run(DAY)

    assert not house.told("would_send")


def test_law_56_a_record_that_is_paused_would_not_be_sent() -> None:
    house = observing()
    ticket = opened(house)
    house.run(4000)
    commands.pause(house.store, f"record:{ticket.hub.id}", "ops", None, house.clock.now())
    house.run(DAY)

    assert last(house, "dev") == {}


def test_law_35_an_account_goes_on_where_its_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "SLICE", 2)
    house = observing()
    for number in range(7):
        opened(house, f"number {number}")
    house.run(DAY / 2)
    whole = accounts.Accounts._slice
    slices: list[int] = []

    def dying(*args: Any) -> Any:
        slices.append(1)
        if len(slices) == 3:
            raise Crash("in the middle of an account")
        return whole(*args)

    monkeypatch.setattr(accounts.Accounts, "_slice", dying)
    house.run(DAY)

    assert len(slices) >= 8
    assert last(house, "dev") == {"births": 7}
    assert len(rows(house, "dev")) == 1


ACTS = st.lists(
    st.sampled_from(["title", "priority", "status", "note", "file", "env", "tag"]), max_size=6
)


@settings(max_examples=8, deadline=None)
@given(before=ACTS, after=ACTS)
def test_law_56_what_was_foretold_is_what_is_sent(before: list[str], after: list[str]) -> None:
    """Births, notes, files and updated records: counted, then let go, and counted again."""
    house = observing(mail="customers")
    ticket = opened(house)
    house.run(4000)
    for n, act in enumerate([*before, *after]):
        if n == len(before):
            house.run(4000)
        match act:
            case "title":
                ticket.set({"Subject": f"title {n}"})
            case "priority":
                ticket.set({"Priority": ["10", "90"][n % 2]})
            case "status":
                ticket.set({"Status": "open"})
            case "env":
                ticket.set({"CustomFields.Environment": "Staging"})
            case "tag":
                ticket.set({"CustomFields.Tags": [f"t{n}"]})
            case "note":
                ticket.note(f"note {n}", internal=True)
            case _:
                ticket.attach(f"file{n}.txt")
    house.run(DAY)
    foretold = last(house, "dev")

    commands.go_live(house.store, "escalations", "ops", house.clock.now())
    house.run(4000)

    sent = house.dev.sent
    elements = [one for one in sent if isinstance(one, AddElement)]
    assert foretold.get("births", 0) == sum(isinstance(one, Create) for one in sent)
    assert foretold.get("notes", 0) == sum(one.kind == "note" for one in elements)
    assert foretold.get("files", 0) == sum(one.kind == "attachment" for one in elements)
    assert foretold.get("updates", 0) == 0, "a record that is not born is not updated"
