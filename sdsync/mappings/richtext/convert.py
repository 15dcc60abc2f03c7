"""Every markup through one canonical form, CommonMark."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Literal, get_args

from sdsync.mappings.richtext.document import Blocks, CodeBlock
from sdsync.mappings.richtext.html_write import write_html
from sdsync.mappings.richtext.inert import (
    Danger,
    Parts,
    inert_lines,
    make_inert,
    unguarded,
    whole,
    without_guards,
)
from sdsync.mappings.richtext.markdown_read import read_markdown
from sdsync.mappings.richtext.markdown_write import write_markdown
from sdsync.mappings.richtext.mentions import Mentions
from sdsync.mappings.richtext.plain import read_plain, write_plain
from sdsync.mappings.richtext.textile_read import read_textile
from sdsync.mappings.richtext.textile_write import write_textile

Markup = Literal["plain", "html", "textile", "markdown"]
MARKUPS: Final[tuple[Markup, ...]] = get_args(Markup)

#: A longer text is a log that somebody pasted; it travels as it is, in a code block.
LIMIT: Final = 60_000
#: As does one with more of these than people write: reading them as markup costs their square.
DENSE: Final = {"[": 1_000, "`": 5_000, "*": 5_000, "_": 5_000, '"': 5_000, "<": 5_000}
_TRIES: Final = 4
#: One look at a record asks for the same text several times; only short ones are remembered.
_SHORT: Final = 8_000
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


def canonical(text: str) -> str:
    """The canonical form of a CommonMark text; of a canonical text, the text itself."""
    text = clean(text)
    return _remembered(text) if len(text) <= _SHORT else _canonical(text)


def from_native(text: str, markup: Markup, mentions: Mentions | None = None) -> str:
    """The canonical form of a product's text, without guards."""
    text = clean(text)
    if mentions is not None and mentions.may_name(text) and not _is_log(text):
        return canonical(write_markdown(mentions.read(_READERS[markup](text))))
    return _remembered_in(text, markup) if len(text) <= _SHORT else _from_native(text, markup)


def to_native(
    text: str, markup: Markup, *, dangers: frozenset[Danger], mentions: Mentions | None = None
) -> str:
    """A canonical text in a product's markup, inert as far as ``dangers`` says (law 46).

    Records that ``mentions`` knows there are named as the product names them.
    """
    if mentions is not None and mentions.may_name(text):
        parts = partial(mentions.parts, linked=markup == "html")
        return _written(mentions.settled(read_markdown(canonical(text))), markup, dangers, parts)
    short = len(text) <= _SHORT
    return (_remembered_out if short else _to_native)(text, markup, dangers)


def settled(text: str, mentions: Mentions | None) -> str:
    """The canonical form of a canonical text, each record in it under its one name."""
    text = canonical(text)
    if mentions is None or not mentions.may_name(text) or _is_log(text):
        return text
    return canonical(write_markdown(mentions.settled(read_markdown(text))))


def clean(text: str) -> str:
    """Line ends as LF, without the characters that no store keeps."""
    return _UNKEPT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


_UNKEPT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _canonical(text: str) -> str:
    if _is_log(text):
        return _whole(text)
    for _ in range(_TRIES):
        again = write_markdown(read_markdown(text))
        if again == text:
            return text
        text = again
    return _settled(write_markdown(read_plain(text)))


def _from_native(text: str, markup: Markup) -> str:
    if not _is_log(text):
        return canonical(write_markdown(without_guards(_READERS[markup](text))))
    if markup == "html":
        text = html.unescape(_TAG.sub("", text))
    return _whole(unguarded(text))


def _to_native(text: str, markup: Markup, dangers: frozenset[Danger]) -> str:
    return _written(read_markdown(canonical(text)), markup, dangers, whole)


def _written(blocks: Blocks, markup: Markup, dangers: frozenset[Danger], parts: Parts) -> str:
    match markup:
        case "plain":
            return inert_lines(write_plain(blocks), dangers, parts)
        case "html":
            return write_html(make_inert(blocks, dangers, parts))
        case "textile":
            return write_textile(make_inert(blocks, dangers, parts))
        case "markdown":
            return write_markdown(make_inert(blocks, dangers, parts))


def _read_html(text: str) -> Blocks:
    # Imported with the first HTML: its parser takes 5 MiB, and many a daemon never sees any.
    from sdsync.mappings.richtext.html_read import read_html

    return read_html(text)


_remembered = lru_cache(maxsize=256)(_canonical)
_remembered_in = lru_cache(maxsize=256)(_from_native)
_remembered_out = lru_cache(maxsize=256)(_to_native)
_READERS: Final[Mapping[Markup, Callable[[str], Blocks]]] = {
    "plain": read_plain,
    "html": _read_html,
    "textile": read_textile,
    "markdown": read_markdown,
}


def _is_log(text: str) -> bool:
    """Too long or too dense to be read as markup; a text that is code as a whole is not."""
    if len(text) > LIMIT:
        return True
    return any(text.count(char) > most for char, most in DENSE.items())


def _settled(text: str) -> str:
    """A plain text's form, or, where even that does not settle, the text as code."""
    return text if write_markdown(read_markdown(text)) == text else _whole(text)


def _whole(text: str) -> str:
    blocks = read_markdown(text) if text.startswith("```") else ()
    if len(blocks) == 1 and isinstance(blocks[0], CodeBlock):
        return write_markdown(blocks)
    return write_markdown((CodeBlock(text.strip("\n")),)) if text.strip() else ""
