"""What is kept no longer, on 80 columns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli import words
from sdsync.cli.looks.plans import PlanLook
from sdsync.cli.page import HEAD, WIDTH, Cell, Column, Page, clean, cure, ends, line, table, wrapped

if TYPE_CHECKING:
    from sdsync.sync.persons.retention import Forgotten

_LINES = (
    Column("N", align="right"),
    Column("WHAT"),
    Column("OLDER THAN"),
    Column("GO", align="right"),
    Column("", give=True),
)
_MEANS = {
    "audit": "records of the audit trail; a checkpoint stays",
    "values": "what fields held; who, when and why stays",
    "letters": "causes that were closed",
    "plans": "plans that are over",
    "events": "webhooks and what feeds reported",
}
#: Less than this inside the file is not worth a stop.
_MUCH = 100_000_000


def draw(look: PlanLook, now: datetime, width: int = WIDTH) -> Page:
    """A plan of retention: what goes, and the command that goes on."""
    by = f"approved by {look.approved_by}" if look.approved_by else f"by {look.by}"
    state = f"{look.state}, {clean(by)}, {words.since(look.at, now)}"
    page = [ends(line((f"{look.id}  ", HEAD), "retention"), state, width)]
    rows: list[tuple[str | Cell, ...]] = []
    for one in look.lines:
        told = one.told or (one.state if one.state == "done" else _MEANS.get(one.title, ""))
        number = look.counts.get(one.title, 0)
        rows.append((str(one.n), one.title, one.why, f"{number:,}", told))
    page += table(_LINES, rows, width=width)
    if not look.waiting:
        return [*page, line("nothing of it waits")]
    first = [cure(f"sdsync plan approve {look.id}")] if look.state == "open" else []
    return [*page, *first, cure(f"sdsync apply {look.id}")]


def draw_applied(done: Forgotten, width: int = WIDTH) -> Page:
    """What a run removed, and what became of the room."""
    gone = [f"{rows:,} {name}" for name, rows in done.rows.items()]
    page = [line((f"{done.plan}  ", HEAD), f"removed: {', '.join(gone) or 'nothing'}")]
    free = done.free_bytes
    if free:
        told = f"{words.size(free)} are free inside the database's file, and used again"
        page += wrapped(line(), told, width=width)
    if free is not None and free >= _MUCH:
        page.append(line("to give them back to the disk, while sdsync is stopped:"))
        page.append(cure("sqlite3 sdsync.db VACUUM"))
    return [*page, cure("sdsync audit verify")]
