"""A target beside what would be written there: short values in a line, texts as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.target import TargetLook, WouldLook
from sdsync.cli.page import BAD, GOOD, WARN, clean, clip, line, wrapped
from sdsync.store.records import Json

#: Cells of a value beside another: enough to know it by.
VALUE = 200
#: Beyond it, or with line feeds, a value is a text.
LINE = 60
#: Lines of a diff that are told.
LINES = 40


def drawn(look: TargetLook, system: str, now: datetime, width: int) -> Iterator[Text]:
    """Its fields, indented; ``now`` is aware, its zone the reader's."""
    if look.silent is not None:
        seen = words.instant(look.seen_at, now) if look.seen_at else "never"
        told = f"{system} {look.silent}; last seen {seen}:"
        yield from wrapped(line(("   ", WARN)), told, width=width)
    for one in look.fields:
        yield from _field(one, system, "has" if look.live else "had", width)


def _field(one: WouldLook, system: str, has: str, width: int) -> Iterator[Text]:
    name = one.field if one.field == one.path else f"{one.field} ({one.path})"
    if one.would is None and one.why is not None:
        told = f"{name}: {system} {has} {_short(one.now)}; cannot be written: {one.why}"
        yield from wrapped(line("   "), told, width=width, indent=5)
        return
    if one.now == one.would:
        told = f"{name}: {system} {has} {_short(one.now)}, as it shall be"
        yield from wrapped(line("   "), told, width=width, indent=5)
        return
    if is_text(one.now) or is_text(one.would):
        yield line(f"   {clean(name)}: - what {system} {has}, + what would be written")
        yield from unified(str(one.now or ""), str(one.would or ""), width, indent=5)
    else:
        told = f"{name}: {system} {has} {_short(one.now)}, would get {_short(one.would)}"
        yield from wrapped(line("   "), told, width=width, indent=5)
    if one.why:
        yield from wrapped(line("     "), one.why, width=width)


def is_text(value: Json) -> bool:
    """Whether the value is too long, or has too many lines, for a line of its own."""
    return isinstance(value, str) and (len(value) > LINE or "\n" in value.strip())


def unified(old: str, new: str, width: int, *, indent: int) -> Iterator[Text]:
    """The lines that differ, with two around them; what is longer than the page is cut."""
    made = difflib.unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")
    rows = [one for one in made if not one.startswith(("---", "+++"))]
    for row in rows[:LINES]:
        style = {"+": GOOD, "-": BAD, "@": WARN}.get(row[:1], "")
        # Only what leads is ours: the rest is somebody's text.
        text = row[:1] + clip(_bare(row[1:]), width - indent - 1)
        yield line(" " * indent, (text, style))
    if len(rows) > LINES:
        yield line(" " * indent, f"and {len(rows) - LINES:,} lines more")


def _bare(text: str) -> str:
    """One line without anything that a terminal obeys; its blanks stay."""
    return "".join(one if one.isprintable() else clean(repr(one)[1:-1]) for one in text)


def _short(value: Json) -> str:
    return clip(words.value(value), VALUE)
