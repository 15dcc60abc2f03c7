"""A seed from schedule to verdict, and what many of them met together."""

from __future__ import annotations

import hashlib
import traceback
from collections import Counter
from dataclasses import dataclass, field

from sdsync.sync.branches import count_with
from tests.simulation.decisions import Decisions
from tests.simulation.invariants import check
from tests.simulation.schedule import schedule
from tests.simulation.world import Crash, World

TAIL = 60


@dataclass(slots=True)
class Verdict:
    """What one seed showed. ``breaches`` empty: every invariant held."""

    seed: int
    breaches: list[str]
    lines: list[str]  # the last ones when something broke
    faults: Counter[str] = field(default_factory=Counter)
    branches: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    deeds: int = 0
    crashes: int = 0
    writes: int = 0
    excused: Counter[str] = field(default_factory=Counter)  # what nobody could know of
    digest: str = ""  # of the whole account: equal seeds have equal ones


def judge(seed: int, *, verbose: bool = False) -> Verdict:
    """Run a seed and check every invariant."""
    branches: Counter[str] = Counter()

    def count(name: str) -> None:
        branches[name] += 1

    count_with(count)
    try:
        return _judge(seed, branches, verbose=verbose)
    finally:
        count_with(None)


def _judge(seed: int, branches: Counter[str], *, verbose: bool) -> Verdict:
    world = World(schedule(seed), verbose=verbose)
    breaches, excused = world.witness.breaches, Counter[str]()
    try:
        world.run()
        breaches += check(world)
        decisions = Decisions(world)
        breaches += decisions.undecided()
        excused = decisions.excused
        breaches += decisions.lost_texts()
        breaches += world.witness.still_leaking()
    except (Exception, Crash):  # whatever the engine raises is a finding with a seed
        breaches.append(f"raised\n{traceback.format_exc(limit=-8)}")
    return Verdict(
        seed,
        list(breaches),
        world.lines[-TAIL:] if breaches else [],
        world.faults.hits,
        branches,
        world.steps,
        deeds=len(world.ledger.fields) + len(world.ledger.texts),
        crashes=len(world.crashes),
        writes=world.witness.writes,
        excused=excused,
        digest=hashlib.sha256("\n".join(world.lines).encode()).hexdigest()[:16],
    )


@dataclass(slots=True)
class Account:
    """Many verdicts added up."""

    schedules: int = 0
    failed: list[Verdict] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    branches: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    deeds: int = 0
    crashes: int = 0
    writes: int = 0
    excused: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """One more."""
        self.schedules += 1
        if verdict.breaches:
            self.failed.append(verdict)
        self.faults += verdict.faults
        self.branches += verdict.branches
        self.steps += verdict.steps
        self.deeds += verdict.deeds
        self.crashes += verdict.crashes
        self.writes += verdict.writes
        self.excused += verdict.excused
