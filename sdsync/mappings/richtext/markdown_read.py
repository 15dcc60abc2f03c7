"""CommonMark into a tree. Raw HTML is text: nobody's markup runs in somebody else's product."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from sdsync.mappings.richtext.document import (
    Block,
    Blocks,
    Break,
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
from sdsync.mappings.richtext.images import image_of
from sdsync.mappings.richtext.links import absolute
from sdsync.mappings.richtext.plain import read_plain

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

#: markdown-it drops what lies deeper than its limit; ours is noticed below it.
_NESTING: Final = 80


@cache
def _parser() -> MarkdownIt:
    # Imported with the first text: a daemon without work, and most commands, read none.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTING})
    return parser.disable(["html_block", "html_inline"])


def read_markdown(text: str) -> Blocks:
    """The normal tree of a CommonMark text."""
    from markdown_it.tree import SyntaxTreeNode

    tokens = _parser().parse(text)
    if any(token.level >= _NESTING - 2 for token in tokens):
        return read_plain(text)
    return normal(_blocks(SyntaxTreeNode(tokens)))


def _blocks(node: SyntaxTreeNode) -> Blocks:
    return tuple(block for child in node.children if (block := _block(child)) is not None)


def _block(node: SyntaxTreeNode) -> Block | None:
    match node.type:
        case "paragraph":
            return Para(_content(node))
        case "heading":
            return Heading(int(node.tag[1:]), _content(node))
        case "fence" | "code_block":
            words = node.info.split() if node.type == "fence" else []
            return CodeBlock(node.content.removesuffix("\n"), words[0] if words else "")
        case "blockquote":
            return Quote(_blocks(node))
        case "bullet_list":
            return Items(tuple(_blocks(item) for item in node.children))
        case "ordered_list":
            start = node.attrs.get("start", 1)
            return Items(tuple(_blocks(item) for item in node.children), int(start))
        case "hr":
            return Line()
        case _:
            return None


def _content(node: SyntaxTreeNode) -> Inlines:
    return tuple(one for inline in node.children for one in _inlines(inline))


def _inlines(node: SyntaxTreeNode) -> Inlines:
    return tuple(_inline(child) for child in node.children)


def _inline(node: SyntaxTreeNode) -> Inline:
    match node.type:
        case "softbreak" | "hardbreak":
            return Break()
        case "code_inline":
            return Code(node.content)
        case "strong":
            return Strong(_inlines(node))
        case "em":
            return Em(_inlines(node))
        case "link":
            return Link(str(node.attrs.get("href", "")), _inlines(node))
        case "image":
            src = str(node.attrs.get("src", ""))
            return image_of(src, node.content, absolute(src))
        case _:
            return Text(node.content)
