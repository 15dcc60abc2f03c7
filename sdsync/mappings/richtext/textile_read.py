"""Textile, in Redmine's dialect, into a tree.

Written here and not taken from a library: the one at hand changes straight
quotes, dashes and dots for typographic ones, which Redmine does not, so that a
text would come back altered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
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
from sdsync.mappings.richtext.images import PICTURE, image_of
from sdsync.mappings.richtext.links import absolute, safe_url

_PRE: Final = re.compile(r"<pre\b[^>]*>(.*?)(?:</pre>|\Z)", re.DOTALL | re.IGNORECASE)
_CODE: Final = re.compile(
    r"\s*<code(?:\s+class=\"([\w+#.-]+)\")?>(.*?)(?:</code>)?\s*\Z", re.DOTALL
)
_HEADING: Final = re.compile(r"h([1-6])(?:\([^)]*\))?\. +")
_BQ: Final = re.compile(r"bq\. +")
_P: Final = re.compile(r"p(?:\([^)\n]*\)|[<>=]+)?\. +")
_BULLET: Final = re.compile(r"([*#]{1,10}) +(?=\S)")
_RULE: Final = re.compile(r"-{3,}\s*\Z")
#: One phrase: code, link, image, strong, emphasis. Bounded, so that a hostile line stays cheap.
PHRASE: Final = re.compile(
    r"(?<![\w@])@(?P<code>[^@\n ](?:[^@\n]{0,500}[^@\n ])?)@(?![\w@])"
    r"|<code>(?P<tag>[^<\n]{1,2000})</code>"
    r'|(?<![\w"])"(?P<words>[^"\n]{1,500})":(?P<url>[^\s"<>]{1,2000}[\w/#=&%+~-])'
    r"|(?<![\w!])![<>=]?(?P<image>https?://[^\s!()\"<>]{1,2000}|" + PICTURE + r")"
    r"(?:\((?P<alt>[^)\n]{0,200})\))?!(?![\w!])"
    r"|(?<![\w*])\*(?P<strong>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*(?![\w*])"
    r"|(?<![^\W_]|_)_(?P<em>[^\s_](?:[^\n]{0,2000}?[^\s_])?)_(?![^\W_]|_)"
)


def read_textile(text: str) -> Blocks:
    """The normal tree of a Textile text."""
    return normal(_read(text, 0))


def _read(text: str, depth: int) -> Iterator[Block]:
    at = 0
    for match in _PRE.finditer(text):
        yield from _paragraphs(text[at : match.start()], depth)
        inner = _CODE.match(match[1])
        body, language = (inner[2], inner[1] or "") if inner else (match[1], "")
        yield CodeBlock(body.removeprefix("\n").removesuffix("\n"), language)
        at = match.end()
    yield from _paragraphs(text[at:], depth)


def _paragraphs(text: str, depth: int) -> Iterator[Block]:
    for chunk in re.split(r"\n(?:[ \t]*\n)+", text):
        lines = [line for line in chunk.split("\n") if line.strip()]
        if lines:
            yield from _chunk(lines, depth)


def _chunk(lines: list[str], depth: int) -> Iterator[Block]:
    first = lines[0]
    if match := _HEADING.match(first):
        yield Heading(int(match[1]), _lines([first[match.end() :], *lines[1:]]))
    elif match := _BQ.match(first):
        yield Quote((Para(_lines([first[match.end() :], *lines[1:]])),))
    elif match := _P.match(first):
        yield Para(_lines([first[match.end() :], *lines[1:]]))
    else:
        yield from _runs(lines, depth)


def _runs(lines: list[str], depth: int) -> Iterator[Block]:
    """Quotes, lists, rules and lines of text that follow each other without an empty line."""
    at = 0
    while at < len(lines):
        start = at
        if lines[at].startswith(">") and depth < DEPTH:
            while at < len(lines) and lines[at].startswith(">"):
                at += 1
            inner = "\n".join(line[1:].removeprefix(" ") for line in lines[start:at])
            yield Quote(tuple(_read(inner, depth + 1)))
        elif _BULLET.match(lines[at]):
            while at < len(lines) and not lines[at].startswith(">"):
                at += 1
            yield from _list(_entries(lines[start:at]))
        elif _RULE.match(lines[at]):
            at += 1
            yield Line()
        else:
            at += 1
            while at < len(lines) and not _is_start(lines[at]):
                at += 1
            yield Para(_lines(lines[start:at]))


def _is_start(line: str) -> bool:
    return line.startswith(">") or bool(_BULLET.match(line) or _RULE.match(line))


Entry = tuple[str, list[str]]  # markers, lines


def _entries(lines: list[str]) -> list[Entry]:
    entries: list[Entry] = []
    for line in lines:
        if match := _BULLET.match(line):
            entries.append((match[1], [line[match.end() :]]))
        else:
            entries[-1][1].append(line)
    return entries


def _list(entries: list[Entry], depth: int = 0) -> Iterator[Block]:
    """Entries of one level; deeper ones belong to the item before them."""
    items: list[Blocks] = []
    sign = entries[0][0][min(depth, len(entries[0][0]) - 1)]
    at = 0
    while at < len(entries):
        marker, lines = entries[at]
        if len(marker) > depth + 1:
            end = at
            while end < len(entries) and len(entries[end][0]) > depth + 1:
                end += 1
            below = tuple(_list(entries[at:end], depth + 1))
            items = [*items[:-1], (*items[-1], *below)] if items else [below]
            at = end
            continue
        if marker[-1] != sign and items:
            yield Items(tuple(items), None if sign == "*" else 1)
            items, sign = [], marker[-1]
        items.append((Para(_lines(lines)),))
        at += 1
    yield Items(tuple(items), None if sign == "*" else 1)


def _lines(lines: list[str]) -> Inlines:
    inner: list[Inline] = []
    for line in lines:
        inner += [Break()] if inner else []
        stripped = line.lstrip(" \t")
        indent = line[: len(line) - len(stripped)].expandtabs(8)
        inner += [Text("\u00a0" * len(indent))] if indent else []
        inner += phrases(stripped)
    return tuple(inner)


def phrases(text: str, depth: int = 0) -> list[Inline]:
    """The inlines of one line."""
    result: list[Inline] = []
    at = 0
    for match in PHRASE.finditer(text) if depth < 4 else ():
        result += _plain(text[at : match.start()])
        result += _phrase(match, depth)
        at = match.end()
    return [*result, *_plain(text[at:])]


def _plain(text: str) -> list[Inline]:
    return [Text(html.unescape(text))] if text else []


def _phrase(match: re.Match[str], depth: int) -> list[Inline]:
    kind = match.lastgroup
    if (code := match["code"] or match["tag"]) is not None:
        return [Code(html.unescape(code))]
    if (words := match["words"]) is not None:
        url = safe_url(html.unescape(match["url"]))
        return [Link(url, tuple(phrases(words, depth + 1)))] if url else _plain(match[0])
    if match["image"] is not None:
        src = html.unescape(match["image"])
        return [image_of(src, html.unescape(match["alt"] or ""), absolute(src))]
    if kind == "strong":
        return [Strong(tuple(phrases(match["strong"], depth + 1)))]
    return [Em(tuple(phrases(match["em"], depth + 1)))]
