"""Instants and rates as people type them: ``02:14``, ``2h``, ``2026-11-22``, ``20/min``."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta

from sdsync.cli.codes import Code, CommandError
from sdsync.config.problems import show
from sdsync.config.units import parse_duration

A_TIME = "a time of day (02:14), a day or an instant (2026-11-22T02:14), or how long ago (2h)"
A_RATE = "a rate such as 20/min, 2/s or 600/h"
_PER = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_RATE = re.compile(r"(\d{1,6}) ?(?:/ ?([a-z]{1,3}))?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def instant(text: str, now: datetime) -> datetime:
    """An instant in the past, aware UTC.

    Args:
        text: Without a zone it is told in the reader's; a time of day is the last such.
        now: Aware; its zone is the reader's.

    Raises:
        CommandError: It is none.
    """
    with contextlib.suppress(ValueError, OverflowError):
        found = _instant(text.strip(), now)
        if found is not None:
            return found.astimezone(UTC)
    raise CommandError(f"{show(text)} is no time; write {A_TIME}", code=Code.USAGE)


def window(
    since: str | None, until: str | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """The two ends that were typed, aware UTC; None: no bound.

    Raises:
        CommandError: One is no time, or nothing lies between them.
    """
    first = None if since is None else instant(since, now)
    end = None if until is None else instant(until, now)
    if first is not None and end is not None and first >= end:
        shown = [f"{one.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}" for one in (first, end)]
        told = f"--since ({shown[0]}) is not before --until ({shown[1]}); nothing was done"
        example = "--since 4h --until 2h, or --since 2026-11-22T02:14 --until 2026-11-22T03:00"
        raise CommandError(f"{told}. Write {example}", code=Code.USAGE)
    return first, end


def _instant(text: str, now: datetime) -> datetime | None:
    ago_s = parse_duration(text)
    if ago_s is not None:
        return now - timedelta(seconds=ago_s)
    if clock := _CLOCK.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        today = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return today if today <= now else today - timedelta(days=1)
    if not text[:1].isdigit():
        return None
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=now.tzinfo)


def interval(rate: str) -> timedelta:
    """The time between two of a rate; a bare number is per minute.

    Raises:
        CommandError: It is no rate, or nothing would ever go.
    """
    found = _RATE.fullmatch(rate.strip().lower())
    per_s = _PER.get(found[2] or "min") if found else None
    if found is None or per_s is None or int(found[1]) == 0:
        raise CommandError(f"{show(rate)} is no rate; write {A_RATE}", code=Code.USAGE)
    return timedelta(seconds=per_s / int(found[1]))
