"""Links and parents as lenses: what is read, what is written, and what is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.mappings.examples import SamePeople
from sdsync.mappings.lenses.ties import BEFORE, LinksLens, RecordLens
from sdsync.mappings.paths import parse_path
from sdsync.mappings.rule import Rule

TABLE = {"relates": ("RefersTo", "ReferredToBy"), "blocks": ("DependedOnBy",)}
LINKS = Rule("links", "links", LinksLens(TABLE), parse_path("Links"))
PARENT = Rule("parent", "record", RecordLens(), parse_path("MemberOf"))
IDS = st.sampled_from(["1", "2", "3", "4", "5"])
NATIVE = st.lists(
    st.builds("{} {}".format, st.sampled_from(["RefersTo", "DependedOnBy", "Bookmark"]), IDS),
    unique=True,
)
CANONICAL = st.lists(
    st.builds("{} {}".format, st.sampled_from(["relates", "blocks"]), IDS), unique=True
).map(sorted)


class Some(SamePeople):
    """Records 4 and 5 are strangers."""

    def record(self, system: str, native_id: str) -> str | None:
        return None if native_id in "45" else native_id

    def native_record(self, system: str, name: str) -> str | None:
        return None if name in "45" else name


def put(value: list[str], seen: list[str], before: list[str] | None) -> list[str]:
    hub = {} if before is None else {BEFORE: before}
    told = LINKS.put(value, {"Links": seen}, hub, "desk", Some())
    assert told.refused is None
    found = told.values.get("Links", seen)
    assert isinstance(found, list)
    return found


def get(native: list[str]) -> list[str]:
    found = LINKS.get({"Links": native}, "desk", Some())
    assert isinstance(found, list)
    return found


@given(CANONICAL, NATIVE)
def test_what_is_put_is_what_is_got(value: list[str], seen: list[str]) -> None:
    shown = put(value, seen, get(seen))

    assert get(shown) == [one for one in value if one[-1] not in "45"]


@given(NATIVE)
def test_what_is_got_and_put_back_changes_nothing(seen: list[str]) -> None:
    assert put(get(seen), seen, get(seen)) == seen


@given(CANONICAL, NATIVE, CANONICAL)
def test_strangers_and_what_was_never_acknowledged_stay(
    value: list[str], seen: list[str], before: list[str]
) -> None:
    shown = put(value, seen, before)

    for one in seen:
        kept = one in shown
        foreign = one.startswith("Bookmark") or one[-1] in "45"
        assert kept or (not foreign and get([one])[0] in before)


def test_a_link_without_a_word_there_is_told() -> None:
    told = LINKS.put(["precedes 1"], {}, {}, "desk", Some())

    assert told.cut == "no word in desk for: precedes 1"


def test_a_parent_is_a_record_or_nothing_that_is_known() -> None:
    assert PARENT.get({"MemberOf": ["1"]}, "desk", Some()) == "1"
    assert PARENT.get({"MemberOf": []}, "desk", Some()) is None
    assert isinstance(PARENT.get({"MemberOf": ["4"]}, "desk", Some()), Unmapped)
    assert PARENT.get({}, "desk", Some()) is UNKNOWN

    assert PARENT.put("2", {"MemberOf": ["1"]}, {}, "desk", Some()).values == {"MemberOf": ["2"]}
    assert PARENT.put(None, {"MemberOf": ["1"]}, {}, "desk", Some()).values == {"MemberOf": ""}
    assert PARENT.put("5", {"MemberOf": ["1"]}, {}, "desk", Some()).cut is not None
