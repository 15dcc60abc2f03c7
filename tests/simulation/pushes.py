"""Webhooks of the one product that pushes: late, twice, out of order, or never."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sdsync.connectors.contract import ChangeEvent
from sdsync.testing.simulated.connector import webhook
from sdsync.testing.simulated.feed import event_of

if TYPE_CHECKING:
    from tests.simulation.world import World

SYSTEM = "desk"


class Pushes:
    """Tells the house what is new in the desk's log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._told = 0

    def push(self) -> None:
        """Everything since the last push goes out, each delivery by its own way."""
        product, faults = self.world.products[SYSTEM], self.world.faults
        events = [event_of(product, line) for line in product.log[self._told :]]
        self._told = len(product.log)
        if len(events) > 1 and faults.strike("reordered webhook"):
            events.reverse()
        for event in events:
            if faults.strike("lost webhook"):
                continue
            times = 2 if faults.strike("duplicated webhook") else 1
            for _ in range(times):
                late = self.world.rand.uniform(0.05, 4.0)
                self.world.clock.after(late, partial(self._arrive, [event]))

    def _arrive(self, events: Sequence[ChangeEvent]) -> None:
        if not self.world.alive:
            return  # nobody listens; the product does not try again
        lane = self.world.lanes[SYSTEM]
        body = webhook(lane.product, events)
        read = lane.read_webhook({}, body, now=self.world.clock.now())
        assert isinstance(read, list)
        self.world.engine.inbox.capture(SYSTEM, read, via="webhook", body=body)
