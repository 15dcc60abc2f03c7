"""Lines of the timeline, as ``trace`` and the running daemon print them."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.story import Line
from sdsync.cli.page import GOOD, WARN, WIDTH, clean, clip, ends, line

_WHO = 6
_NAME = 10


def draw(one: Line, now: datetime, *, name: str | None = None, width: int = WIDTH) -> Text:
    """One line of 80 columns; what sdsync did itself has an arrow before it.

    Args:
        one: What happened.
        now: Aware; its zone is the reader's.
        name: The record's, where lines of several records are mixed.
        width: Of the page.
    """
    start = f"{words.instant(one.at, now)} {clip(one.who, 10):{_WHO}} "
    start += "" if name is None else f"{clip(name, 14):{_NAME}} "
    right = "" if one.duration_ms is None else f"{one.duration_ms} ms"
    if one.done:
        style = WARN if one.trouble else GOOD
        return ends(line(start, (f"> {clean(one.done)}", style)), right, width)
    return ends(line(start, (clean(one.seen), WARN if one.trouble else "")), right, width)
