"""Rows that are found by their owner: what looking through all of them would find."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.sandbox.owned import Owned, numbered_from

OWNERS = range(3)
DEEDS = st.lists(st.tuples(st.sampled_from(["put", "delete", "clear", "copy"]), st.integers(0, 8)))
Row = tuple[tuple[int, ...], int]


def owners(one: Row) -> tuple[int, ...]:
    return one[0]


@given(DEEDS)
def test_an_owner_has_what_looking_through_all_rows_finds(deeds: list[tuple[str, int]]) -> None:
    rows: Owned[Row] = Owned(owners)
    for step, (deed, number) in enumerate(deeds):
        if deed == "put":  # to others than before, where it was put before: to none, one or two
            rows[number] = (tuple(OWNERS)[step % 3 : number % 4], step)
        elif deed == "delete" and number in rows:
            del rows[number]
        elif deed == "clear":
            rows.clear()
        elif deed == "copy":  # as a backup does
            rows = deepcopy(rows)

    for owner in OWNERS:
        assert rows.of(owner) == [one for _, one in sorted(rows.items()) if owner in one[0]]


def test_rows_that_were_kept_are_found_too() -> None:
    assert Owned(owners, {7: ((1,), 0), 9: ((2, 3), 0)}).of(2) == [((2, 3), 0)]


@pytest.mark.parametrize("first", range(10))
def test_rows_from_a_number_on_are_those_of_it_and_above(first: int) -> None:
    rows = {number: str(number) for number in (1, 2, 5, 8)}

    assert numbered_from(rows, first) == [one for number, one in rows.items() if number >= first]
