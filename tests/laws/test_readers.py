"""Laws 45 to 49: who may read, who is mailed, who is kept apart."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import pytest

from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Create,
    Operation,
    Update,
)
from sdsync.connectors.failures import Rejected, Scope, Throttled, Transient
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.examples import SamePeople
from sdsync.store.records import (
    Change,
    GroupRow,
    GroupState,
    Hub,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.sync.model import SyncPolicy
from sdsync.sync.persons import recovery
from sdsync.sync.persons.recovery import Replay
from sdsync.sync.watch import waiting
from sdsync.testing.simulated.things import Note, Record
from tests.laws.people import Ticket
from tests.laws.rig import AWAY, House, shared

KEY = "q" * 43 + "="  # 32 bytes in base64
CUSTOMER = {"desk": "customer", "dev": "customer", "board": "customer"}
PUBLIC = {"desk": "customer", "dev": "public", "board": "public"}


def notes(sent: list[Operation]) -> list[AddElement]:
    """Notes that were sent."""
    return [one for one in sent if isinstance(one, AddElement) and one.kind == "note"]


# -- law 45 ------------------------------------------------------------------------------
def test_law_45_what_crosses_systems_arrives_internal() -> None:
    house = House(audiences=PUBLIC)
    ticket = shared(house)

    ticket.note("for the customer")
    house.run()

    (note,) = ticket.copy("dev").record.notes
    assert note.internal


def test_law_45_as_written_keeps_what_its_author_marked() -> None:
    house = House(("desk", "dev"), {"notes": "as written"}, CUSTOMER)
    ticket = shared(house)

    ticket.note("for the customer")
    ticket.note("for us", internal=True)
    house.run()

    flags = {
        one.body.rpartition("\n\n")[2]: one.internal for one in ticket.copy("dev").record.notes
    }
    assert flags == {"for the customer": False, "for us": True}


def test_law_45_without_the_proved_right_nothing_narrower_is_written() -> None:
    house = House(("desk", "dev"), {}, PUBLIC, private_right=False)
    ticket = shared(house)

    ticket.note("for us", internal=True)
    house.run()

    assert not notes(house.dev.sent)
    assert ticket.group("dev", "notes") == "parked"


def test_law_45_what_a_place_is_said_to_be_is_no_proof() -> None:
    """A project of staff alone, where the right to private notes is missing all the same."""
    house = House(("desk", "dev"), {}, CUSTOMER, private_right=False)
    house.engine.core.systems["dev"].audiences = {"infra": "internal"}
    ticket = shared(house)

    ticket.note("for us", internal=True)
    house.run()

    assert not notes(house.dev.sent)
    assert ticket.group("dev", "notes") == "parked"


def test_law_40_a_replay_is_judged_by_the_rights_as_they_are_now() -> None:
    """Not by what the system told minutes ago: somebody granted the right, and replays."""
    house = House(("desk", "dev"), {}, PUBLIC, private_right=False)
    ticket = shared(house)
    ticket.note("for us", internal=True)
    house.run()
    (cause,) = house.store.causes()
    house.dev.product.places["infra"].private_right = True

    def not_at_once(_: object) -> Rejected:
        house.dev.line.instead = {}
        return Rejected((), "come again")

    house.dev.line.instead["describe"] = not_at_once
    recovery.replay(house.store, Replay(cause.id), "ann", house.clock.now())
    house.run(300)

    assert ticket.copy("dev").bodies == ["for us"]
    assert not ticket.replica("dev").groups


def test_law_40_a_replay_finds_that_a_place_takes_births_now() -> None:
    house = House(("desk", "dev"))
    house.run(30)
    house.dev.product.places["infra"].may_create = False
    house.run(1200)
    ticket = house.desk.open("disk full")
    house.run(60)
    assert ticket.group("dev", "birth") == "parked"
    house.dev.product.places["infra"].may_create = True

    recovery.replay(house.store, Replay("all"), "ann", house.clock.now())
    house.run(30)

    assert ticket.copy("dev")["subject"] == "disk full"


def test_law_45_a_file_without_a_flag_is_taken_back_where_more_people_read() -> None:
    """Its record was moved into a place that customers read."""
    house = House(("desk", "dev"), {}, {"desk": "customer"})
    house.dev.product.places[AWAY["dev"]].default_audience = "customer"
    fields = house.engine.core.systems["dev"].mappings["attachment"].fields
    cast("dict[str, object]", fields).pop("audience")
    ticket = shared(house)
    copy = ticket.copy("dev")
    ticket.attach("a.log", b"of staff")
    house.run(120)
    assert [one.name for one in copy.record.files] == ["a.log"]

    copy.move(AWAY["dev"], by="bob")
    house.run(1200)

    assert copy.record.files == []


def test_law_45_a_customers_note_does_not_become_public() -> None:
    house = House(("desk", "board"), {"notes": "as written"}, PUBLIC)
    ticket = shared(house)

    ticket.note("for the customer")
    house.run()

    assert not notes(house.board.sent)
    assert ticket.group("board", "notes") == "parked"


def test_law_45_the_stored_flag_is_read_back() -> None:
    """The right was taken away since it was proved: the product drops the flag in silence."""
    house = House(("desk", "dev"), {}, PUBLIC)
    ticket = shared(house)

    house.dev.product.places["infra"].private_right = False
    ticket.note("for us", internal=True)
    house.run(60)

    assert ticket.told("leaked")
    assert ticket.group("dev", "leak") == "parked"
    assert not ticket.copy("dev").record.notes  # taken back at once

    ticket.note("for us again", internal=True)
    house.run()
    assert len(notes(house.dev.sent)) == 1  # and never tried there again


def leaky() -> tuple[House, Ticket]:
    """A house whose right to private notes in dev was taken away since it was proved."""
    house = House(("desk", "dev"), {}, PUBLIC)
    ticket = shared(house)
    house.dev.product.places["infra"].private_right = False
    return house, ticket


def test_law_45_a_leak_that_a_look_up_finds_is_taken_back() -> None:
    house, ticket = leaky()
    house.dev.fault("effect then cut")

    ticket.note("for us", internal=True)
    house.run(120)

    assert ticket.told("leaked")
    assert not ticket.copy("dev").record.notes


def test_law_45_a_late_note_that_leaks_where_it_was_written_is_taken_back() -> None:
    """A person wrote it on a merged record; its copy goes to the survivor in the same product."""
    house = House(("desk", "dev"), {}, PUBLIC)
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(60)
    house.dev.product.places["infra"].private_right = False

    loser.copy("dev").note("for us", internal=True, by="bob")
    house.run(60)

    assert survivor.told("leaked")
    assert not survivor.copy("dev").record.notes


def test_law_45_a_leak_is_taken_back_before_fields_are_written() -> None:
    house, ticket = leaky()

    def read_nothing(shown: object) -> object:
        ticket.set({"Subject": "new words"})
        return Transient("500")

    def cut_the_read_back(operation: object) -> None:
        if isinstance(operation, AddElement):
            house.dev.line.instead = {"fetch": read_nothing}

    house.dev.line.instead["apply"] = cut_the_read_back
    ticket.note("for us", internal=True)
    house.run(15)
    house.dev.line.instead = {}
    before = len(house.dev.sent)
    house.run(120)

    assert [type(one).__name__ for one in house.dev.sent[before:]] == ["RemoveElement", "Update"]
    assert len(ticket.told("note_withdrawn")) == 1


def test_law_45_an_edit_whose_flag_is_dropped_is_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(("desk", "dev"), {"notes": "as written"}, {**PUBLIC, "desk": "public"})
    ticket = shared(house)
    note = ticket.note("for everybody")
    house.run(60)
    (copy,) = ticket.copy("dev").record.notes
    assert not copy.internal

    edit = house.dev.product.edit_note

    def without_the_flag(record: Record, note: Note, **new: Any) -> None:
        edit(record, note, **{**new, "internal": False})

    monkeypatch.setattr(house.dev.product, "edit_note", without_the_flag)
    ticket.side.product.edit_note(
        ticket.record, note, by=note.author, body="for us", internal=True, truth="for us"
    )
    house.run(60)

    assert ticket.told("leaked")
    assert not ticket.copy("dev").record.notes


def test_law_45_a_place_that_leaked_gets_nothing_private_until_a_replay() -> None:
    """Not even after the leak itself is over, the record gone, and the process another one."""
    house, ticket = leaky()
    other = shared(house, "db01 is down")
    ticket.note("for us", internal=True)
    house.run(60)
    (cause,) = house.store.causes()
    house.dev.product.delete(ticket.copy("dev").record, by=house.dev.who("bob"))
    house.desk.product.delete(ticket.record, by=house.desk.who("ann"))
    ticket.copy("dev").bell()
    house.run(1500)
    assert ticket.replica("dev").state is ReplicaState.GONE
    house.dev.product.places["infra"].private_right = True
    house.start().run(1500)

    other.note("for us as well", internal=True)
    house.run()
    assert not other.copy("dev").record.notes

    recovery.replay(house.store, Replay(cause.id), "ann", house.clock.now())
    house.run(30)
    other.note("now again", internal=True)
    house.run()
    assert other.copy("dev").bodies == ["now again"]


# -- law 46 ------------------------------------------------------------------------------
DANGEROUS = "@ann fixes #12, see {{include(x)}} and [[Wiki]]\n\n/close"


@pytest.fixture
def pack() -> CompiledMapping:
    """Redmine's notes as the shipped pack maps them."""
    return compile_mapping("dev", "redmine", "note", folder=None, tables={})


