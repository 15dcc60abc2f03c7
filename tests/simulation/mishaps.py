"""What goes wrong by plan: outages, archives, lost rights, robots with their own mind."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sdsync.store.records import Change, Pause
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record
from tests.simulation.words import HOME

if TYPE_CHECKING:
    from tests.simulation.world import World

#: What the robot of each product insists on.
STUBBORN = {
    "desk": ("Priority", "50"),
    "dev": ("priority", "Normal"),
    "board": ("weight", "mid"),
}


class Mishaps:
    """One method per mishap; each ends by itself, or with :meth:`mend`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rand = random.Random(0)

    def befall(self, what: str, seed: int) -> None:
        """Let it happen."""
        self.rand = random.Random(seed)
        method: Callable[[str], None] = getattr(self, what.replace(" ", "_"))
        system = self.rand.choice(sorted(self.world.products))
        self.world.say(f"!! {what}: {system}")
        self.world.faults.note(f"planned: {what}")
        method(system)

    def mend(self) -> None:
        """The admins did their work: what is left is people's."""
        for name, lane in self.world.lanes.items():
            lane.line.down_until = lane.line.locked_until = lane.line.throttled_until = None
            product = self.world.products[name]
            product.automation = lambda *_: None
            for place in product.places.values():
                place.archived = False
            for record in product.records.values():
                record.missing_until = None
        self._resume()

    def system_down(self, system: str) -> None:
        """No connection for some minutes."""
        self.world.lanes[system].line.down_until = self._later(20, 600)

    def credential_refused(self, system: str) -> None:
        """401 until somebody renews it."""
        self.world.lanes[system].line.locked_until = self._later(20, 600)

    def throttled(self, system: str) -> None:
        """A long throttle, with its end said."""
        line = self.world.lanes[system].line
        line.throttled_until = line.hinted_until = self._later(30, 240)

    def place_archived(self, system: str) -> None:
        """The whole place is closed for a while: forbidden records, empty lists."""
        place = self.world.products[system].places[HOME[system]]
        place.archived = True
        self._refresh(system)
        self.world.clock.after(self.rand.uniform(60, 900), partial(self._unarchive, system))

    def _unarchive(self, system: str) -> None:
        self.world.products[system].places[HOME[system]].archived = False
        self._refresh(system)

    def _refresh(self, system: str) -> None:
        for record in self.world.products[system].records.values():
            record.shown = None

    def record_forbidden(self, system: str) -> None:
        """Our account loses one record; sometimes for good."""
        record = self._record(self.world.products[system])
        if record is not None:
            record.forbidden = True
            if self.rand.random() < 0.7:
                self.world.clock.after(self.rand.uniform(30, 900), partial(self._allow, record))

    def _allow(self, record: Record) -> None:
        record.forbidden = False

    def automation_fights(self, system: str) -> None:
        """A robot puts one field back whenever our account changes it."""
        product = self.world.products[system]
        path, wanted = STUBBORN[system]
        robot = product.person("robot")
        assert robot is not None

        def insist(record: Record, paths: tuple[str, ...], by: str) -> None:
            if path in paths and by == product.us and record.values[path] != wanted:
                self.world.faults.note("automation fought")
                self.world.clock.after(1.0, partial(self._insist, product, record, robot))

        product.automation = insist

    def _insist(self, product: SimulatedProduct, record: Record, robot: str) -> None:
        path, wanted = STUBBORN[product.name]
        if not record.deleted and not product.places[record.place].archived:
            product.write(record, {path: wanted}, by=robot)

    def mapping_changes(self, system: str) -> None:
        """The next process reads one word of the board in another way."""
        del system
        self.world.edition = 2
        self.world.crash_soon()

    def pause(self, system: str) -> None:
        """Somebody pauses something, and forgets it for a while."""
        scope = self.rand.choice(("all", f"system:{system}", "sync:escalations"))
        self.world.store.commit(
            Change(pauses=[Pause(scope, self.world.clock.now(), "ops", "simulated")])
        )
        self.world.clock.after(self.rand.uniform(20, 400), self._resume)

    def _resume(self) -> None:
        scopes = [one.scope for one in self.world.store.pauses()]
        if scopes:
            self.world.store.commit(Change(resumed=scopes))

    def _record(self, product: SimulatedProduct) -> Record | None:
        alive = [one for one in product.records.values() if self.world.crowd.alive(product, one)]
        return self.rand.choice(alive) if alive else None

    def _later(self, least: float, most: float) -> datetime:
        return self.world.clock.now() + timedelta(seconds=self.rand.uniform(least, most))
