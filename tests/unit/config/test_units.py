"""Durations and sizes, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.units import parse_duration, parse_size, render_duration, render_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("2m", 120), ("1h", 3600), ("30d", 2_592_000), ("250ms", 0.25), ("1.5 h", 5400)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1 month", "1e3s", "1m30s", "\u0661s", "10S"]
)
def test_what_is_no_duration_is_not_guessed(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "size"), [("10 MB", 10_000_000), ("500kB", 500_000), ("1 gb", 10**9), ("7 B", 7)]
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "10", "10 MiB", "MB", "-1 MB", "10 m"])
def test_what_is_no_size_is_not_guessed(text: str) -> None:
    assert parse_size(text) is None


@given(st.integers(1, 999_999))
def test_a_duration_that_is_shown_reads_as_the_same(seconds: int) -> None:
    assert parse_duration(render_duration(seconds)) == seconds


@given(st.integers(0, 999_999))
def test_a_size_that_is_shown_reads_as_the_same(size: int) -> None:
    assert parse_size(render_size(size)) == size
