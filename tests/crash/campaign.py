"""Lives of the daemon, one after the other, each ended with -9 while people work."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sdsync.store.opening import open_store
from sdsync.store.sql import SqlStore
from tests.crash import quiet
from tests.crash.house import House, Life, furnished
from tests.crash.judge import Judge, Verdict
from tests.crash.ledger import SIDES, Ledger
from tests.crash.people import Crowd
from tests.crash.quiet import NeverQuietError, Watch
from tests.crash.steps import numbered

#: Changes before the first kill, so that there is something to work on.
WARM_UP = 8
LEARN_EVERY = 10
PAUSE_S = 0.12
#: What was provoked may have ended otherwise: a look saw that it stands, nobody had to ask.
AGAIN_S = 30.0
ANY_MOMENT = "any moment"
AT_START = "while starting"


@dataclass(frozen=True, slots=True)
class Plan:
    """One whole run. ``landing_s`` None: as the connectors say."""

    seed: int
    kills: int
    changes: int
    landing_s: float | None
    patience_s: float  # for a step to be reached, and for the end to be quiet
    pause_s: float = PAUSE_S  # of people between two changes, at most


@dataclass(slots=True)
class Account:
    """What a run was and what came of it."""

    plan: Plan
    killed: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)
    settled_s: float = 0.0
    took_s: float = 0.0
    calls: int = 0
    writes: int = 0
    again: int = 0  # of the writes: the very same as the one before on its path
    ledger: Ledger = field(default_factory=Ledger)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def breaches(self) -> list[str]:
        """All that is wrong."""
        return self.verdict.breaches


def run(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _line: None) -> Account:
    """Do it all in ``folder``, an empty one."""
    began = time.monotonic()
    account = Account(plan)
    with furnished(folder, seed=plan.seed, landing_s=plan.landing_s) as house:
        campaign = _Campaign(plan, house, account, tell)
        try:
            campaign.run()
        finally:
            campaign.bury()
        account.took_s = time.monotonic() - began
    return account


class _Campaign:
    def __init__(
        self, plan: Plan, house: House, account: Account, tell: Callable[[str], None]
    ) -> None:
        self._plan, self._house, self._account, self._tell = plan, house, account, tell
        self._dice = random.Random(plan.seed)
        self._crowd = Crowd(house, account.ledger, plan.seed)
        self._watch = Watch(house)
        self._pause = threading.Event()
        self._life: Life | None = None
        self._began = time.monotonic()

    def run(self) -> None:
        life = self._first()
        steps = list(numbered())
        ends = self._ends(steps)
        self._count(life, ANY_MOMENT)
        for number, end in enumerate(ends):
            self._one(number, end, len(ends))
        life = self._live()
        self._work(life, self._plan.changes - self._account.ledger.changes)
        self._account.missed.update({one: 1 for one in steps if one not in self._account.killed})
        self._end(life)

    def _live(self, step: str = "", visit: int = 1) -> Life:
        self._life = Life(self._house, step=step, visit=visit)
        return self._life

    def bury(self) -> None:
        """Nothing is left running, however it ended."""
        if self._life is not None and not self._life.over:
            self._life.kill()

    def _first(self) -> Life:
        """Births before a feed was read once are old: nobody takes them (law 23)."""
        life = self._live()
        until = time.monotonic() + self._plan.patience_s
        while any(self._watch.feeds[side] < 3 for side in SIDES):
            self._watch.look()
            if life.over or time.monotonic() > until:
                raise RuntimeError(f"the daemon never read its feeds; see {self._house.folder}")
            self._pause.wait(0.05)
        for _ in range(3):
            self._crowd.birth("desk")
            self._crowd.birth("dev")
        self._work(life, WARM_UP)
        return life

    def _ends(self, steps: list[str]) -> list[str]:
        """How each life ends: every step once, at moments else, in seeded order."""
        free = max(0, self._plan.kills - len(steps) - 1)  # the first life was one
        moments = [AT_START if self._dice.random() < 0.15 else ANY_MOMENT for _ in range(free)]
        ends = [*steps, *moments]
        self._dice.shuffle(ends)
        return ends

    # -- one life ------------------------------------------------------------------------
    def _one(self, number: int, end: str, lives: int) -> None:
        left = self._plan.changes - self._account.ledger.changes
        share = max(1, left // (lives - number + 1))
        named = end not in (ANY_MOMENT, AT_START)
        if named:
            self._provoke(end)
        life = self._live(end if named else "", self._visit(end))
        if end == AT_START:
            life.ends_within(self._dice.uniform(0.05, 1.5))
        else:
            life.ready.wait(self._plan.patience_s)
            self._work(life, share)
            if named:
                self._until_dead(life, end)
            else:
                life.ends_within(self._dice.uniform(0.0, 0.3))
        self._count(life, end)

    def _visit(self, end: str) -> int:
        """Rare steps at their first visit, the others somewhere among the first."""
        rare = ("looked up", "job asked", "pulled")
        return 1 if end in rare else self._dice.randrange(1, 5)

    def _provoke(self, step: str) -> None:
        """Make sure that a rare step comes about."""
        if step == "looked up":
            cut = {"count": 1, "path": "/(comment|correspond)$", "login": "sdsync"}
            self._house.switch("desk", effect_then_cut=cut)
            self._until(lambda: self._crowd.note("dev"))
        elif step == "job asked":
            job = {"count": 1, "path": r"/issues/\d+\.json$", "login": "sdsync", "after_s": 1.0}
            self._house.switch("dev", accepted=job)
            self._until(lambda: self._crowd.title("desk"))
        elif step == "pulled":
            self._until(lambda: self._crowd.file("dev"))

    def _until(self, deed: Callable[[], bool]) -> None:
        for _ in range(50):
            self._crowd.learn()
            if deed():
                return

    def _work(self, life: Life, changes: int) -> None:
        """People work until they did their share, whether the daemon lives or not."""
        until = self._account.ledger.changes + changes
        while (done := self._account.ledger.changes) < until:
            if done % LEARN_EVERY == 0:
                self._crowd.learn()
            self._crowd.step()
            if not life.over:
                life.ends_within(self._crowd.pause_s(self._plan.pause_s))
        self._watch.look()

    def _until_dead(self, life: Life, step: str) -> None:
        """The step was not reached yet: somebody does one thing more, now and then."""
        began = again = time.monotonic()
        while not life.ends_within(1.0) and time.monotonic() < began + self._plan.patience_s:
            if time.monotonic() > again + AGAIN_S:
                again = time.monotonic()
                self._provoke(step)
            elif step != "looked up":
                self._crowd.step()

    def _count(self, life: Life, end: str) -> None:
        if not life.over:
            life.kill()
        code = life.gone()
        at = life.died_at or (end if end in (ANY_MOMENT, AT_START) else ANY_MOMENT)
        self._account.killed[at] += 1
        if life.ready_s is not None:
            self._account.starts_s.append(life.ready_s)
        at_s = time.monotonic() - self._began
        changes = self._account.ledger.changes
        self._tell(f"{at_s:6.1f} s: killed {at} ({code}) after {changes} changes")
        if code != -9:
            self._account.breaches.append(f"a life ended with {code}, not by -9; see daemon.log")

    # -- the end -------------------------------------------------------------------------
    def _end(self, life: Life) -> None:
        account, house = self._account, self._house
        store = open_store(None, None, path=house.folder, check=False)
        try:
            try:
                account.settled_s = quiet.wait(
                    house, store, self._watch, patience_s=self._plan.patience_s
                )
            except NeverQuietError as why:
                account.breaches.append(f"never quiet:\n{why}")
            code = life.stop()
            if code:
                account.breaches.append(f"after SIGTERM the daemon ended with {code}")
            life.gone()
            self._judge(store)
        finally:
            store.close()

    def _judge(self, store: SqlStore) -> None:
        account, house = self._account, self._house
        Judge(house, store, account.ledger, account.verdict).judge()
        report = store.examine()
        account.breaches.extend(f"store: {one}" for one in report.problems)
        if not report.audit.ok:
            account.breaches.append(f"audit: {report.audit.problem}")
        if report.suspect:
            account.breaches.append(f"store: suspect, {report.suspect}")
        for words in (("audit", "verify"), ("store", "verify")):
            code, said = house.command(*words)
            if code:
                account.breaches.append(f"sdsync {' '.join(words)} ended with {code}: {said}")
        account.breaches.extend(f"step {one!r} was never reached" for one in account.missed)
        account.calls, account.writes = self._watch.calls.total(), self._watch.writes.total()
        account.again = self._watch.again.total()
