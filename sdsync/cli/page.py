"""Lines of text on a page of fixed width: what every screen is made of.

A screen is a list of lines, made without knowing whether a terminal, a pipe or
a test will read it. Styles are the sixteen named colours only, so that dark and
light terminals decide themselves what they look like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from sdsync.cli.output import WIDTH as WIDTH
from sdsync.config.problems import printable

HEAD = "bold"
CURE = "cyan"
GOOD = "green"
WARN = "yellow"
BAD = "red"

Page = list[Text]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``give`` columns are cut, in order, when the page is too narrow.

    A last column that has ``wrap`` is not cut: it goes on below itself.
    """

    title: str
    align: Literal["left", "right"] = "left"
    give: bool = False
    least: int = 4
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a style; a bare str is a cell without one."""

    text: str
    style: str = ""


def clean(text: str) -> str:
    """``text`` on one line: what a ticket says must never drive the terminal."""
    return printable(" ".join(text.split()))


def clip(text: str, width: int) -> str:
    """``text`` in at most ``width`` terminal cells; a cut ends in an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def line(*parts: str | Cell | tuple[str, str]) -> Text:
    """One line of several parts, each with its own style; none of them drives the terminal."""
    made = Text()
    for part in parts:
        match part:
            case str():
                made.append(printable(part))
            case Cell(text=text, style=style) | (text, style):
                made.append(printable(text), style=style)
    return made


def cure(command: str, *, indent: int = 0) -> Text:
    """The line that tells what to type; never cut, since it is copied."""
    return line(" " * indent, (f"> {clean(command)}", CURE))


def ends(left: Text, right: Text | str, width: int = WIDTH) -> Text:
    """``left`` and ``right`` at the two ends of one line; the left one is cut when need be."""
    right = line(right) if isinstance(right, str) else right
    room = width - right.cell_len - (2 if right.cell_len else 0)
    made = left.copy()
    if made.cell_len > room:
        made.truncate(max(0, room - 1))
        made.append("…")
    if right.cell_len:
        made.append(" " * (width - right.cell_len - made.cell_len))
        made.append_text(right)
    return made


def wrapped(
    left: Text, text: str, right: Text | str = "", *, width: int = WIDTH, indent: int | None = None
) -> Page:
    """``left`` and ``text`` on as many lines as it takes; ``right`` ends the first one.

    Args:
        left: Stands before the first line.
        text: Never cut, save a word that is longer than a line.
        right: As of :func:`ends`.
        width: Of the page.
        indent: Of the further lines; as ``left`` is wide when left out.
    """
    indent = left.cell_len if indent is None else indent
    right = line(right) if isinstance(right, str) else right
    words, lines = clean(text).split(" "), [""]
    room = width - left.cell_len - (right.cell_len + 2 if right.cell_len else 0)
    for word in words:
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > room:
            lines.append("")
            room = width - indent
        lines[-1] += (" " if lines[-1] else "") + word
    first = left.copy()
    first.append(lines[0])
    return [ends(first, right, width), *(line(" " * indent, one) for one in lines[1:])]


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str | Cell]],
    *,
    width: int = WIDTH,
    head: bool = True,
    indent: int = 0,
    gap: int = 2,
) -> Page:
    """Rows under their titles, columns as wide as they need, nothing drawn around them."""
    cells = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
    cells = [[Cell(clean(one.text), one.style) for one in row] for row in cells]
    widths = _widths(columns, cells, width - indent, head=head, gap=gap)
    made = []
    if head:
        titles = [Cell(column.title, HEAD) for column in columns]
        made.append(_row(columns, titles, widths, indent, gap))
    for row in cells:
        last, room = row[-1], max(1, widths[-1])
        first, *more = _folded(last.text, room) if columns[-1].wrap else [last.text]
        made.append(_row(columns, [*row[:-1], Cell(first, last.style)], widths, indent, gap))
        below = " " * (indent + sum(widths[:-1]) + gap * (len(columns) - 1))
        made += [line(below, (one, last.style)) for one in more]
    return made


def _folded(text: str, room: int) -> list[str]:
    """``text`` on lines of at most ``room`` cells; only a word that is longer is broken."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > room:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
        if cell_len(lines[-1]) > room:
            lines[-1:] = chop_cells(lines[-1], room)
    return lines


def _widths(
    columns: Sequence[Column], rows: list[list[Cell]], room: int, *, head: bool, gap: int
) -> list[int]:
    widths = [
        max([cell_len(row[n].text) for row in rows] + [cell_len(column.title) if head else 0])
        for n, column in enumerate(columns)
    ]
    over = sum(widths) + gap * (len(columns) - 1) - room
    # The widest of those that give is cut first, so that none vanishes for another.
    while over > 0:
        givers = [n for n, c in enumerate(columns) if c.give and widths[n] > c.least]
        if not givers:
            break
        widest = max(givers, key=lambda n: widths[n])
        widths[widest] -= 1
        over -= 1
    return widths


def _row(
    columns: Sequence[Column], cells: Sequence[Cell], widths: Sequence[int], indent: int, gap: int
) -> Text:
    made = Text(" " * indent)
    for n, (column, one) in enumerate(zip(columns, cells, strict=True)):
        text = clip(one.text, widths[n])
        pad = " " * (widths[n] - cell_len(text))
        made.append(pad if column.align == "right" else "")
        made.append(text, style=one.style)
        made.append(pad if column.align == "left" else "")
        made.append(" " * gap if n + 1 < len(columns) else "")
    made.rstrip()
    return made


def plain(page: Page) -> str:
    """The page as a pipe sees it."""
    return "".join(f"{one.plain.rstrip()}\n" for one in page)