def test_law_46_what_is_written_to_a_target_does_nothing_there(pack: CompiledMapping) -> None:
    written = pack.put("body", DANGEROUS, seen={}, hub={}, people=SamePeople())
    text = str(written.values["body"])

    for active in (r"@ann", r"fixes #12", r"#12", r"\{\{", r"\[\[", r"^/close"):
        assert not re.search(active, text, re.MULTILINE), active


def test_law_46_the_way_back_shows_what_the_author_wrote(pack: CompiledMapping) -> None:
    written = pack.put("body", DANGEROUS, seen={}, hub={}, people=SamePeople())

    assert pack.get("body", written.values, SamePeople()) == DANGEROUS


# -- law 47 ------------------------------------------------------------------------------
def mailing(mail: str | None, by: str, audience: Audience) -> Ticket:
    """A title that changed, where each update mails somebody."""
    house = House(sync={"mail": mail})
    ticket = shared(house)
    house.dev.line.mails = lambda one: audience if isinstance(one, Update) else Audience()
    ticket.set({"Subject": "new words"}, by=by)
    house.run()
    return ticket


@pytest.mark.parametrize(
    ("mail", "by", "audience", "sent"),
    [
        (None, "ann", Audience(staff=1), True),
        (None, "robot", Audience(staff=1), False),
        (None, "ann", Audience(customers=1), False),
        ("none", "ann", Audience(staff=1), False),
        ("staff", "robot", Audience(staff=1), True),
        ("staff", "ann", Audience(customers=1), False),
        ("customers", "robot", Audience(customers=1), True),
    ],
)
def test_law_47_nobody_is_mailed_by_surprise(
    mail: str | None, by: str, audience: Audience, sent: bool
) -> None:
    ticket = mailing(mail, by, audience)

    assert (ticket.copy("dev")["subject"] == "new words") is sent
    assert (ticket.group("dev", "title") == "parked") is not sent


