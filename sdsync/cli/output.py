"""Where a command's words go: colours on a terminal, bare lines in a pipe, JSON on request."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 80

#: Wider lines are harder to read than a table that is cut.
WIDEST = 120


class Output:
    """One stream. Nothing but the sixteen named colours, and none where they are not wanted."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """Made when first needed: most commands print little."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(
                file=self.stream,
                highlight=False,
                markup=False,
                emoji=False,
                soft_wrap=True,
                color_system="standard" if colours(self.stream) else None,
                force_terminal=colours(self.stream),
            )
        return self._console

    @property
    def width(self) -> int:
        """Of a page: what the terminal has, within reason; 80 in a pipe."""
        if not self.stream.isatty():
            return WIDTH
        return min(max(self.console.size.width, WIDTH), WIDEST)

    def page(self, page: list[Text]) -> None:
        """A whole screen."""
        for one in page:
            self.line(one)

    def line(self, text: Text | str) -> None:
        """One line, without blanks at its end."""
        if isinstance(text, str):
            self.stream.write(f"{text}\n")
            return
        made = text.copy()
        made.rstrip()
        self.console.print(made, crop=False, overflow="ignore", no_wrap=True)

    def json(self, value: object) -> None:
        """``value`` (dataclasses and instants too) as indented JSON."""
        self.stream.write(as_json(value))


def as_json(value: object) -> str:
    """JSON with a line feed at its end; keys in the order of their fields."""
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(value, default=_plain, option=option).decode()


def colours(stream: TextIO) -> bool:
    """Whether the stream takes colours: a terminal, unless the environment says otherwise."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
