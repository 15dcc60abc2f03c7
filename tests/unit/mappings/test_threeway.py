"""Merging two edits of one text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdsync.mappings.richtext.threeway import LIMIT, three_way

TEXTS = st.text(alphabet="ab c\n", max_size=30)


@given(TEXTS, TEXTS)
def test_one_edit_alone_is_taken_as_it_is(base: str, edit: str) -> None:
    assert three_way(base=base, ours=edit, theirs=base) == edit
    assert three_way(base=base, ours=base, theirs=edit) == edit
    assert three_way(base=base, ours=edit, theirs=edit) == edit


@given(TEXTS, TEXTS, TEXTS)
def test_the_sides_are_equal(base: str, left: str, right: str) -> None:
    one = three_way(base=base, ours=left, theirs=right)
    other = three_way(base=base, ours=right, theirs=left)

    assert one == other


def test_edits_in_different_lines_and_different_words_both_live() -> None:
    assert three_way(base="a\nb\nc\n", ours="A\nb\nc\n", theirs="a\nb\nC\n") == "A\nb\nC\n"
    assert three_way(base="disk is full", ours="disk was full", theirs="disk is empty") == (
        "disk was empty"
    )


def test_edits_that_meet_are_for_a_person() -> None:
    assert three_way(base="disk full", ours="disk empty", theirs="disk gone") is None


def test_a_huge_text_is_not_compared() -> None:
    base = "a b\n" * LIMIT

    assert three_way(base=base, ours="x" + base, theirs=base + "y") is None