def test_law_47_over_budget_waits_and_names_the_setting() -> None:
    ticket = mailing(None, "ann", Audience(customers=1))

    (cause,) = ticket.house.store.causes()
    assert cause.text == "dev: would mail customers"
    assert cause.remedy == 'set mail = "customers" in [syncs.escalations], then sdsync reload'
    note = ticket.replica("dev").groups["title"].note
    assert note == "title new words would mail 1 customer"


def test_law_47_what_mails_nobody_does_not_wait_beside_what_would() -> None:
    house = House(sync={"mail": None})
    ticket = shared(house)
    house.dev.line.mails = lambda one: Audience(
        customers=isinstance(one, Update) and "priority" in one.values
    )
    ticket.set({"Subject": "new words", "Priority": "90"}, by="ann")
    house.run()

    assert ticket.copy("dev")["subject"] == "new words"
    assert ticket.group("dev", "urgency") == "parked"
    assert ticket.group("dev", "title") != "parked"


def test_law_47_a_machines_note_mails_nobody() -> None:
    house = House(sync={"mail": None})
    ticket = shared(house)
    house.dev.line.mails = lambda one: Audience(staff=isinstance(one, AddElement))

    ticket.note("by a machine", internal=True, by="robot")
    house.run()

    assert ticket.group("dev", "notes") == "parked"


