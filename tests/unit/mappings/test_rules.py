"""What a rule does around its lens: paths, markup words, birth, places without the field."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from sdsync.mappings.compile import compile_mapping
from sdsync.mappings.contract import UNKNOWN, Put
from sdsync.mappings.paths import ABSENT, BadPathError, merged, parse_path
from tests.unit.mappings.helpers import get, mapping_of, put

RT = compile_mapping("desk", "request_tracker", "ticket", folder=None, tables={})
REDMINE = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})
RT_NOTE = compile_mapping("desk", "request_tracker", "note", folder=None, tables={})


def test_a_path_reads_writes_and_cuts_out() -> None:
    path = parse_path("CustomFields.PO Number")
    record = {"CustomFields": {"PO Number": "7", "Other": "x"}, "Subject": "s"}

    assert path.read(record) == "7"
    assert path.patch("8") == {"CustomFields": {"PO Number": "8"}}
    assert path.part(record) == {"CustomFields": {"PO Number": "7"}}
    assert path.read({"CustomFields": {}}) is ABSENT
    assert path.read({"CustomFields": UNKNOWN}) is UNKNOWN
    assert path.part({"CustomFields": {"PO Number": UNKNOWN}}) == {}


def test_a_list_element_is_found_and_written_by_its_key() -> None:
    path = parse_path("fields[name=Site].value")
    record = {"fields": [{"name": "Floor", "value": 1}, {"name": "Site", "value": "HQ"}]}

    assert path.read(record) == "HQ"
    assert path.patch("B2") == {"fields": [{"name": "Site", "value": "B2"}]}
    assert path.read({"fields": []}) is ABSENT
    assert path.read({"fields": "x"}) is ABSENT


def test_a_quoted_name_may_hold_a_dot() -> None:
    assert parse_path('CustomFields."P.O. Number"').read({"CustomFields": {"P.O. Number": 1}}) == 1


def test_a_priority_between_two_words_is_what_request_tracker_shows() -> None:
    numbers = ("49", "50", "99", "100", "1000")
    assert [get(RT, "priority", {"Priority": one}) for one in numbers] == [
        "low", "normal", "normal", "high", "high",
    ]  # fmt: skip
    assert put(RT, "priority", "normal", {"Priority": "80"}).values == {}
    assert put(RT, "priority", "high", {"Priority": "80"}).values == {"Priority": "100"}


def test_a_shop_says_what_its_own_numbers_mean(tmp_path: Path) -> None:
    text = """
        extends: request_tracker/ticket
        fields:
          priority:
            table: { high: [100, 67..99], normal: [50, 34..66], low: [0, 1..33] }
    """
    shops = mapping_of(tmp_path, dedent(text), connector="request_tracker")

    assert get(shops, "priority", {"Priority": "80"}) == "high"
    assert put(shops, "priority", "critical", {"Priority": "0"}).values == {"Priority": "100"}


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[b]", "a[b=c]", 'a."b', "a[b=c", " "]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(BadPathError):
        parse_path(text)


def test_patches_are_laid_into_each_other() -> None:
    patches = [
        {"a": {"b": 1}, "l": [{"k": "x", "v": 1}], "s": [1]},
        {"a": {"c": 2}, "l": [{"k": "y", "v": 2}], "s": [2]},
    ]

    assert merged(patches) == {
        "a": {"b": 1, "c": 2},
        "l": [{"k": "x", "v": 1}, {"k": "y", "v": 2}],
        "s": [2],
    }


def test_law_9_what_a_record_does_not_hold_is_unknown_and_not_empty() -> None:
    assert get(RT, "title", {}) is UNKNOWN
    assert get(RT, "tags", {"CustomFields": {}}) is UNKNOWN
    assert get(RT, "title", {"Subject": UNKNOWN}) is UNKNOWN
    assert get(RT, "title", {"Subject": ""}) is None
    assert get(RT, "watchers", {"Cc": []}) == []
    assert RT.extract("title", {"Subject": UNKNOWN}) == {}
    assert put(RT, "title", "x", {"Subject": UNKNOWN}).refused is not None


def test_law_1_the_footprint_of_a_set_has_no_order() -> None:
    assert RT.extract("watchers", {"Cc": ["b", "a"]}) == RT.extract("watchers", {"Cc": ["a", "b"]})
    assert REDMINE.extract("tags", {"custom_fields": {"sdsync tags": "b, a"}}) == REDMINE.extract(
        "tags", {"custom_fields": {"sdsync tags": "a,b"}}
    )
    assert RT.extract("owner_person", {"Owner": "Nobody"}) == {"Owner": None}


def test_only_what_rules_read_is_kept() -> None:
    native = {
        "Subject": "s",
        "Content": "c",
        "ContentType": "text/plain",
        "Secret": "x",
        "CustomFields": {"sdsync tags": "a", "Salary": "9"},
    }

    assert RT.keep(native) == {
        "Subject": "s",
        "Content": "c",
        "ContentType": "text/plain",
        "CustomFields": {"sdsync tags": "a"},
    }


def test_a_place_without_the_field_is_told_and_nothing_is_written() -> None:
    found = put(RT, "tags", ["env:prod"], {"Subject": "s", "CustomFields": {}})

    assert found == Put(cut="CustomFields.sdsync tags does not exist here")
    assert put(RT, "tags", ["env:prod"]).values == {"CustomFields": {"sdsync tags": "env:prod"}}


def test_a_text_written_at_birth_only_is_not_written_again() -> None:
    born = put(RT, "description", "a **b**")
    assert put(RT, "description", "a **b**", dict(born.values)) == Put()
    seen = {"Content": "a b", "ContentType": "text/plain"}

    assert born.values == {"Content": "a b", "ContentType": "text/plain"}
    assert born.cut == "some formatting has no form in plain"
    assert put(RT, "description", "other", seen).values == {}
    assert put(RT, "description", "other", seen).cut == "Content can be written at birth only"


def test_the_markup_that_the_record_tells_is_read_and_written() -> None:
    native = {"body": "<b>x</b>", "format": "html"}

    assert get(RT_NOTE, "body", native) == "**x**"
    assert get(RT_NOTE, "body", {**native, "format": "plain"}) == "\\<b>x\\</b>"
    assert put(RT_NOTE, "body", "y", {"body": "x", "format": "plain"}).values == {
        "body": "y",
        "format": "plain",
    }
    assert put(RT_NOTE, "body", "y").values == {"body": "<p>y</p>", "format": "html"}


def test_emptying_writes_the_products_own_word_and_only_where_something_stands() -> None:
    assert put(RT, "owner_person", None, {"Owner": "ann"}).values == {"Owner": "Nobody"}
    assert put(RT, "owner_person", None, {"Owner": "Nobody"}).values == {}
    assert put(REDMINE, "due_at", None, {"due_date": "2026-01-01"}).values == {"due_date": ""}
    assert put(RT, "due_at", None, {"Due": "1970-01-01T00:00:00Z"}).values == {}
    assert put(REDMINE, "priority", None, {"priority": "High"}).cut == "priority cannot be emptied"
    assert put(REDMINE, "priority", None).values == {}
    assert put(RT, "watchers", [], {"Cc": ["ann"]}).values == {"Cc": []}
    assert put(RT, "tags", [], {"CustomFields": {"sdsync tags": "a"}}).values == {
        "CustomFields": {"sdsync tags": ""}
    }


def test_the_other_side_is_told_by_key_and_link() -> None:
    hub = {"peer_key": "infra#882", "peer_url": "https://dev.example.org/882"}
    text = "infra#882 https://dev.example.org/882"

    found = put(RT, "peer_key", "infra#882", {}, hub)

    assert found.values == {"CustomFields": {"sdsync peer": text}}
    seen = {"CustomFields": {"sdsync peer": text}}
    assert put(RT, "peer_key", "infra#882", seen, hub).values == {}
    assert get(RT, "peer_key", seen) == "infra#882"  # read, so that it can be put right


def test_what_is_only_written_is_not_read(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields:\n  ext.po: { at: Po, direction: out }\n")

    assert get(mapping, "ext.po", {"Po": "7"}) is UNKNOWN


def test_a_direction_is_a_wall() -> None:
    assert put(RT, "reporter", "ann", {"Requestor": ["bob"]}) == Put()
    assert get(RT, "reporter", {"Requestor": ["ann", "bob"]}) == "ann"


def test_a_constant_reads_as_itself_and_writes_nothing(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields: { type: { constant: incident } }\n")

    assert get(mapping, "type", {}) == "incident"
    assert put(mapping, "type", "incident") == Put()
    assert put(mapping, "type", "bug") == Put(cut='"bug" is always shown as "incident"')
    assert mapping.carry("type", old_view="incident", new_view="incident", whole="bug") == "bug"


def test_law_8_an_edit_of_a_cut_title_is_carried_onto_the_whole(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields: { title: { at: T, as: line, max: 10 } }\n")
    whole = "the quick brown fox"

    born = put(mapping, "title", whole)

    assert born.values == {"T": "the quick"}
    assert born.cut == "cut at 10 of 19 characters"
    assert put(mapping, "title", whole, {"T": "the quick"}).values == {}
    carried = mapping.carry("title", old_view="the quick", new_view="a quick", whole=whole)
    assert carried == "a quick brown fox"


def test_law_8_an_edit_of_a_plain_view_keeps_the_formatting(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields: { description: { at: D, as: plain } }\n")
    whole = "**disk** full\n\nsee `df`"

    carried = mapping.carry(
        "description",
        old_view="disk full\n\nsee df",
        new_view="disk full\n\nsee df\n\nrebooted",
        whole=whole,
    )

    assert carried == whole + "\n\nrebooted"
    assert (
        mapping.carry("description", old_view="disk full", new_view="disk ok", whole="**d**isk f")
        is None
    )


def test_law_8_a_watcher_who_is_unknown_here_stays_in_the_hub() -> None:
    carried = RT.carry("watchers", old_view=["ann"], new_view=["bob"], whole=["ann", "zoe"])

    assert carried == ["bob", "zoe"]
