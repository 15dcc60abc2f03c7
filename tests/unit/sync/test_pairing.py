"""Which records belong together, over generated sides: nothing is certain that is not alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.sync.plans.indexing import named
from sdsync.sync.plans.pairing import Entry, Index, Match, by_guess, by_keys, plain, shortened

AT = datetime(2026, 1, 2, tzinfo=UTC)
keys = st.lists(st.sampled_from("abcd"), max_size=2, unique=True).map(tuple)
titles = st.sampled_from(["disk full", "Re: Disk  FULL", "full disk", "printer jams", ""])
times = st.integers(0, 3).map(lambda days: AT + timedelta(days=days))


def side(system: str) -> st.SearchStrategy[Index]:
    rows = st.lists(
        st.tuples(keys, titles, st.sampled_from(["ann", "bob", None]), times), max_size=6
    )

    def made(found: list[tuple[tuple[str, ...], str, str | None, datetime]]) -> Index:
        entries = {
            str(n): Entry(str(n), str(n), title, key, reporter, at)
            for n, (key, title, reporter, at) in enumerate(found)
        }
        return Index(system, entries)

    return st.builds(made, rows)


def certain(matches: list[Match]) -> list[tuple[str, str]]:
    return [(one.left.id, other.id) for one in matches if one.certain for other in one.rights]


def each_once(pairs: list[tuple[str, str]]) -> bool:
    return all(len({pair[n] for pair in pairs}) == len(pairs) for n in (0, 1))


@given(side("desk"), side("dev"))
def test_a_pair_by_key_is_certain_only_when_neither_side_has_another(
    left: Index, right: Index
) -> None:
    matches = by_keys(left, right, "order")

    pairs = certain(matches)
    assert each_once(pairs)
    for one, other in pairs:
        mine, theirs = set(left.entries[one].keys), set(right.entries[other].keys)
        assert [n for n, entry in right.entries.items() if mine & set(entry.keys)] == [other]
        assert [n for n, entry in left.entries.items() if theirs & set(entry.keys)] == [one]
    shared = {key for entry in right.entries.values() for key in entry.keys}
    told = {one.left.id for one in matches}
    assert told == {n for n, entry in left.entries.items() if shared & set(entry.keys)}
    assert all(one.why for one in matches)


@given(side("desk"), side("dev"))
def test_a_guess_is_certain_only_with_equal_titles_and_one_thing_more(
    left: Index, right: Index
) -> None:
    pairs = certain(by_guess(left, right))

    assert each_once(pairs)
    for one, other in pairs:
        mine, theirs = left.entries[one], right.entries[other]
        assert plain(mine.title) == plain(theirs.title) != ""
        assert mine.created_at is not None
        assert theirs.created_at is not None
        near = abs(mine.created_at - theirs.created_at) <= timedelta(hours=24)
        assert near or mine.reporter == theirs.reporter is not None


@pytest.mark.parametrize(("mine", "theirs"), [("A-7", "a-7"), ("PO 12", "PO  12"), ("x", "X ")])
def test_a_key_that_only_looks_equal_is_for_a_person(mine: str, theirs: str) -> None:
    """Neither a pair nor nobody's: a backfill would make it twice."""
    left = Index("desk", {"1": Entry("1", "1", "", (mine,)), "2": Entry("2", "2", "", ("b",))})
    right = Index("dev", {"7": Entry("7", "7", "", (theirs,)), "8": Entry("8", "8", "", ("b",))})

    near, exact = by_keys(left, right, "order")

    assert (near.certain, near.why) == (False, "the order differs in capitals or blanks alone")
    assert [one.id for one in near.rights] == ["7"]
    assert exact.certain


@pytest.mark.parametrize("ends", ["one", "other"])
def test_titles_that_were_cut_are_no_proof(ends: str) -> None:
    told = "x" * 10_000
    left, right = (
        Index(name, {"1": Entry("1", "1", shortened(told + end), (), "ann", AT)})
        for name, end in (("desk", ""), ("dev", ends))
    )

    (match,) = by_guess(left, right)

    assert not match.certain
    assert match.why == "the titles begin alike, and are too long to compare"


@pytest.mark.parametrize(
    ("value", "keys_"),
    [
        ("882", ("882",)),
        (" #882 ", ("882",)),
        (882, ("882",)),
        ("infra#882", ("infra#882", "882")),
        ("https://Dev.example.org/issues/882/#note-2", ("//dev.example.org/issues/882",)),
        ("order 12/2024", ("order 12/2024",)),
        ("", ()),
        (None, ()),
    ],
)
def test_what_a_person_wrote_names_a_record(value: object, keys_: tuple[str, ...]) -> None:
    assert named(value) == keys_
