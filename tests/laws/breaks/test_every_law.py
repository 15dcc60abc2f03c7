"""Every law of the list has a test that bears its number, and a break that is up to date."""

from __future__ import annotations

import pytest

from tests.laws.breaks.changes import LAWS, ROOT, Break, all_breaks, law_tests


@pytest.mark.parametrize("law", LAWS)
def test_every_law_has_a_test_and_a_break(law: int) -> None:
    assert law_tests().get(law)
    assert [one for one in all_breaks() if one.law == law]


@pytest.mark.parametrize("change", all_breaks(), ids=lambda one: f"{one.law} {one.what}")
def test_every_break_finds_what_it_changes(change: Break) -> None:
    text = (ROOT / "sdsync" / change.file).read_text("utf-8")

    assert change.applied(text) != text


def test_no_test_bears_a_number_that_is_not_in_the_list() -> None:
    assert set(law_tests()) <= set(LAWS)
