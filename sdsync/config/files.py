"""Read a text file that people edit: bounded, UTF-8, and never a surprise."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

from sdsync.config.problems import ConfigError, Problem

#: No configuration that a person wrote comes near it.
LIMIT_BYTES = 1024 * 1024

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, name: str, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """The file's text; a UTF-8 byte order mark is dropped and CRLF becomes LF.

    Args:
        path: Has to be a plain file: a pipe or device would block or never end.
        name: What problems call the file.
        limit_bytes: No more than one byte beyond it is ever read.

    Raises:
        ConfigError: The file is not there, not readable, too large or no text.
    """
    try:
        read = read_plain(path, limit_bytes + 1)
    except OSError as error:
        raise ConfigError([_whole(name, _reason(error))]) from None
    if read is None:
        raise ConfigError([_whole(name, "a folder or device", "a plain file")])
    return decode(read[0], name, limit_bytes=limit_bytes)


def decode(data: bytes, name: str, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """Bytes as text, by the same rules as :func:`read_text`."""
    if len(data) > limit_bytes:
        raise ConfigError([_whole(name, f"larger than {limit_bytes // 1024:,} KiB")])
    if data.startswith(_WIDE_MARKS):
        raise ConfigError([_whole(name, "this is UTF-16; save it as UTF-8")])
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _spot(data[: error.start].decode("utf-8"))
        found = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError([Problem(name, line, column, "", found)]) from None
    if "\0" in text:
        line, column = _spot(text[: text.index("\0")])
        raise ConfigError([Problem(name, line, column, "", "a NUL byte: this is no text file")])
    return text.replace("\r\n", "\n")


def read_plain(path: Path, count: int) -> tuple[bytes, int] | None:
    """At most ``count`` bytes and the mode of the file that they came from.

    None when it is no plain file. Never waits for a writer.

    Raises:
        OSError: It cannot be opened or read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(count), mode
    finally:
        os.close(handle)


def _whole(name: str, found: str, expected: str | None = None) -> Problem:
    return Problem(name, 0, 0, "", found, expected)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {(error.strerror or 'unknown reason').lower()}"


def _spot(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
