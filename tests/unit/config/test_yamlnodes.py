"""YAML as text with places: nothing guessed, nothing expanded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError, KeyPath
from sdsync.config.yamlnodes import read_yaml

MAPPING = """\
extends: request_tracker/ticket            # the shipped pack; below only what differs
fields:
  tenant:      { at: Queue, table: customers.queue }
  environment: { at: CustomFields.Environment,
                 table: { prod: [Production, PRD], stage: Staging } } # first is written
  ext.po_no:   { at: CustomFields.PO Number, direction: in }
  status:
    at: Status
    table: { new: new, in_progress: open, waiting: stalled, resolved: resolved }
    entering:                              # what the workflow demands on the way
      resolved: { CustomFields.Fix: '= has(resolution.code) ? resolution.code : "Done"' }
examples:
  - native:    { Queue: acme-in, Status: stalled, CustomFields: { Environment: PRD } }
    canonical: { tenant: acme, status: waiting, environment: prod }
    back:      unchanged                   # PRD stays PRD until someone changes it
"""


def test_a_mapping_file_is_read_as_written() -> None:
    data, _ = read_yaml(MAPPING, "m.yaml")

    assert data["fields"]["environment"]["table"]["prod"] == ["Production", "PRD"]
    assert data["fields"]["ext.po_no"] == {"at": "CustomFields.PO Number", "direction": "in"}
    assert data["examples"][0]["back"] == "unchanged"


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("extends",), (1, 1), (1, 10)),
        (("fields", "environment", "table", "prod", 1), (5, 46), (5, 46)),
        (("fields", "status", "at"), (8, 5), (8, 9)),
        (("examples", 0), (13, 5), (13, 5)),
        (("examples", 0, "native", "Status"), (13, 34), (13, 42)),
    ],
)
def test_every_key_and_item_has_its_place(
    path: KeyPath, key: tuple[int, int], value: tuple[int, int]
) -> None:
    _, places = read_yaml(MAPPING, "m.yaml")

    place = places[path]
    assert ((place.line, place.column), (place.value_line, place.value_column)) == (key, value)


@pytest.mark.parametrize(
    "text", ["NO", "yes", "012", "12:30:00", "1e3", "~", "null", "0x1F", "2026-11-21", "=", ".inf"]
)
def test_a_scalar_is_the_text_that_was_written(text: str) -> None:
    data, places = read_yaml(f"plain: {text}\nquoted: '{text}'\nlist: [{text}]\n", "m.yaml")

    assert data == {"plain": text, "quoted": text, "list": [text]}
    assert places[("plain",)].quoted is False
    assert places[("quoted",)].quoted is True
    assert places[("list", 0)].quoted is False
    assert places[("list",)].quoted is None


def test_keys_are_text_too() -> None:
    data, _ = read_yaml("{on: off, 1: 2, null: x}", "m.yaml")

    assert data == {"on": "off", "1": "2", "null": "x"}


def test_an_empty_value_is_an_unquoted_empty_text() -> None:
    data, places = read_yaml("a:\nb: ''\n", "m.yaml")

    assert data == {"a": "", "b": ""}
    assert (places[("a",)].quoted, places[("b",)].quoted) == (False, True)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n...\n"])
def test_an_empty_file_is_an_empty_dict_or_text(text: str) -> None:
    assert not read_yaml(text, "m.yaml")[0]


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    data, places = read_yaml(path, "m.yaml")

    assert data == {"a": "1", "b": "2"}
    assert places[("b",)].line == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5_000, "deeper than 32"),
        ("- " * 5_000, "deeper than 32"),
        ("{a: " * 5_000, "deeper than 32"),
        ("a: &a [x]\nb: &b [*a, *a]\n", "anchor"),
        ("[" + "a," * 60_000 + "]", "50,000 values"),
        ("? " * 100_000, "a key is text"),
        ("!!binary aGVsbG8=", "a tag"),
        ("".join(f"k{i}: 1\n" for i in range(60_000)), "more than 50,000 values"),
        ("a: " + "x" * 1_100_000, "larger than"),
        ("'" + "x" * 1_000_000, "not valid YAML"),
        ("%YAML 9.9\n---\na: 1\n", "not valid YAML"),
        ("a: \udc80", "not UTF-8"),
    ],
)
def test_a_hostile_file_is_refused_within_bounds(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_yaml(text, "m.yaml")


@given(st.text("ab:-[]{},'\"&*!|>#?%@ \n\t\x00\x85\ufeffé", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        data, places = read_yaml(text, "m.yaml")
    except ConfigError as error:
        problems = error.problems
    else:
        assert isinstance(data, dict | list | str)
        assert all(place.path == path for path, place in places.items())
        return

    assert problems


PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.text("ab 1'\\\"#:é", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:", max_size=3), inner),
    max_leaves=8,
)


def quoted(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {quoted(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(quoted(one) for one in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


@given(PLAIN)
def test_what_was_written_is_what_is_read(value: Any) -> None:
    assert read_yaml(quoted(value), "m.yaml")[0] == value
