"""Laws 40 and 53: what a person does about dead letters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.connectors.contract import Update
from sdsync.connectors.failures import Rejected, Scope, Throttled
from sdsync.store.records import Cause, Change, GroupRow, GroupState, PlacementState
from sdsync.sync.persons import editing, letters, recovery
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.persons.recovery import Replay
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

WORD = "prod2"


def refuse(operation: object) -> Rejected | None:
    """The board knows no such label."""
    labels = operation.values.get("labels") if isinstance(operation, Update) else None
    return Rejected(("labels",), "no such label") if labels and WORD in labels else None


def opened(house: House, number: int) -> list[Ticket]:
    """Tickets that the board has without their label."""
    house.board.line.instead["apply"] = refuse
    tickets = [shared(house, f"ticket {one}") for one in range(number)]
    for one in tickets:
        one.set({"CustomFields.Tags": [WORD]})
    house.run()
    return tickets


def cause_of(house: House) -> Cause:
    (cause,) = house.store.causes()
    assert isinstance(cause, Cause)
    return cause


def wake(house: House) -> None:
    """The lanes that a command rang are looked into, as a running daemon does."""
    for name in house.systems:
        house.wake(name)


def waiting(tickets: list[Ticket]) -> int:
    """How many have not got their label."""
    return sum(WORD not in one.copy("board")["labels"] for one in tickets)


@pytest.fixture
def house() -> House:
    return House(("desk", "board"))


@pytest.fixture
def ticket(house: House) -> Ticket:
    return opened(house, 1)[0]


# -- law 40: replayed --------------------------------------------------------------------
def test_law_40_a_replay_of_a_replay_does_nothing(house: House, ticket: Ticket) -> None:
    """Not even to the audit trail, nor to the instant at which the first one is due."""
    cause, every = cause_of(house).id, timedelta(hours=1)
    recovery.replay(house.store, Replay(cause, every=every), "ann", house.clock.now())
    told, due = len(house.told("replayed")), house.store.next_due("board")
    house.clock.advance(60)

    for what in (cause, "all", f"desk#{ticket.record.id}"):
        assert recovery.replay(house.store, Replay(what), "bob", house.clock.now()) == []

    assert len(house.told("replayed")) == told == 1
    assert house.store.next_due("board") == due


def test_law_40_a_later_success_closes_the_cause(house: House, ticket: Ticket) -> None:
    cause = cause_of(house)
    letters.assign(house.store, cause, "ann", "ann", house.clock.now())
    recovery.replay(house.store, Replay(cause.id), "ann", house.clock.now())
    house.run(60)
    again = cause_of(house)
    assert (again.id, again.owner, again.since) == (cause.id, "ann", cause.since)
    assert ticket.group("board", "tags") == "parked"  # refused once more: the same trouble

    house.board.line.instead = {}
    recovery.replay(house.store, Replay(cause.id), "ann", house.clock.now())
    house.run(60)
    assert ticket.group("board", "tags") == "in step"
    assert house.store.cause_members(cause.id) == []
    house.run(2 * 3600)
    assert house.store.causes() == []


def test_law_40_a_rate_is_kept_by_the_store_through_a_kill(house: House) -> None:
    tickets = opened(house, 6)
    house.board.line.instead = {}
    house.start(poll_s=86_400.0).run(30)
    every = timedelta(minutes=1)

    recovery.replay(house.store, Replay("all", every=every), "ann", house.clock.now())
    wake(house)
    house.run(90)
    assert waiting(tickets) == 4
    house.start().run(60)
    assert waiting(tickets) == 3
    house.run(240)
    assert waiting(tickets) == 0


def test_law_40_a_replay_that_was_killed_fills_the_slots_that_it_left(house: House) -> None:
    """The command dies halfway; given again it takes what is left, and no slot twice."""
    tickets = opened(house, 6)
    house.board.line.instead = {}
    house.start(poll_s=86_400.0).run(30)
    asked, commit, left = Replay("all", every=timedelta(minutes=1)), house.store.commit, [3]

    def die(change: object, **more: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        commit(change, **more)

    house.store.commit = die
    with pytest.raises(KeyboardInterrupt):
        recovery.replay(house.store, asked, "ann", house.clock.now())
    house.store.commit = commit

    rest = recovery.replay(house.store, asked, "ann", house.clock.now())
    assert len(rest) == 3
    wake(house)
    for number in range(6):
        house.run(1)
        assert waiting(tickets) == 5 - number
        house.run(59)


def test_law_40_what_a_target_put_off_is_not_hurried(house: House) -> None:
    """What was spread over time is; and of it alone a rate is told."""
    tickets = opened(house, 3)
    house.board.line.instead["apply"] = lambda _: Throttled(3600.0, Scope.RECORD)
    house.start(poll_s=86_400.0).run(30)
    asked = Replay("all", every=timedelta(minutes=10))
    recovery.replay(house.store, asked, "ann", house.clock.now())
    wake(house)
    house.run(30)  # one was tried
    house.board.line.instead = {}

    ((number, _, _),) = house.store.on_way(after=house.clock.now()).values()
    found = recovery.hurried(house.store, Replay("all"), "ann", house.clock.now())
    assert (number, len(found)) == (2, 2)
    wake(house)
    house.run(60)
    assert waiting(tickets) == 1
    house.run(3600)
    assert waiting(tickets) == 0


def test_law_40_a_time_range_names_what_was_parked_then(house: House) -> None:
    first = opened(house, 1)[0]
    between = house.clock.now()
    second = opened(house, 1)[0]
    house.board.line.instead = {}
    now = house.clock.now()

    old = letters.Within(until=between)
    recovery.replay(house.store, Replay("all", within=old), "ann", now)
    house.run(60)

    assert (waiting([first]), waiting([second])) == (0, 1)
    new = letters.members(house.store, "all", letters.Within(since=between))
    assert [hub.id for hub, _, _ in new] == [second.hub.id]


# -- law 40: dropped ---------------------------------------------------------------------
def test_law_40_what_is_dropped_differs_until_an_edit(house: House, ticket: Ticket) -> None:
    cause = cause_of(house).id
    letters.drop(house.store, cause, "the board is closed soon", "ann", house.clock.now())
    house.board.line.instead = {}
    assert ticket.group("board", "tags") == "differs"
    assert "dropped by ann: the board is closed soon" in str(ticket.row("board", "tags"))
    assert [(one.actor, one.why, one.text) for one in ticket.told("dropped")] == [
        ("ann", cause, "the board is closed soon")
    ]

    assert ticket.hub.human_at is None  # nothing of a person's is on its way any more

    # Neither a look nor a replay nor a restart ends it.
    ticket.copy("board").bell()
    name = f"desk#{ticket.record.id}"
    for what in ("all", name):
        assert recovery.replay(house.store, Replay(what), "ann", house.clock.now()) == []
    house.start().run(2 * 3600)
    assert (ticket.group("board", "tags"), waiting([ticket])) == ("differs", 1)
    assert house.store.causes() == []

    ticket.set({"CustomFields.Tags": [WORD, "vip"]})
    house.run()
    assert (ticket.group("board", "tags"), waiting([ticket])) == ("in step", 0)


def test_law_40_a_drop_needs_a_reason(house: House, ticket: Ticket) -> None:
    with pytest.raises(Refused, match="reason"):
        letters.drop(house.store, cause_of(house).id, " \n ", "ann", house.clock.now())

    assert ticket.group("board", "tags") == "parked"


# -- law 40: owned -----------------------------------------------------------------------
def test_law_40_an_owner_stays_when_more_comes_under_the_cause(house: House) -> None:
    opened(house, 1)
    cause = cause_of(house)
    letters.assign(house.store, cause, "ops-core", "ann", house.clock.now())
    opened(house, 1)

    later = cause_of(house)
    assert len(house.store.cause_members(cause.id)) == 2
    assert (later.owner, later.since) == ("ops-core", cause.since)
    assert [one.text for one in house.told("assigned")] == ["ops-core"]

    letters.assign(house.store, later, None, "ann", house.clock.now())
    assert cause_of(house).owner is None


def test_law_40_a_name_opens_nothing_that_was_mended_meanwhile(
    house: House, ticket: Ticket
) -> None:
    cause = cause_of(house)
    house.board.line.instead = {}
    recovery.replay(house.store, Replay(cause.id), "ann", house.clock.now())
    house.run(2 * 3600)
    assert house.store.causes() == []

    with pytest.raises(Refused, match="closed by now"):
        letters.assign(house.store, cause, "ann", "ann", house.clock.now())

    assert house.store.causes() == []
    assert house.told("assigned") == []


# -- law 53 ------------------------------------------------------------------------------
def test_law_53_an_edit_by_hand_is_the_change_of_a_named_person(
    house: House, ticket: Ticket
) -> None:
    editing.edit(house.store, ticket.hub.id, {"tags": ["prod"]}, "ann", house.clock.now())
    house.run()

    version = ticket.hub.versions["tags"]
    assert (version.source, version.changed_by, version.human) == ("person:ann", "ann", True)
    (row,) = [one for one in ticket.told("edited") if one.source == "person:ann"]
    assert (row.actor, row.field, row.before, row.after) == ("ann", "tags", [WORD], ["prod"])
    assert ticket.copy("board")["labels"] == ticket["CustomFields.Tags"] == ["prod"]
    assert ticket.group("board", "tags") == "in step"


def test_law_53_an_edit_by_hand_loses_no_newer_edit_of_another_field(
    house: House, ticket: Ticket
) -> None:
    """Each side is read before it is written."""
    house.start(poll_s=86_400.0).run(30)
    ticket.copy("board").set({"title": "meanwhile"}, by="bob")

    editing.edit(house.store, ticket.hub.id, {"tags": ["prod"]}, "ann", house.clock.now())
    wake(house)
    house.run(60)

    assert ticket.hub.values["title"] == ticket["Subject"] == "meanwhile"
    assert ticket.copy("board")["labels"] == ["prod"]


# -- law 19, law 40: what a replay leaves alone ------------------------------------------------
def test_law_19_a_replay_decides_no_conflict() -> None:
    house = House(sync={"fields": {"outcome": "hold"}})
    ticket = shared(house)
    ticket.copy("dev").set({"status": "In Progress"}, by="bob")
    ticket.set({"Status": "stalled"}, by="ann")
    house.run()
    row = ticket.row("dev", "outcome")
    assert row is not None
    assert row.cause is not None

    with pytest.raises(Refused, match="waits for a choice"):
        recovery.replay(house.store, Replay(row.cause), "ann", house.clock.now())
    house.run()

    assert (ticket["Status"], ticket.copy("dev")["status"]) == ("stalled", "In Progress")
    assert ticket.group("dev", "outcome") == "held"


@pytest.mark.parametrize(
    ("state", "cause"),
    [(GroupState.AWAITING_PLAN, None), (GroupState.PARKED, "its leak")],
    ids=["awaits a plan", "leaked before"],
)
def test_law_40_a_replay_brings_nothing_back_that_somebody_removed(
    state: GroupState, cause: str | None
) -> None:
    house = House()
    ticket = shared(house)
    ticket.note("secret", internal=True)
    house.run()
    copy = ticket.copy("dev")
    house.dev.product.remove_note(copy.record, copy.record.notes[0], by=house.dev.who("bob"))
    copy.bell()
    house.run()
    assert ticket.placement("dev", "secret").state is PlacementState.GONE
    share = ticket.share
    dev = share.at("dev")
    assert dev is not None
    dev.groups["urgency"] = GroupRow(state, house.clock.now(), cause=cause)
    for place in share.placements:
        place.cause = cause
    house.store.commit(Change(shares=[share]))

    found = recovery.replay(
        house.store, Replay(f"desk#{ticket.record.id}"), "ann", house.clock.now()
    )
    house.run()

    assert len(found) == 1
    assert copy.bodies == []
