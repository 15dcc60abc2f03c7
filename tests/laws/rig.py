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

from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.mappings.people import PeopleTable
from sdsync.store.contract import Store
from sdsync.store.records import (
    AuditRow,
    Json,
)
from sdsync.sync.core import Core
from sdsync.sync.engine import Engine
from sdsync.sync.model import PutRule, Rule, SyncPolicy
from sdsync.sync.systems import System
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.elements import ElementMapping
from sdsync.testing.simulated.flavours import FLAVOURS, PlaceForm, Setting
from sdsync.testing.simulated.mapping import SimulatedMapping
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.ties import tied
from tests.laws.lines import LINES
from tests.laws.people import HOME, Side, Ticket

FLAVOUR = {"desk": "desk", "dev": "tracker", "board": "board"}
AWAY = {"desk": "General", "dev": "attic", "board": "ideas"}
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
    ties: bool = False  # desk and dev have links and parents

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
            flavour = FLAVOURS[FLAVOUR[name]]
            flavour = tied(flavour) if self.ties else flavour
            product = SimulatedProduct(name, flavour, setting, self.clock)
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
        core = Core(
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
        return Engine(core)

    def _system(self, side: Side) -> System:
        mappings: dict[str, FieldMapping] = {
            "ticket": SimulatedMapping(side.name, FLAVOUR[side.name], self.edition, ties=self.ties),
            "note": ElementMapping(side.name, "note"),
            "attachment": ElementMapping(side.name, "attachment"),
        }
        if "worklog" in side.line.capabilities.create:
            mappings["worklog"] = ElementMapping(side.name, "worklog")
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

    def lives(self) -> None:
        """Nothing kills it any more."""
        self._die.clear()
        self._dies_always.clear()

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
