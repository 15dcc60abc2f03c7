"""Laws 21 to 23: records that vanish, merge and move away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.store.records import Change, ReplicaState
from sdsync.sync.model import PutRule, SyncPolicy
from tests.laws.people import HOME, Ticket
from tests.laws.rig import AWAY, House, Is, shared

AWHILE = timedelta(seconds=45)


# -- law 21 ------------------------------------------------------------------------------
def test_law_21_a_record_that_is_away_for_a_while_is_not_gone() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    house.clock.after(30, lambda: setattr(copy.record, "missing_until", house.clock.now() + AWHILE))
    house.clock.after(31, lambda: ticket.set({"Subject": "still wanted"}))
    house.run(300)

    assert ticket.told("missing")

    assert not ticket.told("gone")
    assert ticket.replica("dev").state is ReplicaState.LIVE
    assert copy["subject"] == "still wanted"


def test_law_21_without_a_readable_canary_nothing_is_gone() -> None:
    house = House(sync={"on_delete": "close"})
    ticket = shared(house)
    copy = ticket.copy("dev")
    copy.record.missing_until = house.clock.now().replace(hour=20)
    house.dev.product.places["infra"].archived = True

    ticket.set({"Subject": "asks for a look"})
    house.run(3600)

    assert ticket.replica("dev").state is ReplicaState.MISSING
    assert not ticket.told("gone")
    assert ticket["Status"] == "new"


def test_law_21_not_found_twice_beside_a_readable_canary_is_gone() -> None:
    house = House()
    ticket = shared(house)
    house.dev.product.delete(ticket.copy("dev").record, by=house.dev.who("bob"))

    ticket.set({"Subject": "asks for a look"})
    house.run(40)
    assert ticket.replica("dev").state is ReplicaState.MISSING

    house.run(300)
    assert ticket.replica("dev").state is ReplicaState.GONE
    assert ticket.group("desk", "existence") == "held"
    assert ticket["Status"] == "new"


def test_law_21_a_delete_feed_is_proof_at_once() -> None:
    house = House(sync={"on_delete": "close", "closes": "any"})
    ticket = shared(house)
    house.desk.product.delete(ticket.record, by=house.desk.who("bob"))

    copy = ticket.copy("dev")
    house.run(60)

    share = house.store.share_of(copy.ref)
    assert share is not None
    desk = share.at("desk")
    assert desk is not None
    assert desk.state is ReplicaState.GONE
    house.run(300)
    assert copy["status"] == "Closed"


def test_law_21_what_was_gone_and_is_back_leaves_no_question() -> None:
    house = House()
    ticket = shared(house)
    house.desk.product.delete(ticket.record, by=house.desk.who("bob"))
    copy = ticket.copy("dev")
    house.run(60)
    assert copy.group("dev", "existence") == "held"

    ticket.record.deleted = False
    ticket.set({"Subject": "restored"}).bell()
    house.run(60)

    assert copy.group("dev", "existence") == "in step"
    assert copy["subject"] == "restored"


# -- law 22 ------------------------------------------------------------------------------
@pytest.fixture
def merged() -> tuple[Ticket, Ticket]:
    """Two shared tickets; the desk merged the first into the second."""
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)
    return twin, survivor


def test_law_22_the_losers_replica_gets_one_last_line_and_stays_open(
    merged: tuple[Ticket, Ticket],
) -> None:
    twin, survivor = merged

    assert len(twin.record.notes) == 1
    assert f"Duplicate of {survivor.replica('dev').key}" in twin.record.notes[0].body
    assert twin["status"] == "New"


def test_law_22_a_merged_replica_is_never_written_again(merged: tuple[Ticket, Ticket]) -> None:
    twin, survivor = merged
    survivor.set({"Subject": "db01 is down for good", "Priority": "90"})
    twin.set({"category": "app"}, by="bob")
    twin.house.run(4000)

    assert twin["subject"] == "disk full"
    assert len(twin.record.notes) == 1
    assert survivor.copy("dev")["subject"] == "db01 is down for good"


def test_law_22_what_the_survivor_took_over_is_read_though_no_feed_names_it() -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    copy = survivor.copy("dev")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    assert house.desk.product.log.pop().record_id == survivor.record.id
    survivor.record.values["Priority"] = "90"
    house.run(300)

    assert copy["priority"] == "Immediate"


def test_law_22_what_was_on_its_way_to_the_loser_is_written_no_more() -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    house.dev.down(120)
    loser.set({"Subject": "the loser's last words"})
    house.run(60)
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(600)

    assert twin["subject"] == "disk full"
    assert "Duplicate of" in twin.record.notes[0].body


def test_law_22_a_survivor_that_is_not_born_yet_is_named_where_people_see_it() -> None:
    house = House()
    loser = shared(house, "disk full")
    twin = loser.copy("dev")
    house.dev.down(600)
    survivor = house.desk.open("db01 is down")
    house.run(60)
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(1200)

    assert [one.body.split(":")[0] for one in twin.record.notes] == [
        f"Duplicate of {survivor.replica('desk').key}"
    ]


def test_law_22_a_merge_into_an_unshared_record_goes_on_under_its_id() -> None:
    house = House()
    ticket = shared(house)
    other = house.desk.open("the real one", place=AWAY["desk"])
    house.desk.product.merge(ticket.record, other.record, by=house.desk.who("ann"))
    house.run(300)

    assert other.shared
    assert ticket.record.id in other.replica("desk").aliases
    assert len(house.dev.tickets) == 1


def test_law_22_notes_that_stayed_with_the_old_id_are_not_taken_back() -> None:
    """The survivor shows its own notes alone: nobody removed those of the record merged into it."""
    house = House()
    ticket = shared(house)
    ticket.note("said at the desk", internal=True)
    house.run(60)
    copy = ticket.copy("dev")
    copy.note("said in dev", internal=True)
    house.run(60)

    other = house.desk.open("the real one", place=AWAY["desk"])
    house.desk.product.merge(ticket.record, other.record, by=house.desk.who("ann"))
    other.bell()
    house.run(300)

    assert ticket.record.id in other.replica("desk").aliases
    assert copy.bodies == ["said at the desk", "said in dev"]
    assert not other.told("note_removed")


def test_law_22_what_was_in_doubt_on_the_old_id_is_looked_up_there() -> None:
    house = House()
    ticket = shared(house)
    other = house.desk.open("the real one", place=AWAY["desk"])
    house.run(30)

    house.desk.fault("effect then cut")
    ticket.copy("dev").note("once", internal=True)
    house.run(5)
    assert ticket.record.notes
    house.desk.product.merge(ticket.record, other.record, by=house.desk.who("ann"))
    other.bell()
    house.run(600)

    assert ticket.record.id in other.replica("desk").aliases
    (said,) = (*ticket.record.notes, *other.record.notes)
    assert said.body.endswith("once")


@pytest.mark.parametrize("survivor_shared", [True, False])
def test_law_22_the_last_words_before_a_merge_reach_the_survivors_copies(
    *, survivor_shared: bool
) -> None:
    """Nobody read them in time; at the desk they stand beside the survivor's own."""
    house = House()
    ticket = shared(house, "disk full")
    ticket.note("known before", internal=True)
    other = shared(house) if survivor_shared else house.desk.open("x", place=AWAY["desk"])
    house.run(60)
    twin = ticket.copy("dev")

    ticket.note("merging it", internal=True)
    ticket.attach("trace.log")
    house.desk.product.merge(ticket.record, other.record, by=house.desk.who("ann"))
    house.run(4000)

    told = other.copy("dev").record
    words = [one.body for one in told.notes if "Duplicate of" not in one.body]
    assert len([one for one in words if "merging it" in one]) == 1
    assert len([one for one in words if "trace.log" in one and "stays in desk" in one]) == 1
    assert len([one for one in twin.record.notes if "known before" in one.body]) == 1
    assert all(one.internal for one in told.notes)
    assert not other.bodies
    assert not other.told("note_removed")


