"""A tree with its texts changed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sdsync.mappings.richtext.document import (
    Block,
    Blocks,
    Code,
    CodeBlock,
    Em,
    Heading,
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


def map_text(blocks: Blocks, change: Callable[[str], str]) -> Blocks:
    """The same tree with every text, code and code block changed."""
    return tuple(_map_block(block, change) for block in blocks)


def _map_block(block: Block, change: Callable[[str], str]) -> Block:
    match block:
        case Para() | Heading():
            return replace(block, inner=_map_inlines(block.inner, change))
        case CodeBlock(text=text):
            return replace(block, text=change(text))
        case Quote(inner=inner):
            return Quote(map_text(inner, change))
        case Items(items=items):
            return replace(block, items=tuple(map_text(one, change) for one in items))
        case Line():
            return block


def _map_inlines(inlines: Inlines, change: Callable[[str], str]) -> Inlines:
    """The same inlines with every text and code changed."""
    result: list[Inline] = []
    for one in inlines:
        match one:
            case Text(text=text):
                result.append(Text(change(text)))
            case Code(text=text):
                result.append(Code(change(text)))
            case Strong() | Em() | Link():
                result.append(replace(one, inner=_map_inlines(one.inner, change)))
            case _:
                result.append(one)
    return tuple(result)


def map_leaves(blocks: Blocks, change: Callable[[Text | Link], Inline]) -> Blocks:
    """The normal tree with each text and link changed; code and the words of links are not."""
    return normal(_map_leaves(block, change) for block in blocks)


def _map_leaves(block: Block, change: Callable[[Text | Link], Inline]) -> Block:
    match block:
        case Para() | Heading():
            return replace(block, inner=_leaves(block.inner, change))
        case Quote(inner=inner):
            return Quote(tuple(_map_leaves(one, change) for one in inner))
        case Items(items=items):
            mapped = (tuple(_map_leaves(one, change) for one in item) for item in items)
            return replace(block, items=tuple(mapped))
        case CodeBlock() | Line():
            return block


def _leaves(inlines: Inlines, change: Callable[[Text | Link], Inline]) -> Inlines:
    result: list[Inline] = []
    for one in inlines:
        match one:
            case Text() | Link():
                result.append(change(one))
            case Strong() | Em():
                result.append(replace(one, inner=_leaves(one.inner, change)))
            case _:
                result.append(one)
    return tuple(result)
