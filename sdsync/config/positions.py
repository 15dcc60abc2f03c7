"""TOML with places: the values as ``tomllib`` reads them, and where each stands.

``tomllib`` tells no places, so the text is scanned a second time. The scanner
does not check TOML's rules; where the text is no TOML it stops, and ``tomllib``
says why. It runs first: it bounds the depth before a parser recurses, and it
sees every second key, of which ``tomllib`` would tell one line only.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdsync.config.files import decode, read_text
from sdsync.config.places import Lines, Place, Places
from sdsync.config.problems import ConfigError, KeyPath, Problem, dotted

#: Far above any real file; a parser that recurses must not meet more.
MAX_DEPTH = 32
MAX_KEYS = 20_000

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}#\n]+")
#: How ``tomllib`` begins what it says of a second key.
_SAME_KEY = (
    "Cannot overwrite",
    "Cannot declare",
    "Duplicate inline",
    "Cannot mutate",
    "Cannot redefine",
)
_PLAINER = {
    "Invalid value": "no value of TOML; text needs quotes",
    "Illegal character '\\n'": "a text that does not end on its line",
}
_SYNTAX_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file as read: ``values`` are plain, ``places`` tell where each key stands."""

    name: str
    values: dict[str, Any]
    places: Places


class _NotTomlError(Exception):
    """The scanner cannot go on; ``tomllib`` will say why."""


class _TooMuchError(Exception):
    def __init__(self, offset: int, found: str) -> None:
        self.offset = offset
        self.found = found


def read_toml(source: Path | str, name: str) -> Document:
    """Read a TOML file (a path) or text.

    Raises:
        ConfigError: The file cannot be read, is no TOML, has a key twice, or is
            too large, too deep or has too many keys.
    """
    if isinstance(source, Path):
        text = read_text(source, name)
    else:
        text = decode(source.encode("utf-8", "surrogatepass"), name)
    scan = _Scan(text)
    try:
        scan.document()
    except _NotTomlError:
        pass
    except _TooMuchError as error:
        line, column = scan.lines.at(error.offset)
        raise ConfigError([Problem(name, line, column, "", error.found)]) from None
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        twice = scan.twice(name)
        if twice and str(error).startswith(_SAME_KEY):
            raise ConfigError(twice) from None
        raise ConfigError([*twice, _syntax(name, text, error)]) from None
    return Document(name, values, scan.places)


def _syntax(name: str, text: str, error: Exception) -> Problem:
    message = str(error)
    at = _SYNTAX_AT.search(message)
    if at:
        line, column = int(at[1]), int(at[2])
    else:
        line, column = Lines(text).at(len(text))
        line, column = (line, column) if "end of document" in message else (1, 1)
    told = re.sub(r" \(at [^()]*\)$", "", message)
    if not isinstance(error, tomllib.TOMLDecodeError):
        told = "a value is out of range"  # of int() or of the stack
    return Problem(name, line, column, "", f"not valid TOML: {_PLAINER.get(told, told)}")


