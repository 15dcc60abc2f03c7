"""What goes wrong by plan: outages, archives, lost rights, robots with their own mind."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sdsync.sync.persons import commands
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record
from sdsync.testing.simulated.truth import token
from tests.simulation.words import HOME

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Fields that an admin may freeze.
FROZEN = {
    "desk": ("Due", "Cc", "CustomFields.Tags"),
    "tracker": ("due_date", "watchers", "custom_fields.Tags"),
    "board": ("due", "labels", "assignee"),
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
            for place in product.places.values():
                place.archived = False
            for record in product.records.values():
                record.missing_until = record.broken_until = None
        self.world.robots.stop()
        self.world.poison = {}
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

    def private_right_lost(self, system: str) -> None:
        """An admin takes the right to internal notes; the product will not refuse them."""
        self.world.products[system].places[HOME[system]].private_right = False

    def automations_fight(self, system: str) -> None:
        """Two robots insist, each in its own product, on values that do not agree."""
        for name in sorted({system, "desk", "dev"})[:2]:
            self.world.robots.insist(name)

    def automations_echo(self, system: str) -> None:
        """Two robots answer each other's titles with ever new ones."""
        del system  # the board tells nobody's name, and an unknown author counts as a person
        for name in ("desk", "dev"):
            self.world.robots.echo(name)

    def another_tool(self, system: str) -> None:
        """Somebody's script uses our account: what it makes is nobody's original."""
        product = self.world.products[system]
        flavour = product.flavour
        if product.places[HOME[system]].archived:
            return
        number = self.world.ledger.next_number()
        values = {
            flavour.title_path: f"made by a script ({number})",
            flavour.text_path: f"{token('x', number)} by a script",
        }
        product.create(HOME[system], values, by=product.us, truth=f"x{number}")

    def field_frozen(self, system: str) -> None:
        """A field of one record that our account may not write any more."""
        product = self.world.products[system]
        record = self._record(product)
        if record is not None:
            record.frozen.add(self.rand.choice(FROZEN[product.flavour.name]))

    def record_fails(self, system: str) -> None:
        """Every write to one record ends in a 500, and nothing happened."""
        record = self._record(self.world.products[system])
        if record is not None:
            record.broken_until = self._later(300, 1500)

    def poison(self, system: str) -> None:
        """Reading one record kills the process, four times."""
        record = self._record(self.world.products[system])
        if record is not None:
            self.world.poison = {(system, record.id): 4}

    def mapping_changes(self, system: str) -> None:
        """The next process reads one word of the board in another way."""
        del system
        self.world.edition = 2
        self.world.crash_soon()

    def pause(self, system: str) -> None:
        """Somebody pauses something, and forgets it for a while."""
        scope = self.rand.choice(("all", f"system:{system}", "sync:escalations"))
        commands.pause(self.world.store, scope, "ops", "simulated", self.world.clock.now())
        self.world.clock.after(self.rand.uniform(20, 400), self._resume)

    def _resume(self) -> None:
        for one in self.world.store.pauses():
            commands.resume(self.world.store, one.scope, "ops", self.world.clock.now())

    def _record(self, product: SimulatedProduct) -> Record | None:
        alive = [one for one in product.records.values() if self.world.crowd.alive(product, one)]
        return self.rand.choice(alive) if alive else None

    def _later(self, least: float, most: float) -> datetime:
        return self.world.clock.now() + timedelta(seconds=self.rand.uniform(least, most))
