"""Instants that a product tells of itself: when something was made or changed, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

#: What lies beyond is no stamp of a record: a product writes it for "never", or wrote
#: nonsense. Whoever adds an offset or a span of time to one within stays in the calendar.
_YEARS: Final = range(1000, 9000)
#: Nor does a clock stand beyond: the difference of two is added to stamps.
_CLOCKS: Final = range(1970, 2200)


def instant(text: str | None) -> datetime | None:
    """An ISO instant as aware UTC; None for None, empty and what is none."""
    if not text:
        return None
    try:
        at = _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return at if at.year in _YEARS else None


def clock(text: str) -> datetime | None:
    """What an HTTP date tells of the clock that wrote it; None when no clock can show it."""
    at = http_date(text)
    return at if at is not None and at.year in _CLOCKS else None


def http_date(text: str) -> datetime | None:
    """An HTTP date as aware UTC; None when it is none."""
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def zulu(at: datetime) -> str:
    """An instant to the second as products read it: 2026-11-21T18:19:03Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(told: datetime) -> datetime:
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
