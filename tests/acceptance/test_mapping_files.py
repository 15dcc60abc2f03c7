"""A site's mapping file: what is wrong with it, and what is in force."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Desk

RULES = "fields:\n  environment: { at: CustomFields.Environment, table: { prod: Production } }\n"


@pytest.fixture
def site(empty_desk: Desk) -> Desk:
    (empty_desk.folder / "mappings").mkdir()
    return empty_desk


def write(site: Desk, text: str) -> None:
    (site.folder / "mappings/desk-ticket.yaml").write_text(text, encoding="utf-8")


def test_a_mistake_is_named_with_file_line_and_column(site: Desk) -> None:
    write(site, RULES.replace("table", "tabel"))

    ran = site.type("mappings", "check")

    assert ran.code == 1
    assert "mappings/desk-ticket.yaml:2:48: fields.environment.tabel: unknown key" in ran.err


@pytest.mark.parametrize("text", ["", "# rules were here\n", "fields:\n"])
def test_an_empty_file_takes_no_rule_away(site: Desk, text: str) -> None:
    write(site, text)

    ran = site.type("mappings", "check")

    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        (
            "mappings/desk-ticket.yaml: found nothing, expected fields, extends or examples; "
            "to use the shipped pack alone, delete the file"
        ),
    )
    assert site.type("check").code == 1


def test_the_status_table_of_both_ways_is_shown(site: Desk) -> None:
    ran = site.type("mappings", "check")

    assert (ran.code, ran.out.splitlines()[0]) == (0, "mappings of desk, dev: no problem")
    assert "stalled" in ran.out
    assert "Feedback" in ran.out


def test_each_rule_in_force_is_shown_with_its_file_and_line(site: Desk) -> None:
    write(site, RULES)

    rules = {one["field"]: one for one in site.type("mappings", "show", "desk", "--json").json}

    assert rules["environment"]["place"] == "mappings/desk-ticket.yaml:2:3"
    assert rules["title"]["place"].startswith("packs/request_tracker/ticket.yaml:")


def test_an_example_that_does_not_hold_ends_in_one(site: Desk) -> None:
    write(
        site,
        f"{RULES}examples:\n  - native: {{ CustomFields: {{ Environment: PRD }} }}\n"
        "    canonical: { environment: prod }\n",
    )

    ran = site.type("mappings", "test", "desk")

    assert ran.code == 1
    assert "PRD" in ran.out
