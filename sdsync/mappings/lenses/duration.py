"""Time worked: seconds in the hub, whole minutes or hundredths of an hour in a product."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Refused, Scene, Written
from sdsync.mappings.lenses.plain import number_of
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json

_HOUR = 3600
_MINUTE = 60


@dataclass(frozen=True)
class DurationLens(Lens):
    """Rounded to what the product can hold, half up, and never to nothing.

    ``hours`` holds two decimals and no time below zero; ``minutes`` are whole and may be
    below zero, where somebody took back what they logged.
    """

    unit: Literal["minutes", "hours"]

    def get(self, native: Json, scene: Scene) -> Viewed:
        """Whole seconds; Unmapped when it is no number."""
        found = number_of(native)
        if found is None:
            return self.unmapped(native, scene)
        return _rounded(Decimal(str(found)) * self._of_one())

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The time in the product's unit; ``cut`` says when it was rounded."""
        seconds = number_of(value)
        if not isinstance(seconds, int) or seconds == 0:
            return Refused(f'found "{value}", expected seconds')
        if self.unit == "hours" and seconds < 0:
            return Refused(f"{seconds} seconds are below zero")
        step = 36 if self.unit == "hours" else _MINUTE
        steps = _rounded(Decimal(seconds) / step) or (1 if seconds > 0 else -1)
        cut = None if steps * step == seconds else f"{seconds} seconds rounded to {steps * step}"
        return Written(steps / 100 if self.unit == "hours" else steps, cut=cut)

    def _of_one(self) -> int:
        return _HOUR if self.unit == "hours" else _MINUTE


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