def test_law_22_later_notes_go_to_the_survivor(
    merged: tuple[Ticket, Ticket],
) -> None:
    twin, survivor = merged
    house = twin.house

    twin.note("late words", by="bob")
    house.run(600)

    assert survivor.bodies == ["late words"]
    assert survivor.copy("dev").bodies == ["late words"]
    assert len(twin.record.notes) == 2


@pytest.mark.parametrize("limit", [100, 3])
def test_law_22_a_later_file_goes_to_the_survivor_or_is_named_there(limit: int) -> None:
    house = House(sync={"file_limit_bytes": limit})
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)

    twin.attach("late.log", b"late bytes", by="bob")
    house.run(600)

    for one in (survivor, survivor.copy("dev")):
        assert [file.name for file in one.record.files] == ["late.log"] * (limit == 100)
        assert [file.content for file in one.record.files] == [b"late bytes"] * (limit == 100)
        assert len([said for said in one.bodies if "late.log" in said]) == (limit == 3)
    assert [file.name for file in twin.record.files] == ["late.log"]


def test_law_22_a_later_file_whose_content_is_gone_is_named_at_the_survivor(
    merged: tuple[Ticket, Ticket],
) -> None:
    twin, survivor = merged
    house = twin.house
    house.desk.down(300)
    twin.attach("late.log", b"late bytes", by="bob")
    house.run(120)
    house.store.commit(Change(dropped_blobs=[twin.element("late.log").id]))
    house.run(900)

    assert not survivor.record.files
    assert len([said for said in survivor.bodies if "late.log" in said]) == 1


