"""Where in a file each key and value stands."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass

from sdsync.config.problems import KeyPath


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key and its value stand; lines and columns count from 1.

    ``path`` is the key path as the file has it. ``quoted`` tells, of a YAML
    scalar, whether it was written in quotes or as a block; None: no scalar, or
    TOML, where the value's own type tells.
    """

    line: int
    column: int
    value_line: int
    value_column: int
    path: KeyPath
    quoted: bool | None = None


Places = Mapping[KeyPath, Place]


class Lines:
    """Turns an offset in a text into line and column."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        self._starts.extend(i + 1 for i, char in enumerate(text) if char == "\n")

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset``, both from 1."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def nearest(loc: KeyPath, places: Places) -> KeyPath:
    """The deepest key of ``loc`` that the file really has.

    pydantic puts tags of its own in ``loc`` (union members, ``[key]``); a tag is
    no key of the file, so it is stepped over.
    """
    known = max(i for i in range(len(loc) + 1) if i == 0 or loc[:i] in places)
    path = loc[:known]
    for part in loc[known:]:
        if (*path, part) in places:
            path = (*path, part)
    return path
