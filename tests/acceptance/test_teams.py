"""A ticket's team and an issue's assignee: groups cross as teams, by name or by table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sdsync.connectors.contract import AddElement
from sdsync.sandbox import Pair
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.state import Group, Member
from sdsync.sandbox.rt.product import Desk as RequestTracker
from sdsync.store.records import Ref
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop
from tests.acceptance.test_dead_letters import close, restart

#: A group of the desk as its roles show it: "Second line".
SECOND = "group:101"
#: The tracker's groups, and one of its people.
ON_CALL, SECOND_LINE, AGENTS, MALIK = 50, 51, 52, 21
DEVELOPER = 4
BY_NAME = TOML + 'mail = "staff"\n'
BY_TABLE = BY_NAME.replace("[syncs.", '[tables]\nteams = "teams.csv"\n[syncs.', 1).replace(
    'token = "env:REDMINE_KEY"', 'token = "env:REDMINE_KEY"\nteams = "teams"'
)


def with_teams(pair: Pair) -> None:
    """A role for teams at the desk, and a tracker that assigns to groups."""
    pair.desk.act("make_role", name="Team", on=["Escalated"])
    pair.dev.act("assign_groups")
    tracker = pair.dev.product
    assert isinstance(tracker, Tracker)
    groups, members = tracker.state.groups, tracker.state.members
    groups[SECOND_LINE] = Group(SECOND_LINE, "second LINE", [21, 23])
    members[90] = Member(90, 1, SECOND_LINE, [DEVELOPER])
    members[91] = Member(91, 1, ON_CALL, [DEVELOPER])


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch, toml=BY_NAME, begin=with_teams) as opened:
        yield opened


def team(shop: Shop, ticket: str) -> Any:
    """The role, and the owner."""
    values = shop.shown("desk", ticket).values
    return values["CustomRoles"]["Team"], values["Owner"]


def assignee(shop: Shop, ticket: str) -> Any:
    return shop.shown("dev", shop.issue(ticket)).values["assigned_to"]


def quiet(shop: Shop) -> bool:
    """Whether an hour brings no write."""
    wrote = shop.writes()
    shop.run(4000)
    return shop.writes() == wrote


def parked(shop: Shop) -> Any:
    return shop.type("dead", "list", "--json").json["causes"]


def test_an_issue_is_born_to_its_team_and_the_person_goes_before_it(shop: Shop) -> None:
    ticket = shop.ticket(CustomRoles={"Team": ["101", "nora"]})
    assert assignee(shop, ticket) == str(SECOND_LINE)

    shop.at_desk("edit", ticket, Owner="malik")
    assert assignee(shop, ticket) == str(MALIK)
    assert team(shop, ticket) == ([SECOND, "nora"], "malik")

    shop.at_desk("edit", ticket, Owner="Nobody")
    assert assignee(shop, ticket) == str(SECOND_LINE)
    assert quiet(shop)


def test_the_tracker_assigns_a_team_a_person_and_nobody(shop: Shop) -> None:
    ticket = shop.ticket(CustomRoles={"Team": ["nora"]})
    issue = shop.issue(ticket)

    shop.at_dev("edit", issue, assigned_to_id=SECOND_LINE)
    assert team(shop, ticket) == ([SECOND, "nora"], None)

    shop.at_dev("edit", issue, assigned_to_id=MALIK)
    assert team(shop, ticket) == ([SECOND, "nora"], "malik")

    shop.at_dev("edit", issue, assigned_to_id="")
    assert team(shop, ticket) == ([SECOND, "nora"], None)
    assert assignee(shop, ticket) == str(SECOND_LINE), "given back, it is its team's"

    shop.at_dev("edit", issue, assigned_to_id="")
    assert team(shop, ticket) == (["nora"], None)
    assert assignee(shop, ticket) is None
    assert quiet(shop)


def test_a_change_of_team_never_takes_it_from_the_person(shop: Shop) -> None:
    ticket = shop.ticket(Owner="malik")
    assert assignee(shop, ticket) == str(MALIK)

    shop.at_desk("edit", ticket, CustomRoles={"Team": ["101"]})
    assert assignee(shop, ticket) == str(MALIK)
    shop.at_desk("edit", ticket, CustomRoles={"Team": []})
    assert assignee(shop, ticket) == str(MALIK)

    assert parked(shop) == []
    assert quiet(shop)


def test_a_team_that_the_tracker_lacks_parks_its_group_and_the_table_mends_it(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = empty_desk.folder / "teams.csv"
    table.write_text("team,dev\npayroll,On call\n", encoding="utf-8")
    with open_shop(empty_desk, monkeypatch, toml=BY_TABLE, begin=with_teams) as shop:
        ticket = shop.ticket(CustomRoles={"Team": ["100"]})
        shop.at_desk("edit", ticket, Subject="db01 is full")

        (cause,) = parked(shop)
        assert cause["text"] == 'dev cannot hold owner_team: no team "agents" is known there'
        told = shop.type("dead", "show", cause["id"]).out
        assert "name it in the table of systems.dev.teams" in " ".join(told.split())
        assert shop.shown("dev", shop.issue(ticket)).values["subject"] == "db01 is full"

        known = shop.ticket(CustomRoles={"Team": ["101"]})
        assert assignee(shop, known) == str(SECOND_LINE), "whom no table names goes by its name"

        table.write_text("team,dev\nagents,On call\n", encoding="utf-8")
        restart(shop)  # as a reload does
        assert shop.type("dead", "replay", cause["id"]).code == 0
        shop.run(60)
        assert assignee(shop, ticket) == str(ON_CALL)
        assert parked(shop) == []
        close(shop)


def test_a_group_that_the_tracker_does_not_take_is_told_with_the_setting(shop: Shop) -> None:
    shop.pair.dev.act("assign_groups", undo=True)

    ticket = shop.ticket(CustomRoles={"Team": ["101"]})

    assert assignee(shop, ticket) is None
    (cause,) = parked(shop)
    assert "Assignee is invalid" in cause["text"]
    assert "Allow issue assignment to groups" in cause["text"]


def test_a_desk_without_the_role_loses_nothing(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare(pair: Pair) -> None:
        with_teams(pair)
        assert isinstance(pair.desk.product, RequestTracker)
        pair.desk.product.state.custom_roles.clear()

    with open_shop(empty_desk, monkeypatch, toml=BY_NAME, begin=bare) as shop:
        ticket = shop.ticket()

        shop.at_dev("edit", shop.issue(ticket), assigned_to_id=SECOND_LINE)

        assert shop.share(ticket).hub.values["owner_team"] == "second line"
        assert parked(shop) == []
        shop.at_dev("edit", shop.issue(ticket), assigned_to_id=MALIK)
        assert shop.shown("desk", ticket).values["Owner"] == "malik"
        assert quiet(shop)


def test_everybody_of_a_team_is_counted_as_mailed(shop: Shop) -> None:
    ticket = shop.ticket(CustomRoles={"Team": ["101"]})
    issue = shop.issue(ticket)
    with shop.engine.core.systems["dev"].connector() as connector:
        ref = Ref("dev", "ticket", issue)
        connector.fetch(ref)
        told = connector.notifies(AddElement(ref, "note", {"body": "x"}, "m", "i"))

    assert told.staff == 2


def made(shop: Shop) -> None:
    """The tracker gets a group that the desk has: "agents"."""
    tracker = shop.pair.dev.product
    assert isinstance(tracker, Tracker)
    tracker.state.groups[AGENTS] = Group(AGENTS, "Agents", [MALIK])
    tracker.state.members[92] = Member(92, 1, AGENTS, [DEVELOPER])


def test_a_team_that_is_made_is_known_within_ten_minutes(shop: Shop) -> None:
    made(shop)
    shop.run(660)

    assert assignee(shop, shop.ticket(CustomRoles={"Team": ["100"]})) == str(AGENTS)


def test_a_replay_asks_for_teams_at_once(shop: Shop) -> None:
    ticket = shop.ticket(CustomRoles={"Team": ["100"]})
    (cause,) = parked(shop)
    made(shop)

    assert shop.type("dead", "replay", cause["id"]).code == 0
    shop.run(30)

    assert assignee(shop, ticket) == str(AGENTS)
    assert parked(shop) == []
