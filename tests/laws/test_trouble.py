"""Laws 39 to 42: trouble stays where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sdsync.cli.looks import held as held_looks
from sdsync.connectors.contract import NativeRecord, Update
from sdsync.connectors.failures import Forbidden, Missing, Rejected, Transient
from sdsync.ratelimit.lanes import LaneState, Unauthorised, Wait, answered, ask
from sdsync.ratelimit.state import Granted
from sdsync.store.dialect import Link
from sdsync.store.opening import open_store
from sdsync.store.records import Change, Hub, Replica, ReplicaState, Share
from sdsync.sync.model import FEW
from sdsync.sync.persons import recovery
from sdsync.testing.simulated.clock import START, VirtualClock
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

KEY = "q" * 43 + "="  # 32 bytes in base64


# -- law 39 ------------------------------------------------------------------------------
def test_law_39_a_refused_group_parks_itself_and_others_go_on() -> None:
    house = House(("desk", "board"))
    ticket = shared(house)

    def refuse(operation: object) -> Rejected | None:
        bad = isinstance(operation, Update) and "labels" in operation.values
        return Rejected(("labels",), "no such label") if bad else None

    house.board.line.instead["apply"] = refuse
    ticket.set({"Subject": "fine", "CustomFields.Tags": ["vip"]})
    ticket.note("noted")
    house.run()

    assert ticket.copy("board")["title"] == "fine"
    assert ticket.copy("board").bodies == ["noted"]
    assert ticket.group("board", "tags") == "parked"


def test_law_39_a_forbidden_record_is_out_of_reach_and_no_dead_letter() -> None:
    house = House(("desk", "dev", "board"))
    ticket, other = shared(house), shared(house, "other")
    copy = ticket.copy("dev")

    copy.record.forbidden = True
    ticket.set({"Subject": "while it cannot be seen"})
    other.set({"Subject": "of all others nothing changes"})
    house.run(300)
    assert ticket.replica("dev").state is ReplicaState.OUT_OF_REACH
    assert not house.store.causes()
    assert ticket.copy("board")["title"] == "while it cannot be seen"
    assert other.copy("dev")["subject"] == "of all others nothing changes"

    copy.record.forbidden = False
    house.run(900)
    assert copy["subject"] == "while it cannot be seen"


def test_law_39_a_new_record_out_of_reach_enters_once_it_is_shown() -> None:
    house = House().run(30)
    house.desk.line.instead["fetch"] = lambda _: Forbidden("no right to see this record")
    ticket = house.desk.open("disk full")
    house.run(60)
    assert not ticket.shared

    del house.desk.line.instead["fetch"]
    house.run(900)

    assert ticket.copy("dev")["subject"] == "disk full"


def test_law_39_a_system_in_trouble_pauses_its_own_lane_and_its_work_waits() -> None:
    house = House(("desk", "dev", "board"))
    ticket = shared(house)

    house.dev.locked(7200)
    ticket.set({"Subject": "during the night"})
    ticket.note("noted", internal=True)
    calls = house.dev.line.line.calls
    house.run(7000)
    assert ticket.copy("board")["title"] == "during the night"
    assert not house.store.causes()
    assert house.dev.line.line.calls - calls < 7000 / 40  # probes, no storm

    house.run(900)
    assert ticket.copy("dev")["subject"] == "during the night"
    assert ticket.copy("dev").bodies == ["noted"]


def test_law_39_what_people_did_during_an_outage_is_one_write_of_the_last_state() -> None:
    house = House()
    ticket = shared(house)

    house.dev.down(1800)
    for number in range(30):
        ticket.set({"Subject": f"disk full, {number}"})
        house.run(30)
    before = len(house.dev.sent)
    house.run(1800)

    (write,) = house.dev.sent[before:]
    assert isinstance(write, Update)
    assert write.values == {"subject": "disk full, 29"}
    assert house.quiet()


@pytest.mark.parametrize("how", ["down", "broken"])
def test_law_39_an_outage_is_said_once_when_it_begins_and_once_when_it_is_over(how: str) -> None:
    house = House()
    tickets = [shared(house, f"ticket {number}") for number in range(3)]

    getattr(house.dev, how)(1800)
    for one in tickets:
        one.set({"Subject": "during the outage"})
    house.run(900)
    assert house.store.system("dev").state == "unreachable"
    house.run(1800)

    assert [one.copy("dev")["subject"] for one in tickets] == ["during the outage"] * 3
    assert [one.system for one in house.told("system_out")] == ["dev"]
    assert [one.system for one in house.told("system_back")] == ["dev"]


def test_law_39_a_call_in_vain_is_no_outage() -> None:
    house = House()
    ticket = shared(house)
    vain = [Transient("500")] * 2

    house.dev.line.instead["fetch"] = lambda _: vain.pop() if vain else None
    ticket.set({"Subject": "goes on"})
    house.run(300)

    assert not vain
    assert ticket.copy("dev")["subject"] == "goes on"
    assert house.told("system_out") == house.told("system_back") == []


def test_law_39_a_record_that_never_answers_is_asked_ever_more_rarely() -> None:
    house = House()
    ticket, tried = shared(house), list[datetime]()
    copy = ticket.copy("dev")

    def hangs(shown: object) -> Transient | None:
        if not isinstance(shown, NativeRecord) or shown.ref.id != copy.record.id:
            return None
        tried.append(house.clock.now())
        return Transient("no answer before the deadline")

    house.dev.line.instead["fetch"] = hangs
    ticket.set({"Subject": "comes late"})
    copy.set({"category": "app"}).bell()
    house.run(3600)
    assert len(tried) <= 32  # a look and a delivery, in the end every five minutes each

    house.dev.line.instead.clear()
    house.run(300)
    assert copy["subject"] == "comes late"
    assert ticket["CustomFields.Category"] == "app"


def test_law_39_a_refused_credential_stops_the_lane_until_a_probe() -> None:
    state = LaneState()
    first = ask(state, 0.0)
    assert isinstance(first, Granted)

    answered(state, first.grant, Unauthorised(), now=0.1, rand=lambda: 0.0)

    assert isinstance(ask(state, 1.0), Wait)
    probe = ask(state, 30.0)
    assert isinstance(probe, Granted)
    assert probe.grant.probe
    assert isinstance(ask(state, 30.0), Wait)


# -- law 40 ------------------------------------------------------------------------------
def test_law_40_nothing_parked_expires_by_itself() -> None:
    house = House()
    ticket = shared(house)
    ticket.copy("dev").record.has_child = True
    ticket.set({"Priority": "90"})
    house.run()
    since = ticket.row("dev", "urgency")

    for _ in range(6):
        house.clock.advance(timedelta(days=20).total_seconds())
        house.run(300)

    assert ticket.group("dev", "urgency") == "parked"
    assert ticket.row("dev", "urgency") == since
    assert len(house.store.causes()) == 1


# -- law 41 ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Missing(), ReplicaState.MISSING),
        (Forbidden(), ReplicaState.OUT_OF_REACH),
        (Transient("refused", unreachable=True), ReplicaState.LIVE),
    ],
)
def test_law_41_missing_forbidden_and_unreachable_are_different_answers(
    answer: object, state: ReplicaState
) -> None:
    house = House(sync={"on_delete": "close", "closes": "any"})
    ticket = shared(house)

    house.dev.line.instead["fetch"] = lambda _: answer
    ticket.copy("dev").bell()
    house.run(20)

    assert ticket.replica("dev").state is state
    assert ticket["Status"] == "new"


def test_law_41_an_unreachable_search_is_not_an_empty_one() -> None:
    house = House(sync={"match": ("title",)}, started=False)
    house.dev.open("disk full")
    house.clock.advance(60)
    house.start().run(30)

    house.dev.line.instead["search"] = lambda _: Transient("502 in HTML")
    ticket = house.desk.open("disk full")
    house.run(60)
    assert not house.dev.sent

    del house.dev.line.instead["search"]
    house.run(300)
    assert ticket.copy("dev").record is house.dev.tickets[0].record


def test_law_41_an_unreadable_directory_unassigns_nobody() -> None:
    house = House()
    ticket = shared(house, Owner="ann")
    copy = ticket.copy("dev")
    assert copy["assigned_to"] == house.dev.who("ann")

    house.dev.line.instead["people"] = lambda _: Transient("timed out")
    house.start().run(900)
    ticket.set({"Owner": "bob"})
    house.run()

    assert copy.history("assigned_to") == [house.dev.who("bob")]


def test_law_41_nothing_is_closed_in_number_when_a_place_goes_dark() -> None:
    house = House(sync={"on_delete": "close", "closes": "any"})
    tickets = [shared(house, f"ticket {number}") for number in range(3)]

    house.dev.line.instead["fetch"] = lambda _: Missing()
    house.dev.product.places["infra"].archived = True
    for one in tickets:
        one.copy("dev").bell()
    house.run(1800)

    assert [one["Status"] for one in tickets] == ["new"] * 3


def deleted_in_number(house: House, number: int = 12) -> list[Ticket]:
    """Tickets whose copies in dev somebody deleted within minutes; nobody says why."""
    tickets = [shared(house, f"ticket {one}") for one in range(number)]
    for one in tickets:
        copy = one.copy("dev")
        house.dev.product.delete(copy.record, by=house.dev.who("bob"))
        copy.bell()
    house.run(900)
    return tickets


def closed(tickets: list[Ticket]) -> int:
    """How many were closed for it."""
    return sum(one.hub.values["status"] == "closed" for one in tickets)


def test_law_41_a_wave_of_deletions_is_held_as_one_cause_until_a_person_says_so() -> None:
    house = House(sync={"on_delete": "close", "closes": "any"})
    tickets = deleted_in_number(house)

    assert closed(tickets) == FEW  # of twelve each is more than a tenth, but five always may
    (cause,) = house.store.causes()
    held = house.store.cause_members(cause.id)
    assert len(held) == len(tickets) - FEW
    assert f"sdsync held release {cause.id}" in (cause.remedy or "")
    assert {one.remedy for one in held_looks.listing(house.store)} == {cause.remedy}

    house.run(2 * 3600)  # an hour later it is still the same wave
    assert closed(tickets) == FEW

    recovery.release(house.store, cause.id, "ann", house.clock.now())
    house.run(600)
    assert closed(tickets) == len(tickets)
    assert not house.store.causes()


def test_law_41_the_limit_counts_records_as_well_as_percent() -> None:
    house = House(sync={"on_delete": "unlink", "delete_limit": 8, "delete_limit_percent": 100.0})
    tickets = deleted_in_number(house)

    assert sum(one.hub.state == "unlinked" for one in tickets) == 8


def test_law_41_what_was_only_dark_comes_back_by_itself() -> None:
    house = House(sync={"on_delete": "close", "closes": "any"})
    tickets = deleted_in_number(house)

    for one in tickets:
        one.copy("dev").record.deleted = False
    house.run(7200)

    held = [one for one in tickets if one.hub.values["status"] != "closed"]
    assert {one.replica("dev").state for one in held} == {ReplicaState.LIVE}
    assert not [one for one in held if one.replica("dev").groups]
    assert not house.store.causes()


def test_law_41_a_delete_feed_is_no_proof_when_it_names_many() -> None:
    """The desk tells its deletes: the first few are believed, then each is read twice."""
    house = House(sync={"on_delete": "unlink", "delete_limit": 50, "delete_limit_percent": 100.0})
    tickets = [shared(house, f"ticket {one}") for one in range(FEW + 2)]
    for one in tickets:
        house.desk.product.delete(one.record, by=house.desk.who("bob"))
    house.run(45)

    assert sum(one.replica("desk").state is ReplicaState.GONE for one in tickets) == FEW

    house.run(300)
    assert all(one.replica("desk").state is ReplicaState.GONE for one in tickets)


# -- law 42 ------------------------------------------------------------------------------
def read_long_ago(number: int, *, due: bool) -> Share:
    """A shared record that was last read a day ago, or just now."""
    hub = Hub(f"h{number:04}", "ticket", ["s"], f"desk#{number}", "desk", START)
    read = START - timedelta(days=1) if due else START
    desk = Replica(f"r{number:04}", hub.id, "desk", "ticket", ReplicaState.LIVE, str(number))
    return Share(hub, [replace(desk, last_ok_at=read, seen_at=read)])


def test_law_42_a_sweep_costs_as_the_pending_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three records are due; however many are stored, statements and rows stay the same."""
    read: list[int] = []
    rows = Link.rows

    def counted(link: Link, *args: object) -> list[tuple[object, ...]]:
        found = rows(link, *args)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(Link, "rows", counted)
    costs = []
    for stored in (10, 100):
        folder = tmp_path / str(stored)
        folder.mkdir()
        store = open_store(None, KEY, path=folder, clock=VirtualClock())
        shares = [read_long_ago(number, due=number < 3) for number in range(stored)]
        store.commit(Change(shares=shares))
        read.clear()
        found = store.unread("desk", before=START - timedelta(hours=1), limit=200)
        costs.append((len(read), sum(read), [one.id for one in found]))
        store.close()

    assert costs[0] == costs[1] == (1, 3, ["0", "1", "2"])


def test_law_42_the_engine_sweeps_what_was_long_not_read_and_nothing_else() -> None:
    house = House()
    tickets = [shared(house, f"ticket {number}") for number in range(3)]
    looked: list[str] = []

    def look(shown: object) -> None:
        if isinstance(shown, NativeRecord):
            looked.append(shown.ref.id)

    house.run(3000)
    tickets[0].bell()
    house.run(60)
    house.desk.line.instead["fetch"] = look
    house.run(1200)

    assert sorted(set(looked)) == sorted(one.record.id for one in tickets[1:])


def test_law_39_a_new_record_that_is_refused_for_its_place_is_parked_whole() -> None:
    """What else the refusal names is a consequence: no group of it would help by waiting."""
    house = House()
    refusal = Rejected(("project", "status"), "Project cannot be blank")
    house.dev.line.instead["apply"] = lambda _: refusal
    house.run(60)
    ticket = house.desk.open()
    house.run(60)

    (row,) = ticket.replica("dev").groups.values()
    assert row.note == 'dev refuses a new record in "infra": Project cannot be blank'
    assert len(house.dev.sent) == 1
