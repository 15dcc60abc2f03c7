"""A tree into HTML."""

from __future__ import annotations

import html

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


def write_html(blocks: Blocks) -> str:
    """HTML of a normal tree; all text is escaped."""
    return "\n".join(_write(block) for block in blocks)


def _write(block: Block) -> str:
    match block:
        case Para(inner=inner):
            return f"<p>{_inlines(inner)}</p>"
        case Heading(level=level, inner=inner):
            return f"<h{level}>{_inlines(inner)}</h{level}>"
        case CodeBlock(text=text, language=language):
            name = f' class="language-{html.escape(language)}"' if language else ""
            return f"<pre><code{name}>{html.escape(text, quote=False)}\n</code></pre>"
        case Quote(inner=blocks):
            return f"<blockquote>\n{write_html(blocks)}\n</blockquote>"
        case Items(items=items, start=start):
            return _write_items(items, start)
        case Line():
            return "<hr>"


def _write_items(items: tuple[Blocks, ...], start: int | None) -> str:
    name = "ul" if start is None else "ol"
    number = f' start="{start}"' if start not in (None, 1) else ""
    lines = "\n".join(f"<li>{_item(item)}</li>" for item in items)
    return f"<{name}{number}>\n{lines}\n</{name}>"


def _item(item: Blocks) -> str:
    """A first paragraph stands without its tag, as people write lists."""
    first, *rest = item
    head = _inlines(first.inner) if isinstance(first, Para) else _write(first)
    return "\n".join([head, *(_write(block) for block in rest)])


def _inlines(inlines: Inlines) -> str:
    return "".join(_write_inline(one) for one in inlines)


def _write_inline(one: Inline) -> str:
    match one:
        case Text(text=text):
            return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
        case Code(text=text):
            return f"<code>{html.escape(text, quote=False)}</code>"
        case Break():
            return "<br>\n"
        case Strong(inner=inner):
            return f"<strong>{_inlines(inner)}</strong>"
        case Em(inner=inner):
            return f"<em>{_inlines(inner)}</em>"
        case Link(url=url, inner=inner):
            return f'<a href="{html.escape(url)}">{_inlines(inner)}</a>'
        case Image(name=name):
            return f"<em>{html.escape(name)}</em>"  # no page shows a file by its name
