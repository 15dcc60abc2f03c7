"""The file of ``sdsync connect --pairs``: two columns, each pair of records a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdsync.config.files import read_text
from sdsync.config.problems import ConfigError, Problem, nearest_name, one_of, show

LIMIT_BYTES = 8 * 1024 * 1024
MAX_PAIRS = 100_000
_PAIR = 2
#: ``4711``, ``desk#4711``, ``infra#882``: what stands after the last # is the id.
_NAME = re.compile(r"(?:[^#\s]+#|#)?([^#\s]+)")


def read_pairs(path: Path, name: str, systems: Sequence[str]) -> list[dict[str, str]]:
    """Per line the id of each system's record; empty lines are left out.

    The first line names the two systems. A pair that stands there twice counts once.

    Args:
        name: What problems call the file.
        systems: Those that may be joined.

    Raises:
        ConfigError: All that is wrong with it, each with line and column.
    """
    text = read_text(path, name, limit_bytes=LIMIT_BYTES)
    lines = _lines(text, name)
    first = next(lines, None)
    if first is None:
        raise ConfigError([Problem(name, 1, 1, "", "empty", _expected(systems))])
    reader = _Rows(name, text.splitlines(), systems)
    head = reader.head(*first)
    if reader.problems:
        raise ConfigError(reader.problems)
    for line, cells in lines:
        reader.add(line, cells, head)
    if reader.problems:
        raise ConfigError(reader.problems)
    return list(reader.rows)


class _Rows:
    """Collects pairs, and what is wrong with them."""

    def __init__(self, name: str, lines: Sequence[str], systems: Sequence[str]) -> None:
        self.problems: list[Problem] = []
        self._name, self._lines, self._systems = name, lines, systems
        self._pairs: dict[tuple[str, ...], dict[str, str]] = {}

    @property
    def rows(self) -> Sequence[dict[str, str]]:
        """The pairs, in order."""
        return list(self._pairs.values())

    def head(self, line: int, cells: list[str]) -> list[str]:
        """The first line: two systems of the sync."""
        if len(cells) != _PAIR:
            self._refuse(line, 1, _counted(len(cells)), _expected(self._systems))
            return cells
        for at, cell in enumerate(cells):
            if cell not in self._systems:
                near = nearest_name(cell, self._systems)
                column = self._column(line, cells, at)
                self._refuse(line, column, show(cell), one_of(self._systems), near)
        if not self.problems and cells[0] == cells[1]:
            self._refuse(
                line, self._column(line, cells, 1), f"{show(cells[0])} twice", "two systems"
            )
        return cells

    def add(self, line: int, cells: list[str], head: Sequence[str]) -> None:
        """One pair."""
        if len(cells) != _PAIR:
            self._refuse(
                line, 1, _counted(len(cells)), f"two: a record of {' and one of '.join(head)}"
            )
            return
        ids: list[str] = []
        for at, cell in enumerate(cells):
            found = _NAME.fullmatch(cell)
            if found is None:
                expected = f"a record of {head[at]}, as 4711 or {head[at]}#4711"
                told = show(cell) if cell else "nothing"
                self._refuse(line, self._column(line, cells, at), told, expected)
            elif "#" in cell and cell.partition("#")[0] in set(head) - {head[at]}:
                self._refuse(
                    line, self._column(line, cells, at), show(cell), f"a record of {head[at]}"
                )
            else:
                ids.append(found[1])
        if len(ids) == _PAIR:
            self._pairs[tuple(ids)] = dict(zip(head, ids, strict=True))

    def _column(self, line: int, cells: Sequence[str], at: int) -> int:
        """Where a cell begins; the line's own begin where quotes hide it."""
        raw = self._lines[line - 1] if line <= len(self._lines) else ""
        start = raw.find(",") + 1 if at else 0
        found = raw.find(cells[at], start) if cells[at] else start
        return max(found, start) + 1

    def _refuse(
        self, line: int, column: int, found: str, expected: str, near: str | None = None
    ) -> None:
        self.problems.append(Problem(self._name, line, column, "", found, expected, near))


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not empty, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start, count = 1, 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                count += 1
                yield start, [cell.strip() for cell in cells]
            start = reader.line_num + 1
            if count > MAX_PAIRS:
                raise ConfigError([Problem(name, start, 1, "", f"more than {MAX_PAIRS:,} pairs")])
    except csv.Error as error:
        raise ConfigError([Problem(name, start, 1, "", f"not valid CSV: {error}")]) from None


def _counted(cells: int) -> str:
    return f"{cells} cell{'' if cells == 1 else 's'}"


def _expected(systems: Sequence[str]) -> str:
    return f"a first line that names the two systems: {','.join(systems[:2])}"
