"""The file of pairs: read line by line, every mistake with its place, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config import pairs
from sdsync.config.pairs import read_pairs
from sdsync.config.problems import ConfigError, Problem

SYSTEMS = ("desk", "dev")


def read(tmp_path: Path, text: str | bytes) -> list[dict[str, str]]:
    file = tmp_path / "pairs.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_pairs(file, "pairs.csv", SYSTEMS)


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    return [str(one) for one in refused.value.problems]


def test_ids_keys_and_names_of_either_order_are_taken(tmp_path: Path) -> None:
    text = 'dev,desk\n882, 4711\n\ninfra#883,desk#4712\n#884,"4713"\n882,4711\n'

    assert read(tmp_path, text) == [
        {"dev": "882", "desk": "4711"},
        {"dev": "883", "desk": "4712"},
        {"dev": "884", "desk": "4713"},
    ]


def test_all_mistakes_are_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    text = "desk,dev\n1,2,3\n4,\n5,a b\n6,desk#7\n"

    assert problems(tmp_path, text) == [
        "pairs.csv:2:1: found 3 cells, expected two: a record of desk and one of dev",
        "pairs.csv:3:3: found nothing, expected a record of dev, as 4711 or dev#4711",
        'pairs.csv:4:3: found "a b", expected a record of dev, as 4711 or dev#4711',
        'pairs.csv:5:3: found "desk#7", expected a record of dev',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty, expected a first line that names the two systems: desk,dev"),
        ("desk,dve\n", 'found "dve", expected desk or dev; did you mean "dev"?'),
        ("desk,desk\n", 'found "desk" twice, expected two systems'),
        ("1\n", "found 1 cell, expected a first line that names the two systems: desk,dev"),
        ('desk,dev\n"1,2\n', "not valid CSV"),
        (b"desk,dev\n1,\xff\n", "is not UTF-8"),
    ],
)
def test_a_file_that_is_none_says_what_it_lacks(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    assert told in problems(tmp_path, text)[0]


def test_a_file_is_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MAX_PAIRS", 3)
    assert "more than 3 pairs" in problems(tmp_path, "desk,dev\n1,1\n2,2\n3,3\n")[0]

    assert "larger than" in problems(tmp_path, b"x" * (pairs.LIMIT_BYTES + 1))[0]


@given(
    st.sampled_from(["", "desk,dev\n"]), st.text(alphabet='desk,dev123#"\n\r é\x1b', max_size=60)
)
def test_whatever_it_holds_it_is_pairs_or_problems(head: str, text: str) -> None:
    found: list[dict[str, str]] = []
    wrong: tuple[Problem, ...] = ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "read_text", lambda *_, **__: head + text)
        try:
            found = read_pairs(Path("/nowhere"), "pairs.csv", SYSTEMS)
        except ConfigError as refused:
            wrong = refused.problems

    assert all(one.line >= 1 and one.column >= 1 for one in wrong)
    assert all(row.keys() == set(SYSTEMS) and all(row.values()) for row in found)
    assert not (found and wrong)
