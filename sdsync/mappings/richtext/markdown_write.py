"""A tree as CommonMark, in its one canonical form.

A line end inside a paragraph is written as a line end: every product here shows
it as one. Only what would be read as markup is escaped, and each block is read
back: where that gives another tree, it is written more carefully.
"""

from __future__ import annotations

import re
from typing import Final

from sdsync.mappings.richtext.checked import Style, checked
from sdsync.mappings.richtext.document import (
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Heading,
    Image,
    Inlines,
    Items,
    Line,
    Link,
    Para,
    Quote,
    Strong,
    Text,
)
from sdsync.mappings.richtext.markdown_read import read_markdown

_PUNCTUATION: Final = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ENTITY: Final = re.compile(r"&(?=#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_ANGLE: Final = re.compile(r"<(?=[A-Za-z/!?])")
_STAR: Final = re.compile(r"\*")
_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_BACKSLASH: Final = re.compile(rf"\\(?=[{re.escape(_PUNCTUATION)}]|$)")
_BRACKET: Final = re.compile(r"\](?=[(:])")
#: What a line must not begin with, and where the backslash goes.
_STARTS: Final = (
    re.compile(r"()(#{1,6}(?:[ \t]|$))"),
    re.compile(r"()([-+](?:[ \t]|$))"),
    re.compile(r"()(>)"),
    re.compile(r"()(~~~)"),
    re.compile(r"(\d{1,9})([.)](?:[ \t]|$))"),
    re.compile(r"()([-=]+[ \t]*$)"),
    re.compile(r"()(-[ \t-]*$)"),
)
_HARD_URL: Final = re.compile(r"[\s()<>\\\x00-\x1f]")


def write_markdown(blocks: Blocks) -> str:
    """The canonical CommonMark of a normal tree."""
    return "\n\n".join(checked(block, _write, read_markdown) for block in blocks)


def _write(block: Block, style: Style) -> str:
    match block:
        case Para(inner=inner):
            return _lines(inner, style)
        case Heading(level=level, inner=inner):
            text = re.sub(r"#(?=#*$)", r"\\#", _inlines(inner, style))
            return f"{'#' * level} {text}"
        case CodeBlock():
            return _fence(block)
        case Quote(inner=inner):
            text = "\n\n".join(_write(one, style) for one in inner)
            return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
        case Items():
            return _list(block, style)
        case Line():
            return "***"


def _fence(block: CodeBlock) -> str:
    longest = max((len(run) for run in re.findall(r"`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    language = re.sub(r"[^\w+#.-]", "", block.language)
    return f"{fence}{language}\n{block.text}\n{fence}"


def _list(block: Items, style: Style) -> str:
    tight = all(_is_simple(item) for item in block.items)
    items = [_item(item, _marker(block, i), tight, style) for i, item in enumerate(block.items)]
    return ("\n" if tight else "\n\n").join(items)


def _marker(block: Items, index: int) -> str:
    return "- " if block.start is None else f"{block.start + index}. "


def _is_simple(item: Blocks) -> bool:
    """A paragraph, and lists below it that may stand right under it."""
    return isinstance(item[0], Para) and all(
        isinstance(one, Items) and one.start in (None, 1) for one in item[1:]
    )


def _item(item: Blocks, marker: str, tight: bool, style: Style) -> str:
    text = ("\n" if tight else "\n\n").join(_write(one, style) for one in item)
    pad = " " * len(marker)
    first, *rest = text.split("\n")
    return "\n".join([marker + first, *(pad + line if line else "" for line in rest)])


def _lines(inlines: Inlines, style: Style) -> str:
    return "\n".join(_start(line) for line in _inlines(inlines, style).split("\n"))


def _start(line: str) -> str:
    for pattern in _STARTS:
        if match := pattern.match(line):
            return f"{match[1]}\\{line[match.end(1) :]}"
    return line


def _inlines(inlines: Inlines, style: Style, *, in_link: bool = False) -> str:
    parts: list[str] = []
    for i, one in enumerate(inlines):
        match one:
            case Text(text=text):
                before_link = i + 1 < len(inlines) and isinstance(inlines[i + 1], Link)
                parts.append(_escaped(text, style, in_link=in_link, before_link=before_link))
            case Code(text=text):
                parts.append(_span(text))
            case Break():
                parts.append("\n")
            case Strong(inner=inner):
                parts.append(f"**{_inlines(inner, style, in_link=in_link)}**")
            case Em(inner=inner):
                parts.append(f"*{_inlines(inner, style, in_link=in_link)}*")
            case Link(url=url, inner=inner):
                parts.append(f"[{_inlines(inner, style, in_link=True)}]({_url(url)})")
            case Image(name=name, alt=alt):
                text = _escaped(alt, Style.CAREFUL, in_link=True, before_link=False)
                parts.append(f"![{text}]({name})")
    return "".join(parts)


def _escaped(text: str, style: Style, *, in_link: bool, before_link: bool) -> str:
    if style is not Style.LIGHT:
        text = re.sub(rf"[{re.escape(_PUNCTUATION)}]", lambda match: "\\" + match[0], text)
    else:
        text = _BACKSLASH.sub(r"\\\\", text).replace("`", "\\`")
        text = _STAR.sub(lambda match: _star(match), text)
        text = _UNDERSCORE.sub(r"\\_", text)
        text = _ANGLE.sub(r"\\<", _ENTITY.sub(r"\\&", text))
        text = re.sub(r"[\[\]]", r"\\\g<0>", text) if in_link else _BRACKET.sub(r"\\]", text)
        text = re.sub(r"!$", r"\\!", text) if before_link else text
    return text.replace("\u00a0", "&nbsp;")


def _star(match: re.Match[str]) -> str:
    """A star between spaces is no emphasis: ``3 * 4``."""
    text, at = match.string, match.start()
    alone = 0 < at < len(text) - 1 and text[at - 1] == " " == text[at + 1]
    return "*" if alone else "\\*"


def _span(text: str) -> str:
    runs = {len(run) for run in re.findall(r"`+", text)}
    ticks = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _url(url: str) -> str:
    if not _HARD_URL.search(url):
        return url
    inner = re.sub(r"[\s<>\\\x00-\x1f]", lambda match: f"%{ord(match[0]):02X}", url)
    return f"<{inner}>"
