"""Laws 10 to 15: who wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sdsync.connectors.contract import Found
from sdsync.sync.decide.intervals import between, told
from sdsync.sync.model import PutRule, SyncPolicy
from sdsync.sync.plans import linking
from sdsync.testing.simulated.clock import START
from tests.laws.people import HOME, Ticket
from tests.laws.rig import House, Is, shared
from tests.laws.test_plans import typed


# -- law 10 ------------------------------------------------------------------------------
def test_law_10_one_decision_serves_the_whole_group() -> None:
    """Status and resolution belong together: nobody gets one person's status with the
    other's resolution."""
    house = House()
    ticket = shared(house, Status="open")
    copy = ticket.copy("dev")
    house.start(poll_s=600.0).run(60)

    copy.set({"status": "Resolved", "custom_fields.Resolution": "wontfix"}, by="bob")
    house.clock.advance(1)
    ticket.set({"CustomFields.Fix": "fixed"})  # later, and of the open ticket
    copy.bell()
    house.run(60)

    assert (ticket["Status"], ticket["CustomFields.Fix"]) == ("open", "fixed")
    assert (copy["status"], copy["custom_fields.Resolution"]) == ("In Progress", "fixed")


# -- law 11 ------------------------------------------------------------------------------
@pytest.fixture
def joined() -> Ticket:
    """Two records of people, linked by hand: equal descriptions, unequal titles, old notes."""
    house = House(started=False)
    ticket = house.desk.open("disk full", Content="the same")
    other = house.dev.open("disk is full", description="the same")
    ticket.note("an old note")
    house.clock.advance(60)
    house.start().run(60)
    assert not ticket.shared
    typed(house, lambda scene: linking.link(scene, ticket.ref, other.ref))
    house.wake("desk")
    house.wake("dev")
    house.run()
    return ticket


def test_law_11_unequal_values_agree_to_differ_and_equal_ones_adopt(joined: Ticket) -> None:
    copy = joined.copy("dev")

    assert (joined["Subject"], copy["subject"]) == ("disk full", "disk is full")
    assert joined.group("dev", "title") == "differs"
    assert joined.group("dev", "description") == "in step"


def test_law_11_an_edit_ends_the_difference(joined: Ticket) -> None:
    joined.copy("dev").set({"subject": "disk full on db01"}, by="bob")
    joined.house.run()

    assert joined["Subject"] == "disk full on db01"
    assert joined.group("dev", "title") == "in step"


def test_law_11_old_notes_count_as_seen(joined: Ticket) -> None:
    joined.note("a new note")
    joined.house.run()

    assert joined.copy("dev").bodies == ["a new note"]


def test_law_11_old_notes_and_files_are_not_copied_when_a_further_sync_shares_it() -> None:
    take = {one: Is(HOME[one]) for one in ("board", "dev")}
    first = {"systems": ("board", "dev"), "take": take, "match": ("title",)}
    second = SyncPolicy(
        "outages", ("dev", "desk"), mode="live", take={"dev": Is("critical", "priority")},
        put={"desk": PutRule({"place": HOME["desk"]})},
    )  # fmt: skip
    house = House(("desk", "dev", "board"), first, more_syncs=(second,), started=False)
    old = house.dev.open("disk full")
    old.note("an old note")
    old.attach("old.txt")
    house.clock.advance(600)
    house.start().run(60)
    house.board.open("disk full")
    house.run(60)

    old.set({"priority": "Immediate"})
    house.run()

    assert old.copy("desk").bodies == []
    assert old.copy("desk").record.files == []
    assert not old.replica("desk").groups


# -- law 12 ------------------------------------------------------------------------------
def older(*titles: str) -> House:
    """A house where dev has had these issues since before the sync was switched on."""
    house = House(sync={"match": ("title",)}, started=False)
    for title in titles:
        house.dev.open(title)
    house.clock.advance(60)
    return house.start().run(30)


def test_law_12_no_candidate_creates() -> None:
    house = older("something else")
    ticket = house.desk.open("disk full")
    house.run()

    assert ticket.copy("dev")["subject"] == "disk full"
    assert len(house.dev.tickets) == 2


def test_law_12_one_candidate_is_linked_and_nothing_created() -> None:
    house = older("disk full")
    ticket = house.desk.open("disk full")
    house.run()

    assert ticket.copy("dev").record is house.dev.tickets[0].record
    assert len(house.dev.tickets) == 1


def test_law_12_a_candidate_that_was_merged_into_a_shared_record_is_not_joined() -> None:
    house = older("disk full")
    candidate = house.dev.tickets[0]
    other = house.desk.open("db01 is down")
    house.run()
    candidate.record.merged_into = other.copy("dev").record.id  # and the search lags
    house.dev.line.instead["search"] = lambda _: Found((candidate.record.id,))
    house.desk.open("disk full")
    house.run(30)
    house.dev.line.instead = {}
    house.run()

    assert sorted(str(one.record.values["subject"]) for one in house.dev.tickets) == [
        "db01 is down",
        "disk full",
        "disk full",
    ]


def test_law_12_a_candidate_out_of_reach_is_held() -> None:
    house = older("disk full")
    house.dev.tickets[0].record.forbidden = True
    ticket = house.desk.open("disk full")
    house.run()

    assert ticket.group("dev", "birth") == "held"
    assert house.quiet()
    assert len(house.dev.tickets) == 1


