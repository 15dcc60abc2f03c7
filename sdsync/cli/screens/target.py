"""A target beside what would be written there: short values in a line, texts as a diff."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.target import TargetLook, WouldLook
from sdsync.cli.page import WARN, clean, clip, line, wrapped
from sdsync.cli.screens.texts import is_text, unified
from sdsync.store.records import Json

#: Cells of a value beside another: enough to know it by.
VALUE = 200


def drawn(look: TargetLook, system: str, now: datetime, width: int) -> Iterator[Text]:
    """Its fields, indented; ``now`` is aware, its zone the reader's."""
    if look.silent is not None:
        seen = f"last seen {words.instant(look.seen_at, now)}:" if look.seen_at else "never seen"
        told = f"{system} {look.silent}; {seen}"
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


def _short(value: Json) -> str:
    return clip(words.value(value), VALUE)
