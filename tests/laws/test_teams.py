"""One field for a person or a team: what it hides is neither emptied nor written over."""

from __future__ import annotations

from sdsync.mappings.compile import compile_mapping
from sdsync.mappings.contract import UNKNOWN, Put
from sdsync.mappings.people import PeopleTable
from sdsync.store.records import Json, PersonRow

PEOPLE = PeopleTable(
    [
        PersonRow("dev", "5", "", "ann"),
        PersonRow("dev", "40", "", name="Second line", human=False, team=True),
    ]
)
DEV = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})


def put(hub: dict[str, Json], assigned_to: str) -> Put:
    seen = {"assigned_to": assigned_to}
    value = hub.get("owner_team")
    return DEV.put("owner_team", value, seen=seen, hub=hub, people=PEOPLE)


def test_law_9_a_team_behind_a_person_is_unknown_and_not_empty() -> None:
    assert DEV.get("owner_team", {"assigned_to": "5"}, PEOPLE) is UNKNOWN
    assert DEV.get("owner_team", {"assigned_to": "40"}, PEOPLE) == "second line"
    assert DEV.get("owner_team", {"assigned_to": ""}, PEOPLE) is None


def test_law_8_a_team_is_never_written_over_the_person_who_is_assigned() -> None:
    both: dict[str, Json] = {"owner_person": "login:ann", "owner_team": "second line"}

    assert put(both, "5") == Put()
    assert put(both, "").values == {"assigned_to": "5"}
    assert put({"owner_team": "second line"}, "").values == {"assigned_to": "40"}
