"""Tables of ``[tables]``: CSV files whose first column is the key."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdsync.config.files import decode, read_text
from sdsync.config.problems import ConfigError, Problem, count, show

LIMIT_BYTES = 8 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read. ``rows`` are by key; a row holds the key's own column too.

    ``digest`` changes with the content, so that a mapping made of it can tell.
    """

    file: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]
    lines: Mapping[str, int]  # key -> line
    digest: str

    @property
    def key(self) -> str:
        """The name of the first column."""
        return self.columns[0]


def read_table(source: Path | str, name: str) -> Table:
    """Read a CSV file (a path) or text: a head line, commas, quotes as usual.

    Cells are stripped of blanks around them; empty lines are left out.

    Raises:
        ConfigError: All that is wrong with it, with line numbers.
    """
    if isinstance(source, Path):
        text = read_text(source, name, limit_bytes=LIMIT_BYTES)
    else:
        text = decode(source.encode("utf-8", "surrogatepass"), name, limit_bytes=LIMIT_BYTES)
    lines = _lines(text, name)
    if not lines:
        raise ConfigError([Problem(name, 1, 1, "", "empty; the first line names the columns")])
    problems = _head(name, *lines[0])
    if problems:
        raise ConfigError(problems)
    columns = tuple(lines[0][1])
    reader = _Rows(name, columns)
    for line, cells in lines[1:]:
        reader.add(line, cells)
    if reader.problems:
        raise ConfigError(reader.problems)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Table(name, columns, reader.rows, reader.lines, digest)


class _Rows:
    """Collects rows, and what is wrong with them."""

    def __init__(self, name: str, columns: tuple[str, ...]) -> None:
        self.name = name
        self.columns = columns
        self.rows: dict[str, dict[str, str]] = {}
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def add(self, line: int, cells: list[str]) -> None:
        """One line of the file, as cells."""
        key = cells[0]
        if len(cells) != len(self.columns):
            self._refuse(line, count(len(cells), "cell"), f"{len(self.columns)}: {self._names()}")
        elif not key:
            self._refuse(line, f"no {self.columns[0]}", "a key in the first column")
        elif key in self.rows:
            found = f"{show(key)} a second time, first in line {self.lines[key]}"
            self._refuse(line, found, "each key once")
        else:
            self.rows[key] = dict(zip(self.columns, cells, strict=True))
            self.lines[key] = line

    def _names(self) -> str:
        return ", ".join(self.columns[:8]) + (", …" if len(self.columns) > 8 else "")

    def _refuse(self, line: int, found: str, expected: str) -> None:
        self.problems.append(Problem(self.name, line, 1, "", found, expected))


def _lines(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Lines that are not empty, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
            if len(lines) > MAX_ROWS:
                raise ConfigError([Problem(name, start, 1, "", f"more than {MAX_ROWS:,} rows")])
    except csv.Error as error:
        raise ConfigError([Problem(name, start, 1, "", f"not valid CSV: {error}")]) from None
    return lines


def _head(name: str, line: int, columns: list[str]) -> list[Problem]:
    if len(columns) == 1 and ";" in columns[0]:
        return [Problem(name, line, 1, "", "columns parted by ;", "columns parted by commas")]
    if len(columns) > MAX_COLUMNS:
        return [Problem(name, line, 1, "", f"{len(columns)} columns", f"at most {MAX_COLUMNS}")]
    problems = []
    for i, column in enumerate(columns):
        if not column:
            found = f"no name for column {i + 1}"
            problems.append(Problem(name, line, 1, "", found, "a name for each"))
        elif column in columns[:i]:
            problems.append(Problem(name, line, 1, "", f"{show(column)} twice", "each column once"))
    return problems
