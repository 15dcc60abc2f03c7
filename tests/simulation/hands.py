"""Simulated people: who they are, what they can work on, and how they are called to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import File, Log, Note, Record
from tests.simulation.deeds import Ledger
from tests.simulation.words import COMMON, HOME, STAFF, SUBJECTS


class Hands:
    """Does one deed at a time, on products, as people who have accounts there."""

    def __init__(
        self,
        products: Mapping[str, SimulatedProduct],
        ledger: Ledger,
        say: Callable[[str], None],
    ) -> None:
        self.products = products
        self.ledger = ledger
        self.say = say
        self.rand = random.Random(0)
        self.notes: dict[str, tuple[SimulatedProduct, Record, Note]] = {}
        self.files: dict[str, tuple[SimulatedProduct, Record, File]] = {}
        self.logs: dict[str, tuple[SimulatedProduct, Record, Log]] = {}
        self._texts = 0

    # -- picking -----------------------------------------------------------------
    def pick(self, *, home: bool = True) -> tuple[SimulatedProduct, Record] | None:
        """Some record that people can work on, the shared ones before others."""
        old = self.rand.random() < 0.1
        found = [
            (product, record)
            for product in self.products.values()
            for record in product.records.values()
            if self.alive(product, record)
            and (record.place == HOME[product.name]) is home
            and (old or not record.truth.startswith("o"))
        ]
        return self.rand.choice(found) if found else None

    def alive(self, product: SimulatedProduct, record: Record) -> bool:
        """Whether people can work on it."""
        gone = record.deleted or record.merged_into is not None
        return not gone and not product.places[record.place].archived

    def settled(self, product: SimulatedProduct, record: Record) -> bool:
        """Old enough for people to put it away: what is made is not gone within moments."""
        age = product.clock.now() - (record.created_at - product.offset)
        return age > timedelta(minutes=4)

    def who(self, product: SimulatedProduct) -> str:
        """Some member of staff with an account there."""
        known = [one for one in map(product.person, STAFF) if one is not None]
        return self.rand.choice(known)

    def new_title(self) -> str:
        """A title, mostly one that nobody used yet."""
        if self.rand.random() < 0.15:
            return self.rand.choice(COMMON)
        self._texts += 1
        return f"{self.rand.choice(SUBJECTS)} ({self._texts})"
