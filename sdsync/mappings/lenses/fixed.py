"""Constant: the system knows one value only, and what we write is always the same."""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Left, Lens, Outcome, Scene
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json


@dataclass(frozen=True)
class Constant(Lens):
    """Reads as ``value`` whatever stands there; another value is told, not written."""

    value: Json

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The constant."""
        return self.value

    def is_empty(self, native: Json) -> bool:
        """Never: a constant does not depend on the record."""
        return False

    def footprint(self, native: Json) -> Json:
        """The constant: no native edit can change it."""
        return self.value

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """Nothing to write; another value than the constant is a fidelity note."""
        return Left(f'"{value}" is always shown as "{self.value}"')

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The whole: the view cannot have been edited."""
        return whole
