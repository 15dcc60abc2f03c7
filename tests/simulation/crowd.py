"""Everybody who edits: calls a deed by its name in the schedule."""

from __future__ import annotations

import random
from collections.abc import Callable

from sdsync.testing.simulated.product import Refused
from tests.simulation.field_deeds import FieldDeeds
from tests.simulation.life_deeds import LifeDeeds


class Crowd(FieldDeeds, LifeDeeds):
    """All deeds of :data:`tests.simulation.schedule.DEEDS`, one method each."""

    def do(self, what: str, seed: int) -> None:
        """Carry out the deed; where there is nothing to do it on, a field is set instead."""
        self.rand = random.Random(seed)
        method: Callable[[], bool] = getattr(self, what.replace(" ", "_"))
        try:
            if not method():
                self.set_a_field()
        except Refused as refusal:
            self.say(f"{what}: the product refused it, {refusal}")
