"""Maximum length: a text that the product would cut is cut by us, and said."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Scene, Written
from sdsync.mappings.paths import Absent
from sdsync.mappings.richtext.threeway import three_way
from sdsync.store.records import Json


@dataclass(frozen=True)
class Cut(Lens):
    """At most ``limit`` characters of what ``inner`` writes.

    The view is lossy: as long as the hub's value still begins with what stands
    there, nothing is written, and an edit of the beginning is carried onto the
    whole (law 8).
    """

    inner: Lens
    limit: int

    def get(self, native: Json, scene: Scene) -> Viewed:
        """As the inner lens says."""
        return self.inner.get(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The beginning, with a note of how much is missing."""
        outcome = self.inner.put(value, seen, scene)
        if not isinstance(outcome, Written) or not isinstance(outcome.value, str):
            return outcome
        if len(outcome.value) <= self.limit:
            return outcome
        text = shorten(outcome.value, self.limit)
        return replace(
            outcome, value=text, cut=f"cut at {self.limit} of {len(outcome.value)} characters"
        )

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The edit of the beginning, on the whole text."""
        if isinstance(old_view, str) and isinstance(new_view, str) and isinstance(whole, str):
            return carry_prefix(old_view, new_view, whole)
        return self.inner.carry(old_view, new_view, whole)


def shorten(text: str, limit: int) -> str:
    """The first characters, never ending inside a combined one or in space."""
    end = limit
    while (
        end > 0 and end < len(text) and (unicodedata.combining(text[end]) or text[end] == "\u200d")
    ):
        end -= 1
    return text[:end].rstrip()


def carry_prefix(old: str, new: str, whole: str) -> str | None:
    """An edit of a text's beginning, on the whole text; None when it cannot be told.

    An unedited tail stays as it is; else the three texts are merged.
    """
    if whole == old:
        return new
    if whole.startswith(old):
        return new + whole[len(old) :]
    return three_way(base=old, ours=whole, theirs=new)
