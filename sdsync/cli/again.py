"""The next command as it works here: with the ``-c FILE`` that this one was given."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdsync.cli.page import Page

_FILE: ContextVar[str | None] = ContextVar("file", default=None)
_COMMAND = re.compile(r"(?<![\w./-])sdsync (?=[a-z])")


def remember(words: Sequence[str]) -> None:
    """Note which file a command line names; SDSYNC_CONFIG holds for the next one anyway."""
    _FILE.set(_named(words))


def options() -> Sequence[str]:
    """What a further command line begins with, so that it means the same file."""
    file = _FILE.get()
    return () if file is None else ("--config", file)


def _named(words: Sequence[str]) -> str | None:
    for at, word in enumerate(words):
        if word in ("-c", "--config"):
            return words[at + 1] if at + 1 < len(words) else None
        head, equals, file = word.partition("=")
        if head == "--config" and equals:
            return file
        if word.startswith("-c") and not word.startswith("--"):
            return word[2:]
    return None


def here(command: str) -> str:
    """A command for a person, or several in one sentence."""
    file = _FILE.get()
    if file is None:
        return command
    return _COMMAND.sub(lambda _: f"sdsync -c {_quoted(file)} ", command)


def _quoted(file: str) -> str:
    """For a shell; a name that no terminal could show is told by its bytes."""
    name = os.fsencode(file)
    try:
        return shlex.quote(name.decode())
    except UnicodeDecodeError:
        plain = range(32, 127)
        told = (chr(one) if one in plain and one not in b"\\'" else f"\\x{one:02x}" for one in name)
        return f"$'{''.join(told)}'"


def page_here(page: Page) -> Page:
    """A screen whose cures are told so."""
    if _FILE.get() is None:
        return page
    from sdsync.cli.page import CURE, line

    told = [one.plain for one in page]
    return [
        line((here(text), CURE)) if text.lstrip().startswith("> ") else one
        for text, one in zip(told, page, strict=True)
    ]