@pytest.mark.parametrize("bodies", [["better words"], []])
def test_law_22_what_becomes_of_a_late_note_becomes_of_its_copies(bodies: list[str]) -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)
    note = twin.note("a slip", internal=True, by="bob")
    house.run(120)
    assert survivor.copy("dev").bodies == ["a slip"]

    if bodies:
        house.dev.product.edit_note(
            twin.record, note, by=note.author, body=bodies[0], internal=True, truth=bodies[0]
        )
    else:
        house.dev.product.remove_note(twin.record, note, by=note.author)
    house.run(600)

    assert survivor.copy("dev").bodies == bodies


def test_law_22_a_note_from_before_the_last_line_goes_to_the_survivor_too() -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    house.dev.down(100)
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    twin.note("late words", by="bob")
    house.run(600)

    assert survivor.bodies == ["late words"]


def test_law_22_a_note_that_was_taken_back_is_routed_to_nobody() -> None:
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = loser.copy("dev")
    note = twin.note("a slip", by="bob")
    house.run()
    house.dev.product.remove_note(twin.record, note, by=note.author)
    house.run()
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)

    twin.note("late words", by="bob")
    house.run(600)

    assert survivor.bodies == ["late words"]


def test_law_22_a_write_that_finds_another_record_writes_nothing() -> None:
    """The merge is met by the read before a write, before the feed told of it."""
    house = House()
    loser, survivor = shared(house, "disk full"), shared(house, "db01 is down")
    twin = survivor.copy("dev")
    house.dev.product.merge(loser.copy("dev").record, twin.record, by=house.dev.who("bob"))

    loser.set({"Subject": "the loser's words"}).bell()
    house.run(300)

    assert twin["subject"] == survivor["Subject"] == "db01 is down"
    assert loser.replica("dev").state is ReplicaState.MERGED


def test_law_28_a_record_in_doubt_that_others_are_merged_into_stays_its_intents() -> None:
    """Its create is out, unanswered, when a person merges another copy into what it made."""
    house = House(("desk", "board"))
    other = shared(house, "db01 is down")
    house.board.fault("effect then cut")
    ticket = house.desk.open("disk full").bell()
    house.run(5)
    (made,) = [one for one in house.board.tickets if one["title"] == "disk full"]
    loser = other.copy("board")
    house.board.product.merge(loser.record, made.record, by=house.board.who("bob"))
    loser.bell()
    house.run(600)

    assert ticket.copy("board").record is made.record
    assert len([one for one in house.board.tickets if one["title"] == "disk full"]) == 1
    assert other.replica("board").state is ReplicaState.MERGED


