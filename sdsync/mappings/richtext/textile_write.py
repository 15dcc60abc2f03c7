"""A tree as Textile, in Redmine's dialect.

What would be read as markup is written as a character reference; what Textile
has no words for (a second paragraph in a list item) is flattened into lines.
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
    Inline,
    Inlines,
    Items,
    Line,
    Link,
    Para,
    Quote,
    Strong,
    Text,
)
from sdsync.mappings.richtext.plain import write_plain
from sdsync.mappings.richtext.textile_read import PHRASE, read_textile

_ENTITY: Final = re.compile(r"&(?=#?\w{1,31};)")
#: The only tags that Redmine obeys; it shows all others as they are written.
_TAG: Final = re.compile(r"<(?=/?(?:pre|code|kbd|notextile)\b)", re.IGNORECASE)
_START: Final = re.compile(
    r"(?:[*#]{1,10} |h[1-6][.(]|bq[.(]|p[.(<>=]|>|-{3,}\s*$|\||fn\d|notextile)"
)
_SPECIAL: Final = '*_@"!-+^~%?#<>&|='


def write_textile(blocks: Blocks) -> str:
    """The Textile of a normal tree."""
    return "\n\n".join(checked(block, _write, read_textile) for block in blocks)


def _write(block: Block, style: Style) -> str:
    match block:
        case Para(inner=inner):
            return _lines(inner, style)
        case Heading(level=level, inner=inner):
            return f"h{level}. {_inlines(inner, style)}"
        case CodeBlock():
            return _pre(block)
        case Quote(inner=inner):
            text = "\n\n".join(_write(one, style) for one in inner)
            return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
        case Items():
            return "\n".join(_list(block, "", style))
        case Line():
            return "---"


def _pre(block: CodeBlock) -> str:
    if re.search(r"</(?:pre|code)", block.text, re.IGNORECASE):
        return "\n".join(_start(_escaped(line, Style.CAREFUL)) for line in block.text.split("\n"))
    if block.language and re.fullmatch(r"[\w+#.-]+", block.language):
        return f'<pre><code class="{block.language}">\n{block.text}\n</code></pre>'
    return f"<pre>\n{block.text}\n</pre>"


def _list(block: Items, markers: str, style: Style) -> list[str]:
    mine = markers + ("*" if block.start is None else "#")
    lines: list[str] = []
    for item in block.items:
        if head := _head(item):
            lines.append(f"{mine[:10]} {_lines(head, style, first=False)}")
        for inner in item:
            if isinstance(inner, Items):
                lines += _list(inner, mine, style)
    return lines


def _head(item: Blocks) -> Inlines:
    """All of an item that is no list, as the lines of one paragraph."""
    parts: list[Inline] = []
    for block in item:
        if isinstance(block, Items):
            continue
        parts += [Break()] if parts else []
        if isinstance(block, Para | Heading):
            parts += block.inner
        else:
            for i, line in enumerate(write_plain((block,)).split("\n")):
                parts += [Break(), Text(line)] if i else [Text(line)]
    return tuple(parts)


def _lines(inlines: Inlines, style: Style, *, first: bool = True) -> str:
    lines = _inlines(inlines, style).split("\n")
    return "\n".join(_start(line) if first or i else line for i, line in enumerate(lines))


def _start(line: str) -> str:
    """A line that would begin a block begins with a reference instead."""
    return f"&#{ord(line[0])};{line[1:]}" if _START.match(line) else line


def _inlines(inlines: Inlines, style: Style) -> str:
    return "".join(_inline(one, style) for one in inlines)


def _inline(one: Inline, style: Style) -> str:
    match one:
        case Text(text=text):
            return _escaped(text, style)
        case Code(text=text):
            return _span(text)
        case Break():
            return "\n"
        case Strong(inner=inner):
            return f"*{_inlines(inner, style)}*"
        case Em(inner=inner):
            return f"_{_inlines(inner, style)}_"
        case Link(url=url, inner=inner):
            return f'"{_inlines(inner, style)}":{url}'
        case Image(name=name, alt=alt):
            return f"!{name}({_escaped(alt, Style.CAREFUL)})!" if alt else f"!{name}!"


def _span(text: str) -> str:
    if "@" in text or text != text.strip() or _ENTITY.search(text):
        return f"<code>{_escaped(text, Style.CAREFUL)}</code>"
    return f"@{text}@"


def _escaped(text: str, style: Style) -> str:
    if style is Style.CAREFUL:
        text = re.sub(rf"[{re.escape(_SPECIAL)}]", lambda match: f"&#{ord(match[0])};", text)
    else:
        text = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
        text = PHRASE.sub(lambda match: f"&#{ord(match[0][0])};{match[0][1:]}", text)
    return text.replace("\u00a0", "&nbsp;")
