"""Watches every product and every read, and knows at once when a law of safety is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from sdsync.config.vocabulary import AUDIENCES
from sdsync.connectors.contract import NativeRecord
from sdsync.store.records import Json
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.native import flat
from sdsync.testing.simulated.product import Seen, SimulatedProduct
from sdsync.testing.simulated.things import File, Log, Note, Record
from tests.simulation.deeds import Ledger

#: A call that was on its way when its reason ended is nobody's fault.
IN_FLIGHT = timedelta(seconds=60)


#: From a read to its decision, at the longest.
UNDECIDED = timedelta(seconds=2)
#: How long a leak may stay unnoticed: its call may have to be looked up first.
LEAK_KNOWN = timedelta(minutes=3)


class Witness:
    """Counts what our account makes; ``breaches`` are sentences, empty when all is well."""

    def __init__(
        self,
        products: Mapping[str, SimulatedProduct],
        ledger: Ledger,
        faults: Faults,
        say: Callable[[str], None],
    ) -> None:
        self.products = products
        self.ledger = ledger
        self.faults = faults
        self.say = say
        self.breaches: list[str] = []
        self.writes = 0
        self.made: Counter[tuple[str, str, str]] = Counter()  # (product, where, truth)
        self.shown: dict[tuple[str, str], dict[str, Json]] = {}
        self.looks: dict[tuple[str, str], datetime] = {}
        self.said: dict[tuple[str, str], str] = {}  # the notes that the last look showed
        self.leaks: list[tuple[SimulatedProduct, Record, Note]] = []
        for product in products.values():
            product.watch, product.tell = self.saw, faults.note

    def died(self, now: datetime) -> None:
        """The process crashed: what it had just read, it never knew."""
        self.looks = {key: at for key, at in self.looks.items() if now - at > UNDECIDED}

    # -- what the products tell ------------------------------------------------------
    def saw(self, seen: Seen) -> None:
        """Something became visible."""
        product = self.products[seen.product]
        if seen.by != product.us:
            for path in seen.paths if not product.people[seen.by].human else ():
                self.ledger.end_field(product, seen.record, path, seen.by)
            return
        self.writes += 1
        thing = f" {seen.thing.truth}" if seen.thing else ""
        self.say(
            f"{seen.product} #{seen.record.id}: sdsync {seen.what}{thing} {self._values(seen)}"
        )
        match seen.what:
            case "born":
                self._born(product, seen)
            case "fields":
                self._overwrote(product, seen)
            case "log":
                assert seen.thing is not None
                self._count(product, seen, seen.thing)
            case "note" | "file" | "note edited":
                assert isinstance(seen.thing, Note | File)
                self._wrote(product, seen, seen.thing)

    def _values(self, seen: Seen) -> str:
        return ", ".join(f"{path}={seen.record.values.get(path)!r}" for path in seen.paths)

    def breach(self, text: str) -> None:
        """A law is broken."""
        self.say(f"BREACH {text}")
        self.breaches.append(text)

    def _born(self, product: SimulatedProduct, seen: Seen) -> None:
        truth = seen.record.truth
        if product.twice:
            return  # the network's doing: the house must list it (law 30)
        self.made[product.name, "record", truth] += 1
        if self.made[product.name, "record", truth] > 1:
            self.breach(f"{truth} was made twice in {product.name}")
        for other in product.records.values():
            original = other.truth == truth and other.created_by != product.us
            if original:
                self.breach(f"{truth} was made in {product.name}, where its original lives")

    def _overwrote(self, product: SimulatedProduct, seen: Seen) -> None:
        for path in seen.paths:
            deed = self.ledger.end_field(product, seen.record, path, product.us)
            if deed is None or deed.looked_at is not None:
                continue
            if product.flavour.capabilities.compare_and_set and not product.late:
                self.breach(
                    f"deed {deed.number}, {path} of {product.name} #{deed.record_id}, was "
                    "overwritten unseen in spite of compare-and-set"
                )
            self.faults.note("edit in the stated window")

    def _wrote(self, product: SimulatedProduct, seen: Seen, thing: Note | File) -> None:
        if seen.what != "note edited":
            self._count(product, seen, thing)
        deed = self.ledger.texts.get(thing.truth)
        if deed is None:
            return
        audience = product.audience(seen.record, thing)
        allowed = min(_width(deed.audience), _width(deed.known_audience))
        if _width(audience) < allowed:
            if isinstance(thing, Note) and thing.dropped and seen.what == "note":
                self._leaked(product, seen.record, thing)
                return
            self.breach(
                f"{deed.token} was {deed.audience} in {deed.system} and is {audience} in "
                f"{product.name} #{seen.record.id}"
            )
        source = (deed.system, deed.record_id)
        looked, stale = self.looks.get(source), f"[[{deed.token}]]" in self.said.get(source, "")
        known = deed.ended_at and looked and looked > deed.ended_at and not stale
        if known and looked and product.clock.now() - looked > IN_FLIGHT and not product.late:
            self.breach(f"{deed.token} was taken back in {deed.system}, then written")

    def _leaked(self, product: SimulatedProduct, record: Record, note: Note) -> None:
        """The product dropped the flag: once may happen, and must be taken back (law 45)."""
        place, now = record.place, product.now()
        known = (one for other, at, one in self.leaks if other is product and at.place == place)
        # Until the first one was read back, nobody could know.
        if any(now - one.created_at > LEAK_KNOWN for one in known):
            self.breach(f"{note.truth} leaked in {product.name} {place}, as another did before")
        self.leaks.append((product, record, note))

    def still_leaking(self) -> Iterator[str]:
        """Leaks that nobody took back."""
        for product, record, note in self.leaks:
            removes = product.flavour.capabilities.removes_notes
            if note in record.notes and removes and not (record.deleted or record.forbidden):
                yield f"{note.truth} leaked in {product.name} #{record.id} and stayed"

    def _count(self, product: SimulatedProduct, seen: Seen, thing: Note | File | Log) -> None:
        if product.twice:
            return
        key = (product.name, seen.record.id, thing.truth)
        self.made[key] += 1
        deed = self.ledger.texts.get(thing.truth)
        if self.made[key] > (deed.wanted if deed else 1):
            self.breach(f"{thing.truth} was made {self.made[key]} times in {key[0]} #{key[1]}")

    # -- what the engine reads ---------------------------------------------------------
    def looked(self, native: NativeRecord) -> None:
        """The engine was shown a record."""
        product = self.products[native.ref.system]
        now = product.clock.now()
        key = (native.ref.system, native.ref.id)
        if native.notes is not None:
            self.looks[key], self.said[key] = now, str([one.values for one in native.notes])
        shown, before = flat(native.values), self.shown.setdefault(key, {})
        for deed in self.ledger.standing(key):
            if deed.looked_at is None and shown.get(deed.path) == deed.new:
                deed.looked_at = now
                # There and back between two looks: nothing that anybody could see.
                deed.visible = before.get(deed.path) != deed.new
        before.update(shown)


def _width(audience: str) -> int:
    return AUDIENCES.index(audience)
