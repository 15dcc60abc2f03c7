"""Write a block, read it back, and write it more carefully when that gives another tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from sdsync.mappings.richtext.document import (
    Block,
    Blocks,
    Heading,
    Items,
    Para,
    Quote,
    normal,
    plain_inlines,
)


class Style(Enum):
    """How carefully a text is escaped."""

    LIGHT = "what is markup here"
    CAREFUL = "every character that can be markup"


def checked(
    block: Block, write: Callable[[Block, Style], str], read: Callable[[str], Blocks]
) -> str:
    """The first form that reads back as the same block, else its careful form.

    Emphasis that the markup cannot say where it stands is left out before that.
    """
    for style in Style:
        text = write(block, style)
        if read(text) == (block,):
            return text
    return write(without_emphasis(block), Style.CAREFUL)


def without_emphasis(block: Block) -> Block:
    """The same characters in a block without emphasis."""
    match block:
        case Para() | Heading():
            return replace(block, inner=plain_inlines(block.inner))
        case Quote(inner=inner):
            return Quote(normal(map(without_emphasis, inner)))
        case Items(items=items):
            return replace(
                block, items=tuple(normal(map(without_emphasis, item)) for item in items)
            )
        case _:
            return block
