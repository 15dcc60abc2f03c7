"""Rename: the value as it is, under another name or deeper in the record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Refused, Scene, Written, as_text
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json


@dataclass(frozen=True)
class Same(Lens):
    """The value itself. Text is taken without space around it; lists and numbers as they are."""

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The native value."""
        return native.strip() if isinstance(native, str) else native

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The canonical value."""
        return Written(value)


@dataclass(frozen=True)
class Typed(Lens):
    """A number or a yes/no, whatever the product uses for it: ``"40"``, 40, ``"1"``, true."""

    kind: Literal["number", "bool"]

    def get(self, native: Json, scene: Scene) -> Viewed:
        """A number or bool; Unmapped when the text is neither."""
        if self.kind == "bool":
            known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            found = known.get(as_text(native).strip().lower())
            return found if found is not None else self.unmapped(native, scene)
        return number_of(native) if number_of(native) is not None else self.unmapped(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The value in the type that the product showed, else as JSON has it."""
        if self.kind == "number" and number_of(value) is None:
            return Refused(f'found "{value}", expected a number')
        if self.kind == "bool" and not isinstance(value, bool):
            return Refused(f'found "{value}", expected true or false')
        if isinstance(seen, str):
            numeric = seen.strip() in {"0", "1"}
            text = ("1" if value else "0") if numeric and self.kind == "bool" else as_text(value)
            return Written(text)
        return Written(value)


def number_of(native: Json) -> int | float | None:
    """The number in a native value; None when it holds none (NaN and infinities are none)."""
    if isinstance(native, bool):
        return None
    if isinstance(native, int | float):
        return native if math.isfinite(native) else None
    text = str(native).strip()
    if len(text) > 40:
        return None
    for reader in (int, float):
        try:
            found = reader(text)
        except ValueError:
            continue
        return found if math.isfinite(found) else None
    return None
