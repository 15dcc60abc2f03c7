"""What is kept no longer: planned, approved by a name, removed; by the command line."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Desk

SETTINGS = '[retention]\naudit = "400d"\nvalues = "1d"\n'


@pytest.fixture
def old_desk(desk: Desk) -> Desk:
    with desk.toml.open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    return desk


def test_nothing_goes_without_a_plan_with_a_name_under_it(old_desk: Desk) -> None:
    desk = old_desk
    made = desk.type("retention", "plan")
    assert made.code == 4
    assert made.out.endswith("> sdsync plan approve p-1\n> sdsync apply p-1\n")
    refused = desk.type("apply", "p-1")
    assert (refused.code, refused.err.splitlines()[0]) == (1, "p-1 is not approved")
    before = desk.type("audit", "show", "--json").json
    assert any(one["before"] is not None for one in before)
    assert desk.type("plan", "approve", "p-1").code == 0

    done = desk.type("apply", "p-1")

    assert done.code == 0, done.err
    assert "p-1  removed: " in done.out
    after = desk.type("audit", "show", "--json").json
    assert not any(one["before"] is not None for one in after[: len(before)])
    assert [one["action"] for one in after[len(before) :]] == ["approved", "forgot", "applied"]
    assert desk.type("audit", "verify").code == 0
    assert desk.type("store", "verify").code == 0
    again = desk.type("apply", "p-1")
    assert (again.code, "removed: nothing" in again.out) == (0, True)
    assert "nothing of it waits" in desk.type("plan", "show", "p-1").out
    assert "retention the store" in desk.type("plan", "list").out


def test_without_settings_everything_is_kept(desk: Desk) -> None:
    told = desk.type("retention", "plan")

    assert (told.code, "kept for ever" in told.err) == (1, True)


@pytest.mark.parametrize(
    ("line", "told"),
    [('audit = "2d"', "at least 7d"), ('values = "1h"', "at least 1d"), ('pairs = "9d"', "pairs")],
)
def test_what_is_too_short_or_never_goes_is_refused(desk: Desk, line: str, told: str) -> None:
    with desk.toml.open("a", encoding="utf-8") as file:
        file.write(f"[retention]\n{line}\n")

    ran = desk.type("check")

    assert (ran.code, told in ran.err + ran.out) == (1, True)
