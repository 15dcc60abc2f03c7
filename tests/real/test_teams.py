"""Teams on the stock products: a group in a role of a ticket, a group as an issue's assignee.

make real ARGS="tests/real/test_teams.py"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.people import Agent, Developer
from tests.real.rig import Daemon, until

pytestmark = pytest.mark.real

#: Of the seeds: the queue with the role, the project with the group, its name in each.
QUEUE, PROJECT, TEAM = "Teams", "teams", "second line"


@pytest.fixture(scope="module")
def desk(request_tracker: Product) -> Iterator[Agent]:
    agent = Agent(request_tracker)
    yield agent
    agent.leaves()


@pytest.fixture(scope="module")
def dev(redmine: Product) -> Iterator[Developer]:
    developer = Developer(redmine, "agent2")
    yield developer
    developer.leaves()


@pytest.fixture(scope="module")
def daemon(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("sdsync"), request_tracker, redmine)
    text = one.toml.read_text(encoding="utf-8")
    for old, new in (('"Escalated"', f'"{QUEUE}"'), ('"infra"', f'"{PROJECT}"')):
        assert text.count(old) == 1
        text = text.replace(old, new)
    one.toml.write_text(text, encoding="utf-8")
    one.start()
    until(one.watches)
    yield one
    assert one.stop() == 0


def group_of_desk(request_tracker: Product) -> str:
    """The number of "Second line"."""
    asked = [{"field": "Name", "value": "Second line"}]
    told = request_tracker.act("agent1", "POST", "/REST/2.0/groups", asked).json()
    (found,) = told["items"]
    return str(found["id"])


def members(desk: Agent, ticket: str) -> list[str]:
    """Who stands in the ticket's only custom role; a group by its number."""
    shown: dict[str, Any] = desk.ticket(ticket)
    (role,) = [one for name, one in shown.items() if name.startswith("RT::CustomRole-")]
    return sorted(str(one["id"]) for one in role)


def test_a_team_crosses_both_ways_and_a_person_goes_before_it(
    desk: Agent, dev: Developer, daemon: Daemon, request_tracker: Product
) -> None:
    checked = daemon.type("check", "--live")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    number, subject = group_of_desk(request_tracker), f"team {uuid4().hex[:8]}"
    ticket = desk.opens(
        subject, queue=QUEUE, CustomRoles={"Team": [number, "agent2"]}, Content="It is full."
    )

    def found() -> str:
        (issue,) = dev.called(subject) or [{}]
        assert issue.get("assigned_to", {}).get("name") == TEAM, issue
        return str(issue["id"])

    issue = until(found)

    def shows(assignee: str | None, owner: str, team: list[str]) -> None:
        shown = dev.issue(issue).get("assigned_to") or {}
        assert shown.get("name") == assignee
        assert desk.ticket(ticket)["Owner"]["id"] == owner
        assert members(desk, ticket) == sorted(team)

    desk.edits(ticket, Owner="agent1")
    until(lambda: shows("Agent One", "agent1", [number, "agent2"]))
    desk.edits(ticket, Owner="Nobody")
    until(lambda: shows(TEAM, "Nobody", [number, "agent2"]))
    dev.edits(issue, assigned_to_id="")
    until(lambda: shows(None, "Nobody", ["agent2"]))
    team = dev.group(PROJECT, TEAM)
    dev.edits(issue, assigned_to_id=team)
    until(lambda: shows(TEAM, "Nobody", [number, "agent2"]))
    assert daemon.told("dead", "list")["causes"] == []
