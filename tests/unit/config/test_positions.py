"""TOML places: every key that tomllib reads has one, at the right character."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.places import Lines, nearest
from sdsync.config.positions import read_toml
from sdsync.config.problems import ConfigError, KeyPath

TEXT = '''\
# a comment with [brackets] and = signs
top = 1
"quoted key" = 'x'
store.url = "a # no comment"
multi = """
[not.a.table]
key = 1 \\""" """
raw = \'\'\'it's "raw" \'\'\'\'
list = [ 1, # one
  { a = [2, 3] }, "]",
]
[systems.desk]  # head
url = "x"
[systems."odd name"]
when = 1979-05-27 07:32:00
[[rows]]
a = 1
[rows.sub]
b = 2
[[rows]]
a = { deep.er = 5, "q" = {} }
'''


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path}
    if isinstance(value, dict):
        for key, one in value.items():
            found |= paths_of(one, (*path, key))
    elif isinstance(value, list):
        for i, one in enumerate(value):
            found |= paths_of(one, (*path, i))
    return found


def test_every_key_and_item_has_a_place() -> None:
    document = read_toml(TEXT, "t.toml")

    assert document.values == tomllib.loads(TEXT)
    assert set(document.places) == paths_of(document.values)


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), (2, 1), (2, 7)),
        (("quoted key",), (3, 1), (3, 16)),
        (("store",), (4, 1), (4, 1)),
        (("store", "url"), (4, 7), (4, 13)),
        (("raw",), (8, 1), (8, 7)),
        (("list", 0), (9, 10), (9, 10)),
        (("list", 1, "a"), (10, 5), (10, 9)),
        (("list", 1, "a", 1), (10, 13), (10, 13)),
        (("systems", "desk"), (12, 1), (12, 1)),
        (("systems", "desk", "url"), (13, 1), (13, 7)),
        (("systems", "odd name", "when"), (15, 1), (15, 8)),
        (("rows", 0, "sub", "b"), (19, 1), (19, 5)),
        (("rows", 1), (20, 1), (20, 1)),
        (("rows", 1, "a", "deep", "er"), (21, 12), (21, 17)),
    ],
)
def test_a_place_is_line_and_column(
    path: KeyPath, key: tuple[int, int], value: tuple[int, int]
) -> None:
    place = read_toml(TEXT, "t.toml").places[path]

    assert ((place.line, place.column), (place.value_line, place.value_column)) == (key, value)


def test_the_nearest_key_steps_over_what_the_file_has_not() -> None:
    places = read_toml("[systems.desk]\nurl = 'x'\n", "t.toml").places

    assert nearest(("systems", "desk", "acme_desk", "url"), places) == ("systems", "desk", "url")
    assert nearest(("systems", "desk", "token"), places) == ("systems", "desk")
    assert nearest(("other",), places) == ()


BARE = st.text("abcXYZ012-_", min_size=1, max_size=5)
KEYS = BARE | st.text(min_size=1, max_size=5).filter(lambda text: "\r" not in text)


def literal(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08X}" for char in text) + '"'


SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.booleans().map(lambda one: str(one).lower()),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(literal),
    st.sampled_from(["'#'", "'''a\n]'''", '"""}\n\\""""', "1e3", "inf", "1979-05-27", "07:32:00"]),
)


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: "[ " + ", # ,]\n".join(items) + "\n]")


def tables(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(BARE, inner, max_size=3).map(
        lambda table: "{" + ", ".join(f"{key} = {one}" for key, one in table.items()) + "}"
    )


VALUES = st.recursive(SCALARS, lambda inner: lists(inner) | tables(inner), max_leaves=8)
LINES = st.one_of(
    st.tuples(st.lists(KEYS.map(literal) | BARE, min_size=1, max_size=3), VALUES).map(
        lambda pair: f"{' . '.join(pair[0])}\t= {pair[1]} # = ["
    ),
    st.lists(BARE, min_size=1, max_size=3).map(lambda keys: f"[ {'.'.join(keys)} ]"),
    st.lists(BARE, min_size=1, max_size=2).map(lambda keys: f"[[{'.'.join(keys)}]] # ]]"),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_any_toml_that_can_be_read_has_all_its_places(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ConfigError):
            read_toml(text, "t.toml")
        return

    document = read_toml(text, "t.toml")

    assert document.places.keys() >= paths_of(expected)


@given(st.text("a.='\"[]{}#\n\\, 1", max_size=40))
def test_the_scanner_agrees_with_tomllib_on_what_is_toml(text: str) -> None:
    try:
        expected: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        expected = None

    try:
        document = read_toml(text, "t.toml")
    except ConfigError:
        assert expected is None
    else:
        assert document.values == expected
        assert document.places.keys() >= paths_of(expected)


@given(st.text("a\n", max_size=30), st.data())
def test_an_offset_is_found_again_by_line_and_column(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))

    line, column = Lines(text).at(offset)

    assert sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1 == offset
