"""Where a command's words go: colours on a terminal, bare lines in a pipe, JSON on request."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 80

#: Wider lines are harder to read than a table that is cut.
WIDEST = 120


class Unwritten(Exception):  # noqa: N818 - named as what it reports
    """A stream takes no more words. ``gone``: only because its reader has had enough."""

    def __init__(self, cause: OSError) -> None:
        told = cause.strerror or str(cause)
        super().__init__(f"cannot write the output: {told[:1].lower()}{told[1:]}")
        self.gone = isinstance(cause, BrokenPipeError)


class Output:
    """One stream. Nothing but the sixteen named colours, and none where they are not wanted."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self._drawn = io.StringIO()
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """Made when first needed: most commands print little."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(
                file=self._drawn,
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
            self.write(f"{text}\n")
            return
        made = text.copy()
        made.rstrip()
        # Not to the stream itself: where a pipe is closed, rich would end the process with 1.
        self.console.print(made, crop=False, overflow="ignore", no_wrap=True)
        self.write(self._drawn.getvalue())
        self._drawn.seek(0)
        self._drawn.truncate()

    def json(self, value: object) -> None:
        """``value`` (dataclasses and instants too) as indented JSON."""
        self.write(_readable(as_json(value), self.stream.encoding))

    def write(self, text: str) -> None:
        """The text as it is."""
        with _noticed():
            self.stream.write(text)

    def copy(self, file: BinaryIO) -> None:
        """All bytes of a file as they are, whatever the stream's encoding."""
        with _noticed():
            self.stream.flush()
            shutil.copyfileobj(file, self.stream.buffer)
            self.stream.buffer.flush()

    def flush(self) -> None:
        """Let the reader have what was written so far."""
        with _noticed():
            self.stream.flush()


@contextmanager
def _noticed() -> Iterator[None]:
    """Tell a stream that fails from a file or a network that does."""
    try:
        yield
    except OSError as error:
        raise Unwritten(error) from error


def forgive(stream: TextIO) -> None:
    """Let a character that the stream's encoding lacks become a question mark, and no traceback."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
        stream.reconfigure(errors="replace")


def let_go(stream: TextIO) -> None:
    """Drop what a stream still holds and cannot write: the interpreter would try once more."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _readable(text: str, encoding: str | None) -> str:
    """JSON with escapes where the encoding lacks a character: nothing of a value is lost."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        import json

        return json.dumps(json.loads(text), indent=2) + "\n"
    return text


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
