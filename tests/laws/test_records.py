"""Laws 53 to 56: who said what when, and who said stop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sdsync.connectors.contract import (
    EditElement,
    RemoveElement,
)
from sdsync.connectors.failures import Missing
from sdsync.mappings.authorship import add_authorship, strip_authorship
from sdsync.mappings.lenses.base import Written
from sdsync.mappings.lenses.dates import DayLens, InstantLens, iso, start_of
from sdsync.store.audit import TrailBroken
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change, PlacementState
from sdsync.store.sql import SqlStore
from sdsync.sync.persons import commands
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

KEY = "q" * 43 + "="  # 32 bytes in base64
CUSTOMER = {"desk": "customer", "dev": "customer", "board": "customer"}
PUBLIC = {"desk": "customer", "dev": "public", "board": "public"}


# -- law 53 ------------------------------------------------------------------------------
@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(None, KEY, path=tmp_path)
    rows = [
        AuditRow(datetime(2026, 3, 2, 8, number, tzinfo=UTC), "edited", "desk", text=f"t{number}")
        for number in range(6)
    ]
    opened.commit(Change(audit=rows))
    opened.seal()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET source = 'dev' WHERE seq = 3",
        "UPDATE audit SET at = at + 1 WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit SET words = NULL WHERE seq = 3",
        "DELETE FROM audit WHERE seq > 4; DELETE FROM audit_seals WHERE seq > 4",
    ],
)
def test_law_53_any_tampering_is_found(store: SqlStore, tmp_path: Path, tampering: str) -> None:
    assert store.verify().ok

    with closing(sqlite3.connect(tmp_path / "sdsync.db")) as link, link:
        link.executescript(tampering)

    assert not store.verify().ok


def test_law_53_retention_takes_nothing_that_was_tampered_with(
    store: SqlStore, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "sdsync.db")) as link, link:
        link.execute("UPDATE audit SET words = NULL WHERE seq = 3")
    late = datetime(2026, 3, 3, tzinfo=UTC)

    with pytest.raises(TrailBroken):
        list(store.forget("audit", late, "p-1", late))

    assert store.verify().first_bad == 3


def test_law_53_every_write_is_in_the_trail() -> None:
    house = House()
    ticket = shared(house)
    ticket.set({"Subject": "by ann", "Priority": "90"})
    ticket.note("a note", internal=True)
    ticket.attach("log.txt")
    house.run(300)

    rows = [one for one in house.store.audit(hub_id=ticket.hub.id) if one.system == "dev"]
    written = {(one.action, one.field): one for one in rows}
    assert ("born", None) in written
    assert ("note_placed", None) in written
    assert ("attachment_placed", None) in written
    title = written["written", "title"]
    assert (title.actor, title.before, title.after) == ("ann", "disk full", "by ann")


# -- law 54 ------------------------------------------------------------------------------
def rewrite(ticket: Ticket, old: str, new: str, *, internal: bool = True) -> None:
    """The author changes a note where it stands."""
    note = next(one for one in ticket.record.notes if one.body == old)
    ticket.side.product.edit_note(
        ticket.record, note, by=note.author, body=new, internal=internal, truth=new
    )


def withdraw(ticket: Ticket, body: str) -> None:
    """The author takes a note away."""
    note = next(one for one in ticket.record.notes if one.body == body)
    ticket.side.product.remove_note(ticket.record, note, by=note.author)


def test_law_54_an_edited_note_is_edited_in_place() -> None:
    house = House()
    ticket = shared(house)
    ticket.note("first words", internal=True)
    house.run()

    rewrite(ticket, "first words", "better words")
    house.run()

    assert ticket.copy("dev").bodies == ["better words"]
    assert len([one for one in house.dev.sent if isinstance(one, EditElement)]) == 1


def test_law_54_where_notes_stay_as_they_are_an_edit_is_followed_up_once() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    copy.note("first words", internal=True, by="bob")
    house.run()

    rewrite(copy, "first words", "better words")
    house.run(600)

    assert ticket.bodies == ["first words", "better words"]
    assert copy.bodies == ["better words"]


def test_law_54_words_that_were_taken_back_are_not_followed_up_later() -> None:
    """The first edit waits for a record out of reach when its words are changed again."""
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    copy.note("first words", internal=True, by="bob")
    house.run()

    ticket.record.forbidden = True
    rewrite(copy, "first words", "a slip")
    house.run(60)
    rewrite(copy, "a slip", "better words")
    house.run(60)
    ticket.record.forbidden = False
    house.run(1200)

    assert ticket.bodies == ["first words", "better words"]


def test_law_54_a_deleted_note_is_withdrawn_before_other_work() -> None:
    house = House()
    ticket = shared(house)
    ticket.note("a slip", internal=True)
    house.run()
    before = len(house.dev.sent)

    withdraw(ticket, "a slip")
    ticket.set({"Subject": "new words"})
    ticket.note("another note", internal=True)
    house.run()

    assert ticket.copy("dev").bodies == ["another note"]
    assert isinstance(house.dev.sent[before], RemoveElement)


def test_law_54_a_copy_that_is_gone_already_holds_nothing_up() -> None:
    """Somebody took it away a moment before: there is nothing to withdraw."""
    house = House()
    ticket = shared(house)
    ticket.note("a slip", internal=True)
    ticket.note("first words", internal=True)
    house.run()
    copy = ticket.copy("dev")
    slip = next(one for one in copy.record.notes if "a slip" in one.body)

    def gone(operation: object) -> object:
        if not isinstance(operation, RemoveElement):
            return None
        if slip in copy.record.notes:
            house.dev.product.remove_note(copy.record, slip, by=house.dev.who("bob"))
        return Missing()

    house.dev.line.instead["apply"] = gone
    withdraw(ticket, "a slip")
    rewrite(ticket, "first words", "better words")
    house.run(300)

    assert ticket.copy("dev").bodies == ["better words"]
    assert ticket.placement("dev", "a slip").state is PlacementState.GONE


def test_law_54_a_copy_that_somebody_took_away_withdraws_nothing() -> None:
    """sdsync removes only what it wrote itself, and only when its author did."""
    house = House(("desk", "dev", "board"))
    ticket = shared(house)
    ticket.note("for all sides", internal=False)
    house.run()
    assert ticket.copy("board").bodies == ["for all sides"]

    copy = ticket.copy("dev")
    house.dev.product.remove_note(copy.record, copy.record.notes[0], by=house.dev.who("bob"))
    house.run(600)

    assert ticket.bodies == ticket.copy("board").bodies == ["for all sides"]
    assert copy.bodies == []


def test_law_54_a_narrowed_note_is_narrowed_or_taken_back() -> None:
    house = House(("desk", "board"), {"notes": "as written"}, CUSTOMER)
    ticket = shared(house)
    ticket.note("for the customer")
    house.run()
    assert ticket.copy("board").bodies == ["for the customer"]

    rewrite(ticket, "for the customer", "for the customer", internal=True)
    house.run()

    assert ticket.copy("board").bodies == []
    assert not [one for one in house.board.sent if isinstance(one, EditElement)]


def test_law_54_the_authors_line_is_stripped_on_the_way_back() -> None:
    house = House()
    ticket = shared(house)
    ticket.note("first words", internal=True)
    house.run()
    (copied,) = ticket.copy("dev").record.notes
    assert copied.body.startswith("*Ann wrote in desk:*")

    house.dev.product.edit_note(
        ticket.copy("dev").record, copied, by=house.dev.who("bob"),
        body=f"{copied.body} and more", internal=True, truth="edited",
    )  # fmt: skip
    house.run()

    assert ticket.element("first words and more").values["body"] == "first words and more"
    assert strip_authorship(add_authorship("words", "Ann", "desk")) == "words"


# -- law 55 ------------------------------------------------------------------------------
PRAGUE = ZoneInfo("Europe/Prague")
SCENE = None


def test_law_55_a_due_date_without_zone_stays_a_date() -> None:
    day = DayLens(zone=PRAGUE)

    assert day.get("2026-03-29", SCENE) == "2026-03-29"  # type: ignore[arg-type]
    assert day.put("2026-03-29", None, SCENE) == Written("2026-03-29")  # type: ignore[arg-type]
    house = House()
    ticket = shared(house, Due="2026-03-29")
    assert ticket.copy("dev")["due_date"] == "2026-03-29"


@pytest.mark.parametrize(
    ("night", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_law_55_both_daylight_saving_nights(night: str, hours: int) -> None:
    day = datetime.fromisoformat(night).date()
    after = day.fromordinal(day.toordinal() + 1)
    lens = InstantLens(PRAGUE, midnight_is_a_day=True)

    length = start_of(after, PRAGUE) - start_of(day, PRAGUE)

    assert length.total_seconds() == hours * 3600
    written = lens.put(night, None, SCENE)  # type: ignore[arg-type]
    assert isinstance(written, Written)
    assert written == Written(iso(start_of(day, PRAGUE)))
    assert lens.get(written.value, SCENE) == night  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "day", "whole"),
    [
        ("America/New_York", "9999-12-31", "2026-11-22T04:59:00Z"),
        ("Europe/Prague", "0001-01-01", "2026-11-20T23:10:00Z"),
    ],
)
def test_law_55_a_day_at_the_calendars_end_is_a_day_where_it_can_be_no_instant(
    zone: str, day: str, whole: str
) -> None:
    lens = DayLens(zone=ZoneInfo(zone))

    assert lens.carry("2026-11-21", day, whole) == day


# -- law 56 ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "scope", ["all", "system:dev", "sync:escalations", "tenant:acme", "record"]
)
def test_law_56_pause_stops_writing_and_capture_goes_on(scope: str) -> None:
    house = House(tenants={"desk": {"Escalated": "acme"}})
    ticket = shared(house)
    scope = f"record:{ticket.hub.id}" if scope == "record" else scope

    commands.pause(house.store, scope, "ann", "maintenance", house.clock.now())
    ticket.set({"Subject": "captured meanwhile"})
    house.run(300)
    assert ticket.hub.values["title"] == "captured meanwhile"
    assert ticket.copy("dev")["subject"] == "disk full"

    commands.resume(house.store, scope, "ann", house.clock.now())
    house.run(300)
    assert ticket.copy("dev")["subject"] == "captured meanwhile"


def test_law_56_a_pause_outlives_a_restart_and_what_differs_at_its_end_is_one_write() -> None:
    house = House()
    ticket = shared(house)
    commands.pause(house.store, "system:dev", "ann", None, house.clock.now())
    before = len(house.dev.sent)

    house.start()
    for title in ("first", "second", "disk full", "last"):
        ticket.set({"Subject": title})
        house.run(60)
    assert len(house.dev.sent) == before

    commands.resume(house.store, "system:dev", "ann", house.clock.now())
    house.run(300)
    assert ticket.copy("dev")["subject"] == "last"
    assert len(house.dev.sent) == before + 1


def test_law_56_observe_does_everything_but_deliver() -> None:
    house = House(sync={"mode": "observe"})
    ticket = house.run(30).desk.open("watched")
    house.run(600)
    assert ticket.hub.values["title"] == "watched"
    assert not house.writes()

    commands.go_live(house.store, "escalations", "ann", house.clock.now())
    house.start(sync={"mode": "live"}).run(300)
    assert ticket.copy("dev")["subject"] == "watched"


def test_law_56_a_word_about_a_sync_holds_over_restarts_until_its_file_says_another() -> None:
    house = House(sync={"mode": "observe"})
    ticket = house.run(30).desk.open("watched")
    commands.go_live(house.store, "escalations", "ann", house.clock.now())

    house.start().run(300)
    assert ticket.copy("dev")["subject"] == "watched"

    house.start(sync={"mode": "live"}).run(60)
    house.start(sync={"mode": "observe"}).run(60)
    ticket.set({"Subject": "watched again"})
    house.run(300)
    assert ticket.hub.values["title"] == "watched again"
    assert ticket.copy("dev")["subject"] == "watched"


def test_law_56_a_new_sync_observes() -> None:
    from sdsync.config.model import SyncConfig
    from sdsync.sync.model import SyncPolicy

    assert SyncConfig.model_fields["mode"].default == "observe"
    assert SyncPolicy("new", (), {}, {}).mode == "observe"


def test_law_54_a_withdrawn_placement_is_a_tombstone() -> None:
    house = House()
    ticket = shared(house)
    ticket.note("a slip", internal=True)
    house.run()
    withdraw(ticket, "a slip")
    house.run()

    assert ticket.placement("dev", "a slip").state is PlacementState.GONE
    assert house.quiet()
