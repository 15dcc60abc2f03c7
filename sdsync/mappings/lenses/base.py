"""What a lens is: a value's view in both directions, with laws.

``get(put(v, h)) = v`` for every value that the product can hold, and a value
that the product shows is never rewritten by what it already says: the rule
around the lens (:mod:`sdsync.mappings.rule`) leaves a native value alone when it
projects to the wanted one (law 8).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from sdsync.mappings.contract import NO_NAMES, People, RecordNames, Unmapped, Viewed
from sdsync.mappings.orders import Word
from sdsync.mappings.paths import ABSENT, Absent
from sdsync.store.records import Json


@dataclass(frozen=True, slots=True)
class Scene:
    """What a lens may look at beside its value."""

    system: str
    people: People
    path: str
    place: str  # file:line:column of the rule
    format: str | None = None  # markup of this very value, where the record tells
    hub: Mapping[str, Json] = field(default_factory=dict)
    names: RecordNames = NO_NAMES


@dataclass(frozen=True, slots=True)
class Written:
    """The native value to write. ``cut``: what of the wanted value it does not carry."""

    value: Json
    cut: str | None = None
    format: str | None = None  # markup that was written, where the lens chose one


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing is written and nothing is wrong: ``cut`` is the fidelity note."""

    cut: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The value cannot be said in this product; a person has to mend the mapping."""

    why: str


Outcome = Written | Left | Refused


class Lens(ABC):
    """One idea of how a native value and a canonical one belong together.

    ``put`` is only asked when ``seen`` does not show the wanted value already;
    ``seen`` is ABSENT at birth, or where the place has no such field.
    """

    #: Written when the hub's value is empty and the product shows something.
    empty: Json = ""
    #: Whether an empty hub value may be written at all.
    can_empty: bool = True
    #: Whether what stands in a field of direction ``out`` is read, so that it is put right
    #: when somebody changed it; others are written and never looked at.
    mended: bool = False

    @abstractmethod
    def get(self, native: Json, scene: Scene) -> Viewed:
        """The canonical value of a native one that is there and not empty."""

    @abstractmethod
    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """What to write so that the product shows ``value``, which is not empty."""

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The whole after an edit of its view; the view is the whole unless a lens says more."""
        return new_view

    def cleared(self, now: Json, scene: Scene) -> Json:
        """What stands there once the hub's value is empty; ``now`` itself changes nothing."""
        del now, scene
        return self.empty

    def is_empty(self, native: Json) -> bool:
        """Whether the product's way to say "nothing" is what stands there."""
        return is_empty(native)

    def footprint(self, native: Json) -> Json:
        """The native value as law 1 compares it: order of a set does not count."""
        return None if self.is_empty(native) else native

    def orders(self, native: Json) -> frozenset[Word]:
        """What people order in words there; only tags can hold an order."""
        del native
        return frozenset()

    def unmapped(self, native: Json, scene: Scene) -> Unmapped:
        """The visible outcome of a value that this lens does not know."""
        return Unmapped(scene.path, native, scene.place)


def is_empty(value: Json | Absent) -> bool:
    """None, "", a blank text, [] and {} are empty; 0 and False are values."""
    if value is ABSENT or value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | tuple | dict | set) and not value


def as_text(native: Json) -> str:
    """A scalar as the word that mapping files write: ``true``, ``40``, ``Open``."""
    if isinstance(native, bool):
        return "true" if native else "false"
    return native if isinstance(native, str) else str(native)


def as_list(native: Json) -> list[Json]:
    """A set as the product holds it: a list, or one value alone."""
    if isinstance(native, list | tuple):
        return list(native)
    return [] if is_empty(native) else [native]


def merge_sets(old_view: Json, new_view: Json, whole: Json) -> list[Json]:
    """Edits of a view of a set, made on the whole set; add beats remove (law 15)."""
    old, new = as_list(old_view), as_list(new_view)
    kept = [one for one in as_list(whole) if one in new or one not in old]
    return sorted({*map(str, kept), *(str(one) for one in new if one not in old)})