# -- law 23 ------------------------------------------------------------------------------
def pair() -> SyncPolicy:
    """A second sync over the same places."""
    both = ("dev", "desk")
    return SyncPolicy(
        "outages", both, mode="live",
        take={one: Is(HOME[one]) for one in both},
        put={one: PutRule({"place": HOME[one]}) for one in both},
    )  # fmt: skip


def test_law_23_overlapping_syncs_share_one_record() -> None:
    house = House(more_syncs=(pair(),))
    ticket = shared(house)

    assert sorted(ticket.hub.syncs) == ["escalations", "outages"]
    assert len(house.dev.tickets) == len(house.desk.tickets) == 1


def test_law_11_old_notes_and_files_are_not_copied_by_a_second_sync() -> None:
    house = House(
        ("desk", "dev", "board"), {"match": ("title",)}, more_syncs=(pair(),), started=False
    )
    old = house.dev.open("disk full")
    old.note("an old note")
    old.attach("an old file")
    house.clock.advance(60)
    ticket = house.start().run(30).board.open("disk full")
    house.run(600)

    assert ticket.copy("dev").record is old.record
    assert sorted(ticket.hub.syncs) == ["escalations", "outages"]
    assert not ticket.bodies
    assert not ticket.copy("desk").bodies
    assert {one.state.value for one in ticket.share.placements} == {"placed"}


def test_law_23_switching_on_takes_nothing_old() -> None:
    house = House(started=False)
    old = house.desk.open("from last year")
    house.clock.advance(60)
    house.start().run(60)

    old.set({"Subject": "touched today"})
    house.run(600)

    assert not old.shared
    assert not house.dev.tickets


def test_law_23_an_old_record_that_comes_into_scope_enters() -> None:
    house = House(started=False)
    old = house.desk.open("from last year", place=AWAY["desk"])
    house.clock.advance(60)
    house.start().run(60)

    old.move(HOME["desk"])
    house.run()

    assert old.copy("dev")["subject"] == "from last year"


@pytest.mark.parametrize("policy", ["finish", "freeze", "unlink"])
def test_law_23_leaving_follows_on_leave_and_is_said_once(policy: str) -> None:
    house = House(sync={"on_leave": policy})
    ticket = shared(house)

    ticket.move(AWAY["desk"])
    house.run()
    ticket.set({"Subject": "after it left"})
    house.run()

    followed = ticket.copy("dev")["subject"] == "after it left"
    assert followed is (policy == "finish")
    assert len(ticket.told("left")) == 1


def test_law_23_a_changed_attribute_alone_is_not_leaving() -> None:
    """``take`` decides who enters, not who stays."""
    house = House(sync={"on_leave": "unlink", "take": {"desk": Is("critical", "priority")}})
    ticket = shared(house, Priority="90")

    ticket.set({"Priority": "10"})
    house.run()

    assert ticket.hub.state == "open"
    assert not ticket.told("left")


def test_law_23_a_move_into_another_syncs_take_is_not_leaving() -> None:
    others = SyncPolicy(
        "ideas", ("desk", "dev"), mode="live",
        take={"desk": Is(AWAY["desk"])}, put={"dev": PutRule({"place": AWAY["dev"]})},
    )  # fmt: skip
    house = House(sync={"on_leave": "freeze"}, more_syncs=(others,))
    ticket = shared(house)

    ticket.move(AWAY["desk"])
    house.run()
    ticket.set({"Subject": "after it moved"})
    house.run()

    assert ticket.copy("dev")["subject"] == "after it moved"
    assert not ticket.told("left")
    assert [one.text for one in ticket.told("taken_too")] == ["ideas"]
    assert [one.text for one in ticket.told("relocated")] == ["Escalated -> General"]
    assert len(house.dev.tickets) == 1


def test_law_23_returning_resumes_and_creates_nothing() -> None:
    house = House(sync={"on_leave": "freeze"})
    ticket = shared(house)
    ticket.move(AWAY["desk"])
    house.run()

    ticket.set({"Subject": "while it was away"})
    ticket.move(HOME["desk"])
    house.run()

    assert ticket.copy("dev")["subject"] == "while it was away"
    assert len(house.dev.tickets) == len(house.desk.tickets) == 1
