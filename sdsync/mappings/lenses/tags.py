"""Tags: a set of words in a list, or in one text with a separator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import (
    Lens,
    Outcome,
    Scene,
    Written,
    as_list,
    as_text,
    merge_sets,
)
from sdsync.mappings.orders import Word, contents, orders, standing
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

Separator = Literal["comma", "space", "line", "list"]
_JOINT: Final = {"comma": ",", "space": " ", "line": "\n"}


@dataclass(frozen=True)
class TagsLens(Lens):
    """``by: list`` writes a list; a text is split at its separator.

    A product's list is read and written as a list whatever ``by`` says: the
    field's own shape wins over the mapping's guess. An order (``sdsync:stop``) is
    no content: it is not shown, is left where it stands, and is written nowhere.
    """

    by: Separator = "comma"

    def footprint(self, native: Json) -> Json:
        """The words, sorted."""
        return sorted(set(contents(self._split(native)))) or None

    def orders(self, native: Json) -> frozenset[Word]:
        """The orders among the words."""
        return standing(self._split(native))

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The words, sorted, each once."""
        return sorted(set(contents(self._split(native))))

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The seen words that stay, in their order, then the new ones."""
        wanted = sorted(set(contents(as_text(one).strip() for one in as_list(value))) - {""})
        as_words = self.by == "list" or isinstance(seen, list)
        possible = wanted if as_words else [one for one in wanted if self._fits(one)]
        shown = [] if isinstance(seen, Absent) else self._split(seen)
        stays = {*possible, *orders(shown)}
        kept = list(dict.fromkeys(one for one in shown if one in stays))
        words = [*kept, *(one for one in possible if one not in kept)]
        lost = [one for one in wanted if one not in possible]
        cut = f"tags with a {self.by} in them: {', '.join(lost)}" if lost else None
        return Written(list(words) if as_words else self._join(words), cut)

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """What was added or removed, on the whole set."""
        return merge_sets(old_view, new_view, whole)

    def _fits(self, word: str) -> bool:
        return self._split(word) == [word]

    def _split(self, native: Json) -> list[str]:
        if not isinstance(native, str):
            return [text for one in as_list(native) if (text := as_text(one).strip())]
        if self.by == "list":
            return [native.strip()] if native.strip() else []
        parts = native.split() if self.by == "space" else native.split(_JOINT[self.by])
        return [part.strip() for part in parts if part.strip()]

    def _join(self, words: list[str]) -> str:
        return (", " if self.by == "comma" else _JOINT[self.by]).join(words)
