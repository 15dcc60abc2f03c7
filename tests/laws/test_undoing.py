"""Laws 7, 12, 44 and 47 of a plan that takes back what a plan did."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import Audience
from sdsync.store.records import LineState, Plan, PlanState, Verdict
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans import applying, backfilling, keeping, levelling, undoing
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House, shared
from tests.laws.test_levelling import TITLES, as_desk, as_dev, joined, titles, told
from tests.laws.test_plans import Old, applied, approved, by_key, lines, typed


def undo(house: House, plan: Plan) -> Plan:
    return typed(house, lambda scene: undoing.planned(scene, plan.id))


def certain(house: House, plan: Plan) -> list[str]:
    return [one.why for one in lines(house, plan, Verdict.CERTAIN)]


def levelled(side: str, **sync: object) -> tuple[House, Ticket, Plan]:
    """Two titles that agreed to differ, levelled by a plan."""
    house, ticket = joined(**sync)
    plan = typed(house, as_desk if side == "desk" else as_dev)
    applied(house, plan)
    return house, ticket, plan


# -- law 44: values ------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["desk", "dev"])
def test_law_44_what_a_plan_wrote_is_set_back_and_differs_as_before(side: str) -> None:
    house, ticket, plan = levelled(side)
    other = "dev" if side == "desk" else "desk"
    back = undo(house, plan)
    assert titles(ticket) != TITLES

    done = applied(house, back)

    was, is_now = TITLES if other == "desk" else TITLES[::-1]
    assert certain(house, back) == [f"{other} title {is_now} → {was}"]
    assert (done.done, done.refused) == (1, [])
    assert titles(ticket) == TITLES
    assert ticket.group(side, "title") == "differs"
    assert ticket.group(other, "title") == "in step"
    (row,) = house.told("undone")
    assert (row.source, row.actor, row.after) == (f"undo:{plan.id}", "ann", was)
    assert house.quiet()


def test_law_44_a_plan_is_taken_back_once_and_done_again_by_a_new_plan_alone() -> None:
    house, ticket, plan = levelled("desk")
    back = undo(house, plan)
    applied(house, back)

    again = undo(house, plan)
    assert told(house, again) == [(Verdict.LEFT_OUT, undoing.AS_BEFORE)]
    typed(house, lambda scene: applying.apply(scene, back.id))
    assert house.run(600).quiet()
    assert titles(ticket) == TITLES
    applied(house, undo(house, back))

    assert titles(ticket) == (TITLES[0], TITLES[0])
    assert ticket.group("desk", "title") == ticket.group("dev", "title") == "in step"
    assert house.quiet()


def test_law_44_what_somebody_changed_since_is_theirs_and_told_with_whose_it_is() -> None:
    house, ticket, plan = levelled("desk")
    ticket.copy("dev").set({"subject": "disk full on db01"}, by="bob")
    house.run(600)

    back = undo(house, plan)
    done = applied(house, back)

    ((verdict, why),) = told(house, back)
    assert verdict is Verdict.AMBIGUOUS
    assert why.startswith(f"{ticket.copy('dev').ref} title shows disk full on db01, by Bob in dev ")
    assert done.done == 0
    assert titles(ticket) == ("disk full on db01",) * 2


@pytest.mark.parametrize("side", ["desk", "dev"])
def test_law_44_who_edits_it_while_the_undo_waits_has_decided(side: str) -> None:
    house, ticket, plan = levelled("desk")
    back = undo(house, plan)
    if side == "desk":
        ticket.set({"Subject": "another matter"})
    else:
        ticket.copy("dev").set({"subject": "another matter"}, by="bob")

    done = applied(house, back)

    ref = ticket.ref if side == "desk" else ticket.copy("dev").ref
    assert [one.told for one in done.refused] == [f"{ref} changed since"]
    assert titles(ticket) == ("another matter",) * 2


def test_law_44_what_is_still_on_its_way_is_called_back_and_nothing_was_written() -> None:
    house, ticket = joined()
    plan = approved(house, typed(house, as_dev))
    typed(house, lambda scene: applying.apply(scene, plan.id))
    writes = house.writes()

    back = undo(house, plan)
    applied(house, back)

    assert certain(house, back) == ["nothing was written yet"]
    assert house.writes() == writes
    assert titles(ticket) == TITLES
    assert ticket.group("dev", "title") == "differs"


def test_law_44_a_plan_that_was_dropped_half_way_is_taken_back_as_far_as_it_went() -> None:
    old = Old()
    tickets = [old.pair(f"A-{n}", title="disk full", other="disk is full") for n in range(2)]
    house = old.start()
    applied(house, typed(house, by_key))
    plan = approved(house, typed(house, as_desk))
    tickets[1].copy("dev").set({"subject": "another matter"}, by="bob")
    house.dies("line carried out")
    with pytest.raises(Crash):
        typed(house, lambda scene: applying.apply(scene, plan.id))
    house.lives()
    house.start().run(600)

    with pytest.raises(Refused, match=f"sdsync plan drop {plan.id}"):
        undo(house, plan)
    keeping.drop(house.store, plan.id, "ann", house.clock.now())
    done = applied(house, undo(house, plan))

    assert done.done == 1
    assert titles(tickets[0]) == ("disk full", "disk is full")
    assert titles(tickets[1]) == ("another matter",) * 2


@pytest.mark.parametrize("step", ["line read", "line carried out"])
def test_law_44_killed_in_the_middle_an_undo_goes_on(step: str) -> None:
    house, ticket, plan = levelled("desk")
    back = approved(house, undo(house, plan))
    house.dies(step)
    with pytest.raises(Crash):
        typed(house, lambda scene: applying.apply(scene, back.id))
    house.lives()
    house.start()

    typed(house, lambda scene: applying.apply(scene, back.id))
    house.run(600)

    assert titles(ticket) == TITLES
    assert {one.state for one in lines(house, back, Verdict.CERTAIN)} == {LineState.DONE}
    assert keeping.found(house.store, back.id).state is PlanState.APPLIED
    assert len(house.told("undone")) == 1


def test_law_44_nothing_is_taken_back_of_a_plan_that_did_nothing() -> None:
    house, _ = joined()
    plan = typed(house, as_desk)

    with pytest.raises(Refused, match="did nothing"):
        undo(house, plan)


def test_law_44_a_record_has_one_value_and_what_showed_a_third_one_stays() -> None:
    house = House(("desk", "dev", "board"), sync={"fields": {"title": "desk"}})
    ticket = shared(house)
    ticket.copy("dev").set({"subject": "of dev"}, by="bob")
    ticket.copy("board").set({"title": "of board"}, by="bob")
    house.run(600)
    plan = typed(house, as_desk)
    applied(house, plan)
    assert ticket.copy("dev")["subject"] == ticket.copy("board")["title"] == "disk full"

    back = undo(house, plan)
    applied(house, back)

    (why,) = certain(house, back)
    assert why.endswith("title stays: a record has one value to be set back to")
    shown = {ticket.copy("dev")["subject"], ticket.copy("board")["title"]}
    assert shown in ({"of dev", "disk full"}, {"of board", "disk full"})
    assert ticket["Subject"] == "disk full"
    assert house.quiet()


# -- law 7 -------------------------------------------------------------------------------
def remapped(**sync: object) -> tuple[Ticket, Plan]:
    """A wrong mapping was activated and its plan applied: the board shows *mid* for *high*."""
    house = House(("desk", "board"), sync=dict(sync))
    ticket = shared(house, Priority="70")
    house.start(edition=2).run(60)
    plan = typed(house, levelling.remapped)
    applied(house, plan)
    assert ticket.copy("board")["weight"] == "mid"
    return ticket, plan


def test_law_7_what_a_mapping_wrote_is_set_back_while_it_is_in_force() -> None:
    ticket, plan = remapped()
    house = ticket.house

    back = undo(house, plan)
    applied(house, back)

    assert certain(house, back) == ["board priority high → critical"]
    assert (ticket.copy("board")["weight"], ticket["Priority"]) == ("top", "70")
    assert house.quiet()


def test_law_7_and_after_the_mapping_was_rolled_back_it_is_what_it_was() -> None:
    ticket, plan = remapped()
    house = ticket.house.start(edition=1).run(600)

    back = undo(house, plan)
    applied(house, back)

    assert certain(house, back) == ["board priority normal → high"]
    assert (ticket.copy("board")["weight"], ticket["Priority"]) == ("top", "70")
    assert ticket.group("board", "urgency") == ticket.group("desk", "urgency") == "in step"
    assert house.quiet()


def test_law_7_what_somebody_chose_under_the_wrong_mapping_is_theirs() -> None:
    ticket, plan = remapped()
    ticket.copy("board").set({"weight": "low"}, by="bob")
    house = ticket.house.run(600).start(edition=1).run(600)

    applied(house, undo(house, plan))

    assert ticket.copy("board")["weight"] == "low"


# -- law 47 ------------------------------------------------------------------------------
def test_law_47_an_undo_that_would_mail_over_the_budget_is_for_a_person() -> None:
    house, ticket, plan = levelled("desk", mail=None)
    house.dev.line.mails = lambda _: Audience(staff=2)

    back = undo(house, plan)
    applied(house, back)

    assert told(house, back) == [(Verdict.AMBIGUOUS, "a machine's change would mail staff")]
    assert titles(ticket) == (TITLES[0], TITLES[0])


# -- law 12: joins and births --------------------------------------------------------------
def test_law_12_what_was_joined_wrongly_is_parted_and_joined_rightly() -> None:
    old = Old()
    ticket = old.pair("A-1", other="printer jams")
    right = old.house.dev.open("disk full", due_date="A-2", description="the same")
    house = old.start()
    plan = typed(house, by_key)
    applied(house, plan)

    back = undo(house, plan)
    done = applied(house, back)

    assert certain(house, back) == ["parted; each stays as it is"]
    assert (done.done, done.refused) == (1, [])
    assert not ticket.shared
    assert house.told("unlinked")[0].why == f"plan {back.id}"
    assert [one["subject"] for one in house.dev.tickets] == ["printer jams", "disk full"]
    ticket.set({"Subject": "disk is full"})  # it is nobody's, and old: it does not enter
    right.set({"due_date": "A-1"}, by="bob")
    house.dev.tickets[0].set({"due_date": ""}, by="bob")
    house.run(600)
    applied(house, typed(house, by_key))

    assert ticket.copy("dev").record is right.record
    assert len(house.dev.tickets) == 2
    assert told(house, undo(house, plan)) == [(Verdict.LEFT_OUT, "parted already")]


@pytest.mark.parametrize("when", ["before the undo", "unseen"])
def test_law_44_a_pair_on_which_something_happened_is_told_and_stays(when: str) -> None:
    old = Old()
    ticket = old.pair("A-1")
    house = old.start()
    plan = typed(house, by_key)
    applied(house, plan)
    ticket.copy("dev").set({"subject": "disk full on db01"}, by="bob")
    if when != "unseen":
        house.run(600)

    back = undo(house, plan)
    applied(house, back)

    ((verdict, why),) = told(house, back)
    assert verdict is Verdict.AMBIGUOUS
    assert why.startswith("title edited since, by Bob ")
    assert ticket.shared


def test_law_44_what_was_parted_is_joined_again_by_a_new_plan_alone() -> None:
    old = Old()
    old.pair("A-1")
    house = old.start()
    plan = typed(house, by_key)
    applied(house, plan)
    back = undo(house, plan)
    applied(house, back)

    with pytest.raises(Refused, match="sdsync connect escalations --by due_at"):
        undo(house, back)


def backfilled(**sync: object) -> tuple[House, Ticket, Plan]:
    old = Old(**sync)
    ticket = old.house.desk.open("from last year")
    house = old.start()
    return house, ticket, _backfill(house)


def _backfill(house: House) -> Plan:
    year_1 = house.clock.now().replace(year=1)
    plan = typed(house, lambda scene: backfilling.since(scene, year_1, "x"))
    applied(house, plan)
    return plan


def test_law_12_what_a_backfill_bore_stays_is_followed_no_more_and_never_born_again() -> None:
    house, ticket, plan = backfilled()
    copy = ticket.copy("dev")

    back = undo(house, plan)
    applied(house, back)

    assert certain(house, back) == [f"parted; {copy.ref} stays, and is followed no more"]
    copy.set({"subject": "of dev alone"}, by="bob")
    house.run(600)
    assert ticket["Subject"] == "from last year"
    _backfill(house)
    assert len(house.dev.tickets) == 1
    assert len(house.desk.tickets) == 1


def test_law_12_what_was_not_born_yet_is_let_go_and_may_be_let_in_again() -> None:
    house, ticket, plan = backfilled(mode="observe")

    back = undo(house, plan)
    applied(house, back)

    assert certain(house, back) == ["let go before anything was born"]
    assert not ticket.shared
    house.sync["mode"] = "live"
    house.start().run(600)
    assert not house.dev.tickets
    _backfill(house)
    assert ticket.copy("dev")["subject"] == "from last year"
    assert len(house.dev.tickets) == 1