def test_law_47_whom_a_note_mails_is_known_from_the_store() -> None:
    """No connector need have read the record: after a start none has."""
    house = House(sync={"mail": "none"})
    ticket = shared(house)
    line = house.dev.line
    line.mails = lambda one: Audience(
        staff=isinstance(one, AddElement) and bool(line.recalled.get(one.ref.id))
    )

    ticket.note("look at this", internal=True, by="ann")
    house.run()

    assert ticket.group("dev", "notes") == "parked"


def test_law_47_a_line_of_our_own_mails_nobody() -> None:
    house = House(sync={"mail": None})
    ticket = shared(house)
    copy = ticket.copy("dev")
    note = copy.note("first words", internal=True, by="bob")
    house.run()
    house.desk.line.mails = lambda one: Audience(staff=isinstance(one, AddElement))

    house.dev.product.edit_note(
        copy.record, note, by=note.author, body="other words", internal=True, truth="other words"
    )
    house.run()

    assert ticket.bodies == ["first words"]


def test_law_47_a_machines_record_mails_nobody() -> None:
    house = House(sync={"mail": None}).run(30)
    house.dev.line.mails = lambda one: Audience(staff=isinstance(one, Create))

    ticket = house.desk.open("by a machine", by="robot")
    house.run()

    assert not house.dev.tickets
    assert ticket.group("dev", "birth") == "parked"


def test_law_47_a_record_over_the_budget_waits_whole() -> None:
    house = House(sync={"mail": None}).run(30)
    house.dev.line.mails = lambda one: Audience(
        customers=isinstance(one, Create) and "priority" in one.values
    )

    ticket = house.desk.open("by a customer", Priority="90")
    house.run()

    assert not house.dev.tickets  # nor one without what would mail
    assert ticket.group("dev", "birth") == "parked"
    assert ticket.group("dev", "title") != "parked"


# -- law 48 ------------------------------------------------------------------------------
def test_law_48_an_undelivered_human_change_says_so_where_people_look() -> None:
    house = House()
    ticket = shared(house)

    house.dev.line.instead["apply"] = lambda _: Throttled(600.0, Scope.RECORD)
    ticket.set({"Priority": "90"})
    house.run(800)
    assert not ticket.record.notes

    house.run(1200)
    (said,) = ticket.record.notes
    assert "has not reached every side" in said.body
    assert said.internal
    assert ticket.copy("dev").record.notes == []


@pytest.mark.parametrize("how", ["down", "broken"])
def test_law_48_never_per_record_while_a_whole_system_is_down(how: str) -> None:
    house = House()
    ticket = shared(house)
    getattr(house.dev, how)(7200)
    ticket.set({"Priority": "90"})
    house.run(3600)

    assert not ticket.record.notes
    assert not ticket["CustomFields.Tags"]


