"""The house as one process of it: systems, syncs and the engine on a given store."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.store.records import Json
from sdsync.sync.core import Core
from sdsync.sync.engine import Engine
from sdsync.sync.model import PutRule, SyncPolicy
from sdsync.sync.systems import System
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.connector import CONNECTORS, SimulatedConnector
from sdsync.testing.simulated.elements import ElementMapping
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.flavours import FLAVOURS, PlaceForm, Setting
from sdsync.testing.simulated.mapping import SimulatedMapping
from sdsync.testing.simulated.product import SimulatedProduct
from tests.simulation.directory import Directory
from tests.simulation.schedule import Options
from tests.simulation.words import AWAY, HOME

FLAVOUR_OF = {"desk": "desk", "dev": "tracker", "board": "board"}


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the house looks by itself; rare looks suffice to prove that nothing comes."""

    poll_s: float
    sweep_s: float  # a record unread for so long is looked at, whatever the feed said


@dataclass(frozen=True, slots=True)
class InPlace:
    """``queue == "Escalated"``, compiled."""

    place: str
    reads: frozenset[str] = field(default=frozenset({"place"}))

    def value(self, env: Mapping[str, Json]) -> Json:
        """Whether the record lies there."""
        return env["place"] == self.place


def syncs(options: Options) -> dict[str, SyncPolicy]:
    """One sync over all three systems; sometimes a second one over two of them."""
    every = _sync("escalations", ("desk", "dev", "board"), options)
    if not options.overlap:
        return {every.name: every}
    pair = _sync("outages", ("dev", "desk"), options)
    return {every.name: every, pair.name: pair}


def _sync(name: str, systems: tuple[str, ...], options: Options) -> SyncPolicy:
    return SyncPolicy(
        name=name,
        systems=systems,
        take={one: InPlace(HOME[one]) for one in systems},
        put={one: PutRule({"place": HOME[one]}) for one in systems},
        mode="live",
        fields=dict(options.fields),
        match=options.match,
        notes=options.notes,
        worklogs=options.worklogs,
        closes=options.closes,
        on_refused=options.on_refused,
        on_delete=options.on_delete,
        on_leave=options.on_leave,
        mail=options.mail,
        owner_silent_s=240.0,
    )


def products(options: Options, clock: VirtualClock) -> dict[str, SimulatedProduct]:
    """The three products with their places and people."""
    audiences = {"desk": "customer", "dev": options.dev_audience, "board": options.board_audience}
    made = {}
    for name, flavour in FLAVOUR_OF.items():
        right = options.dev_private_right if name == "dev" else True
        places = tuple(
            PlaceForm(
                key,
                audiences[name],
                public=name == "dev" and options.dev_public,
                private_right=right,
            )
            for key in (HOME[name], AWAY[name])
        )
        setting = Setting(places, options.offsets_s.get(name, 0.0))
        product = SimulatedProduct(name, FLAVOURS[flavour], setting, clock)
        for login in ("ann", "bob", "cyd"):
            product.hire(login)
        if name != "board":
            product.hire("dan")
        if name == "desk":
            product.hire("kim")
        product.hire("robot", human=False)
        made[name] = product
    return made


def connectors(
    made: Mapping[str, SimulatedProduct], faults: Faults, clock: VirtualClock, rand: random.Random
) -> dict[str, SimulatedConnector]:
    """One connector per product; its line outlives processes, as a network does."""
    return {
        name: CONNECTORS[product.flavour.name](product, faults, clock, rand)
        for name, product in made.items()
    }


def engine(
    store: MemoryStore,
    lines: Mapping[str, SimulatedConnector],
    options: Options,
    clock: VirtualClock,
    rand: random.Random,
    *,
    steps: Callable[[str], None],
    ring: Callable[[str], None],
    edition: int,
    pace: Pace,
) -> Engine:
    """A fresh process on what the store holds."""
    systems = {name: _system(name, line, options, edition, pace) for name, line in lines.items()}
    core = Core(
        store,
        systems,
        syncs(options),
        clock=clock,
        rand=rand,
        steps=steps,
        ring=ring,
        people=lambda one: Directory(one, tuple(lines)),
    )
    return Engine(core)


def _system(
    name: str, line: SimulatedConnector, options: Options, edition: int, pace: Pace
) -> System:
    mappings: dict[str, FieldMapping] = {
        "ticket": SimulatedMapping(name, FLAVOUR_OF[name], edition),
        "note": ElementMapping(name, "note"),
        "attachment": ElementMapping(name, "attachment"),
    }
    if "worklog" in line.capabilities.create:
        mappings["worklog"] = ElementMapping(name, "worklog")
    return System(
        name,
        lambda: line,
        line.capabilities,
        mappings,
        tenants={HOME[name]: options.dev_tenant if name == "dev" else "acme"},
        poll_s=pace.poll_s,
        sweep_s=pace.sweep_s,
    )
