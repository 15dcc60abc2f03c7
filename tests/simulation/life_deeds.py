"""Deeds on whole records: opened, moved, merged, deleted, cloned."""

from __future__ import annotations

from sdsync.store.records import Json
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record
from sdsync.testing.simulated.truth import token
from tests.simulation.text_deeds import TextDeeds
from tests.simulation.words import AWAY, COMMON, HOME


class LifeDeeds(TextDeeds):
    """What people do with records."""

    # -- lives -----------------------------------------------------------------------
    def open_a_record(self) -> bool:
        """A new record in a place that is shared, or beside it."""
        product = self.rand.choice([*self.products.values(), self.products["desk"]])
        place = HOME[product.name] if self.rand.random() < 0.9 else AWAY[product.name]
        self.open(product, place, self.new_title())
        return True

    def open(self, product: SimulatedProduct, place: str, title: str, letter: str = "r") -> Record:
        """A new record with this title."""
        number = self.ledger.next_number()
        flavour, by = product.flavour, self.who(product)
        values: dict[str, Json] = {
            flavour.title_path: title,
            flavour.text_path: f"{token(letter, number)} What happened: {title}.",
        }
        if flavour.name == "desk":
            values["Requestor"] = [product.person("kim")]
        record = product.create(place, values, by=by, truth=f"{letter}{number}")
        self.say(f"{product.name} #{record.id}: {by} opens {letter}{number} in {place}: {title}")
        if self.rand.random() < 0.3:
            self.put_note(product, record, internal=self.rand.random() < 0.5)
        return record

    def long_ago(self) -> None:
        """Records from before the house was there; some titles are common."""
        for product in self.products.values():
            for title in (*COMMON, self.rand.choice(COMMON)):
                self.open(product, HOME[product.name], title, letter="o")

    def open_a_twin(self) -> bool:
        """The same title in another system, by people who do not know of each other."""
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        title = str(record.values[product.flavour.title_path])
        other = self.rand.choice([one for one in self.products.values() if one is not product])
        for _ in range(self.rand.choice((1, 1, 2))):
            self.open(other, HOME[other.name], title)
        return True

    def move_out(self) -> bool:
        """Into a place that no sync takes from."""
        picked = self.pick()
        return picked is not None and self._move(*picked, AWAY[picked[0].name])

    def move_back(self) -> bool:
        """Back to where syncs look."""
        picked = self.pick(home=False)
        return picked is not None and self._move(*picked, HOME[picked[0].name])

    def _move(self, product: SimulatedProduct, record: Record, place: str) -> bool:
        product.move(record, place, by=self.who(product))
        self.say(f"{product.name} #{record.id} moved to {place}")
        return True

    def merge(self) -> bool:
        """One record is merged into another of the same product."""
        picked = self.pick()
        if picked is None:
            return False
        product, loser = picked
        if not self.settled(product, loser):
            return False
        others = [
            one for one in product.records.values() if one is not loser and self.alive(product, one)
        ]
        if not others:
            return False
        survivor = self.rand.choice(others)
        product.merge(loser, survivor, by=self.who(product))
        self.say(f"{product.name} #{loser.id} merged into #{survivor.id}")
        return True

    def delete_a_record(self) -> bool:
        """Gone for good."""
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        if not self.settled(product, record):
            return False
        product.delete(record, by=self.who(product))
        self.say(f"{product.name} #{record.id} deleted")
        return True

    def clone(self) -> bool:
        """A person's copy, the mark's field and all."""
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        number = self.ledger.next_number()
        text = f"{token('r', number)} A copy."
        made = product.clone(record, by=self.who(product), truth=f"r{number}", text=text)
        self.say(f"{product.name} #{made.id}: cloned from #{record.id} as r{number}")
        return True
