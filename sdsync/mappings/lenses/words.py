"""Value table: canonical words and the product's own, many to one.

``{prod: [Production, PRD]}`` reads both words and writes the first. A word may
be a range of numbers (``67..100``), which is read and never written; ``also``
adds canonical values that are written as a word which reads as another value:
a lossy way out, so that there are no dead ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import (
    Lens,
    Outcome,
    Refused,
    Scene,
    Written,
    as_text,
    is_empty,
)
from sdsync.mappings.lenses.plain import number_of
from sdsync.mappings.nearest import did_you_mean
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

_RANGE: Final = re.compile(r"(-?\d+)\.\.(-?\d+)")
#: The canonical side of an entry that means "empty".
NONE_WORD: Final = "none"


def range_of(word: str) -> tuple[int, int] | None:
    """The bounds of ``67..100``, both inclusive; None when the word is no range."""
    match = _RANGE.fullmatch(word)
    return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True)
class Words(Lens):
    """A value table; ``can_empty`` only when it has an entry ``none``."""

    table: Mapping[str, Sequence[str]]
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    can_empty: bool = False
    _reads: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for canonical, natives in self.table.items():
            for native in natives:
                self._reads.setdefault(native, canonical)

    def read_word(self, native: Json) -> str | None:
        """The canonical word for a native one; None when the table does not know it."""
        word = as_text(native).strip()
        exact = self._reads.get(word)
        return exact if exact is not None else self._in_range(word)

    def _in_range(self, word: str) -> str | None:
        number = number_of(word)
        if number is None:
            return None
        for native, canonical in self._reads.items():
            bounds = range_of(native)
            if bounds and bounds[0] <= number <= bounds[1]:
                return canonical
        return None

    def is_empty(self, native: Json) -> bool:
        """Empty as such, or a word of the entry ``none``."""
        return is_empty(native) or self.read_word(native) == NONE_WORD

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The canonical word, or Unmapped."""
        found = self.read_word(native)
        return found if found is not None else self.unmapped(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The first word of the entry, in the product's present style: word or number."""
        word = as_text(value)
        natives = self.table.get(word) or self.also.get(word)
        writable = [one for one in natives or () if range_of(one) is None]
        if not writable:
            known = {**self.table, **self.also}
            return Refused(f'the table has no entry for "{word}"{did_you_mean(word, known)}')
        chosen = next((one for one in writable if _style(one) == _style(seen)), writable[0])
        shown = self.read_word(chosen)
        cut = None if shown == word else f'"{word}" is shown as "{chosen}"'
        return Written(_native(chosen), cut)

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The edited word; the whole where it is written as that very word."""
        natives = self.also.get(as_text(whole), ())
        if any(self.read_word(native) == new_view for native in natives):
            return whole
        return new_view


def _style(native: Json | Absent) -> str:
    """Numbers and words are two ways to say one priority; a product shows which it uses."""
    if isinstance(native, Absent) or is_empty(native):
        return "any"
    return "number" if number_of(native) is not None else "word"


def _native(word: str) -> Json:
    """``true`` and ``false`` in a table mean the booleans of JSON; all else is text."""
    return {"true": True, "false": False}.get(word, word)
