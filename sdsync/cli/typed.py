"""What somebody typed, as text: a terminal or a script may hand over bytes that are none."""

from __future__ import annotations

import re

from sdsync.cli.codes import Code, CommandError

#: Python keeps a byte that it cannot read as U+DC00 and the byte; no text of UTF-8 has one.
_NO_TEXT = re.compile("[\ud800-\udfff]")


def refuse_bytes(given: object, name: str) -> None:
    """Let no text through that is no UTF-8: no store and no product would take it.

    A path passes, since a file's name is whatever it is.

    Args:
        given: A text, several, or anything else.
        name: What it is called. The text is not repeated: it may be a secret.

    Raises:
        CommandError: A text is none.
    """
    if isinstance(given, list | tuple):
        for one in given:
            refuse_bytes(one, name)
    elif isinstance(given, str) and _NO_TEXT.search(given):
        raise CommandError(f"{name} is no UTF-8; nothing was done", code=Code.USAGE)


def refuse_empty(given: object, name: str, meaning: str | None) -> None:
    """Let no empty text through, which is what an unset variable of a script leaves.

    Args:
        given: A text, several, or anything else.
        name: What it is called.
        meaning: What it is to be, as the command's help says it.

    Raises:
        CommandError: A text is empty, or blank.
    """
    if isinstance(given, list | tuple):
        for one in given:
            refuse_empty(one, name, meaning)
    elif isinstance(given, str) and not given.strip():
        told = f"{name} is empty; nothing was done"
        raise CommandError(f"{told}. {meaning}" if meaning else told, code=Code.USAGE)
