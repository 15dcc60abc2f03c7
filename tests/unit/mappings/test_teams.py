"""Teams: by name or by table, in a field of their own or in one with people."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import UNKNOWN, Put, Unmapped
from sdsync.mappings.people import PeopleTable
from sdsync.mappings.tables import parse_table
from sdsync.store.records import Json, PersonRow
from tests.unit.mappings.helpers import mapping_of


def group(system: str, native_id: str, name: str, *, active: bool = True) -> PersonRow:
    return PersonRow(system, native_id, "", name=name, human=False, active=active, team=True)


ROWS = [
    PersonRow("desk", "ann", "ann", "ann"),
    PersonRow("dev", "5", "ann", "ann"),
    PersonRow("dev", "6", "bob", "bob"),
    group("desk", "group:57", "Second  Line"),
    group("desk", "group:58", "Network"),
    group("dev", "40", "second line"),
    group("dev", "41", "Platform"),
    group("dev", "42", "Old", active=False),
]
PEOPLE = PeopleTable(ROWS)
DEV = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})
DESK = compile_mapping("desk", "request_tracker", "ticket", folder=None, tables={})


def put(mapping: CompiledMapping, field: str, hub: dict[str, Json], **seen: Json) -> Put:
    return mapping.put(field, hub.get(field), seen=seen, hub=hub, people=PEOPLE)


def test_names_join_whatever_their_capitals_and_spaces() -> None:
    assert PEOPLE.team("desk", "group:57") == PEOPLE.team("dev", "40") == "second line"
    assert PEOPLE.team("dev", "Second line") == "second line"
    assert PEOPLE.native_team("dev", "second line") == "40"
    assert PEOPLE.native_team("dev", "network") is None


def test_a_team_is_no_person_and_a_person_no_team() -> None:
    assert PEOPLE.key("dev", "40") is None
    assert PEOPLE.team("dev", "5") is None
    assert PEOPLE.native("dev", "second line") is None


def test_the_sites_table_goes_before_names() -> None:
    table = parse_table("team,desk,dev\nnet,Network,Platform\nPlatform,,second line\n")

    people = PeopleTable(ROWS, teams={"desk": table, "dev": table})

    assert people.team("desk", "group:58") == people.team("dev", "41") == "net"
    assert people.native_team("dev", "net") == "41"
    assert people.team("dev", "40") == "Platform"


def test_two_groups_of_one_name_are_neither_read_nor_written() -> None:
    people = PeopleTable([group("dev", "40", "Ops"), group("dev", "41", "ops ")])

    assert people.team("dev", "40") is None
    assert people.native_team("dev", "ops") is None


def test_a_closed_group_is_read_and_never_written() -> None:
    assert PEOPLE.team("dev", "42") == "old"
    assert PEOPLE.native_team("dev", "old") is None


# -- a role --------------------------------------------------------------------------
def role(*members: str) -> dict[str, Json]:
    return {"CustomRoles": {"Team": list(members)}}


def test_a_role_shows_its_team_beside_people() -> None:
    assert DESK.get("owner_team", role("ann", "group:57"), PEOPLE) == "second line"
    assert DESK.get("owner_team", role("ann"), PEOPLE) is None
    assert DESK.get("owner_team", role(), PEOPLE) is None
    assert DESK.get("owner_team", {}, PEOPLE) is UNKNOWN


@pytest.mark.parametrize("members", [("group:57", "group:58"), ("group:99",), ("zoe",)])
def test_two_teams_and_strangers_are_shown_and_never_guessed(members: tuple[str, ...]) -> None:
    assert isinstance(DESK.get("owner_team", role(*members), PEOPLE), Unmapped)


def test_a_role_keeps_its_people() -> None:
    written = put(DESK, "owner_team", {"owner_team": "second line"}, **role("ann", "group:58"))
    cleared = put(DESK, "owner_team", {}, **role("ann", "group:58"))

    assert written.values == role("ann", "group:57")
    assert cleared.values == role("ann")
    assert put(DESK, "owner_team", {"owner_team": "network"}, **role("ann", "group:58")) == Put()


def test_a_team_that_the_system_lacks_is_refused_or_left_as_the_rule_says(tmp_path: Path) -> None:
    rule = "fields: { owner_team: { at: Team, as: team, unknown: leave } }"
    lax = mapping_of(tmp_path, rule)

    refused = put(DEV, "owner_team", {"owner_team": "network"}, assigned_to="")
    left = put(lax, "owner_team", {"owner_team": "payroll"}, Team="")

    assert refused.refused == 'no team "network" is known there'
    assert (left.values, left.refused) == ({}, None)
    assert left.cut == 'no team "payroll" is known there'


def test_nobody_stands_in_for_a_team(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        mapping_of(tmp_path, "fields: { owner_team: { at: Team, unknown: { substitute: ops } } }")

    assert "fields.owner_team.unknown" in str(told.value)


# -- one field for both ----------------------------------------------------------------
def assigned(native: str) -> tuple[object, object]:
    shown = {"assigned_to": native}
    return DEV.get("owner_person", shown, PEOPLE), DEV.get("owner_team", shown, PEOPLE)


def test_the_assignee_is_a_person_or_a_team() -> None:
    assert assigned("5") == ("ann", UNKNOWN)
    assert assigned("40") == (None, "second line")
    assert assigned("") == (None, None)
    stranger, team = assigned("99")
    assert isinstance(stranger, Unmapped)
    assert team is UNKNOWN


HUBS = st.fixed_dictionaries(
    {
        "owner_person": st.sampled_from([None, "ann", "bob", "zoe"]),
        "owner_team": st.sampled_from([None, "second line", "platform"]),
    }
)


@given(hub=HUBS, seen=st.sampled_from(["", "5", "6", "40", "41", "99", None]))
def test_both_rules_write_the_same_and_then_nothing_more(
    hub: dict[str, Json], seen: str | None
) -> None:
    """Law 10: one field, one decision; a person goes before a team, and nobody is kicked out."""
    native: dict[str, Json] = {} if seen is None else {"assigned_to": seen}
    written = {
        str(patch["assigned_to"])
        for field in ("owner_person", "owner_team")
        if (patch := put(DEV, field, hub, **native).values)
    }

    assert len(written) <= 1
    after = written.pop() if written else seen or ""
    person = {"ann": "5", "bob": "6"}.get(str(hub["owner_person"]))
    team = {"second line": "40", "platform": "41"}.get(str(hub["owner_team"]))
    if seen != "99" or person:
        kept = seen if hub["owner_person"] == "zoe" and seen in ("5", "6", "99") else None
        assert after == (person or team or kept or "")
    if after:
        shown = {"assigned_to": after}
        again = [put(DEV, field, hub, **shown).values for field in ("owner_person", "owner_team")]
        assert again == [{}, {}]
