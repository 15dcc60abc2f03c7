"""Times, sizes and counts as people read them, in few characters."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


def span(seconds: float | None) -> str:
    """A length of time in its largest fitting unit: ``4 s``, ``16 m``, ``3 h``, ``12 d``.

    None is ``-``; below zero, as after a step of the clock, counts as zero.
    """
    if seconds is None:
        return "-"
    left_s = max(0.0, seconds)
    if left_s < 2 * MINUTE_S:
        return f"{left_s:.0f} s"
    if left_s < 2 * HOUR_S:
        return f"{left_s / MINUTE_S:.0f} m"
    if left_s < 2 * DAY_S:
        return f"{left_s / HOUR_S:.0f} h"
    return f"{left_s / DAY_S:.0f} d"


def since(at: datetime, now: datetime) -> str:
    """An instant in the past in the zone of ``now``: ``02:14``, ``Tue``, ``3 Nov``, ``2025-11-03``.

    Args:
        at: Aware.
        now: Aware; its zone is the reader's.
    """
    here = at.astimezone(now.tzinfo)
    if here.date() == now.date():
        return f"{here:%H:%M}"
    if timedelta(0) <= now - here < timedelta(days=6):
        return f"{here:%a}"
    if here.year == now.year:
        return f"{here.day} {here:%b}"
    return f"{here:%Y-%m-%d}"


def instant(at: datetime, now: datetime) -> str:
    """An instant to the second; the day is said when it is not today."""
    here = at.astimezone(now.tzinfo)
    return f"{here:%H:%M:%S}" if here.date() == now.date() else f"{here:%m-%d %H:%M}"


def rate(per_minute: float) -> str:
    """``2/s``, ``20/min``, ``6/h``: in the largest unit in which it is one or more."""
    for unit, number in (("s", per_minute / 60), ("min", per_minute)):
        if round(number, 2) >= 1:
            return f"{number:.0f}/{unit}"
    return f"{per_minute * 60:.0f}/h"


def size(bytes_: int | None) -> str:
    """``412 MB``; None is ``-``."""
    if bytes_ is None:
        return "-"
    number = float(bytes_)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}"


def count(number: int, noun: str) -> str:
    """``1 record``, ``1,204 records``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def value(given: object) -> str:
    """A field's value in a table: nothing is ``-``, lists are comma-separated, text is bare."""
    match given:
        case None | "" | []:
            return "-"
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(value(one) for one in given)
        case dict():
            return ", ".join(f"{key}={value(one)}" for key, one in given.items())
        case _:
            return str(given)
