"""One schedule, run from its first edit until all is quiet again."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

from sdsync.sync.engine import Engine
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.faults import Faults
from tests.simulation import rig
from tests.simulation.crowd import Crowd
from tests.simulation.deeds import Ledger
from tests.simulation.mishaps import Mishaps
from tests.simulation.pushes import Pushes
from tests.simulation.robots import Robots
from tests.simulation.scenes import Scenes
from tests.simulation.schedule import SCENES, SPAN_S, Planned, Schedule
from tests.simulation.swift_store import SwiftStore
from tests.simulation.witness import Witness

LANES = ("board", "desk", "dev")
NEVER = datetime.max.replace(tzinfo=UTC)
#: Turns that may pass at one instant before it counts as running in circles.
SPIN = 400
#: No write for so long is quiet; and so long it must stay so.
QUIET = timedelta(minutes=46)
PROOF = timedelta(hours=2)
PATIENCE = timedelta(hours=8)
CALM = rig.Pace(1200.0, 2400.0)


class Crash(BaseException):
    """The process dies here. No handler may stop it, so it is no Exception."""


class World:
    """Products, people, faults and one process of the house at a time."""

    def __init__(self, plan: Schedule, *, verbose: bool = False) -> None:
        self.plan = plan
        self.verbose = verbose
        self.lines: list[str] = []
        self.clock = VirtualClock()
        self.rand = random.Random(f"world {plan.seed}")
        self.faults = Faults(random.Random(f"faults {plan.seed}"))
        self.products = rig.products(plan.options, self.clock)
        self.ledger = Ledger()
        self.witness = Witness(self.products, self.ledger, self.faults, self.say)
        self.crowd = Crowd(self.products, self.ledger, self.say)
        self.lanes = rig.connectors(
            self.products, self.faults, self.clock, random.Random(f"lines {plan.seed}")
        )
        self.mishaps = Mishaps(self)
        self.scenes = Scenes(self)
        self.robots = Robots(self.products, self.faults)
        self.poison: dict[tuple[str, str], int] = {}
        self.steps: Counter[str] = Counter()
        self.crashes: list[datetime] = []
        self.edition = 1
        self.pace = rig.Pace(plan.options.poll_s, 900.0)
        self.store = SwiftStore(self.clock)
        self._crash_after: int | None = None
        self._crash_at: str | None = None
        self._nested = 0
        self._bells = {one: random.Random(f"bells {one} {plan.seed}") for one in LANES}
        self._wake: dict[str, datetime | None] = {}
        self.alive = True
        for name, lane in self.lanes.items():
            lane.looked = self.witness.looked
            lane.line.meanwhile = partial(self._meanwhile, name)
        self.pushes = Pushes(self)
        self.crowd.long_ago()
        self.clock.advance(3600.0)
        self.engine = self._boot()

    def say(self, text: str) -> None:
        """Add a line to the run's account."""
        line = f"{self.clock.now():%H:%M:%S.%f}"[:-3] + f"  {text}"
        self.lines.append(line)
        if self.verbose:
            print(line)

    # -- the run ---------------------------------------------------------------------
    def run(self) -> None:
        """Everything: the schedule, the calm after it, the proof that it stays calm."""
        start = self.clock.now()
        for one in self.plan.planned:
            self.clock.at(start + timedelta(seconds=one.at_s), partial(self._happen, one))
        self.until(start + timedelta(seconds=SPAN_S + 120))
        self.calm()
        self._until_quiet()
        writes = self.witness.writes
        self.until(self.clock.now() + PROOF)
        if self.witness.writes != writes:
            self.witness.breach(f"{self.witness.writes - writes} writes when all was quiet")

    def calm(self) -> None:
        """Faults off; the house starts anew with leisurely polls."""
        self.say("-- faults off --")
        self.faults.on = False
        self.mishaps.mend()
        self._crash_after = self._crash_at = None
        self.pace = CALM
        self._reboot()

    def _until_quiet(self) -> None:
        end = self.clock.now() + PATIENCE
        last, since = self.witness.writes, self.clock.now()
        while self.clock.now() - since < QUIET:
            self.until(self.clock.now() + timedelta(minutes=5))
            if self.witness.writes != last:
                last, since = self.witness.writes, self.clock.now()
            if self.clock.now() > end:
                self.witness.breach("it does not come to rest")
                return

    def until(self, end: datetime) -> None:
        """Let the process work and time pass until ``end``."""
        spins = 0
        while self.clock.now() < end:
            before = self.clock.now()
            try:
                wake = self._turn()
                if wake is not None:
                    self.clock.advance_to(min(end, max(wake, before + timedelta(milliseconds=1))))
            except Crash as crash:
                self._die(str(crash))
            spins = 0 if self.clock.now() > before else spins + 1
            if spins > SPIN:
                self.witness.breach(f"{SPIN} turns at one instant")
                self.clock.advance(1.0)

    def _turn(self) -> datetime | None:
        """One piece of work per lane that is awake; when to come back, None: at once."""
        did = False
        for lane in self.rand.sample(LANES, len(LANES)):
            wake = self._wake[lane]
            if wake is not None and wake <= self.clock.now():
                worked = self.engine.work(lane)
                did = did or worked.did
                self._wake[lane] = self.clock.now() if worked.did else worked.wake_at
        if did:
            return None
        times = [*self._wake.values(), self.clock.next_at()]
        return min((one for one in times if one is not None), default=NEVER)

    def _ring(self, lane: str) -> None:
        """A bell inside the process. Losing one must lose nothing: the feed's timer comes."""
        if not self.faults.strike("lost bell", self._bells[lane]):
            self._wake[lane] = self.clock.now()

    # -- while a call is out ------------------------------------------------------------
    def _meanwhile(self, lane: str, phase: str) -> None:
        self.step(f"call, {phase}")
        read = self.lanes[lane].reading
        if read is not None and phase == "after" and self.poison.get((lane, read.id)):
            self.poison[lane, read.id] -= 1
            raise Crash("poisoned read")
        if not self.faults.on:
            return
        draw = self.rand.random()
        if draw < 0.06 and self._nested < 2:
            self._nested += 1
            self.engine.work(self.rand.choice(LANES))
            self._nested -= 1
        elif draw > 0.985:
            self._somebody_edits(lane)

    def _somebody_edits(self, lane: str) -> None:
        """A person edits the very record that a call is about."""
        about = self.lanes[lane].about
        record = self.products[lane].records.get(about.id) if about else None
        if record is not None and self.crowd.alive(self.products[lane], record):
            self.crowd.edit_this(self.products[lane], record, self.rand.getrandbits(32))

    def step(self, name: str) -> None:
        """The engine passes a numbered step; here it may die."""
        self.steps[name] += 1
        if self._crash_at == name or self._crash_after == 0:
            self._crash_after = self._crash_at = None
            raise Crash(name)
        if self._crash_after is not None:
            self._crash_after -= 1

    # -- what the schedule brings -----------------------------------------------------
    def _happen(self, planned: Planned) -> None:
        if planned.what == "crash":
            self._plan_crash(random.Random(planned.seed))
        elif planned.what in SCENES:
            self.scenes.play(planned.what, planned.seed)
        elif hasattr(self.crowd, planned.what.replace(" ", "_")):
            self.crowd.do(planned.what, planned.seed)
            self.pushes.push()
        else:
            self.mishaps.befall(planned.what, planned.seed)

    def crash_soon(self) -> None:
        """Die at the next step, whichever it is."""
        self._crash_after = 0

    def _plan_crash(self, rand: random.Random) -> None:
        if rand.random() < 0.5 and self.steps:
            self._crash_at = rand.choice(sorted(self.steps))
        else:
            self._crash_after = rand.randint(0, 40)

    # -- processes -----------------------------------------------------------------------
    def _die(self, where: str) -> None:
        self.say(f"-- crash at {where} --")
        self.faults.note("process crash")
        self.faults.hits[f"crash at {where}"] += 1
        self.crashes.append(self.clock.now())
        self.witness.died(self.clock.now())
        self._nested = 0
        self.alive = False
        self.clock.advance(self.rand.uniform(0.5, 30.0))
        self._reboot()

    def _reboot(self) -> None:
        self.store = self.store.crash()
        self.alive = True
        self.engine = self._boot()

    def _boot(self) -> Engine:
        engine = rig.engine(
            self.store, self.lanes, self.plan.options, self.clock,
            random.Random(self.rand.getrandbits(32)), steps=self.step, ring=self._ring,
            edition=self.edition, pace=self.pace,
        )  # fmt: skip
        self._wake = dict.fromkeys(LANES, self.clock.now())
        armed, self._crash_after, self._crash_at = (self._crash_after, self._crash_at), None, None
        engine.start()
        self._crash_after, self._crash_at = armed
        return engine
