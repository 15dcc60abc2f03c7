"""Deeds on fields: single edits, the same group on two sides, tags, people, statuses."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial

from sdsync.store.records import Json
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record
from tests.simulation.hands import Hands
from tests.simulation.words import CHOICES, CLOSED, OPENED, TAG_PATHS, TAGS, WATCH_PATHS


class FieldDeeds(Hands):
    """What people do to fields."""

    # -- fields --------------------------------------------------------------------
    def write(self, product: SimulatedProduct, record: Record, path: str, value: Json) -> bool:
        """Set a field as somebody; True when it changed."""
        by = self.who(product)
        old = record.values[path]
        if path not in product.write(record, {path: value}, by=by):
            return False
        self.say(f"{product.name} #{record.id}: {by} sets {path} {old!r} -> {value!r}")
        self.ledger.set_field(product, record, path, old, by)
        return True

    def value_for(self, product: SimulatedProduct, record: Record, group: str) -> tuple[str, Json]:
        """A path and a new value for it."""
        path, values = CHOICES[group][product.flavour.name]
        if group == "title":
            self._texts += 1
            shown = str(record.values[path])
            if len(shown) <= 20:
                return path, self.new_title()
            kept = (f"{self._texts} {shown[2:]}", f"{shown[:24]} ({self._texts})")
            return path, self.rand.choice((*kept, self.new_title()))
        if group == "description":
            self._texts += 1
            return path, f"{record.values[path]}\n\nMore: {self._texts}."
        chosen = self.rand.choice(list(values))
        return path, product.person(str(chosen)) or "" if group == "assignment" else chosen

    def groups_of(self, product: SimulatedProduct) -> list[str]:
        """Field groups that the product has."""
        return [one for one, flavours in CHOICES.items() if product.flavour.name in flavours]

    def set_a_field(self) -> bool:
        """Any field of any group."""
        for _ in range(6):
            picked = self.pick()
            if picked is None:
                return True
            product, record = picked
            group = self.rand.choice(self.groups_of(product))
            if self.write(product, record, *self.value_for(product, record, group)):
                return True
        return True

    def edit_this(self, product: SimulatedProduct, record: Record, seed: int) -> None:
        """Some field of this very record, now."""
        self.rand = random.Random(seed)
        group = self.rand.choice(self.groups_of(product))
        self.write(product, record, *self.value_for(product, record, group))

    def set_one_group_on_two_sides(self) -> bool:
        """Two people edit copies of one record within moments."""
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        group = self.rand.choice(self.groups_of(product))
        done = self.write(product, record, *self.value_for(product, record, group))
        for other in self.products.values():
            if other is product or group not in self.groups_of(other):
                continue
            for copy in other.records.values():
                if copy.truth == record.truth and self.alive(other, copy):
                    value = self.value_for(other, copy, group)
                    pause = self.rand.uniform(0, 3)
                    other.clock.after(pause, partial(self.later, other, copy, value))
        return done

    def later(self, product: SimulatedProduct, record: Record, value: tuple[str, Json]) -> None:
        """The second of two edits."""
        if self.alive(product, record):
            self.write(product, record, *value)

    def tag(self) -> bool:
        """Add or remove one tag."""
        picked = self.pick()
        return picked is not None and self._toggle(*picked, TAG_PATHS, self.rand.choice(TAGS))

    def change_watchers(self) -> bool:
        """Add or remove one watcher."""
        picked = self.pick()
        if picked is None:
            return False
        return self._toggle(*picked, WATCH_PATHS, self.who(picked[0]))

    def _toggle(
        self, product: SimulatedProduct, record: Record, paths: Mapping[str, str], one: str
    ) -> bool:
        path = paths.get(product.flavour.name)
        if path is None:
            return False
        present = list(record.values[path])
        changed = [x for x in present if x != one] if one in present else [*present, one]
        return self.write(product, record, path, changed)

    def close(self) -> bool:
        """Close a record, through the statuses that lead there."""
        return self._walk(CLOSED)

    def reopen(self) -> bool:
        """Open a record again."""
        return self._walk(OPENED)

    def _walk(self, targets: Mapping[str, str]) -> bool:
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        path, goal = product.flavour.status_path, targets[product.flavour.name]
        for step in ("In Progress", "Resolved"):
            if product.flavour.transitions and record.values[path] != goal:
                self.write(product, record, path, step)
        return self.write(product, record, path, goal) or record.values[path] == goal

    def give_it_a_child(self) -> bool:
        """From now on the tracker derives the priority of this record."""
        picked = self.pick()
        if picked is None or picked[0].flavour.name != "tracker":
            return False
        product, record = picked
        record.has_child = True
        product.touch(record)
        self.say(f"{product.name} #{record.id} has a child: its priority is derived")
        return False
