"""Dates with and without zone (law 55).

A canonical due date is ``YYYY-MM-DD``, a day without zone, or an instant
``…Z``. A product may hold either; a day never silently becomes an instant of
somebody else's midnight.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Refused, Scene, Written, is_empty
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
#: How Request Tracker and others show "never set".
EPOCH: Final = "1970-01-01T00:00:00Z"


def parse_day(text: object) -> date | None:
    """The day that a text names; None when it is no plain ``YYYY-MM-DD``."""
    if not isinstance(text, str) or not _DAY.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def parse_instant(text: object, zone: ZoneInfo) -> datetime | None:
    """The aware UTC instant of an ISO text; one without offset is told in ``zone``."""
    if not isinstance(text, str) or len(text) > 40 or parse_day(text) is not None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        aware = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        return aware.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def iso(instant: datetime) -> str:
    """``2026-11-21T20:40:00Z``.

    Raises:
        OverflowError: It lies beyond the calendar's ends in UTC.
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone, as UTC; a midnight that the clock skips included."""
    try:
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    except OverflowError:  # the first or last day that can be told
        return datetime.combine(day, time(), tzinfo=UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day on which an instant falls in a zone."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return instant.date()


class _DateLens(Lens):
    def is_empty(self, native: Json) -> bool:
        """Empty as such, or the epoch that stands for "never set"."""
        return is_empty(native) or native in (EPOCH, "Not set", "0")


@dataclass(frozen=True)
class DayLens(_DateLens):
    """The product holds a day. An instant is written as its day in ``zone``."""

    zone: ZoneInfo

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The day, as text."""
        day = parse_day(native)
        if day is None and (instant := parse_instant(native, self.zone)) is not None:
            day = local_day(instant, self.zone)
        return day.isoformat() if day is not None else self.unmapped(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The day; the time of day of an instant is told in ``cut``."""
        if (day := parse_day(value)) is not None:
            return Written(day.isoformat())
        instant = parse_instant(value, self.zone)
        if instant is None:
            return Refused(f'found "{value}", expected a date')
        day = local_day(instant, self.zone)
        return Written(day.isoformat(), f"the time of {iso(instant)} does not fit into a date")

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The new day, at the time of day that the whole had in ``zone``."""
        day, instant = parse_day(new_view), parse_instant(whole, self.zone)
        if day is None or instant is None:
            return new_view
        if local_day(instant, self.zone) == day:
            return whole
        try:
            clock = instant.astimezone(self.zone).time()
            return iso(datetime.combine(day, clock, tzinfo=self.zone))
        except OverflowError:  # the first or last day that can be told, without that time
            return new_view


@dataclass(frozen=True)
class InstantLens(_DateLens):
    """The product holds an instant. A text without offset is told in ``zone``.

    ``midnight_is_a_day``: the product's people pick days, so an instant at
    midnight in ``zone`` reads as that day, and a day is written as its midnight.
    """

    zone: ZoneInfo
    midnight_is_a_day: bool = False

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The instant with Z; a day stays a day."""
        if (day := parse_day(native)) is not None:
            return day.isoformat()
        instant = parse_instant(native, self.zone)
        if instant is None:
            return self.unmapped(native, scene)
        day = local_day(instant, self.zone)
        whole_day = self.midnight_is_a_day and start_of(day, self.zone) == instant
        return day.isoformat() if whole_day else iso(instant)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The instant with Z; of a day its first instant in ``zone``."""
        if (day := parse_day(value)) is not None:
            return Written(iso(start_of(day, self.zone)))
        instant = parse_instant(value, self.zone)
        return Written(iso(instant)) if instant else Refused(f'found "{value}", expected a date')
