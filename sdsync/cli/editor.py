"""A text in the person's own editor: a private file, until what it says is taken up."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sdsync.cli.codes import CommandError

SET_ONE = "export EDITOR=vi, or whatever you like"
_LARGEST_BYTES = 4_000_000


@contextmanager
def edited(text: str, *, name: str, again: Callable[[str], str]) -> Iterator[str]:
    """``text`` as it is when the editor ends, for what is done with it.

    ``VISUAL``, else ``EDITOR``, else vi, runs without a shell. The file is readable for
    its owner alone, and is gone afterwards with whatever the editor left beside it.
    When anything fails, the editor or what comes after it, what the person wrote stays,
    and a note on the error names the command that takes it up.

    Args:
        name: Of the file; an editor knows by it what the text is.
        again: The command for a file.

    Raises:
        CommandError: There is no such editor, it failed, or what it left is no text.
    """
    argv = _argv()
    folder = Path(tempfile.mkdtemp(prefix="sdsync-"))
    path, kept = folder / name, False
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        _run([*argv, str(path)])
        yield read(path, "the editor took the file away; nothing was written")
    except BaseException as error:
        # Ctrl-C as an error of ours: click makes an end without words of it.
        told = CommandError("broken off") if isinstance(error, KeyboardInterrupt) else error
        kept = _wrote(path, text)
        if kept:
            told.add_note(again(str(path)))
        raise told from told.__cause__
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _run(argv: list[str]) -> None:
    try:
        ended = subprocess.run(argv, check=False)  # noqa: S603 - the person's own
    except OSError as error:
        told = f"the editor {argv[0]} does not start: {error.strerror}"
        raise CommandError(told, cure=SET_ONE) from None
    if ended.returncode:
        raise CommandError(
            f"the editor {argv[0]} ended with {ended.returncode}; nothing was written"
        )


def _wrote(path: Path, text: str) -> bool:
    """Whether the file is there and holds something else than it was given."""
    try:
        return path.read_bytes() not in (b"", text.encode())
    except OSError:
        return False


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


def read(path: Path, gone: str) -> str:
    """The text of a file; ``gone`` is what is said when there is none.

    Raises:
        CommandError: It is not there, too large, or no text.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CommandError("the text is too large; nothing was written")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(gone) from None
    except OSError as error:
        told = (error.strerror or "cannot be read").lower()
        raise CommandError(f"{path}: {told}; nothing was written") from None
    except UnicodeDecodeError:
        raise CommandError("the text is no UTF-8; nothing was written") from None
