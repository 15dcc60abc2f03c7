"""A house in a few words: simulated products, people in them, and one process of sdsync.

Time is virtual: :meth:`House.run` lets the process work while minutes pass in
milliseconds. Nothing here decides anything; the engine is production's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sdsync.connectors.contract import ChangeEvent, Operation
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.mappings.people import PeopleTable
from sdsync.store.contract import Store
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
from sdsync.sync.engine import Engine
from sdsync.sync.model import PutRule, SyncPolicy
from sdsync.sync.rules import Rule
from sdsync.sync.systems import System
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.elements import ElementMapping
from sdsync.testing.simulated.flavours import FLAVOURS, PlaceForm, Setting
from sdsync.testing.simulated.mapping import SimulatedMapping
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import File, Note, Record
from tests.laws.lines import LINES, Heard

FLAVOUR = {"desk": "desk", "dev": "tracker", "board": "board"}
HOME = {"desk": "Escalated", "dev": "infra", "board": "ops"}
AWAY = {"desk": "General", "dev": "attic", "board": "ideas"}
IN_STEP = "in step"
SPIN = 2000


class Crash(BaseException):
    """The process dies here. No handler may stop it, so it is no Exception."""


@dataclass(frozen=True, slots=True)
class Is:
    """``queue == "Escalated"``, compiled."""

    wanted: Json
    name: str = "place"

    @property
    def reads(self) -> frozenset[str]:
        """What it looks at."""
        return frozenset({self.name})

    def value(self, env: Mapping[str, Json]) -> Json:
        """Whether the record has it."""
        return env.get(self.name) == self.wanted


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

    def move(self, place: str, *, by: str = "ann") -> None:
        """Somebody moves it."""
        self.side.product.move(self.record, place, by=self.side.who(by))

    def bell(self) -> Ticket:
        """A webhook names it."""
        self.house.bells += 1
        event = ChangeEvent("ticket", self.record.id, None, f"bell {self.house.bells}")
        self.house.engine.capture(self.side.name, [event], via="webhook")
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


@dataclass(slots=True)
class House:
    """Products, people and one process at a time.

    ``sync`` holds what the sync is configured with, in the words of
    :class:`SyncPolicy`; it is live unless it says otherwise.
    """

    systems: tuple[str, ...] = ("desk", "dev")
    sync: dict[str, Any] = field(default_factory=dict)
    audiences: Mapping[str, str] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    private_right: bool = True
    tenants: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    offsets_s: Mapping[str, float] = field(default_factory=dict)
    more_syncs: tuple[SyncPolicy, ...] = ()
    rules: tuple[Rule, ...] = ()
    poll_s: float = 30.0
    edition: int = 1
    started: bool = True

    clock: VirtualClock = field(init=False, default_factory=VirtualClock)
    store: Any = field(init=False)
    sides: dict[str, Side] = field(init=False, default_factory=dict)
    engine: Engine = field(init=False)
    crashes: int = field(init=False, default=0)
    bells: int = field(init=False, default=0)
    holds_lane: Callable[[str], bool] = field(init=False, default=lambda _: True)
    _die: dict[str, Callable[[], object]] = field(init=False, default_factory=dict)
    _dies_always: set[str] = field(init=False, default_factory=set)
    _wake: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.systems:
            places = tuple(
                PlaceForm(
                    key,
                    self.audiences.get(name, "internal"),
                    name in self.public,
                    self.private_right,
                )
                for key in (HOME[name], AWAY[name])
            )
            setting = Setting(places, self.offsets_s.get(name, 0.0))
            product = SimulatedProduct(name, FLAVOURS[FLAVOUR[name]], setting, self.clock)
            for login in ("ann", "bob"):
                product.hire(login)
            product.hire("robot", human=False)
            line = LINES[FLAVOUR[name]](product, self.clock)
            self.sides[name] = Side(self, name, product, line)
        self.store = MemoryStore(self.clock)
        if self.started:
            self.start()

    @property
    def desk(self) -> Side:
        """Compare-and-set, strong marks, history; notes stay as they are; tells deletes."""
        return self.sides["desk"]

    @property
    def dev(self) -> Side:
        """A tracker: no compare-and-set, transitions, lagging marks; ignores in silence."""
        return self.sides["dev"]

    @property
    def board(self) -> Side:
        """Titles of 40 letters, no history, no marks; refuses aloud."""
        return self.sides["board"]

    # -- the process -----------------------------------------------------------------------
    def policy(self) -> SyncPolicy:
        """The sync as configured."""
        plain = SyncPolicy(
            "escalations", self.systems, mode="live", mail="customers",
            take={one: Is(HOME[one]) for one in self.systems},
            put={one: PutRule({"place": HOME[one]}) for one in self.systems},
        )  # fmt: skip
        return replace(plain, **self.sync)

    def start(self, **changes: Any) -> House:
        """A fresh process on what the store holds, with what changed since (``edition=2``)."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.store = self.store.crash()
        self.engine = self.process(self.store)
        self._wake = dict.fromkeys(self.systems, self.clock.now())
        self.engine.start()
        return self

    def process(self, store: Store) -> Engine:
        """A process on a store; :meth:`run` drives only the house's own."""
        syncs = {one.name: one for one in (self.policy(), *self.more_syncs)}
        return Engine(
            store,
            {name: self._system(side) for name, side in self.sides.items()},
            syncs,
            clock=self.clock,
            rand=random.Random(len(syncs) + self.crashes),
            steps=self._step,
            ring=self.wake,
            people=lambda known: PeopleTable(
                [row for name in self.systems for row in known.people(name)]
            ),
            rules=self.rules,
            fence=lambda lane: self.holds_lane(lane),
        )

    def _system(self, side: Side) -> System:
        mappings: dict[str, FieldMapping] = {
            "ticket": SimulatedMapping(side.name, FLAVOUR[side.name], self.edition),
            "note": ElementMapping(side.name, "note"),
            "attachment": ElementMapping(side.name, "attachment"),
        }
        return System(
            side.name, lambda: side.line, side.line.capabilities, mappings,
            tenants=self.tenants.get(side.name, {}), poll_s=self.poll_s,
        )  # fmt: skip

    def dies(
        self, step: str, then: Callable[[], object] = lambda: None, *, always: bool = False
    ) -> None:
        """Die at the next ``step``, or at each; ``then`` happens before the next process."""
        self._die[step] = then
        if always:
            self._dies_always.add(step)

    def _step(self, name: str) -> None:
        if name in self._die:
            raise Crash(name)

    def wake(self, lane: str) -> None:
        """Look into the lane at once."""
        self._wake[lane] = self.clock.now()

    # -- time ------------------------------------------------------------------------------
    def run(self, seconds: float = 120.0) -> House:
        """Let the process work while time passes."""
        end, spins = self.clock.now() + timedelta(seconds=seconds), 0
        while self.clock.now() < end:
            before = self.clock.now()
            try:
                wake = self._turn()
            except Crash as crash:
                self._died(str(crash))
                continue
            if wake is not None:
                self.clock.advance_to(min(end, max(wake, before + timedelta(milliseconds=1))))
            spins = 0 if self.clock.now() > before else spins + 1
            assert spins < SPIN, "it runs in circles"
        return self

    def _turn(self) -> Any:
        did = False
        for lane in self.systems:
            wake = self._wake[lane]
            if wake is not None and wake <= self.clock.now():
                worked = self.engine.work(lane)
                did = did or worked.did
                self._wake[lane] = self.clock.now() if worked.did else worked.wake_at
        if did:
            return None
        times = [one for one in (*self._wake.values(), self.clock.next_at()) if one is not None]
        return min(times, default=self.clock.now() + timedelta(days=1))

    def _died(self, step: str) -> None:
        then = self._die.get(step, lambda: None)
        if step not in self._dies_always:
            self._die.pop(step, None)
        self.crashes += 1
        self.clock.advance(1.0)
        then()
        self.start()

    # -- seeing ----------------------------------------------------------------------------
    def writes(self) -> int:
        """Operations that set out to any product."""
        return sum(len(side.sent) for side in self.sides.values())

    def quiet(self, seconds: float = 900.0) -> bool:
        """Whether nothing at all is written for so long."""
        before = self.writes()
        self.run(seconds)
        return self.writes() == before

    def told(self, action: str) -> list[AuditRow]:
        """Rows of the audit trail."""
        return [one for one in self.store.audit(limit=100_000) if one.action == action]


def shared(house: House, title: str = "disk full", **more: Json) -> Ticket:
    """A ticket that was opened at the desk and stands everywhere."""
    ticket = house.run(30).desk.open(title, **more)
    house.run()
    for name in house.systems:
        assert ticket.copy(name)
    return ticket
