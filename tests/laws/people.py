"""One product, and a record in it, as people hold them in their hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sdsync.connectors.contract import ChangeEvent, Operation
from sdsync.store.records import (
    AuditRow,
    Element,
    GroupRow,
    Hub,
    Json,
    Placement,
    Ref,
    Replica,
    Share,
)
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import File, Log, Note, Record
from tests.laws.lines import Heard

if TYPE_CHECKING:
    from tests.laws.rig import House

HOME = {"desk": "Escalated", "dev": "infra", "board": "ops"}
IN_STEP = "in step"


@dataclass(slots=True)
class Side:
    """One product, the line to it, and what people do there."""

    house: House
    name: str
    product: SimulatedProduct
    line: Heard

    @property
    def sent(self) -> list[Operation]:
        """Everything that was sent there."""
        return self.line.sent

    @property
    def tickets(self) -> list[Ticket]:
        """All records that stand there."""
        return [Ticket(self, one) for one in self.product.records.values() if not one.deleted]

    def who(self, login: str) -> str:
        """The native id of somebody."""
        native = self.product.person(login)
        assert native is not None, f"{login} has no account in {self.name}"
        return native

    def open(
        self, title: str = "disk full", *, by: str = "ann", place: str = "", **more: Json
    ) -> Ticket:
        """Somebody opens a record; ``more`` are native values (``Priority="90"``)."""
        flavour = self.product.flavour
        values = {flavour.title_path: title, flavour.text_path: f"What happened: {title}.", **more}
        made = self.product.create(place or HOME[self.name], values, by=self.who(by), truth=title)
        return Ticket(self, made)

    def fault(self, name: str, times: int = 1) -> None:
        """Let the next calls be befallen by a fault of ``sdsync.testing.simulated.faults``."""
        self.line.planned.ordered[name] += times

    def down(self, seconds: float) -> None:
        """Nobody reaches the product for so long."""
        self.line.line.down_until = self.house.clock.now() + timedelta(seconds=seconds)

    def broken(self, seconds: float) -> None:
        """What stands before the product answers for so long, and not the product."""
        self.line.line.broken_until = self.house.clock.now() + timedelta(seconds=seconds)

    def locked(self, seconds: float) -> None:
        """The product refuses our credential for so long."""
        self.line.line.locked_until = self.house.clock.now() + timedelta(seconds=seconds)

    def back_up(self) -> Callable[[], None]:
        """Its administrator makes a backup; what comes back puts it in the product's place."""
        product = self.product
        names = ("records", "log", "keyed", "_numbers", "_elements")
        kept = deepcopy({name: getattr(product, name) for name in names})

        def put_back() -> None:
            for name, value in deepcopy(kept).items():
                setattr(product, name, value)

        return put_back

    def meanwhile(self, phase: str, act: Callable[[], object]) -> None:
        """Do ``act`` once, while the next operation is out (``before`` or ``after`` effect)."""
        before = len(self.sent)

        def once(now: str) -> None:
            if now == phase and len(self.sent) > before:
                self.line.line.meanwhile = lambda _: None
                act()

        self.line.line.meanwhile = once


@dataclass(slots=True)
class Ticket:
    """A record in one product, in people's hands."""

    side: Side
    record: Record

    @property
    def house(self) -> House:
        """Where it all happens."""
        return self.side.house

    @property
    def ref(self) -> Ref:
        """Its name."""
        return Ref(self.side.name, "ticket", self.record.id)

    def __getitem__(self, path: str) -> Json:
        return self.record.values[path]

    @property
    def bodies(self) -> list[str]:
        """The texts of its notes, the author's line left out."""
        return [one.body.rpartition("\n\n")[2] for one in self.record.notes]

    def set(
        self, values: Mapping[str, Json], *, by: str = "ann", automatic: bool = False
    ) -> Ticket:
        """Somebody changes fields."""
        product = self.side.product
        product.write(self.record, values, by=self.side.who(by), automatic=automatic)
        return self

    def note(self, body: str, *, internal: bool = False, by: str = "ann") -> Note:
        """Somebody writes a note."""
        return self.side.product.note(
            self.record, body, internal=internal, by=self.side.who(by), truth=body
        )

    def attach(self, name: str, content: bytes = b"x", *, by: str = "ann") -> File:
        """Somebody attaches a file."""
        return self.side.product.attach(
            self.record, name, content, internal=False, by=self.side.who(by), truth=name
        )

    def log(self, minutes: int, text: str = "", *, by: str = "ann") -> Log:
        """Somebody logs work."""
        return self.side.product.log_work(
            self.record, minutes * 60, text, by=self.side.who(by), truth=text
        )

    @property
    def logged(self) -> list[tuple[int, str]]:
        """Minutes and texts of all that was logged on it."""
        return [(one.seconds // 60, one.text) for one in self.record.logs]

    def move(self, place: str, *, by: str = "ann") -> None:
        """Somebody moves it."""
        self.side.product.move(self.record, place, by=self.side.who(by))

    def bell(self) -> Ticket:
        """A webhook names it."""
        self.house.bells += 1
        event = ChangeEvent("ticket", self.record.id, None, f"bell {self.house.bells}")
        self.house.engine.inbox.capture(self.side.name, [event], via="webhook")
        return self

    def history(self, path: str) -> list[Json]:
        """Every value that the field took after its birth, in order."""
        return [one.new for one in self.record.history if one.path == path]

    # -- what the store knows of it ------------------------------------------------------
    @property
    def share(self) -> Share:
        """The hub record with all that hangs on it."""
        share: Share | None = self.house.store.share_of(self.ref)
        assert share is not None, f"{self.ref} is not shared"
        return share

    @property
    def shared(self) -> bool:
        """Whether it belongs to a hub record."""
        return self.house.store.share_of(self.ref) is not None

    @property
    def hub(self) -> Hub:
        """The merged truth."""
        return self.share.hub

    def replica(self, system: str) -> Replica:
        """Its copy in a system, also one that was not born."""
        found = self.share.at(system)
        assert found is not None, f"{self.ref} has no replica in {system}"
        return found

    def copy(self, system: str) -> Ticket:
        """The record that it has in a system."""
        side = self.house.sides[system]
        return Ticket(side, side.product.records[self.replica(system).native_id or "unborn"])

    def group(self, system: str, name: str) -> str:
        """The state of a field group there."""
        row = self.row(system, name)
        return row.state.value if row else IN_STEP

    def row(self, system: str, name: str) -> GroupRow | None:
        """The group's row there; None: in step."""
        return self.replica(system).groups.get(name)

    def element(self, text: str) -> Element:
        """The note with this text, or the file with this name."""
        for one in self.share.elements:
            if text in (one.values.get("body"), one.values.get("name")):
                return one
        raise AssertionError(f"no note or file {text!r}")

    def placement(self, system: str, text: str) -> Placement:
        """Where that note or file stands there."""
        found = self.share.placement(self.element(text).id, self.replica(system).id)
        assert found is not None, f"{text!r} was never decided for {system}"
        return found

    def told(self, action: str) -> list[AuditRow]:
        """Rows of the audit trail about it."""
        rows = self.house.store.audit(hub_id=self.hub.id)
        return [one for one in rows if one.action == action]
