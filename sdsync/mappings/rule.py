"""A rule: one canonical field, its native path, and the lens between the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as default

from sdsync.config.vocabulary import SETS
from sdsync.mappings.contract import (
    NO_NAMES,
    UNKNOWN,
    Direction,
    People,
    Put,
    RecordNames,
    Unknown,
    Viewed,
)
from sdsync.mappings.expressions import Expression
from sdsync.mappings.lenses.base import Left, Lens, Outcome, Refused, Scene, Written, is_empty
from sdsync.mappings.orders import Word
from sdsync.mappings.paths import ABSENT, Absent, Path, merged
from sdsync.store.records import Json

#: Canonical fields whose empty value is [] and not None.


@dataclass(frozen=True)
class Format:
    """Where the record tells the markup of a text, and in which words."""

    path: Path
    words: Mapping[str, str]  # our word (html, plain, textile, markdown) -> the product's

    def read(self, native: Mapping[str, Json]) -> str | None:
        """The markup that the record tells; None when it does not, or in a word not known."""
        found = self.path.read(native)
        return next((ours for ours, word in self.words.items() if word == found), None)


@dataclass(frozen=True)
class Rule:
    """How one canonical field looks in one product. ``place`` is file:line:column.

    ``once``: the product takes the value at birth alone. ``optional``: some
    places have no such field; there the value is left out and said.
    """

    field: str
    kind: str  # of the field, as the vocabulary has it
    lens: Lens
    path: Path | None = None  # None: a constant
    direction: Direction = Direction.BOTH
    place: str = ""
    once: bool = False
    optional: bool = False
    format: Format | None = None
    entering: Mapping[str, Mapping[Path, Expression]] = default(default_factory=dict)

    @property
    def nothing(self) -> Json:
        """The canonical empty value of this field."""
        return [] if self.kind in SETS else None

    def keep(self, native: Mapping[str, Json]) -> dict[str, Json]:
        """What this rule reads of a record."""
        parts = [] if self.path is None else [self.path.part(native)]
        if self.format is not None:
            parts.append(self.format.path.part(native))
        return merged(parts)

    def extract(self, native: Mapping[str, Json]) -> dict[str, Json]:
        """Path and value as law 1 compares them; without the path where it is not known."""
        found = ABSENT if self.path is None else self.path.read(native)
        if self.path is None or isinstance(found, Absent | Unknown):
            return {}
        return {self.path.text: self.lens.footprint(found)}

    def orders(self, native: Mapping[str, Json]) -> frozenset[Word]:
        """What people order in words in the rule's field."""
        found = ABSENT if self.path is None else self.path.read(native)
        known = self.direction is not Direction.OUT and not isinstance(found, Absent | Unknown)
        return self.lens.orders(found) if known else frozenset()

    def get(
        self,
        native: Mapping[str, Json],
        system: str,
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Viewed:
        """The canonical value; UNKNOWN where the record does not hold the path (law 9)."""
        if self.direction is Direction.OUT and not self.lens.mended:
            return UNKNOWN
        return self._view(native, self._scene(native, system, people, {}, names))

    def put(
        self,
        value: Json,
        seen: Mapping[str, Json],
        hub: Mapping[str, Json],
        system: str,
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Put:
        """The patch that makes the record show ``value``; empty when it already does (law 8)."""
        if self.direction is Direction.IN:
            return Put()
        scene = self._scene(seen, system, people, hub, names)
        now: Json | Absent = ABSENT
        if self.path is not None:
            found = self.path.read(seen)
            if isinstance(found, Unknown):
                return Put(
                    refused="what stands there is not known; it is read first", place=self.place
                )
            now = found
        if is_empty(value):
            return self._clear(now, scene)
        if seen and isinstance(now, Absent) and self.path is not None and self.optional:
            return Put(cut=f"{self.path.text} does not exist here")
        if not isinstance(now, Absent) and self._shows(now, scene) == value:
            return Put()
        return self._patch(self.lens.put(value, now, scene), now, scene, value)

    def _clear(self, now: Json | Absent, scene: Scene) -> Put:
        """Empty the native field; at birth, and where it shows nothing, there is nothing to do."""
        if self.path is None or isinstance(now, Absent):
            return Put()
        if self._shows(now, scene) == self.nothing:
            return Put()
        if self.kind in SETS:  # the lens knows what has to stay, such as unknown people
            return self._patch(self.lens.put([], now, scene), now, scene, [])
        if self.once or not self.lens.can_empty:
            return Put(cut=f"{self.path.text} cannot be emptied")
        left = self.lens.cleared(now, scene)
        if self.lens.footprint(left) == self.lens.footprint(now):
            return Put()
        return Put(values=self.path.patch(left))

    def _patch(self, outcome: Outcome, now: Json | Absent, scene: Scene, value: Json) -> Put:
        if isinstance(outcome, Refused):
            return Put(refused=outcome.why, place=self.place)
        if isinstance(outcome, Left):
            return Put() if self._constant_shows(value) else Put(cut=outcome.cut)
        if self.path is None or self._already(outcome, now, scene):
            return Put()  # what it does not carry was told when it was written
        if self.once and not isinstance(now, Absent):
            return Put(cut=f"{self.path.text} can be written at birth only")
        patches = [self.path.patch(outcome.value)]
        word = self.format.words.get(outcome.format or "") if self.format else None
        if self.format is not None and word is not None:
            patches.append(self.format.path.patch(word))
        return Put(values=merged(patches), cut=outcome.cut)

    def _already(self, outcome: Written, now: Json | Absent, scene: Scene) -> bool:
        """Whether the record shows what it would show after the write (law 8)."""
        if isinstance(now, Absent):
            return False
        after = replace(scene, format=outcome.format or scene.format)
        shown, wanted = self._shows(now, scene), self._shows(outcome.value, after)
        return self.lens.footprint(outcome.value) == self.lens.footprint(now) or (
            type(shown) is type(wanted) and shown == wanted
        )

    def _constant_shows(self, value: Json) -> bool:
        return self.path is None and self.lens.footprint(None) == value

    def _shows(self, native: Json, scene: Scene) -> Viewed:
        return self.nothing if self.lens.is_empty(native) else self.lens.get(native, scene)

    def _view(self, native: Mapping[str, Json], scene: Scene) -> Viewed:
        if self.path is None:
            return self.lens.get(None, scene)
        found = self.path.read(native)
        if isinstance(found, Absent | Unknown):
            return UNKNOWN
        return self._shows(found, scene)

    def _scene(
        self,
        native: Mapping[str, Json],
        system: str,
        people: People,
        hub: Mapping[str, Json],
        names: RecordNames,
    ) -> Scene:
        path = self.path.text if self.path else ""
        told = self.format.read(native) if self.format else None
        return Scene(system, people, path, self.place, told, hub, names)
