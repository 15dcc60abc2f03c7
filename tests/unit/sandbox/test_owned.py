"""Rows that are found by their owner: what looking through all of them would find."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from sdsync.sandbox.rt.owned import Owned

OWNERS = range(3)
DEEDS = st.lists(st.tuples(st.sampled_from(["put", "delete", "clear", "copy"]), st.integers(0, 8)))


@given(DEEDS)
def test_an_owner_has_what_looking_through_all_rows_finds(deeds: list[tuple[str, int]]) -> None:
    rows: Owned[tuple[int, int]] = Owned(lambda one: one[0])
    for step, (deed, number) in enumerate(deeds):
        if deed == "put":
            rows[number] = (number % len(OWNERS), step)
        elif deed == "delete" and number in rows:
            del rows[number]
        elif deed == "clear":
            rows.clear()
        elif deed == "copy":  # as a backup does
            rows = deepcopy(rows)

    for owner in OWNERS:
        assert rows.of(owner) == [one for one in rows.values() if one[0] == owner]


def test_rows_that_were_kept_are_found_too() -> None:
    assert Owned(lambda one: one[0], {7: (1, "a"), 9: (2, "b")}).of(2) == [(2, "b")]