def test_law_12_two_candidates_are_held() -> None:
    house = older("disk full", "disk full")
    ticket = house.desk.open("disk full")
    house.run()

    assert ticket.group("dev", "birth") == "held"
    assert len(house.dev.tickets) == 2
    assert not house.dev.sent


# -- law 13 ------------------------------------------------------------------------------
def test_law_13_edits_are_merged_while_the_owner_is_silent_and_its_value_wins_later() -> None:
    house = House(("desk", "dev", "board"), {"fields": {"urgency": "desk"}})
    ticket = shared(house)

    house.desk.down(2000)
    house.run(1200)
    ticket.copy("dev").set({"priority": "Immediate"}, by="bob")
    house.run(300)
    assert ticket.copy("board")["weight"] == "top"
    assert ticket["Priority"] == "50"

    house.run(1200)
    assert ticket["Priority"] == "50"
    assert ticket.copy("dev")["priority"] == "Normal"
    assert ticket.copy("board")["weight"] == "mid"


def test_law_13_an_unchanged_value_is_not_silence() -> None:
    house = House(sync={"fields": {"urgency": "desk"}})
    ticket = shared(house)

    house.run(1800)
    ticket.copy("dev").set({"priority": "Immediate"}, by="bob")
    house.run()

    assert ticket.hub.values["priority"] == "normal"
    assert ticket.group("dev", "urgency") == "differs"


# -- law 14 ------------------------------------------------------------------------------
def test_law_14_newest_asks_when_the_field_changed() -> None:
    """The older title is seen last, on a record that was touched last."""
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.down(120)
    copy.set({"subject": "older"}, by="bob")
    house.clock.advance(10)
    ticket.set({"Subject": "newer"})
    house.clock.advance(50)
    copy.set({"category": "app"}, by="bob")
    house.run(600)

    assert ticket["Subject"] == copy["subject"] == "newer"
    assert ticket["CustomFields.Category"] == "app"


def test_law_14_stamps_are_corrected_by_the_clock_offset() -> None:
    house = House(offsets_s={"dev": 300.0})
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.dev.down(60)
    copy.set({"subject": "older, by a fast clock"}, by="bob")
    house.clock.advance(20)
    ticket.set({"Subject": "newer"})
    house.run(600)

    assert ticket["Subject"] == copy["subject"] == "newer"


@pytest.mark.parametrize("first", ["desk", "board"])
def test_law_14_overlapping_intervals_fall_to_the_order_of_systems(first: str) -> None:
    """The board tells no history: it changed at some time between two looks."""
    other = "board" if first == "desk" else "desk"
    house = House((first, other))
    ticket = shared(house)
    copy = ticket.copy("board")

    house.run(60)
    copy.set({"title": "board's"}, by="bob")
    house.clock.advance(1)
    ticket.set({"Subject": "desk's"})
    house.run(600)

    assert ticket["Subject"] == copy["title"] == f"{first}'s"


def test_law_14_an_interval_is_as_wide_as_the_doubt() -> None:
    stamp = told(START, offset_s=60.0, resolution_s=1.0)
    looks = between(START - timedelta(seconds=70), START - timedelta(seconds=30))

    assert stamp.lo == START - timedelta(seconds=60)
    assert stamp.hi - stamp.lo == timedelta(seconds=1)
    assert looks.overlaps(stamp)
    assert between(START, START).after(stamp)


# -- law 15 ------------------------------------------------------------------------------
def test_law_15_sets_merge_by_element_and_add_beats_remove() -> None:
    house = House()
    ticket = shared(house)
    ticket.set({"CustomFields.Tags": ["vip", "old"]})
    house.run()

    ticket.set({"CustomFields.Tags": ["vip", "old", "net:core"]})
    ticket.copy("dev").set({"custom_fields.Tags": ["vip", "later"]}, by="bob")
    house.run()

    both = ["later", "net:core", "vip"]
    assert ticket["CustomFields.Tags"] == ticket.copy("dev")["custom_fields.Tags"] == both


def test_law_15_a_tombstone_is_never_created_again() -> None:
    house = House()
    ticket = shared(house)
    ticket.attach("log.txt")
    house.run(300)
    copy = ticket.copy("dev")
    house.dev.product.remove_file(copy.record, copy.record.files[0], by=house.dev.who("bob"))

    ticket.set({"Subject": "again"})
    house.run(300)

    assert not copy.record.files
    assert [one.name for one in ticket.record.files] == ["log.txt"]


def test_law_15_a_read_that_does_not_show_the_files_removes_none() -> None:
    house = House()
    ticket = shared(house)
    ticket.attach("log.txt")
    house.run(300)
    house.desk.line.instead["fetch"] = lambda shown: replace(shown, attachments=None)  # type: ignore[type-var]
    ticket.set({"Subject": "again"})
    house.run(300)

    assert [one.name for one in ticket.copy("dev").record.files] == ["log.txt"]


def test_law_15_max_keeps_the_heavier_of_two_changes_of_one_merge() -> None:
    house = House(sync={"fields": {"urgency": "max"}})
    ticket = shared(house)

    house.dev.down(30)
    ticket.set({"Priority": "90"})
    house.clock.advance(5)
    ticket.copy("dev").set({"priority": "High"}, by="bob")  # later, and lighter
    house.run()
    assert ticket["Priority"] == "90"
    assert ticket.copy("dev")["priority"] == "Immediate"

    ticket.copy("dev").set({"priority": "Low"}, by="bob")  # alone in its merge: no contest
    house.run()
    assert ticket["Priority"] == "10"
