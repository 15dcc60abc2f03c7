"""Laws 11, 12, 23, 44 and 47 of what a plan joins or lets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import pytest

from sdsync.connectors.contract import AddElement, Audience, Create
from sdsync.mappings.contract import Mapping
from sdsync.store.records import Change, Json, LineState, Plan, PlanLine, PlanState, Verdict
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans import applying, backfilling, connecting, keeping
from sdsync.sync.plans.scene import Scene, opened
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House

T = TypeVar("T")
KEY = {"desk": "Due", "dev": "due_date"}  # a text on both sides


def typed(house: House, command: Callable[[Scene], T]) -> T:
    """What a person types, in a process of its own beside the daemon."""
    core = house.process(house.store).core
    with opened(core, "escalations", "ann", house.clock.advance) as scene:
        return command(scene)


def by_key(scene: Scene) -> Plan:
    return connecting.by_field(scene, "due_at")


def lines(house: House, plan: Plan, verdict: Verdict) -> list[PlanLine]:
    return [one for one in keeping.lines(house.store, plan.id) if one.verdict is verdict]


def approved(house: House, plan: Plan) -> Plan:
    return keeping.approve(house.store, plan.id, "bob", house.clock.now())


def applied(house: House, plan: Plan) -> applying.Applied:
    approved(house, plan)
    done = typed(house, lambda scene: applying.apply(scene, plan.id))
    for name in house.systems:
        house.wake(name)
    house.run(600)
    return done


class Old:
    """A house in which both products were used for long, each on its own."""

    def __init__(self, **sync: object) -> None:
        self.house = House(sync=dict(sync), started=False)

    def pair(self, key: str, *, title: str = "disk full", other: str = "") -> Ticket:
        self.house.dev.open(other or title, due_date=key, description="the same")
        return self.house.desk.open(title, Due=key, Content="the same")

    def start(self) -> House:
        self.house.clock.advance(60)
        return self.house.start().run(60)


# -- law 11 ------------------------------------------------------------------------------
def test_law_11_a_plan_joins_without_overwriting_and_what_differs_stays() -> None:
    old = Old()
    equal = old.pair("A-1")
    unequal = old.pair("A-2", title="disk full", other="disk is full")
    equal.note("an old note", internal=True)
    house = old.start()

    plan = typed(house, by_key)
    applied(house, plan)

    assert [one.differs for one in lines(house, plan, Verdict.CERTAIN)] == [[], ["title"]]
    assert not [one for one in house.dev.sent if isinstance(one, Create)]
    assert (unequal["Subject"], unequal.copy("dev")["subject"]) == ("disk full", "disk is full")
    assert unequal.group("dev", "title") == "differs"
    assert equal.copy("dev").bodies == []
    assert not equal.replica("dev").groups
    assert house.quiet()


def test_law_11_an_edit_flows_between_joined_records() -> None:
    old = Old()
    ticket = old.pair("A-1", other="disk is full")
    house = old.start()
    applied(house, typed(house, by_key))

    ticket.copy("dev").set({"subject": "disk full on db01"}, by="bob")
    house.run()

    assert ticket["Subject"] == "disk full on db01"
    assert ticket.group("dev", "title") == "in step"


def test_law_11_what_stands_in_the_field_of_the_peer_is_not_written_over() -> None:
    old = Old()
    ticket = old.pair("A-1")
    ticket.set({"CustomFields.Peer": "see dev 1"})
    house = old.start()

    applied(house, typed(house, by_key))

    assert ticket["CustomFields.Peer"] == "see dev 1"
    assert ticket.copy("dev")["custom_fields.Peer"] == ticket.replica("desk").key


# -- law 12 ------------------------------------------------------------------------------
def test_law_12_a_key_on_several_records_is_held_and_nothing_created() -> None:
    old = Old()
    first = old.pair("A-1")
    second = old.house.desk.open("another", Due="A-1")
    house = old.start()

    plan = typed(house, by_key)
    approved(house, plan)
    assert not typed(house, lambda scene: applying.apply(scene, plan.id)).done
    house.run(600)

    held = lines(house, plan, Verdict.AMBIGUOUS)
    assert [one.refs[0].id for one in held] == [first.record.id, second.record.id]
    assert all(len(one.candidates) == 1 for one in held)
    assert not first.shared
    assert len(house.dev.tickets) == 1


def test_law_12_what_may_belong_to_a_record_is_not_born_by_a_backfill() -> None:
    old = Old()
    held = old.pair("A-1")
    old.house.desk.open("another", Due="A-1")
    alone = old.house.desk.open("nobody's", Due="B-7")
    house = old.start()
    typed(house, by_key)

    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    applied(house, plan)

    assert alone.copy("dev")["subject"] == "nobody's"
    assert not held.shared
    assert len(house.dev.tickets) == 2


def test_law_12_a_backfilled_record_is_joined_where_its_match_key_says_so() -> None:
    old = Old(match=("title",))
    ticket = old.pair("A-1", title="disk full")
    house = old.start()

    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    applied(house, plan)

    assert ticket.copy("dev").record is house.dev.tickets[0].record
    assert len(house.dev.tickets) == 1


def test_law_12_a_join_that_was_planned_later_holds_back_a_backfill() -> None:
    old = Old()
    held = old.pair("A-1")
    old.house.desk.open("another", Due="A-1")
    house = old.start()
    year_1 = house.clock.now().replace(year=1)
    plan = typed(house, lambda scene: backfilling.since(scene, year_1, "x"))
    join = typed(house, by_key)

    done = applied(house, plan)

    assert done.done == 0
    why = f"it may belong to a record that exists: see {join.id}"
    assert [one.told for one in done.refused] == [why] * 3
    assert not held.shared
    assert len(house.dev.tickets) == 1


@pytest.mark.parametrize("empty", [" ", [], ["", None], {"a": [""]}])
def test_law_12_what_is_empty_on_both_sides_joins_nobody(empty: Json) -> None:
    old = Old()
    old.pair("A-1")
    house = old.start()

    def without_keys(scene: Scene) -> Plan:
        for one in scene.readers.values():
            mapping = one.system.mappings["ticket"]
            one.system.mappings = {"ticket": cast("Mapping", Showing(mapping, empty))}
        return by_key(scene)

    plan = typed(house, without_keys)

    assert (plan.counts["alone"], plan.counts.get("certain", 0)) == (1, 0)


class Showing:
    """A mapping by which every field has one value."""

    def __init__(self, mapping: Mapping, value: Json) -> None:
        self._mapping, self._value = mapping, value

    def __getattr__(self, name: str) -> object:
        return getattr(self._mapping, name)

    def get(self, *_: object) -> Json:
        return self._value


# -- law 23 ------------------------------------------------------------------------------
def test_law_23_only_an_approved_backfill_takes_what_is_old() -> None:
    old = Old()
    ticket = old.house.desk.open("from last year")
    closed = old.house.desk.open("done", Status="resolved")
    house = old.start()
    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    house.run(600)
    assert not ticket.shared

    done = applied(house, plan)

    assert done.done == 1
    assert ticket.copy("dev")["subject"] == "from last year"
    assert not closed.shared
    assert [one.why for one in lines(house, plan, Verdict.LEFT_OUT)] == ["closed"]


# -- law 44 ------------------------------------------------------------------------------
def test_law_44_a_line_whose_record_moved_is_refused_and_the_others_are_done() -> None:
    old = Old()
    moved, stayed = old.pair("A-1"), old.pair("A-2")
    house = old.start()
    plan = typed(house, by_key)
    moved.set({"Subject": "another matter"})

    done = applied(house, plan)

    assert done.done == 1
    assert [one.told for one in done.refused] == [f"{moved.ref} changed since"]
    assert not moved.shared
    assert stayed.shared


def test_law_44_nothing_is_carried_out_before_somebody_approved_it() -> None:
    old = Old()
    ticket = old.pair("A-1")
    house = old.start()
    plan = typed(house, by_key)

    with pytest.raises(Refused, match=f"sdsync plan approve {plan.id}"):
        typed(house, lambda scene: applying.apply(scene, plan.id))

    assert not ticket.shared


@pytest.mark.parametrize("step", ["line read", "line carried out"])
def test_law_44_killed_in_the_middle_it_goes_on_where_it_stood(step: str) -> None:
    old = Old()
    tickets = [old.pair(f"A-{n}") for n in range(5)]
    house = old.start()
    plan = approved(house, typed(house, by_key))
    for _ in range(3):
        house.dies(step)
        with pytest.raises(Crash):
            typed(house, lambda scene: applying.apply(scene, plan.id))
        house.lives()
        house.start()

    rest = typed(house, lambda scene: applying.apply(scene, plan.id))
    again = typed(house, lambda scene: applying.apply(scene, plan.id))
    house.run(600)

    before = 3 if step == "line carried out" else 0
    assert (rest.done, again.done, again.refused) == (5 - before, 0, [])
    assert len({ticket.hub.id for ticket in tickets}) == len(house.dev.tickets) == 5
    assert keeping.found(house.store, plan.id).state is PlanState.APPLIED
    states = {one.state for one in keeping.lines(house.store, plan.id)}
    assert states == {LineState.DONE}


def test_law_44_a_plan_that_is_dropped_meanwhile_stops_there() -> None:
    old = Old()
    tickets = [old.pair(f"A-{n}") for n in range(4)]
    house = old.start()
    plan = approved(house, typed(house, by_key))

    def apply(scene: Scene) -> applying.Applied:
        def told(_what: str, done: int, _of: int) -> None:
            if done == 3:
                keeping.drop(house.store, plan.id, "eve", house.clock.now())

        scene.told = told
        return applying.apply(scene, plan.id)

    with pytest.raises(Refused, match="was dropped meanwhile; what was done stays"):
        typed(house, apply)

    assert [one.shared for one in tickets] == [True, True, False, False]


def test_law_44_of_two_who_carry_out_a_plan_each_line_is_one_ones() -> None:
    """The slower one finds what it read changed, and must not say so of what was done."""
    old = Old()
    tickets = [old.pair(f"A-{n}") for n in range(3)]
    house = old.start()
    plan = approved(house, typed(house, by_key))
    inner: list[applying.Applied] = []

    def outer(scene: Scene) -> applying.Applied:
        commit = scene.core.store.commit

        def late(change: Change, *, lasting: bool = True) -> None:
            if not inner and change.plan_lines:
                inner.append(applying.Applied(plan.id))
                inner[0] = typed(house, lambda other: applying.apply(other, plan.id))
            commit(change, lasting=lasting)

        tickets[0].set({"Subject": "another matter"})
        house.store.commit = late
        try:
            return applying.apply(scene, plan.id)
        finally:
            house.store.commit = commit

    slow = typed(house, outer)

    assert (slow.done, slow.refused, slow.left) == (0, [], 0)
    assert (inner[0].done, len(inner[0].refused)) == (2, 1)
    assert keeping.found(house.store, plan.id).state is PlanState.APPLIED
    assert len(house.told("applied")) == 1


# -- law 47 ------------------------------------------------------------------------------
def test_law_47_a_join_mails_nobody_and_parks_nothing() -> None:
    old = Old(mail=None)
    ticket = old.pair("A-1")
    house = old.start()
    house.dev.line.mails = lambda _: Audience(staff=2)

    plan = typed(house, by_key)
    applied(house, plan)

    assert plan.counts["mails to staff"] == 0
    assert not house.dev.sent
    assert ticket.group("dev", "peer_key") == "differs"
    assert not house.store.causes()


def test_law_47_a_backfill_mails_nobody_and_its_plan_says_so() -> None:
    old = Old(mail=None)
    ticket = old.house.desk.open("from last year", by="ann")
    ticket.note("an old note", internal=True, by="ann")
    house = old.start()
    house.dev.line.mails = lambda _: Audience(staff=2)

    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    applied(house, plan)

    assert (plan.counts["certain"], plan.counts["over the mail budget"]) == (1, 1)
    assert plan.counts["mails to staff"] == 0
    assert plan.counts["waiting mails to staff"] == 4  # of the birth and of the note, once let
    assert not house.dev.tickets
    assert ticket.group("dev", "birth") == "parked"


def test_law_47_a_backfill_mails_exactly_those_whom_its_plan_counted() -> None:
    old = Old(mail="staff")
    ticket = old.house.desk.open("from last year", by="ann")
    ticket.note("an old note", internal=True, by="ann")
    house = old.start()
    house.dev.line.mails = lambda _: Audience(staff=2)

    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    applied(house, plan)

    assert plan.counts["mails to staff"] == 2 * len(house.dev.sent) == 4
    assert plan.counts["writes"] == 2


def test_law_47_a_persons_note_after_a_backfill_may_mail_staff() -> None:
    old = Old(mail=None)
    ticket = old.house.desk.open("from last year", by="ann")
    ticket.note("an old note", internal=True, by="ann")
    house = old.start()
    house.dev.line.mails = lambda one: Audience(staff=isinstance(one, AddElement))
    plan = typed(
        house, lambda scene: backfilling.since(scene, house.clock.now().replace(year=1), "x")
    )
    applied(house, plan)
    assert ticket.group("dev", "notes") == "parked"

    ticket.note("of today", internal=True, by="ann")
    house.run()

    assert ticket.copy("dev").bodies == ["of today"]


def test_law_49_records_of_two_tenants_are_not_joined() -> None:
    old = Old()
    old.house.tenants = {"desk": {"Escalated": "acme"}, "dev": {"infra": "globex"}}
    old.pair("A-1")
    house = old.start()

    plan = typed(house, by_key)

    assert [one.why for one in lines(house, plan, Verdict.AMBIGUOUS)] == [
        "they belong to two tenants, acme and globex"
    ]
    assert not lines(house, plan, Verdict.CERTAIN)
