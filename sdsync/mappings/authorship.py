"""One line that says who wrote or reported it elsewhere; the way back strips it (law 54).

``*Ann Bee wrote in desk:*`` above a note, ``*Reported in desk by Ann Bee:*`` above a
description, where we cannot write in her name. A product without emphasis shows
the line without stars; it is known all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sdsync.mappings.people import shown_name
from sdsync.mappings.richtext.convert import clean
from sdsync.mappings.richtext.document import Em, Para, Text
from sdsync.mappings.richtext.markdown_read import read_markdown
from sdsync.mappings.richtext.markdown_write import write_markdown

#: Longer than any line that we write: a first paragraph beyond it is not read as one.
_LONGEST: Final = 600
_WROTE: Final = re.compile(r"(?P<name>.{1,120}) wrote in (?P<system>[\w.-]{1,60}):")
_REPORTED: Final = re.compile(r"Reported in (?P<system>[\w.-]{1,60}) by (?P<name>.{1,120}):")


def add_authorship(body: str, name: str, system: str) -> str:
    """``body`` under its author's line; adding it twice adds it once.

    Args:
        body: Canonical text.
        name: Display name; what would end the line, or be markup, is made harmless, and of
            an address no more is shown than a name.
        system: The system's name in ``sdsync.toml``.
    """
    return _under(f"{_shown(name)} wrote in {system}:", strip_authorship(body))


def worked_line(text: str, name: str, system: str, day: str | None) -> str:
    """The text of a copied worklog: who worked where, and on which day if that is not told else.

    ``Ann Bee worked in dev on 2026-11-20: indexes rebuilt``. Nothing strips it: a copy is
    never read as anybody's work.
    """
    shown = " ".join(clean(name).split())[:120].strip() or "somebody"
    line = f"{shown} worked in {system}" + (f" on {day}" if day else "")
    rest = " ".join(clean(text).split())
    return f"{line}: {rest}" if rest else line


def strip_authorship(body: str) -> str:
    """``body`` without its author's line, if it has one."""
    return _without(body, author_line)


def author_line(text: str) -> tuple[str, str] | None:
    """Name and system that a first paragraph tells; None when it is no such line."""
    return _told(text, _WROTE, " wrote in ")


def add_reporter(text: str, name: str, system: str) -> str:
    """A description under the line that says who reported it; see :func:`add_authorship`.

    What it held before stays, such a line too: one added is one taken off.
    """
    return _under(f"Reported in {system} by {_shown(name)}:", text)


def strip_reporter(text: str) -> str:
    """A description without its reporter's line, if it has one."""
    return _without(text, reporter_line)


def reporter_line(text: str) -> tuple[str, str] | None:
    """Name and system that a first paragraph tells; None when it is no such line."""
    return _told(text, _REPORTED, "Reported in ")


def _shown(name: str) -> str:
    return " ".join(shown_name(clean(name)).split())[:120].strip() or "somebody"


def _under(told: str, rest: str) -> str:
    line = write_markdown((Para((Em((Text(told),)),)),))
    return f"{line}\n\n{rest}" if rest else line


def _without(text: str, line_of: Callable[[str], object]) -> str:
    first, _, rest = text.partition("\n\n")
    return rest if line_of(first) is not None else text


def _told(text: str, form: re.Pattern[str], has: str) -> tuple[str, str] | None:
    if len(text) > _LONGEST or has not in text:
        return None
    blocks = read_markdown(text)
    if len(blocks) != 1 or not isinstance(blocks[0], Para) or len(blocks[0].inner) != 1:
        return None
    one = blocks[0].inner[0]
    inner = one.inner if isinstance(one, Em) else (one,)
    if len(inner) != 1 or not isinstance(inner[0], Text):
        return None
    match = form.fullmatch(inner[0].text)
    return (match["name"], match["system"]) if match else None
