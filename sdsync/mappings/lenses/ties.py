"""Links and parents: a product's ids of other records as names that all systems share.

What the id of a record that nobody shares says stays where it is, as strangers do in a
set of people: it is neither read nor taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import (
    Left,
    Lens,
    Outcome,
    Scene,
    Written,
    as_list,
    as_text,
    is_empty,
    merge_sets,
)
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

#: Under which the hub's values hold what the system was last known to show of its links.
BEFORE = "links_before"


@dataclass(frozen=True)
class LinksLens(Lens):
    """Links as a list of ``TYPE ID``; canonical ``type name``: ``blocks desk#4711``.

    ``table``: canonical type -> the product's, of which the first is written. A type that
    no line knows stays where it is.
    """

    table: Mapping[str, Sequence[str]]
    empty: Json = ()

    def footprint(self, native: Json) -> Json:
        """The links in an order of their own."""
        return sorted({as_text(one) for one in as_list(native)}) or None

    def get(self, native: Json, scene: Scene) -> Viewed:
        """Those of known type, to records that are shared."""
        found = (self._read(one, scene) for one in as_list(native))
        return sorted({one for one in found if one is not None})

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The seen links less those that were taken away since, plus the new ones."""
        wanted = {as_text(one) for one in as_list(value)}
        native = {one: self._native(one, scene) for one in sorted(wanted)}
        before = scene.hub.get(BEFORE)
        mine = wanted | set(before) if isinstance(before, list) else None
        kept: list[Json] = []
        there: set[str] = set()
        for one in [] if isinstance(seen, Absent) else as_list(seen):
            shown = self._read(one, scene)
            ours = mine is None or shown in mine
            if shown is None or shown in wanted or not ours:
                kept.append(one)
                there |= {shown} if shown is not None else set()
        lost = [one for one in native if one not in there and native[one] is None]
        kept += [one for name, one in native.items() if one is not None and name not in there]
        cut = f"no word in {scene.system} for: {', '.join(lost)}" if lost else None
        return Written(kept, cut)

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """What was linked or unlinked, on the whole set."""
        return merge_sets(old_view, new_view, whole)

    def _read(self, native: Json, scene: Scene) -> str | None:
        word, _, native_id = as_text(native).partition(" ")
        kind = next((ours for ours, theirs in self.table.items() if word in theirs), None)
        name = scene.people.record(scene.system, native_id) if kind is not None else None
        return None if name is None else f"{kind} {name}"

    def _native(self, link: str, scene: Scene) -> str | None:
        kind, _, name = link.partition(" ")
        word = next(iter(self.table.get(kind, ())), None)
        native_id = scene.people.native_record(scene.system, name) if word is not None else None
        return None if native_id is None else f"{word} {native_id}"


@dataclass(frozen=True)
class RecordLens(Lens):
    """One record that this one hangs on; where the product holds several, the first is meant."""

    def get(self, native: Json, scene: Scene) -> Viewed:
        """Its name, or Unmapped when it is not shared."""
        name = scene.people.record(scene.system, as_text(_first(native)))
        return name if name is not None else self.unmapped(_first(native), scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """What the system calls it; left alone when its pair is not known."""
        native = scene.people.native_record(scene.system, as_text(value))
        if native is None:
            return Left(f"{value} is not shared with {scene.system} yet")
        return Written([native, *seen[1:]] if isinstance(seen, list) else native)


def _first(native: Json) -> Json:
    return native[0] if isinstance(native, list) and not is_empty(native) else native


def target(link: str) -> str:
    """The name of the record that a canonical link leads to."""
    return link.partition(" ")[2]
