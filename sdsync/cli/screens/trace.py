"""``sdsync trace REF`` on 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.ties import TieLook
from sdsync.cli.looks.trace import ElementsLook, FieldLook, PauseLook, SideLook, TraceLook
from sdsync.cli.page import (
    HEAD,
    WARN,
    WIDTH,
    Cell,
    Column,
    Page,
    clean,
    clip,
    cure,
    ends,
    line,
    table,
    wrapped,
)
from sdsync.cli.screens import story

_SIDES = (
    Column("SYSTEM"),
    Column("KEY", give=True, least=6),
    Column("STATUS", give=True, least=6),
    Column("STATE"),
)
#: A reason has so much room at least, and goes on below itself: it is what somebody looks for.
WHY = 24


def draw(look: TraceLook, now: datetime, width: int = WIDTH) -> Page:
    """The whole screen. ``now`` is aware; its zone is the reader's."""
    page = [_head(look, width)]
    page += _sides(look.sides, now, width)
    page += [_pause(one, now) for one in look.pauses]
    for need in look.waits:
        page += wrapped(line(), need.text, width=width)
    page += _fields(look, width)
    page += [_tie(one) for one in look.ties]
    for one in look.lines:
        page.append(story.draw(one, now, width=width))
    if look.earlier:
        page.append(line(f"{words.count(look.earlier, 'earlier line')}: --all"))
    page += [cure(command) for _, command in look.needs]
    page += [cure(f"sdsync resume {one.scope}") for one in look.pauses]
    page += [cure(need.cure) for need in look.waits]
    return page


def _head(look: TraceLook, width: int) -> Text:
    facts = [f"P{look.priority}", look.tenant or "", ", ".join(look.syncs)]
    if look.state != "open":
        facts.append(look.state)
    tail = "  ".join(clean(one) for one in facts if one)
    stuck = sum(one.trouble for one in look.fields)
    right = f"{words.count(stuck, 'field')}: {', '.join(n for n, _ in look.needs)}" if stuck else ""
    room = width - len(tail) - len(right) - 8
    title = f'"{clip(clean(look.title), max(12, room))}"'
    return ends(line((title, HEAD), "  ", tail), line((right, WARN)), width)


def _sides(sides: Sequence[SideLook], now: datetime, width: int) -> Page:
    """Each side with its address, which is opened and copied: never cut, rather on its own line."""
    rows = table(_SIDES, [_side(one, now) for one in sides], head=False, indent=1, width=width)
    urls = [clean(one.url or "") for one in sides]
    begin = max((row.cell_len for row in rows), default=0) + 2
    own_line = any(begin + len(url) > width for url in urls)
    below = " " * (3 + max((len(one.system) for one in sides), default=0))
    page: Page = []
    for row, url in zip(rows, urls, strict=True):
        page.append(row)
        if url and own_line:
            page.append(line(below, url))
        elif url:
            row.append_text(line(" " * (begin - row.cell_len), url))
    return page


def _side(one: SideLook, now: datetime) -> tuple[str | Cell, ...]:
    state = one.state
    if one.since is not None and state == "in step":
        state += f" {words.since(one.since, now)}"
    key = one.key if "#" in one.key or one.key == "not born" else f"#{one.key}"
    return one.system, key, one.shown, Cell(state, WARN if one.trouble else "")


def _pause(one: PauseLook, now: datetime) -> Text:
    told = f"{one.scope} is paused by {one.by} since {words.since(one.since, now)}"
    return line((told + (f": {one.reason}" if one.reason else ""), WARN))


def _tie(one: TieLook) -> Text:
    """A link or parent that stays where it is; no trouble, and nobody's to mend."""
    if one.why == "not shared":
        return line(f"tied in {clean(one.system)} to {clean(one.what)}: not shared, stays there")
    return line(f"{clean(one.what)} waits in {clean(one.system)}: {clean(one.why)}")


def _fields(look: TraceLook, width: int) -> Page:
    rows = [_field(one, look.systems) for one in look.fields]
    rows += [_elements(one, look.systems) for one in look.elements]
    if not rows:
        return []
    columns = (
        Column("FIELD"),
        *(Column(system, give=True, least=6) for system in look.systems),
        Column("hub", give=True, least=6),
        Column("WHY", give=True, least=WHY, wrap=True),
    )
    return table(columns, rows, width=width)


def _field(one: FieldLook, systems: Sequence[str]) -> list[str | Cell]:
    values = [_short(one.sides.get(system)) for system in systems]
    return [one.name, *values, _short(one.hub), Cell(one.why, WARN if one.trouble else "")]


def _short(value: object) -> str:
    return clip(clean(words.value(value)), 40)


def _elements(one: ElementsLook, systems: Sequence[str]) -> list[str | Cell]:
    told = []
    if one.waiting:
        told.append(f"{one.waiting} on the way")
    if one.unplaceable:
        told.append(f"{one.unplaceable} cannot be placed")
    counts = [str(one.sides.get(system, 0)) for system in systems]
    return [one.name, *counts, str(one.total), ", ".join(told)]
