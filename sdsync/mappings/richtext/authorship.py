"""The first line that says who wrote a note, where we cannot write in their name (law 54).

``*Ann Bee wrote in desk:*`` on the way out; gone again on the way back, so that
a note does not gather lines as it travels.
"""

from __future__ import annotations

import re
from typing import Final

from sdsync.mappings.richtext.convert import canonical
from sdsync.mappings.richtext.document import Em, Para, Text
from sdsync.mappings.richtext.markdown_read import read_markdown
from sdsync.mappings.richtext.markdown_write import write_markdown

_LINE: Final = re.compile(r"(?P<name>.{1,200}) wrote in (?P<system>[\w.-]{1,80}):")


def with_author(body: str, name: str, system: str) -> str:
    """The canonical body with its line of authorship above."""
    shown = " ".join(name.split())[:200] or "Somebody"
    line = write_markdown((Para((Em((Text(f"{shown} wrote in {system}:"),)),)),))
    return f"{line}\n\n{body}" if body else line


def without_author(body: str) -> str:
    """The canonical body without that line; other bodies stay as they are.

    A product without emphasis shows the line without stars; it is known all the same.
    """
    first, _, rest = body.partition("\n\n")
    return rest if author_line(first) is not None else body


def author_line(text: str) -> tuple[str, str] | None:
    """Name and system that a first paragraph tells; None when it is no such line."""
    blocks = read_markdown(text)
    if len(blocks) != 1 or not isinstance(blocks[0], Para) or len(blocks[0].inner) != 1:
        return None
    one = blocks[0].inner[0]
    inner = one.inner if isinstance(one, Em) else (one,)
    if len(inner) != 1 or not isinstance(inner[0], Text):
        return None
    match = _LINE.fullmatch(inner[0].text)
    return (match["name"], match["system"]) if match else None


def same_note(left: str, right: str) -> bool:
    """Whether two bodies are one note, with or without its line of authorship."""
    return canonical(without_author(left)) == canonical(without_author(right))
