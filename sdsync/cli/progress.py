"""A bar on one line of a terminal, gone in the end; nothing at all in a pipe."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 24
#: Often enough to be seen moving, seldom enough to cost nothing.
EVERY_S = 0.1


class Bar:
    """Tells how far something is. Made for standard error, so that output stays clean."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._shown = not quiet and stream.isatty()
        self._drawn_at = 0.0
        self._length = 0

    def told(self, what: str, done: int, of: int) -> None:
        """``done`` of ``of``; 0 when nobody knows of how much."""
        now = time.monotonic()
        if not self._shown or (now - self._drawn_at < EVERY_S and done != of):
            return
        self._drawn_at = now
        self._draw(line_of(what, done, of))

    def clear(self) -> None:
        """Leave the line empty for what comes next."""
        if self._length:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        self._stream.write(f"\r{text}{' ' * (self._length - len(text))}")
        self._stream.flush()
        self._length = len(text)


def line_of(what: str, done: int, of: int) -> str:
    """``carried out  [######------]  6 of 12``; without a bar when the end is not known."""
    if of <= 0:
        return f"{what}  {done:,}"
    full = WIDTH * min(done, of) // of
    return f"{what}  [{'#' * full}{'-' * (WIDTH - full)}]  {done:,} of {of:,}"
