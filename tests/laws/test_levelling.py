"""Laws 7, 11, 44 and 47 of plans that end a difference."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import Audience
from sdsync.store.records import LineState, Plan, Verdict
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans import applying, levelling
from sdsync.sync.plans.connecting import whole
from sdsync.sync.plans.scene import Scene
from sdsync.sync.plans.sending import WRITES
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House, shared
from tests.laws.test_plans import Old, applied, approved, by_key, lines, typed

TITLES = ("disk full", "disk is full")


def joined(**sync: object) -> tuple[House, Ticket]:
    """A ticket and an issue that were joined, and whose titles agree to differ."""
    old = Old(**sync)
    ticket = old.pair("A-1", title=TITLES[0], other=TITLES[1])
    house = old.start()
    applied(house, typed(house, by_key))
    assert ticket.group("dev", "title") == "differs"
    return house, ticket


def as_desk(scene: Scene) -> Plan:
    return levelling.as_shown(scene, "desk")


def as_dev(scene: Scene) -> Plan:
    return levelling.as_shown(scene, "dev")


def titles(ticket: Ticket) -> tuple[object, object]:
    return ticket["Subject"], ticket.copy("dev")["subject"]


def told(house: House, plan: Plan) -> list[tuple[Verdict, str]]:
    every = [one for verdict in Verdict for one in lines(house, plan, verdict)]
    return [(one.verdict, one.why) for one in every]


# -- law 7 -------------------------------------------------------------------------------
@pytest.fixture
def remapped() -> Ticket:
    """The board shows *top* for *high*; the new mapping would write *mid*, and nobody looked."""
    house = House(("desk", "board"))
    ticket = shared(house, Priority="70")
    house.start(edition=2)
    return ticket


def test_law_7_a_plan_tells_what_a_new_mapping_would_write_and_nothing_is_written(
    remapped: Ticket,
) -> None:
    house = remapped.house
    plan = typed(house, levelling.remapped)

    ((verdict, why),) = told(house, plan)
    assert verdict is Verdict.CERTAIN
    assert why == "board priority critical → high"
    assert remapped.copy("board")["weight"] == "top"
    assert house.quiet()


def test_law_7_applied_it_ends_the_wait(remapped: Ticket) -> None:
    house = remapped.house
    done = applied(house, typed(house, levelling.remapped))

    assert done.done == 1
    assert remapped.copy("board")["weight"] == "mid"
    assert remapped.group("board", "urgency") == "in step"
    assert remapped["Priority"] == "70"
    assert told(house, typed(house, levelling.remapped)) == []


def test_law_7_a_mapping_that_is_not_in_force_yet_is_seen_and_nothing_more() -> None:
    house = House(("desk", "board"))
    ticket = shared(house, Priority="70")
    house.edition = 2  # in a file that the daemon did not read

    plan = typed(house, levelling.remapped)
    with pytest.raises(Refused, match="mapping of board that is not in force"):
        approved(house, plan)
    assert house.run(600).quiet()
    assert ticket.copy("board")["weight"] == "top"
    house.start().run(60)
    done = applied(house, plan)

    assert [why for _, why in told(house, plan)] == ["board priority critical → high"]
    assert (done.done, ticket.copy("board")["weight"]) == (1, "mid")


def test_law_7_a_plan_is_not_carried_out_once_its_mapping_is_out_of_force(remapped: Ticket) -> None:
    house = remapped.house
    plan = approved(house, typed(house, levelling.remapped))
    house.start(edition=1)
    house.edition = 2  # the file says so again, and nobody restarted

    with pytest.raises(Refused, match="mapping of board that is not in force"):
        typed(house, lambda scene: applying.apply(scene, plan.id))

    assert remapped.copy("board")["weight"] == "top"


# -- law 11 ------------------------------------------------------------------------------
def test_law_11_a_plan_levels_what_agreed_to_differ_as_one_side_has_it() -> None:
    house, ticket = joined()
    before = len(house.desk.sent)

    plan = typed(house, as_desk)
    applied(house, plan)

    assert told(house, plan) == [(Verdict.CERTAIN, "dev title disk is full → disk full")]
    assert titles(ticket) == (TITLES[0], TITLES[0])
    assert ticket.group("dev", "title") == "in step"
    assert len(house.desk.sent) == before
    assert house.quiet()


def test_law_11_the_other_side_may_be_right() -> None:
    house, ticket = joined()

    applied(house, typed(house, as_dev))

    assert titles(ticket) == (TITLES[1], TITLES[1])
    assert ticket.group("dev", "title") == "in step"
    (row,) = [one for one in house.told("levelled") if one.field == "title"]
    assert (row.actor, row.before, row.after) == ("ann", *TITLES)
    assert house.quiet()


def test_law_11_what_a_policy_gives_to_another_is_not_levelled() -> None:
    house, ticket = joined(fields={"title": "desk"})

    plan = typed(house, as_dev)
    applied(house, plan)

    assert told(house, plan) == [(Verdict.AMBIGUOUS, "title is desk's by policy")]
    assert titles(ticket) == TITLES


# -- law 44 ------------------------------------------------------------------------------
def test_law_44_who_edits_the_value_meanwhile_has_decided() -> None:
    house, ticket = joined()
    plan = typed(house, as_desk)
    ticket.copy("dev").set({"subject": "disk full on db01"}, by="bob")

    done = applied(house, plan)

    assert [one.told for one in done.refused] == [f"{ticket.copy('dev').ref} changed since"]
    assert titles(ticket) == ("disk full on db01", "disk full on db01")


def test_law_44_what_would_be_written_is_what_was_approved() -> None:
    """Both records show what they showed, and yet another value would be written now."""
    house, ticket = joined()
    plan = approved(house, typed(house, as_desk))
    (line,) = lines(house, plan, Verdict.CERTAIN)
    line.seen[WRITES] = "of other values"

    done = typed(house, lambda scene: _with(scene, plan, line.seen[WRITES]))

    assert done == "what would be written changed since"
    assert titles(ticket) == TITLES


def _with(scene: Scene, plan: Plan, writes: str) -> object:
    (line,) = scene.store.plan_lines(plan.id, limit=1)
    looks = [whole(scene, one) for one in line.refs]
    line.seen[WRITES] = writes
    return levelling.levelled(scene, plan, line, [one for one in looks if not isinstance(one, str)])


@pytest.mark.parametrize("step", ["line read", "line carried out"])
def test_law_44_killed_in_the_middle_a_levelling_goes_on(step: str) -> None:
    house, ticket = joined()
    plan = approved(house, typed(house, as_desk))
    house.dies(step)
    with pytest.raises(Crash):
        typed(house, lambda scene: applying.apply(scene, plan.id))
    house.lives()
    house.start()

    typed(house, lambda scene: applying.apply(scene, plan.id))
    house.run(600)

    assert titles(ticket) == (TITLES[0], TITLES[0])
    assert {one.state for one in lines(house, plan, Verdict.CERTAIN)} == {LineState.DONE}


# -- law 47 ------------------------------------------------------------------------------
def test_law_47_a_levelling_that_would_mail_over_the_budget_is_for_a_person() -> None:
    house, ticket = joined(mail=None)
    house.dev.line.mails = lambda _: Audience(staff=2)

    plan = typed(house, as_desk)
    applied(house, plan)

    assert told(house, plan) == [(Verdict.AMBIGUOUS, "a machine's change would mail staff")]
    assert titles(ticket) == TITLES
