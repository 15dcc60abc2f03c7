"""Plain text into a tree, and back: paragraphs, lines, ``> `` quotes, ``- `` and ``1. `` lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sdsync.mappings.richtext.document import (
    DEPTH,
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Heading,
    Image,
    Inline,
    Inlines,
    Items,
    Line,
    Link,
    Para,
    Quote,
    Strong,
    Text,
    normal,
)

_BULLET: Final = re.compile(r"- +(?=\S)")
_NUMBERED: Final = re.compile(r"(\d{1,4})\. +(?=\S)")
_INDENT: Final = re.compile("^\u00a0+", re.MULTILINE)
_RULE: Final = "-" * 20


def read_plain(text: str) -> Blocks:
    """The normal tree of a plain text. Leading space is kept by spaces that do not collapse."""
    return normal(_read(text.split("\n"), 0))


def _read(lines: list[str], depth: int) -> Iterator[Block]:
    for filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        if filled:
            yield from _chunk(list(group), depth)


def _chunk(lines: list[str], depth: int) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        start, kind = at, _kind(lines[at]) if depth < DEPTH else "text"
        at += 1
        while at < len(lines) and _belongs(lines[at], kind):
            at += 1
        part = lines[start:at]
        match kind:
            case "quote":
                yield Quote(tuple(_read([line[1:].removeprefix(" ") for line in part], depth + 1)))
            case "bullet":
                yield Items(_items(part, _BULLET, depth))
            case "number":
                yield from _numbered(part, depth)
            case "rule":
                yield from (Line() for _ in part)
            case _:
                yield _paragraph(part)


def _kind(line: str) -> str:
    if line.startswith(">"):
        return "quote"
    if line.strip() == _RULE:
        return "rule"
    if _BULLET.match(line):
        return "bullet"
    return "number" if _NUMBERED.match(line) else "text"


def _belongs(line: str, kind: str) -> bool:
    """Whether a line goes on with what is open: its own kind, or indented below an item."""
    if kind in ("bullet", "number") and line.startswith("  "):
        return True
    return _kind(line) == kind


def _items(lines: list[str], marker: re.Pattern[str], depth: int) -> tuple[Blocks, ...]:
    items: list[list[str]] = []
    indent = 0
    for line in lines:
        if match := marker.match(line):
            indent = match.end()
            items.append([line[indent:]])
        else:
            stripped = line.lstrip(" ")
            items[-1].append(" " * max(0, len(line) - len(stripped) - indent) + stripped)
    return tuple(tuple(_read(item, depth + 1)) for item in items)


def _numbered(lines: list[str], depth: int) -> Iterator[Block]:
    """A list where the numbers count up; anything else is lines of text."""
    numbers = [int(match[1]) for line in lines if (match := _NUMBERED.match(line))]
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        yield Items(_items(lines, _NUMBERED, depth), numbers[0])
    else:
        yield _paragraph(lines)


def _paragraph(lines: list[str]) -> Para:
    inner: list[Inline] = []
    for line in lines:
        inner += [Break(), Text(keep_indent(line))] if inner else [Text(keep_indent(line))]
    return Para(tuple(inner))


def keep_indent(line: str) -> str:
    """Leading space as no-break spaces: markups drop the ordinary ones, and logs need them."""
    stripped = line.lstrip(" \t")
    indent = line[: len(line) - len(stripped)].expandtabs(8)
    return "\u00a0" * len(indent) + stripped.rstrip()


def write_plain(blocks: Blocks) -> str:
    """A tree for people to read; emphasis is left out."""
    text = "\n\n".join(_write(block) for block in blocks)
    return _INDENT.sub(lambda match: " " * len(match[0]), text)


def _write(block: Block) -> str:
    match block:
        case Para(inner=inner) | Heading(inner=inner):
            return write_inlines(inner)
        case CodeBlock(text=text):
            return text
        case Quote(inner=inner):
            return "\n".join(f"> {line}".rstrip() for line in write_plain(inner).split("\n"))
        case Items(items=items, start=start):
            return "\n".join(_item(item, i, start) for i, item in enumerate(items))
        case Line():
            return _RULE


def _item(item: Blocks, index: int, start: int | None) -> str:
    marker = "- " if start is None else f"{start + index}. "
    lines = "\n".join(_write(block) for block in item).split("\n")
    return "\n".join([marker + lines[0], *(" " * len(marker) + line for line in lines[1:])])


def write_inlines(inlines: Inlines) -> str:
    """The characters that a reader sees; a link's address stands behind it."""
    parts: list[str] = []
    for one in inlines:
        match one:
            case Text(text=text) | Code(text=text):
                parts.append(text)
            case Break():
                parts.append("\n")
            case Strong(inner=inner) | Em(inner=inner):
                parts.append(write_inlines(inner))
            case Link(url=url, inner=inner):
                parts.append(f"{write_inlines(inner)} <{url}>")
            case Image(name=name):
                parts.append(name)
    return "".join(parts)
