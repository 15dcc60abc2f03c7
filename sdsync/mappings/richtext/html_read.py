"""HTML into a tree. Only what a text needs: scripts, styles and attributes fall away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PreformattedString, Tag

from sdsync.mappings.richtext.document import (
    DEPTH,
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
from sdsync.mappings.richtext.links import absolute, safe_url

_SILENT: Final = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg"}
)
_HEADINGS: Final = {f"h{n}": n for n in range(1, 7)}
_GROUPS: Final = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "figure",
        "figcaption",
        "address",
        "center",
        "form",
        "fieldset",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "tr",
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
        "html",
        "body",
    ]
)
_BLOCKS: Final = _GROUPS | frozenset(_HEADINGS) | {"ul", "ol", "li", "pre", "blockquote", "hr"}
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
#: A "<" without its ">": the parser would look for it to the end, once for each.
_STRAY: Final = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")


def read_html(text: str) -> Blocks:
    """The normal tree of an HTML text, however broken."""
    text = _STRAY.sub("&lt;", _COMMENT.sub("", text))
    # The space: of a text that is one address the parser says that it should be fetched.
    return normal(_flow(BeautifulSoup(f" {text}", "html.parser"), 0))


class _Flow:
    """Collects blocks; text between them becomes paragraphs."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._line: list[Inline] = []

    def inline(self, parts: Iterable[Inline]) -> None:
        self._line.extend(parts)

    def block(self, blocks: Iterable[Block]) -> None:
        self.flush()
        self.blocks.extend(blocks)

    def flush(self) -> None:
        if self._line:
            self.blocks.append(Para(_squeezed(self._line)))
            self._line = []


def _flow(node: Tag, depth: int) -> list[Block]:
    flow = _Flow()
    for child in node.children:
        if isinstance(child, Tag) and _has_block(child, depth):
            flow.block(_block(child, depth + 1))
        else:
            flow.inline(_inline(child, depth + 1))
    flow.flush()
    return flow.blocks


def _has_block(node: Tag, depth: int) -> bool:
    """A block, or an inline element that wrongly holds one."""
    if node.name in _BLOCKS:
        return True
    if node.name in _SILENT or depth > DEPTH * 3:
        return False
    return node.find(_BLOCKS_LIST) is not None


_BLOCKS_LIST: Final = sorted(_BLOCKS)


def _block(node: Tag, depth: int) -> list[Block]:
    if depth > DEPTH * 3:
        return [Para((Text(_SPACE.sub(" ", node.get_text(" "))),))]
    name = node.name
    if name in _HEADINGS:
        inner = _squeezed([part for child in node.children for part in _inline(child, depth)])
        return [Heading(_HEADINGS[name], inner)]
    if name == "pre":
        return [_code_block(node)]
    if name == "blockquote":
        return [Quote(tuple(_flow(node, depth)))]
    if name in ("ul", "ol"):
        return [_items(node, depth)]
    if name == "hr":
        return [Line()]
    if name == "tr":
        return [_row(node, depth)]
    return _flow(node, depth)


def _code_block(node: Tag) -> CodeBlock:
    code = node.find("code")
    classes = code.get("class") if isinstance(code, Tag) else None
    names = classes if isinstance(classes, list) else [str(classes or "")]
    language = next((str(name).removeprefix("language-") for name in names if name), "")
    return CodeBlock(node.get_text().removeprefix("\n").removesuffix("\n"), language)


def _items(node: Tag, depth: int) -> Items:
    items: list[Blocks] = []
    for child in node.children:
        if isinstance(child, Tag) and child.name in ("ul", "ol") and items:
            items[-1] = (*items[-1], _items(child, depth + 1))  # wrongly beside its item
        elif isinstance(child, Tag):
            items.append(tuple(_flow(child, depth)))
    start = str(node.get("start", "1")) if node.name == "ol" else None
    number = None if start is None else int(start) if start.isdecimal() and len(start) < 9 else 1
    return Items(tuple(items), number)


def _row(node: Tag, depth: int) -> Para:
    """A row of a table as one line: CommonMark has no tables."""
    cells: list[Inline] = []
    for child in node.find_all(["td", "th"], recursive=False):
        cells += [Text(" | ")] if cells else []
        cells += [part for one in child.children for part in _inline(one, depth)]
    return Para(_squeezed([Text(" ") if isinstance(one, Break) else one for one in cells]))


def _inline(node: object, depth: int) -> list[Inline]:
    if isinstance(node, NavigableString):
        hidden = isinstance(node, PreformattedString) and not isinstance(node, CData)
        return [] if hidden else [Text(_SPACE.sub(" ", str(node)))]
    if not isinstance(node, Tag) or node.name in _SILENT:
        return []
    if depth > DEPTH * 3:
        return [Text(_SPACE.sub(" ", node.get_text(" ")))]
    if node.name == "br":
        return [Break()]
    if node.name == "img":
        src, alt = str(node.get("src", "")), _SPACE.sub(" ", str(node.get("alt", "")))
        return [image_of(src, alt, absolute(src))]
    if node.name in ("code", "tt", "kbd", "samp"):
        return [Code(node.get_text())]
    return _wrapped(node, [part for child in node.children for part in _inline(child, depth + 1)])


def _wrapped(node: Tag, inner: list[Inline]) -> list[Inline]:
    match node.name:
        case "strong" | "b":
            return [Strong(tuple(inner))]
        case "em" | "i":
            return [Em(tuple(inner))]
        case "a":
            url = safe_url(str(node.get("href", "")))
            return [Link(url, tuple(inner))] if url else inner
        case _:
            return inner


def _squeezed(inlines: list[Inline]) -> Inlines:
    """Runs of space over element borders become one, as a browser shows them."""
    result: list[Inline] = []
    spaced = True
    for one in inlines:
        if isinstance(one, Text):
            text = one.text[1:] if spaced and one.text.startswith(" ") else one.text
            if text:
                result.append(Text(text))
                spaced = text.endswith(" ")
            continue
        result.append(one)
        spaced = isinstance(one, Break)
    return tuple(result)
