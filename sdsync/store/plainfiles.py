"""Files of evidence: plain ones only, and what goes wrong with them in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class FileProblem(Exception):  # noqa: N818 - named as what it reports
    """A file of evidence cannot be read or written; the text names it."""


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """What goes wrong with a file, as :class:`FileProblem`."""
    try:
        yield
    except OSError as error:
        told = (error.strerror or type(error).__name__).lower()
        raise FileProblem(f"{error.filename or path}: {told}") from error


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """A plain file, to be read.

    Raises:
        FileProblem: It is none, or cannot be read.
    """
    with told_of(path):
        plain = path.is_file()  # raises where the folder may not be entered
    if not plain:
        raise FileProblem(f"{path} is not there, or no plain file")
    with told_of(path), path.open("rb") as file:
        yield file
