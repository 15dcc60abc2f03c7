"""A text as a tree: what every markup is read into and written from.

Only what CommonMark can say and support desks use. The trees are normal: texts
side by side are one, space at the ends of a line is gone, nothing is empty; so
equal texts are equal trees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

DEPTH: Final = 24
"""Blocks nest no deeper; what lies below is flattened into text."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, without line ends."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code span."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line inside a paragraph. Every product here shows it as one."""


@dataclass(frozen=True, slots=True)
class Strong:
    """Strong emphasis."""

    inner: Inlines


@dataclass(frozen=True, slots=True)
class Em:
    """Emphasis."""

    inner: Inlines


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose text is not its address."""

    url: str
    inner: Inlines


@dataclass(frozen=True, slots=True)
class Image:
    """A file of the record that is shown where it stands, by its name (``images.py``)."""

    name: str
    alt: str


Inline = Text | Code | Break | Strong | Em | Link | Image
Inlines = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph."""

    inner: Inlines


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, level 1 to 6."""

    level: int
    inner: Inlines


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines as they are, without the last line end."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else said."""

    inner: Blocks


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``start`` None: bullets."""

    items: tuple[Blocks, ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line across."""


Block = Para | Heading | CodeBlock | Quote | Items | Line
Blocks = tuple[Block, ...]


def normal(blocks: Iterable[Block]) -> Blocks:
    """The same text as a normal tree."""
    result: list[Block] = []
    for block in blocks:
        found = _normal_block(block)
        if found is None:
            continue
        last = result[-1] if result else None
        if isinstance(found, Items) and isinstance(last, Items) and _same_list(last, found):
            result[-1] = Items(last.items + found.items, last.start)
        else:
            result.append(found)
    return tuple(result)


def _same_list(left: Items, right: Items) -> bool:
    return (left.start is None) == (right.start is None)


def _normal_block(block: Block) -> Block | None:
    match block:
        case Para(inner=inner):
            content = normal_inlines(inner)
            return Para(content) if content else None
        case Heading(level=level, inner=inner):
            content = normal_inlines(Text(" ") if isinstance(one, Break) else one for one in inner)
            return Heading(level, content) if content else None
        case CodeBlock(text=text, language=language):
            return CodeBlock(text, language) if text.strip("\n") else None
        case Quote(inner=blocks):
            quoted = normal(blocks)
            return Quote(quoted) if quoted else None
        case Items(items=items, start=start):
            kept = tuple(found for one in items if (found := normal(one)))
            return Items(kept, start) if kept else None
        case Line():
            return block


def normal_inlines(inlines: Iterable[Inline]) -> Inlines:
    """Texts joined, space at the ends of lines gone, emphasis inside itself undone."""
    return _trimmed(_joined(_flat(inlines)))


def _flat(inlines: Iterable[Inline], around: frozenset[type] = frozenset()) -> list[Inline]:
    result: list[Inline] = []
    for one in inlines:
        match one:
            case Strong() | Em() | Link():
                result += _wrapped(one, around)
            case Code(text=text):
                spaced = " ".join(text.split("\n"))
                result += [Code(spaced.strip())] if spaced.strip() else []
            case Text(text=""):
                continue
            case _:
                result.append(one)
    return result


def _wrapped(one: Strong | Em | Link, around: frozenset[type]) -> list[Inline]:
    inner = _joined(_flat(one.inner, around | {type(one)}))
    if type(one) in around or not inner or all(_blank(part) for part in inner):
        return inner
    if isinstance(one, Link):
        bare = isinstance(inner[0], Text) and len(inner) == 1 and is_bare(one.url, inner[0].text)
        return inner if bare else [replace(one, inner=_trimmed(inner))]
    before, after = _outer_space(inner)
    return [*before, replace(one, inner=_trimmed(inner)), *after]


def _blank(one: Inline) -> bool:
    return isinstance(one, Break) or (isinstance(one, Text) and not one.text.strip(" "))


def _outer_space(inner: list[Inline]) -> tuple[list[Inline], list[Inline]]:
    """Space and breaks at the ends of emphasis belong outside of it."""
    before: list[Inline] = [one for one in inner[:1] if _blank(one)]
    after: list[Inline] = [one for one in inner[-1:] if _blank(one)]
    first, last = inner[0], inner[-1]
    if isinstance(first, Text) and first.text.startswith(" ") and not before:
        before = [Text(" ")]
    if isinstance(last, Text) and last.text.endswith(" ") and not after:
        after = [Text(" ")]
    return before, after


def is_bare(url: str, text: str) -> bool:
    """Whether a link shows its own address: every product makes that a link by itself."""
    return text.strip() in (url, url.removeprefix("mailto:"))


def _joined(inlines: list[Inline]) -> list[Inline]:
    result: list[Inline] = []
    for one in inlines:
        last = result[-1] if result else None
        if isinstance(one, Text) and isinstance(last, Text):
            result[-1] = Text(last.text + one.text)
        elif isinstance(one, Strong) and isinstance(last, Strong):
            result[-1] = Strong(tuple(_joined([*last.inner, *one.inner])))
        elif isinstance(one, Em) and isinstance(last, Em):
            result[-1] = Em(tuple(_joined([*last.inner, *one.inner])))
        else:
            result.append(one)
    return result


def _trimmed(inlines: list[Inline]) -> Inlines:
    """Without space around line ends, nor line ends around the whole."""
    result: list[Inline] = []
    for one in inlines:
        if isinstance(one, Break):
            _strip_end(result)
            if result and not isinstance(result[-1], Break):
                result.append(one)
            continue
        if isinstance(one, Text) and (not result or isinstance(result[-1], Break)):
            one = Text(one.text.lstrip(" \t"))
        if not (isinstance(one, Text) and not one.text):
            result.append(one)
    _strip_end(result)
    while result and isinstance(result[-1], Break):
        result.pop()
        _strip_end(result)
    return tuple(result)


def _strip_end(result: list[Inline]) -> None:
    while result and isinstance(last := result[-1], Text):
        stripped = last.text.rstrip(" \t")
        result.pop()
        if stripped:
            result.append(Text(stripped))
            return


def plain_inlines(inlines: Inlines) -> Inlines:
    """The same characters without emphasis: the way out where a markup cannot say it."""
    result: list[Inline] = []
    for one in inlines:
        match one:
            case Strong(inner=inner) | Em(inner=inner):
                result += plain_inlines(inner)
            case _:
                result.append(one)
    return normal_inlines(result)
