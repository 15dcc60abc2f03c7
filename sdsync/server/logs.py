"""Logs as JSON lines, scrubbed: one place where every line passes, whoever wrote it."""

from __future__ import annotations

import base64
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from json import dumps
from typing import Any, TextIO
from urllib.parse import quote

import orjson
import structlog

from sdsync.config.problems import printable

HIDDEN = "(hidden)"
#: Libraries whose lines hold addresses with their query, or repeat what we say ourselves.
SILENT = ("httpx", "httpcore", "uvicorn", "uvicorn.error", "uvicorn.access", "dramatiq", "pika")
SHORTEST = 4  # a shorter "secret" would black out half of every line
_KEYS = re.compile(
    r"token|secret|passw|authorization|cookie|api.?key|credential|signature|bearer", re.IGNORECASE
)
_IN_URL = re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]*(?=@)")
DEPTH = 6


class Scrubber:
    """Hides values by the name of their key, and known secrets wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Hide this value from now on, also as it stands in URLs and in basic auth."""
        coded = base64.b64encode(secret.encode()).decode().rstrip("=")
        forms = {secret, quote(secret, safe=""), coded, *secret.split()}
        with self._lock:
            self._known |= {form for form in forms if len(form) >= SHORTEST}
            longest_first = sorted(self._known, key=len, reverse=True)
            joined = "|".join(re.escape(form) for form in longest_first)
            self._pattern = re.compile(joined) if joined else None

    def __call__(
        self, _logger: object, _method: str, line: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        """The line without secrets: a processor of structlog."""
        return {self._text(str(key)): self._value(key, value) for key, value in line.items()}

    def text(self, text: str) -> str:
        """A text without secrets, for what is no log line."""
        return self._text(text)

    def _value(self, key: object, value: Any, depth: int = 0) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(key, str) and _KEYS.search(key):
            return HIDDEN
        if isinstance(value, str):
            return self._text(value)
        if depth >= DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return {self._text(str(k)): self._value(k, v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(None, one, depth + 1) for one in value]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        return _IN_URL.sub(HIDDEN, text) if "://" in text else text


class Outlet:
    """Where lines leave the process; whoever logs never hears that one could not.

    A full disk, or a pipe whose reader ended, may be nothing but the log's own trouble:
    what runs, and logs on its way, goes on. A line that cannot be written is lost and
    counted, and the first that can be is preceded by one that tells the count.
    """

    def __init__(self, stream: TextIO, told: Callable[[int], str]) -> None:
        """``told``: the line that says how many were lost."""
        self._stream, self._told = stream, told
        self._lost = 0
        self._torn = False  # the last line stands there in part
        # A line may be logged in the middle of a line, by what is collected as garbage.
        self._lock = threading.RLock()

    def __call__(self, *_: object) -> Outlet:
        """Its own logger: structlog asks for one at each line."""
        return self

    def msg(self, line: str) -> None:
        """Write a line, or count it."""
        with self._lock:
            try:
                if self._lost:
                    self._write(self._told(self._lost))
                    self._lost = 0
                self._write(line)
            except (OSError, ValueError):  # ValueError: the stream is closed
                self._lost += 1

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg

    def _write(self, line: str) -> None:
        number = _number_of(self._stream)
        if number is None:
            self._stream.write(f"{line}\n")
            self._stream.flush()
            return
        # Past the stream's buffer: it would keep what the disk refused, write it later all
        # the same, and make an exit code of what it still has at the end.
        left = f"{line}\n".encode("utf-8", "backslashreplace")
        left = b"\n" + left if self._torn else left
        while left:
            left = left[os.write(number, left) :]
            self._torn = bool(left)


def _number_of(stream: TextIO) -> int | None:
    """The file behind a stream; None for one in memory.

    Raises:
        ValueError: It is closed.
    """
    try:
        return stream.fileno()
    except OSError:  # io.UnsupportedOperation, which is a ValueError too
        return None


def configure(
    level: str = "info",
    *,
    scrubber: Scrubber,
    json: bool = True,
    stream: TextIO | None = None,
) -> None:
    """Set structlog and the standard library's logging up, for this process.

    Args:
        level: debug, info, warning or error.
        scrubber: Sees every line last before it is rendered.
        json: One JSON object per line; else text for a terminal.
        stream: Where to; standard error by default.
    """
    sink: TextIO = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrubber,
        *([_as_json] if json else [_inert, structlog.dev.ConsoleRenderer(colors=sink.isatty())]),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=Outlet(sink, partial(_resumed, processors)),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_ToStructlog()]
    root.setLevel(max(number, logging.WARNING))
    for name in SILENT:
        silenced = logging.getLogger(name)
        silenced.handlers, silenced.propagate = [logging.NullHandler()], False
        silenced.setLevel(logging.CRITICAL + 1)


def _resumed(processors: Sequence[structlog.typing.Processor], lost: int) -> str:
    line: Any = {"event": "log.resumed", "lost_lines": lost}
    for processor in processors:
        line = processor(None, "warning", line)
    return str(line)


def _as_json(_logger: object, _method: str, line: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # a text that is no UTF-8, a number of more than 64 bits
        return dumps(line, default=str)


def _inert(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The line as a terminal may see it; a traceback keeps its line ends."""
    for key, value in line.items():
        if isinstance(value, str):
            rows = value.split("\n") if key in ("exception", "stack") else [value]
            line[key] = "\n".join(map(printable, rows))
    return line


class _ToStructlog(logging.Handler):
    """Lines of libraries take the same way, through the same scrubber."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = structlog.get_logger()
            exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
            log.log(
                record.levelno, "library.said", logger=record.name,
                said=record.getMessage(), **({"exc_info": exc_info} if exc_info else {}),
            )  # fmt: skip
        except Exception:  # logging must not end what it speaks of
            self.handleError(record)
