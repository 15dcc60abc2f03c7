"""Laws 36 and 56: what is paused is not written, and costs nobody else anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.store.records import Hub, Pause, WorkKey
from sdsync.sync.persons import commands
from sdsync.sync.persons.by_hand import Refused
from tests.laws.people import HOME, Ticket
from tests.laws.rig import House, shared

SCOPES = ["record", "sync:escalations", "tenant:acme"]
TENANTS = {"desk": {HOME["desk"]: "acme"}, "dev": {HOME["dev"]: "acme"}}


def paused(house: House, scope: str, ticket: Ticket | None = None) -> str:
    """The scope, as the store names it."""
    named = f"record:{ticket.hub.id}" if ticket is not None and scope == "record" else scope
    commands.pause(house.store, named, "ann", "an upgrade", house.clock.now())
    return named


@pytest.mark.parametrize("scope", ["all", "system:dev"])
def test_law_56_a_paused_system_is_read_however_much_waits_for_it(scope: str) -> None:
    house = House()
    ticket = shared(house)
    paused(house, scope)
    for number in range(30):
        house.desk.open(f"waits {number}")
    house.run(60)
    assert house.store.due("dev", "deliver", now=house.clock.now()) == 0
    lane = house.engine.core.systems["dev"].lane
    calls, asked = lane.calls, house.dev.line.line.calls

    ticket.copy("dev").set({"priority": "High"}).bell()
    house.run(5)

    assert ticket.hub.values["priority"] == "high"
    assert lane.calls - calls <= house.dev.line.line.calls - asked + 2  # a description asks more


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

    work = house.store.work(WorkKey("dev", "deliver", ticket.replica("dev").id))
    assert work is not None
    assert work.due_at > house.clock.now() + timedelta(days=365_000)
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


@pytest.mark.parametrize("scope", SCOPES)
def test_law_56_what_comes_to_a_pause_that_is_just_over_goes_out(
    scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause ends after the delivery saw it, and before it is put aside for it."""
    house = House(tenants=TENANTS)
    ticket = shared(house)
    named = paused(house, scope, ticket)
    pauses = house.engine.core.pauses
    seen = pauses.holding

    def ends(hub: Hub, system: str) -> Pause | None:
        pause = seen(hub, system)
        if pause is not None:
            commands.resume(house.store, named, "ann", house.clock.now())
        return pause

    monkeypatch.setattr(pauses, "holding", ends)
    ticket.set({"Subject": "said meanwhile"})
    house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"


def test_law_56_who_resumes_does_not_end_what_was_paused_anew_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    paused(house, "sync:escalations")
    seen = house.store.pauses()
    house.run(1)
    commands.pause(house.store, "sync:escalations", "bob", "an emergency", house.clock.now())
    monkeypatch.setattr(house.store, "pauses", lambda: seen)  # as ann saw them

    with pytest.raises(Refused, match="another pause by now"):
        commands.resume(house.store, "sync:escalations", "ann", house.clock.now())

    monkeypatch.undo()
    assert [one.by for one in house.store.pauses()] == ["bob"]


def test_law_56_a_record_that_left_a_paused_tenant_goes_on() -> None:
    house = House(tenants={"desk": {HOME["desk"]: "acme"}})
    ticket = shared(house)
    paused(house, "tenant:acme")
    ticket.set({"Subject": "said meanwhile"})
    house.run(60)

    house.start(tenants={"desk": {HOME["desk"]: "acme-ltd"}})  # the file names it anew
    ticket.bell()
    house.run(60)

    assert ticket.copy("dev")["subject"] == "said meanwhile"
