"""CSV tables: the first column is the key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError
from sdsync.config.tables import read_table

CUSTOMERS = 'tenant,queue\nacme, acme-in \n\n"glo,bex","a\nb"\nini,\n'


def test_a_row_is_found_by_its_key() -> None:
    table = read_table(CUSTOMERS, "c.csv")

    assert (table.key, table.columns) == ("tenant", ("tenant", "queue"))
    assert table.rows == {
        "acme": {"tenant": "acme", "queue": "acme-in"},
        "glo,bex": {"tenant": "glo,bex", "queue": "a\nb"},
        "ini": {"tenant": "ini", "queue": ""},
    }


def test_a_row_tells_its_first_line() -> None:
    assert read_table(CUSTOMERS, "c.csv").lines == {"acme": 2, "glo,bex": 4, "ini": 6}


def test_the_digest_changes_with_the_content() -> None:
    one, same = read_table("a\nb\n", "c.csv"), read_table("a\nb\n", "d.csv")

    assert one.digest == same.digest
    assert one.digest != read_table("a\nc\n", "c.csv").digest


def test_all_mistakes_of_a_table_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_table("a,b\nx\nx,1\nx,2\n,3\n", "c.csv")

    assert [problem.line for problem in caught.value.problems] == [2, 4, 5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\n" + "x" * 200_000, "not valid CSV"),
        ("a" + ",a" * 100, "at most 64"),
        ("a\n" + "".join(f"{i}\n" for i in range(100_001)), "more than 100,000 rows"),
        ("a\n" + "x" * 9_000_000, "larger than"),
        ('a\n"', "not valid CSV"),
        ("a\n\0", "NUL"),
        (",,,\n", "empty"),
    ],
)
def test_a_hostile_table_is_refused_within_bounds(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_table(text, "c.csv")


@given(st.text('ab,"\n\r; \x00\ufeff', max_size=60))
def test_any_text_is_a_table_or_a_problem(text: str) -> None:
    try:
        table = read_table(text, "c.csv")
    except ConfigError as error:
        problems = error.problems
    else:
        assert all(set(row) == set(table.columns) for row in table.rows.values())
        assert table.rows.keys() == table.lines.keys()
        return

    assert problems
