"""What was ignored: found by read-back, told in words, parked as its group; the rest flows."""

from __future__ import annotations

import pytest

from tests.real.proofs.escalation.world import Escalation, Pair, Robot, same
from tests.real.rig import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def refused(world: Escalation, robot: Robot) -> Pair:
    """An issue that takes hardly anything: a parent, of a tracker without the field,
    in a project where our account may neither reject nor hide, nor Olaf be assigned."""
    pair = world.born("plain", "hardly anything", CustomFields={world.field("Hidden"): "no"})
    told = {"project_id": f"esc-{world.run}", "subject": "a part of it", "tracker_id": 1,
            "parent_issue_id": pair.issue}  # fmt: skip
    child = world.redmine.act("agent1", "POST", "/issues.json", {"issue": told})
    assert child.status_code == 201, child.text
    world.dev.edits(pair.issue, tracker_id=_tracker(world, "Feature"))
    return pair


def test_what_redmine_ignores_is_named_and_the_rest_flows(world: Escalation, refused: Pair) -> None:
    ticket, issue = refused.ticket, refused.issue
    title = f"{world.agent.ticket(ticket)['Subject']} and more"

    world.agent.edits(
        ticket,
        Subject=title,
        Status="rejected",
        Priority="100",
        Owner=world.login("olaf"),
        CustomFields={world.field("Room"): "B12", world.field("Hidden"): "yes"},
    )

    def named() -> None:
        assert world.admin.issue(issue)["subject"] == title
        assert set(world.letters(ticket)) == {
            "outcome", "urgency", "assignment", "ext.room", "ext.hidden"
        }  # fmt: skip

    until(named)
    letters = world.letters(ticket)
    assert letters["outcome"].startswith('dev allows no way from "New" to "Rejected": our account')
    assert letters["urgency"].endswith(
        "ignored it: priority may be computed there from the records below this one"
    )
    assert letters["assignment"].endswith("Assignee is invalid")
    assert letters["ext.room"].endswith(
        f"ignored it: as it is now, the record has no custom_fields.{world.field('Room')}"
    )
    assert letters["ext.hidden"].endswith(
        f'ignored it: our account may not set is_private in "esc-{world.run}"'
    )
    why, status = world.why(ticket), world.daemon.told("status")
    assert all(why[field].startswith("parked") for field in (
        "status", "priority", "owner_person", "ext.room", "ext.hidden"
    ))  # fmt: skip
    assert set(letters.values()) <= {one["text"] for one in status["needs"]}


def test_once_the_causes_are_mended_a_replay_delivers_all(world: Escalation, refused: Pair) -> None:
    ticket, issue = refused.ticket, refused.issue
    children = world.redmine.act("admin", "GET", f"/issues/{issue}.json?include=children").json()
    (child,) = children["issue"]["children"]
    world.dev.edits(str(child["id"]), parent_issue_id="")
    world.dev.edits(issue, tracker_id=_tracker(world, "Bug"))
    world.adds_role("sdsync", f"further {world.run}")
    world.adds_role(world.login("olaf"), "Developer")

    replayed = world.daemon.type("dead", "replay", f"desk#{ticket}")

    assert replayed.returncode == 0, replayed.stderr

    def delivered() -> None:
        there = world.admin.issue(issue)
        shown = there["status"]["name"], there["priority"]["name"], there["is_private"]
        assert shown == ("Rejected", "High", True)
        assert world.assignee(issue) == f"Olaf {world.run}"
        assert world.at_dev(issue, world.field("Room")) == "B12"
        assert world.letters(ticket) == {}

    until(delivered)


def test_what_request_tracker_ignores_is_named_and_delivered_once_mended(
    world: Escalation,
) -> None:
    pair = world.born("strict", "only what was opened may wait")
    ticket, issue = pair.ticket, pair.issue
    nora, title = world.login("nora"), f"{world.agent.ticket(ticket)['Subject']} and more"

    world.sets(issue, world.field("Far"), "away")
    world.dev.edits(issue, subject=title, status="Feedback", assigned_to_id=world.person(nora))

    def named() -> None:
        assert world.agent.ticket(ticket)["Subject"] == title
        assert set(world.letters(ticket)) == {"outcome", "assignment"}

    until(named)
    letters, why = world.letters(ticket), world.why(ticket)
    assert 'status = "waiting" with a success and ignored it: ' in letters["outcome"]
    assert "from 'new' to 'stalled'" in letters["outcome"]
    assert "may not own tickets" in letters["assignment"]
    assert why["ext.far"] == (
        f'desk: CustomFields.{world.field("Far")} does not exist in "{world.queue("strict")}"'
    )

    world.uses_stock_lifecycle("strict")
    world.may_own(nora)
    replayed = world.daemon.type("dead", "replay", f"desk#{ticket}")

    assert replayed.returncode == 0, replayed.stderr

    def delivered() -> None:
        assert (world.agent.ticket(ticket)["Status"], world.owner(ticket)) == ("stalled", nora)
        assert world.letters(ticket) == {}

    until(delivered)


def test_whom_the_other_side_does_not_know_is_told_and_nobody_is_blanked(
    world: Escalation,
) -> None:
    pair = world.born("plain", "of somebody unknown", Owner="agent1")
    ticket, issue = pair.ticket, pair.issue
    pia = world.login("pia")

    world.agent.edits(ticket, Owner=pia, Subject=f"of {pia}")

    until(lambda: same(world.dev.issue(issue)["subject"], f"of {pia}"))
    assert world.assignee(issue) == "Agent One"
    assert "nobody there" in world.why(ticket)["owner_person"]


def _tracker(world: Escalation, name: str) -> int:
    told = world.redmine.act("admin", "GET", "/trackers.json").json()["trackers"]
    return next(int(one["id"]) for one in told if one["name"] == name)
