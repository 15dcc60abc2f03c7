"""A description under a line that says who reported the record elsewhere (law 54).

Written where the product cannot name that person; the way back strips it, so
that the line never travels on and is never anybody's edit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdsync.mappings.authorship import add_reporter, strip_reporter
from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Scene, Written
from sdsync.mappings.lenses.strangers import Strangers
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

#: Of the hub's values around a lens: the system where the record began.
BORN_IN = "born_in"
#: … and that system's own word for a reporter whom sdsync does not know.
REPORTED_BY = "reported_by"
#: … and whether the sync carries who reported it at all.
CARRIED = "reporter_is_carried"


@dataclass(frozen=True)
class Told(Lens):
    """``inner`` under the line. ``written``: whether the reporter's own rule writes anybody.

    The view is lossy: who reported it is no part of the text (law 8).
    """

    inner: Lens
    strangers: Strangers
    written: bool

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The text without the line."""
        shown = self.inner.get(native, scene)
        return strip_reporter(shown) or None if isinstance(shown, str) else shown

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The text, under the line where one is due and can be told from the text again."""
        alone, name = self.inner.put(value, seen, scene), self._name(scene)
        if name is None or not isinstance(value, str) or not isinstance(alone, Written):
            return alone
        text = add_reporter(value, name, str(scene.hub[BORN_IN]))
        told = self.inner.put(text, seen, scene)
        if isinstance(told, Written) and self._back(told, scene) == self._text(alone, scene):
            return replace(told, cut=alone.cut)
        return replace(alone, cut=alone.cut or "no line above it can say who reported it")

    def _back(self, wrote: Written, scene: Scene) -> Viewed:
        return self.get(wrote.value, replace(scene, format=wrote.format or scene.format))

    def _text(self, wrote: Written, scene: Scene) -> Viewed:
        return self.inner.get(wrote.value, replace(scene, format=wrote.format or scene.format))

    def is_empty(self, native: Json) -> bool:
        """As the inner lens says."""
        return self.inner.is_empty(native)

    def footprint(self, native: Json) -> Json:
        """As the inner lens says: a line that somebody takes away is no edit of the text."""
        return self.inner.footprint(native)

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """As the inner lens says."""
        return self.inner.carry(old_view, new_view, whole)

    def _name(self, scene: Scene) -> str | None:
        """Who has to be told; None: nobody, or the product names them, or it began here."""
        if not self.strangers.told or scene.hub.get(BORN_IN) in (None, scene.system):
            return None
        key, word = scene.hub.get("reporter"), _one(scene.hub.get(REPORTED_BY))
        if isinstance(key, str):
            carried = self.written and scene.hub.get(CARRIED)
            named = carried and self.strangers.named(key, scene)
            return None if named else scene.people.display(key)
        return None if word.isdecimal() else word or None  # a number tells nobody anything


def _one(native: Json) -> str:
    first = native[0] if isinstance(native, list) and native else native
    return first if isinstance(first, str) else ""
