"""A mistake in a file that people edit: where it is, what was found, what was expected.

All problems are collected and shown at once, each on a line that an editor can
jump to; nothing is applied until there are none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Shown instead of a value that is, or may be, a secret.
HIDDEN = "(hidden)"

#: More lines than this help nobody; the summary still counts all.
SHOWN = 200

_LONGEST_VALUE = 60
_LONGEST_NAME = 64  # difflib's cost grows with both lengths
_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Twenty characters without a space that mix letters and digits: a token pasted
#: into the wrong key is likelier than a name.
_TOKEN_LIKE = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[^\s.:/]{20,}")
#: What stands before the @ of an address, when it holds a password.
_CREDENTIAL = re.compile(r"[^/\s@:\"']*:[^/\s@]*(?=@)")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1; line 0 is the file as a whole.

    ``found`` is a phrase ("unknown key") or, with ``expected``, what was found,
    as :func:`show` renders it. ``where`` is the key path, as :func:`dotted`
    renders it. ``nearest`` is the name that was probably meant.
    """

    file: str
    line: int
    column: int
    where: str
    found: str
    expected: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        spot = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        told = (
            self.found if self.expected is None else f"found {self.found}, {_hope(self.expected)}"
        )
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return printable(": ".join(part for part in (spot, self.where, told + hint) if part))


class ConfigError(Exception):
    """Files that cannot be used as they are. ``problems`` holds all, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = in_file_order(problems)
        super().__init__(render(self.problems))


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by file, line and column, without repeats."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda one: (one.file, one.line, one.column)))


def render(problems: Sequence[Problem]) -> str:
    """All problems, one a line, and the line that sums them up."""
    lines = [str(one) for one in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"… and {len(problems) - SHOWN:,} more")
    files = len({one.file for one in problems})
    lines.append(
        f"{count(len(problems), 'problem')} in {count(files, 'file')}. Nothing was changed."
    )
    return "\n".join(lines)


def nearest_name(name: object, names: Iterable[str]) -> str | None:
    """The one of ``names`` that was probably meant; None when none is near."""
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        return None
    by_folded = {one.casefold(): one for one in names}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[found[0]] if found and by_folded[found[0]] != name else None


def show(value: object) -> str:
    """A found value for a person: text in quotes, cut, and hidden if it looks like a token."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value) if -1e18 < value < 1e18 else "a number out of range"
        case str() if _TOKEN_LIKE.search(value):
            return HIDDEN
        case str():
            cut = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
            return f'"{cut}"'
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"a {type(value).__name__}"


def dotted(path: KeyPath) -> str:
    """A key path as it would be written: ``systems.desk.url``, ``examples[0].native``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if len(part) <= _LONGEST_NAME else part[:_LONGEST_NAME] + "…"
            name = name if _BARE.fullmatch(part) else f'"{name}"'
            text += f".{name}" if text else name
    return text


def one_of(names: Iterable[str]) -> str:
    """``low, high or critical``, in the order given."""
    *rest, last = list(names)
    return f"{', '.join(rest)} or {last}" if rest else last


def printable(text: str) -> str:
    """``text`` on one line, without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def repeated(text: str) -> str:
    """What somebody typed, on one line, as it may be said back: no credential of an address."""
    return printable(_CREDENTIAL.sub(HIDDEN, text) if "@" in text else text)


def count(number: int, noun: str) -> str:
    """``1 problem``, ``2 problems``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _hope(expected: str) -> str:
    return f"expected {expected}"
