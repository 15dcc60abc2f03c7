"""A command line that cannot be read, in our words: typer tells it in those of its parts."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import typer

from sdsync.cli.codes import Code, CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

#: What typer raises for such a line. By what is derived from it, since the class itself
#: has moved from one package to another between its releases.
Unusable: type[typer.BadParameter] = typer.BadParameter.__mro__[2]


def _one_of(found: re.Match[str]) -> str:
    from sdsync.config.problems import one_of, show

    words = re.findall(r"'([^']*)'", found[2])
    return f"found {show(found[1])}, expected {one_of(words)}"


_WORDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"Input should be a valid number.*"), "expected a number"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"expected \1 or more"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"expected \1 or less"),
    (re.compile(r"Value error, '(.*?)' is not one of (.*)\."), _one_of),
    (re.compile(r"[Ff]ile '(.*)' is a directory\."), r"\1 is a folder, expected a file"),
)


def worded(message: str) -> str:
    """What typer says, without the words of the library that it asks."""
    for pattern, told in _WORDS:
        message = pattern.sub(told, message)
    return message


def error_of(error: typer.BadParameter) -> CommandError:
    """What is to be said of such a line, with the help of the command that was meant."""
    error.message = worded(error.message)
    ctx = getattr(error, "ctx", None)
    cure = f"{'sdsync' if ctx is None else ctx.command_path} -h"
    return CommandError(error.format_message(), cure=cure, code=Code.USAGE)


def page_of(error: typer.BadParameter) -> str:
    """The same for a person, below how the command is used."""
    error.message = worded(error.message)
    shown = io.StringIO()
    error.show(shown)
    return shown.getvalue()