@dataclass
class _Scan:
    """One pass over the text. ``places`` holds what was seen before it stopped."""

    text: str
    lines: Lines = field(init=False)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    _pos: int = 0
    _rows: dict[KeyPath, int] = field(default_factory=dict)  # arrays of tables: last index
    _given: dict[KeyPath, int] = field(default_factory=dict)  # key that has a value -> offset
    _again: list[tuple[KeyPath, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(self.text)
        self.places[()] = Place(1, 1, 1, 1, ())

    def twice(self, name: str) -> list[Problem]:
        """A problem for each key that was given a second time."""
        found = []
        tables = {path for path, _, _ in self._again}
        for path, first, again in self._again:
            if any(path[:i] in tables for i in range(1, len(path))):
                continue  # a key of a table that is itself there twice
            line, column = self.lines.at(again)
            told = f"written twice, first in line {self.lines.at(first)[0]}"
            found.append(Problem(name, line, column, dotted(path), told))
        return found

    def document(self) -> None:
        """Scan to the end of the text."""
        table: KeyPath = ()
        while True:
            self._skip(_BLANK)
            if self._pos >= len(self.text):
                return
            if self._peek("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        start = self._pos
        brackets = 2 if self._peek("[[") else 1
        self._pos += brackets
        path: KeyPath = ()
        parts = self._key()
        for i, (part, offset) in enumerate(parts):
            path = (*path, part)
            last = i == len(parts) - 1
            if not last and path in self._rows:
                path = (*path, self._rows[path])
                continue
            spot = start if last else offset
            self._note(path, spot, spot)
        if brackets == 2:
            self._rows[path] = self._rows.get(path, -1) + 1
            path = (*path, self._rows[path])
            self._note(path, start, start)
        else:
            self._give(path, start)
        self._pos += brackets
        return path

    def _pair(self, table: KeyPath, depth: int = 0) -> None:
        path = table
        parts = self._key()
        for part, offset in parts:
            path = (*path, part)
            self._note(path, offset, offset)
        self._take("=")
        self._skip(_SPACE)
        first = parts[-1][1]
        self._give(path, first)
        known = self.places[path]
        line, column = self.lines.at(self._pos)
        self.places[path] = Place(known.line, known.column, line, column, path)
        self._value(path, depth)

    def _key(self) -> list[tuple[str, int]]:
        parts: list[tuple[str, int]] = []
        while True:
            self._skip(_SPACE)
            offset = self._pos
            if self._peek('"') or self._peek("'"):
                parts.append((self._quoted(), offset))
            else:
                parts.append((self._match(_BARE_KEY), offset))
            if len(parts) > MAX_DEPTH:
                raise _TooMuchError(offset, f"nested deeper than {MAX_DEPTH} levels")
            self._skip(_SPACE)
            if not self._peek("."):
                return parts
            self._pos += 1

    def _value(self, path: KeyPath, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _TooMuchError(self._pos, f"nested deeper than {MAX_DEPTH} levels")
        if self._peek('"') or self._peek("'"):
            self._match(_STRING)
        elif self._peek("["):
            self._array(path, depth)
        elif self._peek("{"):
            self._inline(path, depth)
        else:
            self._match(_PLAIN)

    def _array(self, path: KeyPath, depth: int) -> None:
        self._pos += 1
        index = 0
        self._skip(_BLANK)
        while not self._peek("]"):
            self._note((*path, index), self._pos, self._pos)
            self._value((*path, index), depth + 1)
            index += 1
            self._skip(_BLANK)
            if not self._peek("]"):
                self._take(",")
                self._skip(_BLANK)
        self._pos += 1

    def _inline(self, path: KeyPath, depth: int) -> None:
        self._pos += 1
        self._skip(_BLANK)
        while not self._peek("}"):
            self._pair(path, depth + 1)
            self._skip(_BLANK)
            if not self._peek("}"):
                self._take(",")
                self._skip(_BLANK)
        self._pos += 1

    def _note(self, path: KeyPath, key: int, value: int) -> None:
        if path in self.places:
            return
        if len(path) > MAX_DEPTH:
            raise _TooMuchError(key, f"nested deeper than {MAX_DEPTH} levels")
        if len(self.places) >= MAX_KEYS:
            raise _TooMuchError(key, f"more than {MAX_KEYS:,} keys and list items")
        self.places[path] = Place(*self.lines.at(key), *self.lines.at(value), path)

    def _give(self, path: KeyPath, offset: int) -> None:
        if path in self._given:
            self._again.append((path, self._given[path], offset))
        else:
            self._given[path] = offset

    def _quoted(self) -> str:
        literal = self._match(_STRING)
        try:
            value = tomllib.loads(f"key = {literal}")["key"]
        except ValueError:
            raise _NotTomlError from None
        return str(value)

    def _peek(self, mark: str) -> bool:
        return self.text.startswith(mark, self._pos)

    def _take(self, mark: str) -> None:
        if not self._peek(mark):
            raise _NotTomlError
        self._pos += len(mark)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self._pos)
        self._pos = found.end() if found else self._pos

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self._pos)
        if not found or found.end() == self._pos:
            raise _NotTomlError
        self._pos = found.end()
        return found[0]
