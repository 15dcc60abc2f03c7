"""Two texts beside each other, or one as a diff of the other."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from sdsync.cli.page import BAD, GOOD, HEAD, WARN, clean, clip, line
from sdsync.store.records import Json

#: Beyond it, or with line feeds, a value is a text.
LINE = 60
#: Lines of a comparison that are told.
LINES = 60
#: … that are compared, and letters of a line: enough for those that are told.
COMPARED, LONGEST = 1_000, 10_000
_GAP = 3


def is_text(value: Json) -> bool:
    """Whether the value is too long, or has too many lines, for a line of its own."""
    return isinstance(value, str) and (len(value) > LINE or "\n" in value.strip())


def unified(old: str, new: str, width: int, *, indent: int) -> Iterator[Text]:
    """The lines that differ, with two around them; one that is too long goes on in the next."""
    room = width - indent - 1
    made = difflib.unified_diff(_wrapped(old, room), _wrapped(new, room), n=2, lineterm="")
    rows = [one for one in made if not one.startswith(("---", "+++"))]
    for row in rows[:LINES]:
        style = {"+": GOOD, "-": BAD, "@": WARN}.get(row[:1], "")
        yield line(" " * indent, (row, style))
    if len(rows) > LINES:
        yield line(" " * indent, f"and {len(rows) - LINES:,} lines more")


def beside(
    left: tuple[str, str], right: tuple[str, str], width: int, *, indent: int
) -> Iterator[Text]:
    """Two texts in two columns, each under its title; ``|`` stands where they differ.

    Args:
        left: Its title and its text.
        right: As ``left``.
        width: Of the page.
        indent: Of all lines.
    """
    room = (width - indent - _GAP) // 2
    yield _row(
        " " * indent, clip(clean(left[0]), room), " ", clip(clean(right[0]), room), room, HEAD
    )
    rows = list(_pairs(_wrapped(left[1], room), _wrapped(right[1], room)))
    for one, mark, other in rows[:LINES]:
        yield _row(" " * indent, one, mark, other, room, WARN if mark.strip() else "")
    if len(rows) > LINES:
        yield line(" " * indent, f"and {len(rows) - LINES:,} lines more")


def _row(indent: str, one: str, mark: str, other: str, room: int, style: str) -> Text:
    pad = " " * (room - cell_len(one))
    made = line(indent, (one, style), pad, f" {mark} ", (other, style))
    made.rstrip()
    return made


def _pairs(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        mark = " " if tag == "equal" else "|"
        for n in range(max(i2 - i1, j2 - j1)):
            one = left[i1 + n] if i1 + n < i2 else ""
            other = right[j1 + n] if j1 + n < j2 else ""
            yield one, mark, other


def _wrapped(text: str, room: int) -> list[str]:
    """The first lines of a text in a column; one that is too long goes on in the next."""
    rows: list[str] = []
    for row in text.splitlines():
        if len(rows) > COMPARED:
            break
        rows += _broken(bare(row[:LONGEST]), room)
    return rows


def _broken(row: str, room: int) -> Iterator[str]:
    rest = row
    while cell_len(rest) > room:
        cut = min(len(rest), room)
        while cell_len(rest[:cut]) > room:
            cut -= 1
        blank = rest.rfind(" ", 0, cut + 1)
        cut = blank if blank > 0 else max(1, cut)
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    yield rest


def bare(text: str) -> str:
    """One line without anything that a terminal obeys; its blanks stay."""
    return "".join(one if one.isprintable() else clean(repr(one)[1:-1]) for one in text)
