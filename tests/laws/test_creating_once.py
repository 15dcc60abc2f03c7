"""Laws 26 to 32: everything visible is made once, whatever the network does."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from sdsync.connectors.contract import AddElement, Create, Done, Found, NativeRecord
from sdsync.connectors.failures import OutcomeUnknown, Pending, Rejected, Transient
from sdsync.ratelimit.lanes import Trouble
from sdsync.store.records import (
    PlacementState,
    ReplicaState,
)
from sdsync.sync.persons import letters
from sdsync.testing.simulated.writing import carry_out
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


def open_at_desk(house: House, **more: str) -> Ticket:
    """A ticket that stands nowhere else yet."""
    return house.run(30).desk.open("disk full", **more)


def creates(house: House, system: str = "dev") -> int:
    """Calls that asked a product for a new record."""
    return sum(isinstance(one, Create) for one in house.sides[system].sent)


# -- law 26 ------------------------------------------------------------------------------
def test_law_26_what_the_call_made_is_found_although_the_search_lags() -> None:
    house = House(poll_s=3600.0).run(30)  # no feed shows it
    house.dev.fault("effect then cut")
    house.dev.line.instead["find"] = lambda _: None if house.dev.line.finds[1:] else Found(())
    ticket = house.desk.open("disk full").bell()
    house.run(600)

    assert len(house.dev.tickets) == creates(house) == 1
    assert ticket.replica("dev").state is ReplicaState.LIVE


def test_law_26_not_found_twice_is_made_again() -> None:
    house = House()
    house.dev.fault("cut before effect")
    open_at_desk(house)
    house.run(600)

    assert len(house.dev.tickets) == 1
    assert creates(house) == 2


def test_law_26_without_any_handle_a_doubt_is_held_and_never_repeated() -> None:
    """Nobody can ask the board whether a file is ours."""
    house = House(("desk", "board"))
    ticket = shared(house)

    house.board.fault("cut before effect")
    ticket.attach("log.txt")
    house.run(3600)

    assert ticket.group("board", "attachments") == "held"
    assert [one.kind for one in house.board.sent if isinstance(one, AddElement)] == ["attachment"]


def test_law_26_equal_notes_are_told_apart_by_count() -> None:
    house = House()
    ticket = shared(house)
    ticket.note("same here", internal=True)
    house.run()

    house.dev.fault("cut before effect")
    ticket.note("same here", internal=True)
    house.run(600)

    assert ticket.copy("dev").bodies == ["same here", "same here"]


def test_law_26_a_note_of_the_same_number_is_not_taken_for_the_file() -> None:
    """Products number notes and files apart."""
    house = House()
    ticket = shared(house)
    ticket.note("number one", internal=True)
    house.run(60)

    house.dev.fault("effect then cut")
    ticket.attach("number-one.log")
    house.run(600)

    (note,), (file,) = ticket.copy("dev").record.notes, ticket.copy("dev").record.files
    assert note.id == file.id
    assert ticket.placement("dev", "number-one.log").native_id == file.id


# -- law 27 ------------------------------------------------------------------------------
def test_law_27_nobody_asks_before_the_call_may_have_landed() -> None:
    house = House()
    ticket = shared(house)
    before = len(house.dev.sent)

    house.dev.fault("delayed effect")
    ticket.note("lands late", internal=True)
    house.run(600)

    landing_s = house.dev.line.capabilities.create["note"].landing_s
    waited = house.dev.line.finds[0] - house.dev.line.sent_at[before]
    assert waited >= timedelta(seconds=10 + landing_s)
    assert ticket.copy("dev").bodies == ["lands late"]


def test_law_27_a_field_write_in_doubt_is_not_repeated_before_either() -> None:
    house = House()
    ticket = shared(house)
    before = len(house.dev.sent)

    house.dev.fault("delayed effect")
    ticket.set({"Subject": "lands late"})
    house.run(600)

    assert ticket.copy("dev")["subject"] == "lands late"
    assert len(house.dev.sent) == before + 1


def test_law_27_the_fence_is_asked_last_before_sending() -> None:
    house = House()
    ticket = shared(house)
    before = len(house.dev.sent)

    house.holds_lane = lambda lane: lane != "dev"
    ticket.set({"Subject": "somebody else's lane by now"})
    house.run(60)
    assert len(house.dev.sent) == before

    house.holds_lane = lambda _: True
    house.run(300)
    assert ticket.copy("dev")["subject"] == "somebody else's lane by now"


def test_law_27_a_host_that_stood_still_before_the_call_does_not_make_it_too_late() -> None:
    """Between the stored attempt and the call anything may take long: a disk, a full machine."""
    house = House()
    ticket = shared(house)
    before = len(house.dev.sent)
    woke: list[datetime] = []

    def stand_still(lane: str) -> bool:
        if lane == "dev" and not woke:
            house.clock.advance(15.0)
            woke.append(house.clock.now())
        return True

    house.holds_lane = stand_still
    ticket.note("once", internal=True)
    house.run(60)

    assert len(house.dev.sent) == before + 1
    assert house.dev.line.sent_at[before] > woke[0], "another attempt, stored anew"
    assert ticket.copy("dev").bodies == ["once"]


# -- law 28 ------------------------------------------------------------------------------
@pytest.mark.parametrize("system", ["dev", "board"])
def test_law_28_our_own_create_is_no_source(system: str) -> None:
    """The process dies before it learns what it made; the feed shows it to the next one."""
    house = House(("desk", system))
    ticket = open_at_desk(house)
    house.dies("sent")
    house.run(600)

    assert house.crashes == 1
    assert len(house.sides[system].tickets) == len(house.desk.tickets) == 1
    assert ticket.replica(system).state is ReplicaState.LIVE


def test_law_28_our_own_note_is_no_source() -> None:
    house = House()
    ticket = shared(house)

    house.dies("sent")
    ticket.note("once", internal=True)
    house.run(600)

    assert ticket.bodies == ticket.copy("dev").bodies == ["once"]


# -- law 29 ------------------------------------------------------------------------------
def test_law_29_a_clone_that_bears_our_mark_is_not_adopted() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    clone = house.dev.product.clone(
        copy.record, by=house.dev.who("bob"), truth="clone", text="A copy."
    )
    house.run()

    assert clone.values["custom_fields.Mark"] == copy["custom_fields.Mark"]
    assert ticket.copy("dev").record is copy.record
    assert len(house.desk.tickets) == 2  # the clone entered as what it is: another record


# -- law 30 ------------------------------------------------------------------------------
def test_law_30_a_second_bearer_of_our_mark_opens_a_dead_letter() -> None:
    house = House()

    def twice(operation: object) -> OutcomeUnknown | None:
        if not isinstance(operation, Create) or house.dev.tickets:
            return None
        for _ in range(2):
            carry_out(house.dev.product, house.dev.line.planned, operation)
        return OutcomeUnknown("a gateway sent it twice")

    house.start(poll_s=3600.0).run(30)  # no feed shows them: the look-up finds them
    house.dev.line.instead["apply"] = twice
    ticket = house.desk.open("disk full").bell()
    house.run(300)

    assert len(house.dev.tickets) == 2
    assert ticket.group("dev", "doubles") == "parked"
    assert ticket.copy("dev").record is house.dev.tickets[0].record  # the older one
    assert len(house.desk.tickets) == 1


def test_law_30_a_second_bearer_that_the_feed_shows_opens_a_dead_letter() -> None:
    house = House()

    def twice(operation: object) -> OutcomeUnknown | None:
        if not isinstance(operation, Create) or house.dev.tickets:
            return None
        for _ in range(2):
            carry_out(house.dev.product, house.dev.line.planned, operation)
        return OutcomeUnknown("a gateway sent it twice")

    house.dev.line.instead["apply"] = twice
    ticket = house.run(30).desk.open("disk full")
    house.run(600)

    assert len(house.dev.tickets) == 2
    assert ticket.group("dev", "doubles") == "parked"
    assert ticket.copy("dev").record is house.dev.tickets[0].record  # the older one
    assert len(house.desk.tickets) == 1


def test_law_30_a_second_bearer_that_a_person_let_be_is_told_no_more() -> None:
    house = House()

    def twice(operation: object) -> OutcomeUnknown | None:
        if not isinstance(operation, Create) or house.dev.tickets:
            return None
        for _ in range(2):
            carry_out(house.dev.product, house.dev.line.planned, operation)
        return OutcomeUnknown("a gateway sent it twice")

    house.dev.line.instead["apply"] = twice
    ticket = house.run(30).desk.open("disk full")
    house.run(600)
    letters.drop(house.store, "all", "both are worked on", "ann", house.clock.now())

    house.dev.tickets[1].set({"subject": "the second one"}, by="bob")
    house.run(600)

    assert ticket.group("dev", "doubles") == "differs"
    assert not [one for one in house.store.causes() if house.store.cause_members(one.id)]


def at_night(house: House) -> None:
    """Let the night pass, and the count with it."""
    house.run(20 * 3600)


def silently(house: House, operation: Create | AddElement) -> None:
    """A gateway repeats a call of ours; no feed tells of it."""
    carry_out(house.dev.product, house.dev.line.planned, operation)
    unsaid(house)


def unsaid(house: House) -> None:
    """Nothing that happened in dev so far is in its feed any more."""
    for one in house.dev.tickets:
        one.record.updated_at -= timedelta(days=7)


def test_law_30_a_double_that_no_feed_shows_is_counted_at_night() -> None:
    house = House(poll_s=3600.0).run(30)
    ticket = house.desk.open("disk full").bell()
    house.run(300)
    (made,) = [one for one in house.dev.sent if isinstance(one, Create)]

    silently(house, made)
    at_night(house)

    older, newer = house.dev.tickets
    note = ticket.row("dev", "doubles")
    assert note is not None
    assert note.state == "parked"
    assert f"keep infra#{older.record.id} (the older)" in (note.note or "")
    assert ticket.copy("dev").record is older.record
    assert newer.record.id not in {one.native_id for one in ticket.share.replicas}
    assert len(house.desk.tickets) == 1


def test_law_39_a_record_that_cannot_be_read_does_not_end_the_count_of_the_others() -> None:
    house = House(poll_s=3600.0).run(30)
    poison = house.desk.open("poison").bell()
    house.run(300)
    ticket = house.desk.open("disk full").bell()
    house.run(300)
    made = [one for one in house.dev.sent if isinstance(one, Create)][-1]
    deadly = poison.copy("dev").ref

    def fails(shown: object) -> Transient | None:
        return Transient() if isinstance(shown, NativeRecord) and shown.ref == deadly else None

    house.dev.line.instead["fetch"] = fails
    silently(house, made)
    at_night(house)

    assert ticket.group("dev", "doubles") == "parked"


def test_law_30_the_plan_keeps_what_people_touched() -> None:
    house = House(poll_s=3600.0).run(30)
    ticket = house.desk.open("disk full").bell()
    house.run(300)
    (made,) = [one for one in house.dev.sent if isinstance(one, Create)]

    silently(house, made)
    newer = house.dev.tickets[1]
    newer.note("I work on this one", by="bob")
    unsaid(house)
    at_night(house)

    note = ticket.row("dev", "doubles")
    assert note is not None
    assert f"keep infra#{newer.record.id} (people touched it)" in (note.note or "")


def test_law_30_a_note_that_stands_twice_is_counted_at_night() -> None:
    house = House(poll_s=3600.0).run(30)
    ticket = house.desk.open("disk full").bell()
    house.run(300)
    ticket.note("same here", internal=True)
    ticket.bell()
    house.run(300)
    (made,) = [one for one in house.dev.sent if isinstance(one, AddElement)]

    silently(house, made)
    at_night(house)

    assert ticket.group("dev", "doubles") == "parked"
    assert ticket.bodies == ["same here"]


def test_law_30_the_count_goes_on_where_it_stopped() -> None:
    house = House(poll_s=3600.0).run(30)
    for number in range(12):
        house.desk.open(f"ticket {number}").bell()
    house.run(600)
    house.dev.line.finds.clear()

    at_night(house)
    assert len(house.dev.line.finds) == 12

    house.start()
    at_night(house)
    at_night(house)
    assert len(house.dev.line.finds) == 12  # nothing was made since


def test_law_30_a_copy_by_somebody_else_is_no_double() -> None:
    house = House(poll_s=3600.0).run(30)
    ticket = house.desk.open("disk full").bell()
    house.run(300)

    house.dev.product.clone(
        ticket.copy("dev").record, by=house.dev.who("bob"), truth="clone", text="A copy."
    )
    at_night(house)

    assert ticket.group("dev", "doubles") == "in step"


# -- law 32 ------------------------------------------------------------------------------
def test_law_32_a_system_that_is_another_one_by_now_is_paused_before_any_write() -> None:
    house = House()
    ticket = shared(house)
    before = len(house.dev.sent)

    house.dev.line.identity = "dev-restored-elsewhere"
    house.start()
    ticket.set({"Subject": "for the old one"})
    house.run()

    assert len(house.dev.sent) == before
    assert [one.scope for one in house.store.pauses()] == ["system:dev"]


def test_law_32_a_system_whose_highest_id_went_back_is_paused_before_any_write() -> None:
    house = House()
    tickets = [shared(house, f"ticket {number}") for number in range(7)]
    before = len(house.run(700).dev.sent)  # it has described itself since

    for one in tickets[-5:]:  # the copy that it was restored from did not have them
        one.copy("dev").record.deleted = True
    house.start()
    tickets[0].set({"Subject": "for the one of today"})
    house.run(120)

    assert len(house.dev.sent) == before
    (pause,) = house.store.pauses()
    assert pause.scope == "system:dev"
    assert "restored" in (pause.reason or "")


@pytest.mark.parametrize("how", ["down", "broken", "locked"])
def test_law_32_a_system_that_was_away_says_who_it_is_before_any_write(how: str) -> None:
    """It came back from its own backup, and the daemon ran on all the while."""
    house = House()
    tickets = [shared(house, f"ticket {number}") for number in range(7)]
    before = len(house.start().run(60).dev.sent)  # it has just described itself

    getattr(house.dev, how)(120)
    tickets[0].set({"Subject": "for the one of today"})
    house.run(60)
    for one in tickets[-5:]:  # the copy that it was restored from did not have them
        one.copy("dev").record.deleted = True
    house.run(200)

    assert len(house.dev.sent) == before
    (pause,) = house.store.pauses()
    assert pause.scope == "system:dev"


def test_law_32_who_takes_over_a_lane_that_was_out_asks_who_it_is() -> None:
    house = House().run(30)
    system = house.engine.core.systems["dev"]
    system.lane.cause, system.lane.probing = Trouble.UNREACHABLE, True  # as the last holder left it

    house.engine.taken("dev")

    assert not system.known
    house.run(30)
    assert system.known


def test_law_32_a_deleted_newest_record_pauses_nothing() -> None:
    house = House()
    tickets = [shared(house, f"ticket {number}") for number in range(3)]

    house.run(700)
    tickets[-1].copy("dev").record.deleted = True
    house.start()
    tickets[0].set({"Subject": "goes on"})
    house.run()

    assert not house.store.pauses()
    assert tickets[0].copy("dev")["subject"] == "goes on"


# -- law 31 ------------------------------------------------------------------------------
@pytest.mark.parametrize("lost", [False, True])
def test_law_31_accepted_is_asked_until_it_is_done(lost: bool) -> None:
    house = House()
    house.dev.fault("pending job")
    if lost:
        house.dev.fault("lost job")
    ticket = open_at_desk(house)
    house.run(600)

    assert len(house.dev.tickets) == 1
    assert creates(house) == (2 if lost else 1)
    assert house.dev.line.asked
    assert len(house.dev.line.finds) == (2 if lost else 0)  # only what nobody knows is looked up
    assert ticket.group("dev", "title") == "in step"


def test_law_31_a_pending_note_is_placed_once() -> None:
    house = House()
    ticket = shared(house)

    house.dev.fault("pending job")
    ticket.note("slowly", internal=True)
    house.run(600)

    assert Counter(ticket.copy("dev").bodies) == {"slowly": 1}
    assert ticket.placement("dev", "slowly").state is PlacementState.PLACED


def test_law_31_a_pending_change_is_asked_and_not_repeated() -> None:
    house = House()
    ticket = shared(house)
    copy, before = ticket.copy("dev"), len(house.dev.sent)
    answers: list[object] = [Pending("job-1", 60.0), Pending("job-1", 60.0), Done()]

    def slowly(_: object) -> object:
        if len(answers) == 1:  # it is done at last
            carry_out(house.dev.product, house.dev.line.planned, house.dev.sent[before])
        return answers.pop(0)

    house.dev.line.instead["apply"] = house.dev.line.instead["job"] = slowly
    ticket.set({"Subject": "slowly"})
    house.run(100)
    copy.bell()  # it is looked at while the job runs
    house.run(600)

    assert house.dev.line.asked == ["job-1", "job-1"]
    assert len(house.dev.sent) == before + 1
    assert copy["subject"] == "slowly"
    assert ticket.group("dev", "title") == "in step"


def test_law_31_a_job_that_does_not_name_what_it_made_is_looked_up() -> None:
    house = House()
    house.dev.fault("pending job")
    house.dev.line.instead["job"] = lambda _: Done() if house.dev.tickets else None
    ticket = open_at_desk(house)
    house.run(600)

    assert len(house.dev.line.asked) <= 2
    assert creates(house) == len(house.dev.tickets) == 1
    assert ticket.group("dev", "title") == "in step"


def test_law_31_what_the_job_refuses_is_refused() -> None:
    house = House()
    ticket = shared(house)

    house.dev.line.instead["apply"] = lambda _: Pending("job-1", 5.0)
    house.dev.line.instead["job"] = lambda _: Rejected(("subject",), "not in this place")
    ticket.set({"Subject": "slowly"})
    house.run(60)

    assert ticket.group("dev", "title") == "parked"


def test_law_31_a_job_that_cannot_be_asked_now_is_asked_again() -> None:
    house = House()
    house.dev.fault("pending job")
    house.dev.line.instead["job"] = lambda _: (
        Transient("502 in HTML") if len(house.dev.line.asked) < 3 else None
    )
    ticket = open_at_desk(house)
    house.run(600)

    assert len(house.dev.line.asked) >= 3
    assert (creates(house), house.dev.line.finds) == (1, [])
    assert ticket.group("dev", "title") == "in step"


def test_law_26_a_search_that_is_not_complete_proves_nothing() -> None:
    house = House()
    house.dev.fault("cut before effect")
    house.dev.line.instead["find"] = lambda _: Found((), complete=False)
    ticket = open_at_desk(house)
    house.run(600)

    assert creates(house) == 1
    assert ticket.group("dev", "birth") == "held"
