"""Laws 36 and 56: what is paused is not written, and costs nobody else anything."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sdsync.store.records import READING, WorkKey
from sdsync.sync import engine
from sdsync.sync.persons import commands
from tests.laws.people import HOME, Ticket
from tests.laws.rig import House, shared

SCOPES = ["record", "sync:escalations", "tenant:acme"]
TENANTS = {"desk": {HOME["desk"]: "acme"}, "dev": {HOME["dev"]: "acme"}}


def dies(*_: object) -> None:
    raise KeyboardInterrupt


def paused(house: House, scope: str, ticket: Ticket | None = None) -> str:
    """The scope, as the store names it."""
    named = f"record:{ticket.hub.id}" if ticket is not None and scope == "record" else scope
    commands.pause(house.store, named, "ann", "an upgrade", house.clock.now())
    return named


def test_law_56_every_kind_of_work_reads_but_deliveries() -> None:
    """A new kind is one or the other: what it is decides whether a pause holds it."""
    tree = ast.parse(Path(engine.__file__).read_text("utf-8"))
    kinds = {
        case.pattern.value.value
        for case in ast.walk(tree)
        if isinstance(case, ast.match_case)
        and isinstance(case.pattern, ast.MatchValue)
        and isinstance(case.pattern.value, ast.Constant)
    }

    assert kinds == {*READING, "deliver"}


@pytest.mark.parametrize("scope", ["all", "system:dev"])
def test_law_56_a_paused_system_is_read_however_much_waits_for_it(scope: str) -> None:
    house = House()
    ticket = shared(house)
    paused(house, scope)
    for number in range(30):
        house.desk.open(f"waits {number}")
    house.run(60)
    waiting = house.store.due("dev", "deliver", now=house.clock.now())
    assert waiting == 30

    ticket.copy("dev").set({"priority": "High"}).bell()

    assert house.engine.work("dev").did  # and nothing of the thirty is even looked at
    assert ticket.hub.values["priority"] == "high"
    assert house.store.due("dev", "deliver", now=house.clock.now()) >= waiting


def test_law_56_what_a_paused_system_missed_is_written_when_it_is_resumed() -> None:
    house = House()
    ticket = shared(house)
    paused(house, "system:dev")
    ticket.set({"Subject": "said meanwhile"})
    house.run(300)
    assert ticket.copy("dev")["subject"] != "said meanwhile"

    commands.resume(house.store, "system:dev", "ann", house.clock.now())
    house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"


@pytest.mark.parametrize("scope", SCOPES)
def test_law_56_a_record_that_is_paused_takes_nothing_of_its_lane(scope: str) -> None:
    house = House(tenants=TENANTS)
    ticket = shared(house)
    paused(house, scope, ticket)
    ticket.set({"Subject": "said meanwhile"})
    house.run(60)
    lane = house.engine.core.systems["dev"].lane
    calls, asked = lane.calls, house.dev.line.line.calls

    house.run(600)

    assert house.store.work(WorkKey("dev", "deliver", ticket.replica("dev").id)) is None
    charged, made = lane.calls - calls, house.dev.line.line.calls - asked
    assert charged <= made + 2  # a description asks more than it calls
    assert ticket.copy("dev")["subject"] != "said meanwhile"


def test_law_36_a_visit_that_makes_no_call_takes_nothing_of_the_budget() -> None:
    house = House()
    tickets = [shared(house, f"number {number}") for number in range(12)]
    paused(house, "sync:escalations")
    lane = house.engine.core.systems["dev"].lane
    calls, asked = lane.calls, house.dev.line.line.calls

    for ticket in tickets:
        ticket.set({"Subject": "said meanwhile"})
    house.run(120)

    charged, made = lane.calls - calls, house.dev.line.line.calls - asked
    assert charged <= made + 2  # a description asks more than it calls


@pytest.mark.parametrize("scope", SCOPES)
def test_law_56_what_waited_for_a_pause_goes_out_at_its_end(scope: str) -> None:
    house = House(tenants=TENANTS)
    ticket = shared(house)
    named = paused(house, scope, ticket)
    ticket.set({"Subject": "said meanwhile"})
    house.run(120)

    commands.resume(house.store, named, "ann", house.clock.now())
    house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"


def test_law_56_what_two_pauses_hold_goes_out_at_the_end_of_the_last() -> None:
    house = House(tenants=TENANTS)
    ticket = shared(house)
    named = [paused(house, scope, ticket) for scope in SCOPES]
    ticket.set({"Subject": "said meanwhile"})
    house.run(120)

    for one in named:
        assert ticket.copy("dev")["subject"] != "said meanwhile"
        commands.resume(house.store, one, "ann", house.clock.now())
        house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"


def test_law_56_a_resume_that_was_cut_off_is_typed_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command dies before anything is rung: were the pause gone, nobody would ever ring it."""
    house = House()
    ticket = shared(house)
    named = paused(house, "sync:escalations")
    ticket.set({"Subject": "said meanwhile"})
    house.run(120)
    with monkeypatch.context() as patch:
        patch.setattr(commands, "wake_delivery", dies)
        with pytest.raises(KeyboardInterrupt):
            commands.resume(house.store, named, "ann", house.clock.now())

    commands.resume(house.store, named, "ann", house.clock.now())
    house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"
