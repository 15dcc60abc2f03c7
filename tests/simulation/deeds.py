"""What people did, kept so that every edit can be followed to its decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sdsync.store.records import Json
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record


@dataclass(slots=True)
class FieldDeed:
    """A person set one native field."""

    number: int
    at: datetime
    system: str
    record_id: str
    path: str
    old: Json
    new: Json
    by: str
    looked_at: datetime | None = None  # when a read first showed it to the engine
    visible: bool = True  # it differs from what an earlier read showed
    gone_at: datetime | None = None  # when the value was replaced, by anybody
    gone_by: str | None = None


@dataclass(slots=True)
class TextDeed:
    """A person wrote a note, file or worklog; ``token`` is in its text and all its copies."""

    number: int
    at: datetime
    system: str
    record_id: str
    kind: str  # note | attachment | worklog
    token: str
    audience: str
    known_audience: str  # widest that the engine may still believe
    wanted: int = 1  # equal ones, each meant to be there
    looked_at: datetime | None = None
    ended_at: datetime | None = None  # deleted, or another version took its place


@dataclass(slots=True)
class Ledger:
    """All deeds of one run."""

    fields: list[FieldDeed] = field(default_factory=list)
    #: (system, record id) -> path -> the deed that stands there
    now: dict[tuple[str, str], dict[str, FieldDeed]] = field(default_factory=dict)
    texts: dict[str, TextDeed] = field(default_factory=dict)
    number: int = 0

    def next_number(self) -> int:
        """Of the next deed."""
        self.number += 1
        return self.number

    def set_field(
        self, product: SimulatedProduct, record: Record, path: str, old: Json, by: str
    ) -> None:
        """A person's change of one field took effect."""
        self.end_field(product, record, path, by)
        deed = FieldDeed(
            self.next_number(), product.clock.now(), product.name, record.id, path, old,
            record.values[path], by,
        )  # fmt: skip
        self.fields.append(deed)
        self.now.setdefault((product.name, record.id), {})[path] = deed

    def end_field(
        self, product: SimulatedProduct, record: Record, path: str, by: str
    ) -> FieldDeed | None:
        """The field was overwritten: the deed that stood there, if one did."""
        deed = self.now.get((product.name, record.id), {}).pop(path, None)
        if deed is not None:
            deed.gone_at, deed.gone_by = product.clock.now(), by
        return deed

    def standing(self, key: tuple[str, str]) -> list[FieldDeed]:
        """Deeds of a record that nobody overwrote yet."""
        return list(self.now.get(key, {}).values())
