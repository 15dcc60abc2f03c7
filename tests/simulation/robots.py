"""Automations of the products, each with a mind of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sdsync.store.records import Json
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record

#: What the robot of each product insists on: no two of them agree.
STUBBORN: Mapping[str, tuple[str, Json]] = {
    "desk": ("Priority", "70"),
    "dev": ("priority", "Low"),
    "board": ("weight", "mid"),
}
DELAY_S = 1.0


class Robots:
    """Puts robots to work, and stops them all."""

    def __init__(self, products: Mapping[str, SimulatedProduct], faults: Faults) -> None:
        self._products = products
        self._faults = faults
        self._said = 0

    def stop(self) -> None:
        """Every robot rests."""
        for product in self._products.values():
            product.automation = lambda *_: None

    def insist(self, name: str) -> None:
        """Whenever anybody changes the field, the robot puts it back."""
        product = self._products[name]
        path, wanted = STUBBORN[name]

        def react(record: Record, paths: tuple[str, ...], by: str) -> None:
            if path in paths and record.values[path] != wanted:
                self._later(product, record, path, wanted)

        product.automation = react

    def echo(self, name: str) -> None:
        """Whenever our account writes a title, the robot writes a newer one."""
        product = self._products[name]
        path = product.flavour.title_path

        def react(record: Record, paths: tuple[str, ...], by: str) -> None:
            if path in paths and by == product.us:
                self._said += 1
                self._later(product, record, path, f"robot {self._said}")

        product.automation = react

    def _later(self, product: SimulatedProduct, record: Record, path: str, value: Json) -> None:
        self._faults.note("automation fought")
        product.clock.after(DELAY_S, partial(self._write, product, record, path, value))

    def _write(self, product: SimulatedProduct, record: Record, path: str, value: Json) -> None:
        robot = product.person("robot")
        if robot and not record.deleted and not product.places[record.place].archived:
            product.write(record, {path: value}, by=robot)
