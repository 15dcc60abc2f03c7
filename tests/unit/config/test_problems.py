"""How a mistake is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.problems import (
    ConfigError,
    Problem,
    dotted,
    nearest_name,
    one_of,
    printable,
    show,
)


def test_problems_are_said_all_at_once_as_the_style_has_it() -> None:
    error = ConfigError(
        [
            Problem("sdsync.toml", 8, 1, "systems.desk.ulr", "unknown key", nearest="url"),
            Problem(
                "mappings/acme.yaml",
                14,
                9,
                "severity.values.P1",
                show("critcal"),
                one_of(["low", "high", "critical"]),
                "critical",
            ),
        ]
    )

    assert str(error) == (
        'mappings/acme.yaml:14:9: severity.values.P1: found "critcal", '
        'expected low, high or critical; did you mean "critical"?\n'
        'sdsync.toml:8:1: systems.desk.ulr: unknown key; did you mean "url"?\n'
        "2 problems in 2 files. Nothing was changed."
    )


def test_one_problem_is_no_plural() -> None:
    error = ConfigError([Problem("a.toml", 0, 0, "", "no such file")])

    assert str(error) == "a.toml: no such file\n1 problem in 1 file. Nothing was changed."


def test_problems_are_in_file_order_and_said_once() -> None:
    late, early = Problem("a", 10, 1, "", "late"), Problem("a", 9, 5, "", "early")

    assert ConfigError([late, early, late]).problems == (early, late)


def test_a_flood_is_cut_and_counted() -> None:
    error = ConfigError(Problem("a", line, 1, "", "wrong") for line in range(1, 1201))

    lines = str(error).splitlines()
    assert len(lines) == 202
    assert lines[-2:] == ["… and 1,000 more", "1,200 problems in 1 file. Nothing was changed."]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ulr", "url"), ("URL", "url"), ("tokne", "token"), ("zebra", None), ("", None), (3, None)],
)
def test_the_nearest_name_is_the_one_probably_meant(name: object, expected: str | None) -> None:
    assert nearest_name(name, ["url", "token", "webhook"]) == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("critcal", '"critcal"'),
        (True, "true"),
        (3, "3"),
        (10**400, "a number out of range"),
        (None, "nothing"),
        ([], "a list"),
        ({}, "a table"),
        ("word " * 20, '"' + "word " * 12 + '…"'),
    ],
)
def test_a_found_value_is_shown_short(value: object, shown: str) -> None:
    assert show(value) == shown


@pytest.mark.parametrize(
    "token",
    [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "glpat-x9Zk2mQ7vL4tR8nW1pYs",
        "Bearer eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiIxMjM0In0",
        "1-14-0123456789abcdef0123456789abcdef",
    ],
)
def test_what_looks_like_a_token_is_never_shown(token: str) -> None:
    assert show(token) == "(hidden)"


def test_a_key_path_is_shown_as_it_would_be_written() -> None:
    assert dotted(("systems", "odd name", "list", 0, "url")) == 'systems."odd name".list[0].url'


def test_a_very_long_key_is_cut() -> None:
    assert dotted(("a" * 10_000,)) == "a" * 64 + "…"


@given(st.text())
def test_a_problem_is_one_line_that_no_terminal_obeys(text: str) -> None:
    said = str(Problem(text, 1, 1, text, text, text, text))

    assert said.isprintable()
    assert printable(said) == said
