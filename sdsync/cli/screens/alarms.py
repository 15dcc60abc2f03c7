"""``sdsync alarms`` on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.alarms import AlarmLook, AlarmsLook, Tried
from sdsync.cli.page import BAD, GOOD, HEAD, WARN, WIDTH, Page, cure, line, wrapped


def draw(look: AlarmsLook, width: int = WIDTH) -> Page:
    """The whole screen."""
    page: Page = []
    if look.now:
        page.append(line(("NOW", HEAD)))
        for one in look.now:
            page += _now(one, look, width)
    else:
        page.append(line(("no alarm now", GOOD)))
    if look.over:
        page.append(line(("OVER", HEAD)))
        for one in look.over:
            page += _over(one, look, width)
    return [*page, *_ways(look, width)]


def _now(one: AlarmLook, look: AlarmsLook, width: int) -> Iterator[Text]:
    right = f"since {words.since(one.since, look.at)}  P{one.priority}"
    yield from wrapped(line(" "), one.text, right, width=width)
    for way, told in one.told.items():
        if told not in ("began", "over"):
            yield from wrapped(line("   ", (f"{way}: ", WARN)), told, width=width)
    yield cure(one.cure, indent=3)


def _over(one: AlarmLook, look: AlarmsLook, width: int) -> Page:
    ended = one.over_at or look.at
    took = words.span(max(0.0, (ended - one.since).total_seconds()))
    right = f"{words.since(one.since, look.at)}, for {took}"
    return wrapped(line(" "), one.text, right, width=width)


def _ways(look: AlarmsLook, width: int) -> Iterator[Text]:
    if {"webhook", "mail"} & set(look.ways):
        yield from wrapped(line("told by "), ", ".join(look.ways), width=width)
        yield cure("sdsync alarms test")
        return
    yield line(("nobody is told: alarms.webhook and alarms.mail are not set", WARN))


def of_tries(tries: Sequence[Tried], width: int = WIDTH) -> Page:
    """What came back, way by way."""
    page: Page = []
    for one in tries:
        if one.trouble is None:
            page.append(line(f"{one.way}: ", ("taken", GOOD)))
        else:
            page += wrapped(line((f"{one.way}: ", BAD)), one.trouble, width=width)
    return page
