"""Orders of people without a shell: ``sdsync:stop`` as a tag, or as a line of an internal note.

An order is no content: a lens shows the tags without it and leaves it where it stands,
and a note is carried without the line. Who may give one, and what it does, is decided
in :mod:`sdsync.sync.decide.orders`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, get_args

from sdsync.mappings.richtext.document import Block, Break, Inline, Para, Text
from sdsync.mappings.richtext.markdown_read import read_markdown
from sdsync.mappings.richtext.markdown_write import write_markdown
from sdsync.store.records import Json

Word = Literal["stop", "retry", "go"]

#: Order of the words in which a tag's are obeyed when several appear at once: stop is last.
WORDS: Final[tuple[Word, ...]] = ("retry", "go", "stop")
PREFIX: Final = "sdsync:"
_BY_TAG: Final[Mapping[str, Word]] = {f"{PREFIX}{word}": word for word in get_args(Word)}
_IN_TEXT: Final = re.compile(r"(?<![\w:.-])sdsync:(stop|retry|go)(?![\w:.-])", re.IGNORECASE)


def order_of(text: str) -> Word | None:
    """The order that a tag, or a line alone, gives; None when it is none."""
    return _BY_TAG.get(text.strip().lower())


def contents(tags: Iterable[str]) -> list[str]:
    """The tags that are no orders."""
    return [one for one in tags if order_of(one) is None]


def orders(tags: Iterable[str]) -> list[str]:
    """The tags that are orders, as they stand."""
    return [one for one in tags if order_of(one) is not None]


def standing(tags: Json) -> frozenset[Word]:
    """The orders among tags."""
    return frozenset(word for text in _texts(tags) if (word := order_of(text)))


def mentions(value: Json, word: Word) -> bool:
    """Whether a native value, such as one of a product's history, names the order."""
    return any(
        found.group(1).lower() == word
        for text in _texts(value)
        for found in _IN_TEXT.finditer(text)
    )


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def taken_out(body: str) -> tuple[str, list[Word]]:
    """A canonical text without the lines that are orders, and those orders, each once.

    Only a line of its own counts, and only its author's: what is quoted, listed or
    shown as code is talk about an order. A text without any stays as it is, to the letter.
    """
    if PREFIX not in body.lower():
        return body, []
    found: list[Word] = []
    kept: list[Block] = []
    for block in read_markdown(body):
        if not isinstance(block, Para):
            kept.append(block)
            continue
        inner = _without(block, found)
        if inner:
            kept.append(Para(inner))
    if not found:
        return body, []
    return write_markdown(tuple(kept)), list(dict.fromkeys(found))


def _without(para: Para, found: list[Word]) -> tuple[Inline, ...]:
    lines: list[list[Inline]] = [[]]
    for one in para.inner:
        if isinstance(one, Break):
            lines.append([])
        else:
            lines[-1].append(one)
    kept: list[Inline] = []
    for line in lines:
        only = line[0] if len(line) == 1 else None
        word = order_of(only.text) if isinstance(only, Text) else None
        if word is not None:
            found.append(word)
            continue
        kept += [Break(), *line] if kept else line
    return tuple(kept)
