"""People whom the other side does not know: told in words, and never beyond (laws 45, 54)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import Put
from sdsync.mappings.lenses.strangers import OUTSIDERS_READ
from sdsync.mappings.lenses.told import BORN_IN, CARRIED
from sdsync.mappings.people import PeopleTable
from sdsync.store.records import Json, PersonRow
from sdsync.sync.deliver.desired import surroundings
from sdsync.sync.draft import Draft
from tests.laws.rig import House, shared

GRETA = "greta@customer.example"
PEOPLE = PeopleTable([PersonRow("desk", "greta", "", "greta", GRETA, email_verified=True)])
TEXT = "Disk full."


def dev(folder: Path, unknown: str) -> CompiledMapping:
    rule = f"{{ at: by, as: person, unknown: {unknown} }}"
    text = f"fields:\n  reporter: {rule}\n  description: {{ at: text, as: markdown }}\n"
    (folder / "dev-ticket.yaml").write_text(text, "utf-8")
    return compile_mapping("dev", "none", "ticket", folder=folder, tables={})


def put(mapping: CompiledMapping, field: str, value: str, *, outsiders: bool = False) -> Put:
    hub: dict[str, Json] = {"reporter": GRETA, BORN_IN: "desk", CARRIED: True}
    return mapping.put(field, value, seen={}, hub=hub | {OUTSIDERS_READ: outsiders}, people=PEOPLE)


def test_law_54_who_reported_it_is_told_in_a_line_that_never_comes_back(tmp_path: Path) -> None:
    mapping = dev(tmp_path, "text")

    wrote = put(mapping, "description", TEXT).values

    assert "Reported in desk by greta:" in str(wrote)
    assert mapping.get("description", wrote, PEOPLE) == TEXT


def test_law_45_a_line_shows_no_address(tmp_path: Path) -> None:
    assert "@" not in str(put(dev(tmp_path, "text"), "description", TEXT).values)


def test_law_45_nobody_is_made_where_people_from_outside_read(tmp_path: Path) -> None:
    mapping = dev(tmp_path, "create")

    assert put(mapping, "reporter", GRETA).values == {"by": GRETA}
    assert put(mapping, "reporter", GRETA, outsiders=True).values == {}


@pytest.mark.parametrize(
    ("audience", "outsiders"), [("customer", True), ("public", True), ("internal", False)]
)
def test_law_45_who_reads_a_place_is_told_to_its_lenses(audience: str, outsiders: bool) -> None:
    house = House(audiences={"desk": audience})
    ticket = shared(house)

    share = house.store.share(ticket.hub.id)
    draft = Draft(share, house.engine.core.context())

    assert surroundings(draft, share.at("desk"))[OUTSIDERS_READ] is outsiders
