"""Reactions: products and scripts that answer what sdsync writes; each of them comes to rest."""

from __future__ import annotations

import pytest

from tests.real.proofs.escalation.world import Escalation, Robot, having, same, word
from tests.real.rig import throughout, until

pytestmark = pytest.mark.real

#: What no fight may cost: six of ours to each side, and what was under way when it ended.
MOST_WRITES = 14
#: The fight takes as many looks as it takes, however slow they are.
FIGHT_S = 600.0
#: Longer than the daemon and the robot rest between two looks.
REST_S = 5.0


def test_a_reply_of_ours_opens_the_ticket_there_alone(world: Escalation) -> None:
    pair = world.born("loud", "answered by a developer")
    ticket, issue = pair.ticket, pair.issue
    said = word()

    world.dev.notes_down(issue, said)

    def opened() -> None:
        notes = having(world.agent.notes(ticket), said)
        assert [one.internal for one in notes] == [False]
        assert world.agent.ticket(ticket)["Status"] == "open"  # by RT's own scrip
        assert world.why(ticket)["status"] == "differs at dev: reaction:desk"

    until(opened)
    assert world.dev.issue(issue)["status"]["name"] == "New"
    assert world.wrote(ticket, "status") == ["dev new"]  # at birth

    world.agent.edits(ticket, Status="stalled")  # and a person's word still counts
    until(lambda: same(world.dev.issue(issue)["status"]["name"], "Feedback"))


def test_what_a_parent_takes_from_its_child_reaches_the_desk_and_rests(world: Escalation) -> None:
    parent = world.born("plain", "the whole", Priority="50")
    child = world.born("plain", "a part", Priority="50")
    world.dev.edits(child.issue, parent_issue_id=parent.issue)

    world.agent.edits(child.ticket, Priority="100")

    def derived() -> None:
        assert world.dev.issue(child.issue)["priority"]["name"] == "High"
        assert world.dev.issue(parent.issue)["priority"]["name"] == "High"  # Redmine's own doing
        assert world.agent.ticket(parent.ticket)["Priority"] == "100"

    until(derived)
    until(lambda: world.in_step(parent.ticket))
    assert world.wrote(parent.ticket, "priority") == ["dev normal", "desk high"]
    assert world.wrote(child.ticket, "priority") == ["dev normal", "dev high"]


def test_a_scrip_that_takes_back_what_we_wrote_has_its_way_at_home_alone(
    world: Escalation,
) -> None:
    pair = world.born("plain", "system wants it low", Priority="0")
    ticket, issue = pair.ticket, pair.issue

    world.dev.edits(issue, priority="High")

    until(lambda: same(world.why(ticket).get("priority"), "differs at dev: reaction:desk"))
    assert world.agent.ticket(ticket)["Priority"] == "0"
    assert world.dev.issue(issue)["priority"]["name"] == "High"
    assert len(world.wrote(ticket, "priority")) <= 2  # at birth, and what was taken back


def test_scripts_under_accounts_of_people_fight_until_they_are_held(
    world: Escalation, robot: Robot
) -> None:
    until(lambda: _held(world, robot.pair.ticket), within_s=FIGHT_S)
    shown = world.daemon.type("held", "show", f"desk#{robot.pair.ticket}")
    assert "desk and dev change it back and forth" in shown.stdout
    seen = _standing(world, robot)

    asked = throughout(lambda: same(_standing(world, robot), seen), seconds=REST_S)

    assert asked > 1
    assert robot.raised >= 2  # it did fight
    assert len(world.wrote(robot.pair.ticket, "priority")) <= MOST_WRITES

    robot.rests()
    world.agent.edits(robot.pair.ticket, Subject="the rest of it flows")
    until(lambda: same(world.dev.issue(robot.pair.issue)["subject"], "the rest of it flows"))
    chosen = world.daemon.type("held", "choose", f"desk#{robot.pair.ticket}", "urgency", "desk")
    assert chosen.returncode == 0, chosen.stderr
    until(lambda: same(world.dev.issue(robot.pair.issue)["priority"]["name"], "Low"))


def _held(world: Escalation, ticket: str) -> None:
    told = world.daemon.told("held", "list")
    assert f"desk#{ticket}" in {one["ref"] for one in told}


def _standing(world: Escalation, robot: Robot) -> tuple[object, ...]:
    here, there = world.agent.ticket(robot.pair.ticket), world.dev.issue(robot.pair.issue)
    return here["LastUpdated"], there["updated_on"], there["priority"]["name"], robot.raised
