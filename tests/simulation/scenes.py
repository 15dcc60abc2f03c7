"""Rare courses of things, staged: what chance brings together once in a thousand schedules."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sdsync.store.records import Json
from sdsync.sync.persons import commands
from sdsync.testing.simulated.product import Seen, SimulatedProduct
from sdsync.testing.simulated.things import Record
from tests.simulation.words import HOME, TAG_PATHS, WATCH_PATHS

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Its look kills three processes, its delivery three more.
POISONED_READS = 6
#: Long enough for eight tries with their growing pauses.
FAILS_S = 1500.0
NEWCOMER = "eve"
LOST = "effect then cut"


class Scenes:
    """One method per scene of :data:`tests.simulation.schedule.SCENES`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rand = random.Random(0)

    def play(self, what: str, seed: int) -> None:
        """Let it happen."""
        self.rand = random.Random(seed)
        method: Callable[[], None] = getattr(self, what.replace(" ", "_"))
        self.world.say(f"!! scene: {what}")
        self.world.faults.note(f"scene: {what}")
        method()

    # -- two records of one title, and a third that may belong to either --------------------
    def twins_in_a_pause(self) -> None:
        """While nothing is delivered, people open two equal records here and one there."""
        here, there = self.rand.sample(sorted(self.world.products), 2)
        title = f"split in two ({self.world.ledger.next_number()})"
        now, store = self.world.clock.now(), self.world.store
        commands.pause(store, "sync:escalations", "ops", "simulated", now)
        for system, late_s in ((here, 0.0), (here, 5.0), (there, 120.0)):
            self.world.clock.after(late_s, partial(self._open, system, title))
        self.world.clock.after(240.0, self._resume)

    def _open(self, system: str, title: str) -> None:
        crowd, product = self.world.crowd, self.world.products[system]
        crowd.rand = random.Random(self.rand.getrandbits(32))
        if not product.places[HOME[system]].archived:
            crowd.open(product, HOME[system], title)
            self.world.pushes.push()

    def _resume(self) -> None:
        store, now = self.world.store, self.world.clock.now()
        if any(one.scope == "sync:escalations" for one in store.pauses()):
            commands.resume(store, "sync:escalations", "ops", now)

    # -- records that cannot be read, or written --------------------------------------------
    def poison_that_is_touched(self) -> None:
        """Reading one record kills the process, and somebody keeps it busy."""
        copies = self._copies()
        if copies:
            product, record = self.rand.choice(copies)
            self.world.poison[product.name, record.id] = POISONED_READS
            self._edit(product, record)

    def one_record_fails_alone(self) -> None:
        """Every write to one copy ends in a 500, while its twin is edited."""
        copies = self._copies()
        if len(copies) > 1:
            (_, broken), (product, twin) = self.rand.sample(copies, 2)
            broken.broken_until = self.world.clock.now() + timedelta(seconds=FAILS_S)
            for late_s in (0.0, 5.0, 10.0):
                self.world.clock.after(late_s, partial(self._edit, product, twin))

    def a_newcomer_watches(self) -> None:
        """Somebody whose account no read of the people has shown yet becomes a watcher."""
        copies = [one for one in self._copies() if one[0].flavour.name in WATCH_PATHS]
        if copies:
            product, record = self.rand.choice(copies)
            for one in ("desk", "dev"):
                if self.world.products[one].person(NEWCOMER) is None:
                    self.world.products[one].hire(NEWCOMER)
            path = WATCH_PATHS[product.flavour.name]
            crowd, present = self.world.crowd, record.values[path]
            crowd.rand = random.Random(self.rand.getrandbits(32))
            crowd.write(product, record, path, [*present, product.person(NEWCOMER)])
            self.world.pushes.push()

    def _copies(self) -> list[tuple[SimulatedProduct, Record]]:
        """All copies of some record that people opened and that is shared by now."""
        found: dict[str, list[tuple[SimulatedProduct, Record]]] = {}
        for product in self.world.products.values():
            for record in product.records.values():
                home = record.place == HOME[product.name]
                if home and self.world.crowd.alive(product, record):
                    found.setdefault(record.truth, []).append((product, record))
        shared = [copies for copies in found.values() if len(copies) > 1]
        return self.rand.choice(shared) if shared else []

    def _edit(self, product: SimulatedProduct, record: Record) -> None:
        crowd = self.world.crowd
        if crowd.alive(product, record):
            crowd.edit_this(product, record, self.rand.getrandbits(32))
            self.world.pushes.push()

    # -- what goes alone when it may not go together ---------------------------------------
    def two_groups_refused(self) -> None:
        """A board takes none of what edits of two groups ask of it, and may name no field."""
        for product, record in self._twins_of("board", ("title", "labels")):
            self._change_two_groups(product, record)

    def changes_mail_people(self) -> None:
        """The desk mails staff about tags, and nobody may be mailed."""
        self.world.lanes["desk"].mailing = frozenset({"CustomFields.Tags"})
        for product, record in self._twins_of("desk", ()):
            self._change_two_groups(product, record)

    def _change_two_groups(self, product: SimulatedProduct, record: Record) -> None:
        title, tags = product.flavour.title_path, TAG_PATHS[product.flavour.name]
        for late_s in range(0, 480, 60):
            number = self.world.ledger.next_number()
            both: dict[str, Json] = {title: f"both ({number})", tags: [f"both {number}"]}
            self.world.clock.after(late_s, partial(self._write, product, record, both))

    def _twins_of(
        self, system: str, frozen: tuple[str, ...]
    ) -> list[tuple[SimulatedProduct, Record]]:
        """A copy elsewhere of some record of the system, whose ``frozen`` fields are taken away."""
        for _ in range(5):
            copies = self._copies()
            here = [record for product, record in copies if product.name == system]
            twins = [one for one in copies if one[0].name != system]
            if here and twins:
                here[0].frozen |= set(frozen)
                return twins[:1]
        return []

    def _write(self, product: SimulatedProduct, record: Record, values: dict[str, Json]) -> None:
        crowd = self.world.crowd
        crowd.rand = random.Random(self.rand.getrandbits(32))
        if crowd.alive(product, record):
            for path, value in values.items():
                crowd.write(product, record, path, value)
            self.world.pushes.push()

    # -- emptied before anybody looked ------------------------------------------------------
    def emptied_at_birth(self) -> None:
        """The answer to a create is lost, and a person empties what it set, before any look."""
        crowd, desk, board = self.world.crowd, *map(self.world.products.get, ("desk", "board"))
        assert desk is not None
        assert board is not None
        if desk.places[HOME["desk"]].archived:
            return  # it takes nothing just now
        crowd.rand = random.Random(self.rand.getrandbits(32))
        record = crowd.open(desk, HOME["desk"], f"soon emptied ({crowd.ledger.next_number()})")
        for path, value in (("Due", "2026-04-01"), ("CustomFields.Tags", ["vip"])):
            crowd.write(desk, record, path, value)
        self.world.pushes.push()
        watch = board.watch

        def saw(seen: Seen) -> None:
            watch(seen)
            if seen.what == "born" and seen.record.truth == record.truth:
                board.watch = watch
                self._lose_the_answer()
                for path, empty in (("due", ""), ("labels", [])):
                    self.world.clock.after(12.0, partial(self._empty, seen.record, path, empty))

        board.watch = saw

    def _lose_the_answer(self) -> None:
        """The call under way is cut; what others send meanwhile may be, too."""
        faults = self.world.faults
        before, faults.rates = faults.rates, {**faults.rates, LOST: 1.0}

        def restore() -> None:
            faults.rates = before

        self.world.clock.after(1.0, restore)

    def _empty(self, record: Record, path: str, empty: Json) -> None:
        board = self.world.products["board"]
        if self.world.crowd.alive(board, record) and record.values[path]:
            self.world.crowd.rand = random.Random(self.rand.getrandbits(32))
            self.world.crowd.write(board, record, path, empty)
