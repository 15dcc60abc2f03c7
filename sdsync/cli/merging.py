"""The candidates of a conflict as one text to edit, and the values that come back of it.

Lines of ours begin with a mark that none of the texts has at the beginning of a line. The
parts in which the candidates differ stand between such lines, and whoever edits takes those
away: what still has one was not decided.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdsync.cli.page import clean
from sdsync.cli.screens.texts import COMPARED
from sdsync.mappings.typed import level


@dataclass(frozen=True, slots=True)
class Side:
    """One candidate: whose it is, in words, and its fields as texts."""

    label: str
    texts: Mapping[str, str]


class Undecided(ValueError):  # noqa: N818 - named as the thing that happened
    """The text cannot be taken as it is; the message says why."""


def mark_for(sides: Sequence[Side]) -> str:
    """``%%``, or longer: no line of any candidate begins with it."""
    lines = [row for one in sides for text in one.texts.values() for row in _rows(text)]
    mark = "%%"
    while any(row.startswith(mark) for row in lines):
        mark += "%"
    return mark


def merged(title: str, sides: Sequence[Side]) -> str:
    """One text of all candidates, what is equal in them said once."""
    mark = mark_for(sides)
    lines = [
        f"{mark} {clean(title)}",
        f"{mark} Make of it what shall stand on every side, and take the lines out that",
        f"{mark} begin with {mark} < or {mark} >. Left as it is, nothing is written.",
    ]
    for field in dict.fromkeys(name for one in sides for name in one.texts):
        lines.append(f"{mark} [{field}]")
        having = [one for one in sides if field in one.texts]
        lines += _parts([one.label for one in having], [one.texts[field] for one in having], mark)
    return "\n".join(lines) + "\n"


def _parts(labels: Sequence[str], texts: Sequence[str], mark: str) -> Iterator[str]:
    split = [_rows(one) for one in texts]
    if all(one == split[0] for one in split):
        yield from split[0]
    elif len(split) == 2:
        yield from _two(labels, split[0], split[1], mark)
    else:
        yield from _apart(labels, split, mark)


def _two(
    labels: Sequence[str], left: Sequence[str], right: Sequence[str], mark: str
) -> Iterator[str]:
    if max(len(left), len(right)) > COMPARED:  # the cost grows with the square
        yield from _apart(labels, [left, right], mark)
        return
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield from left[i1:i2]
        else:
            yield from _apart(labels, [left[i1:i2], right[j1:j2]], mark)


def _apart(labels: Sequence[str], parts: Sequence[Sequence[str]], mark: str) -> Iterator[str]:
    for label, rows in zip(labels, parts, strict=True):
        yield f"{mark} < {clean(label)}"
        yield from rows
    yield f"{mark} > end"


def read_back(text: str, sides: Sequence[Side]) -> dict[str, str]:
    """The text of each field.

    Raises:
        Undecided: A part was not decided, or a field's line is gone or there twice.
    """
    mark = mark_for(sides)
    fields = dict.fromkeys(name for one in sides for name in one.texts)
    found: dict[str, list[str]] = {}
    rows: list[str] | None = None
    for number, row in enumerate(_rows(text), 1):
        ours = row.startswith(mark) and row[len(mark) :].strip()
        if ours is False:
            if rows is not None:
                rows.append(row)
        elif ours[:1] in ("<", ">"):
            raise Undecided(f"line {number} is not decided: {clean(row)}")
        elif ours[:1] == "[" and ours[-1:] == "]":
            rows = _begun(ours[1:-1], found, fields)
        elif rows is not None:
            raise Undecided(f"line {number} begins with {mark}, as only our own do: {clean(row)}")
    missing = [name for name in fields if name not in found]
    if missing:
        raise Undecided(f"the line {mark} [{missing[0]}] is gone")
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def _begun(name: str, found: dict[str, list[str]], fields: Mapping[str, None]) -> list[str]:
    if name not in fields:
        raise Undecided(f"{clean(name)} is no field of this conflict")
    if name in found:
        raise Undecided(f"{name} is there twice")
    return found.setdefault(name, [])


def same(text: str, value: str) -> bool:
    """Whether a text came back as it went out, apart from empty lines around it and line ends."""
    return text.strip("\n") == level(value).strip("\n")


def _rows(text: str) -> list[str]:
    """Its lines; what else divides lines, such as U+2028, is a letter of its text."""
    return level(text).removesuffix("\n").split("\n") if text else []


def labels_of(by: str | None, at: str, system: str) -> str:
    """``desk, by ann, 02:51``."""
    return ", ".join(one for one in (system, f"by {by}" if by else "", at) if one)
