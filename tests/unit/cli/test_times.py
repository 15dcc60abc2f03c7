"""Instants and rates as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sdsync.cli import times
from sdsync.cli.codes import Code, CommandError

CET = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 22, 3, 7, 12, tzinfo=CET)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("02:14", "2026-11-22T01:14:00+00:00"),
        ("02:14:05", "2026-11-22T01:14:05+00:00"),
        ("23:30", "2026-11-21T22:30:00+00:00"),  # later today is yesterday's
        ("2h", "2026-11-22T00:07:12+00:00"),
        ("2026-11-20", "2026-11-19T23:00:00+00:00"),
        ("2026-11-22T02:14", "2026-11-22T01:14:00+00:00"),
        ("2026-11-22T02:14Z", "2026-11-22T02:14:00+00:00"),
    ],
)
def test_an_instant_is_read_in_the_readers_zone(text: str, utc: str) -> None:
    assert times.instant(text, NOW).isoformat() == utc


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "25:00", "2:7", "10", "999999d", "0001-01-01", "2026-13-01"]
)
def test_what_is_no_time_is_a_mistake_of_usage(text: str) -> None:
    with pytest.raises(CommandError) as told:
        times.instant(text, NOW)

    assert told.value.code is Code.USAGE
    assert "02:14" in str(told.value)


def test_a_window_that_nothing_lies_in_is_a_mistake_of_usage() -> None:
    assert times.window("02:14", None, NOW) == (times.instant("02:14", NOW), None)
    for since, until in (("02:00", "4h"), ("2h", "2h"), ("01:00", "23:00")):
        with pytest.raises(CommandError, match="is not before --until") as told:
            times.window(since, until, NOW)
        assert told.value.code is Code.USAGE
    assert "2026-11-21 23:00:00" in str(told.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20/min", 3.0), ("20/m", 3.0), ("20", 3.0), ("2/s", 0.5), ("600/h", 6.0), ("1 / min", 60.0)],
)
def test_a_rate_is_so_many_per_time(text: str, seconds: float) -> None:
    assert times.interval(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "0", "0/min", "-1/min", "fast", "20/day", "1e9/s", "2.5/s"])
def test_a_rate_at_which_nothing_goes_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no rate"):
        times.interval(text)
