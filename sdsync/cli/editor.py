"""A text in the person's own editor: a private file, for as long as the editor runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from sdsync.cli.codes import CommandError

SET_ONE = "export EDITOR=vi, or whatever you like"
_LARGEST_BYTES = 4_000_000


def edited(text: str, *, name: str) -> str:
    """``text`` as it is when the editor ends.

    ``VISUAL``, else ``EDITOR``, else vi, runs without a shell. The file is readable for
    its owner alone, and is gone afterwards with whatever the editor left beside it.

    Args:
        name: Of the file; an editor knows by it what the text is.

    Raises:
        CommandError: There is no such editor, it failed, or what it left is no text.
    """
    argv = _argv()
    with tempfile.TemporaryDirectory(prefix="sdsync-") as folder:
        path = Path(folder, name)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        try:
            ended = subprocess.run([*argv, str(path)], check=False)  # noqa: S603 - the person's own
        except OSError as error:
            told = f"the editor {argv[0]} does not start: {error.strerror}"
            raise CommandError(told, cure=SET_ONE) from None
        if ended.returncode:
            raise CommandError(
                f"the editor {argv[0]} ended with {ended.returncode}; nothing was written"
            )
        return _read(path)


def _argv() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        given = os.environ.get(variable, "").strip()
        try:
            words = shlex.split(given)
        except ValueError as error:
            raise CommandError(f"{variable} cannot be read: {error}", cure=SET_ONE) from None
        if words:
            return words
    return ["vi"]


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CommandError("the text has become too large; nothing was written")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError("the editor took the file away; nothing was written") from None
    except UnicodeDecodeError:
        raise CommandError("the text is no UTF-8; nothing was written") from None
