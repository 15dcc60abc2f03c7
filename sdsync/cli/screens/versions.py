"""``sdsync mappings history|rollback`` on 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli import words
from sdsync.cli.page import (
    BAD,
    GOOD,
    WARN,
    WIDTH,
    Cell,
    Column,
    Page,
    clip,
    cure,
    line,
    table,
    wrapped,
)
from sdsync.config.problems import printable

if TYPE_CHECKING:
    from sdsync.cli.looks.versions import HistoryLook
    from sdsync.cli.rollback import Rolled

#: Lines of a difference: what does not fit is read in the file.
LINES = 16
RELOAD = "sdsync reload"


def draw(histories: Sequence[HistoryLook], now: datetime, width: int = WIDTH) -> Page:
    """Each mapping with its versions. ``now`` is aware; its zone is the reader's."""
    columns = (
        Column("MAPPING"),
        Column("VERSION"),
        Column("SINCE"),
        Column("BY", give=True, least=8),
        Column("WHAT", give=True, least=20),
    )
    rows = [
        (
            one.mapping if n == 0 else "",
            Cell(f"v{version.number}", GOOD if n == 0 else ""),
            words.since(version.since, now),
            version.by or "-",
            version.what,
        )
        for one in histories
        for n, version in enumerate(one.versions)
    ]
    page = table(columns, rows, width=width) if rows else [line("no mapping was ever in force")]
    for one in histories:
        page += _edited(one, width)
    return page


def _edited(one: HistoryLook, width: int) -> Page:
    if not one.edited:
        return []
    back = one.put_back
    told = f"is {back.what} by {back.by}" if back else "was edited"
    text = f"{one.file} {told}: in force once it is reloaded"
    return [*wrapped(line(("! ", WARN)), text, width=width), cure(RELOAD)]


def draw_change(told: Sequence[str], width: int = WIDTH) -> Page:
    """Lines that went and came."""
    page = [
        line((clip(printable(one), width), GOOD if one.startswith("+") else BAD))
        for one in told[:LINES]
    ]
    return [*page, *([line(f"and {len(told) - LINES} lines more")] if told[LINES:] else [])]


def draw_rolled(look: Rolled, now: datetime, width: int = WIDTH) -> Page:
    """What was put back, what stood there, and what makes it hold."""
    by = f" by {look.by}" if look.by else ""
    again = f"v{look.to}{by}, in force from {words.since(look.since, now)}"
    if not look.changed:
        return [
            *wrapped(line(), f"{look.file} says {again}, already", width=width),
            *([] if look.in_force == look.to else [cure(RELOAD)]),
        ]
    verb = "would be" if look.dry_run else "is"
    page = wrapped(line(), f"{look.file} {verb} {again}", width=width)
    page += draw_change(look.changed, width)
    if look.dry_run:
        return [*page, cure(f"sdsync mappings rollback {look.mapping} --to {look.to}")]
    if look.kept:
        page += wrapped(line(), f"what stood there is kept as {look.kept}", width=width)
    if look.in_force != look.to:
        page.append(line(f"v{look.in_force} is in force until it is reloaded"))
    page.append(cure(RELOAD))
    return page + [cure(f"sdsync remap {one}") for one in look.syncs]
