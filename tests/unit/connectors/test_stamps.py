"""Whatever a product tells as an instant is one, or none; it raises nothing, then or later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.clock import moved
from sdsync.connectors.replies import Reply
from sdsync.connectors.stamps import http_date, instant, zulu
from sdsync.sync.decide.intervals import told

NOW = datetime(2026, 11, 21, 20, 50, 33, tzinfo=UTC)
_OFFSET = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
#: Half of them where the calendar ends: elsewhere nothing is beyond what can be told.
_ENDS = [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]  # noqa: DTZ001 - a zone comes
_ANY = st.one_of(st.sampled_from(_ENDS), st.datetimes())
_AWARE = st.builds(lambda at, zone: at.replace(tzinfo=zone), _ANY, _OFFSET)


def written(at: datetime) -> str:
    """As a Date header bears it."""
    return f"{at:%a, %d %b} {at.year:04d} {at:%H:%M:%S %z}"


def clock(header: str) -> datetime | None:
    return Reply("GET", 200, {"date": header}).date


@given(_AWARE)
def test_an_instant_is_utc_or_none(at: datetime) -> None:
    found = instant(at.isoformat())

    assert found is None or found == at
    if 1000 < at.year < 8999:
        assert found == at
    if found is not None:
        assert instant(zulu(found)) == found.replace(microsecond=0)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59Z"]
)
def test_a_stamp_at_the_calendars_end_is_none(text: str) -> None:
    assert instant(text) is None


@given(_AWARE, st.sampled_from(["", "soon", "1 Jan 99999999999999999999 00:00:00 GMT"]) | st.text())
def test_a_date_header_is_utc_or_none(at: datetime, odd: str) -> None:
    found = http_date(written(at))

    # A year of two digits is one of our days.
    assert found is None or at.year < 1000 or found == at.replace(microsecond=0)
    assert clock(odd) is None or isinstance(clock(odd), datetime)
    assert http_date(odd) is None or isinstance(http_date(odd), datetime)


@given(_AWARE, _AWARE)
def test_a_products_clock_moves_every_stamp_of_it_within_the_calendar(
    at: datetime, header: datetime
) -> None:
    theirs, stamp = clock(written(header)), instant(at.isoformat())
    offset = theirs - NOW if theirs is not None else timedelta()

    assert zulu(NOW + offset)
    if stamp is not None:
        assert stamp - offset + offset == stamp


@given(_AWARE, st.floats(-1e12, 1e12))
def test_an_interval_is_told_of_every_instant(at: datetime, offset_s: float) -> None:
    change = told(at, offset_s=offset_s, resolution_s=1.0)

    assert change.lo <= change.hi
    assert isinstance(moved(at, offset_s), datetime)