def crowd(house: House, number: int, *, sync: str, home: str = "desk", told: bool = False) -> None:
    """Records of which a change waits since yesterday; not told: they have no place for it."""
    since = house.clock.now() - timedelta(days=1)
    for n in range(number):
        hub = Hub(
            f"{sync}-{told}-{n}", "ticket", [sync], f"{home}#{told}-{n}", home, since,
            human_at=since, told_at=since if told else None,
        )  # fmt: skip
        copy = Replica(f"{hub.id}-dev", hub.id, "dev", "ticket", ReplicaState.OUT_OF_REACH)
        copy.groups["urgency"] = GroupRow(GroupState.DIRTY, since)
        house.store.commit(Change(shares=[Share(hub, [copy])]))


@pytest.mark.parametrize("others", ["observed", "told", "born elsewhere"])
def test_law_48_however_many_others_wait(others: str) -> None:
    watching = SyncPolicy("watching", ("desk", "dev"), take={}, put={}, mode="observe")
    house = House(more_syncs=(watching,))
    ticket = shared(house)
    crowd(
        house,
        450,
        sync="watching" if others == "observed" else "escalations",
        home="dev" if others == "born elsewhere" else "desk",
        told=others == "told",
    )
    ticket.copy("dev").record.has_child = True  # its priority cannot be set
    ticket.set({"Priority": "90"})

    house.run(1500)

    (said,) = ticket.record.notes
    assert "has not reached every side" in said.body


def test_law_48_what_waits_later_is_not_behind_what_waits_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "A_VISIT", 3)
    monkeypatch.setattr(waiting, "PAGE", 2)
    house = House()
    ticket, away = shared(house), shared(house, "its side is away")
    for one in (ticket, away):
        one.copy("dev").record.has_child = True
    away.set({"Priority": "90"})
    crowd(house, 35, sync="escalations", told=True)
    crowd(house, 5, sync="escalations")  # never told: their side has no record to say it on
    house.run(600)
    house.dev.down(1800)  # nothing is said of it meanwhile: it is found in the round
    house.run(600)
    assert not away.record.notes

    house.run(1200)
    ticket.set({"Priority": "90"})
    house.run(1500)

    for one in (ticket, away):
        (said,) = one.record.notes
        assert "has not reached every side" in said.body


def test_law_48_what_is_parked_says_so_too() -> None:
    house = House()
    ticket = shared(house)
    ticket.copy("dev").record.has_child = True  # its priority cannot be set
    ticket.set({"Priority": "90"})

    house.run(800)
    assert not ticket.record.notes

    house.run(1200)
    (said,) = ticket.record.notes
    assert "has not reached every side" in said.body
    assert "urgency" in said.body
    assert said.internal
    assert house.quiet(3600)


# -- law 49 ------------------------------------------------------------------------------
TENANTS = {
    "desk": {"Escalated": "acme", "General": "acme"},
    "dev": {"infra": "globex", "attic": "acme"},
}


def test_law_49_nothing_is_born_behind_another_tenants_wall() -> None:
    house = House(tenants=TENANTS)
    ticket = house.run(30).desk.open("acme's own trouble")
    house.run()

    assert not house.dev.sent
    assert ticket.group("dev", "birth") == "parked"


def test_law_49_the_wall_stands_in_deliver_too() -> None:
    """Somebody moves the issue into another customer's project."""
    house = House(tenants={**TENANTS, "dev": {"infra": "acme", "attic": "globex"}})
    ticket = shared(house)
    ticket.copy("dev").move(AWAY["dev"])
    house.run()
    before = len(house.dev.sent)

    ticket.set({"Subject": "acme's own words"})
    ticket.note("acme's own note", internal=True)
    house.run()

    assert len(house.dev.sent) == before
    assert ticket.group("dev", "tenant") == "parked"
