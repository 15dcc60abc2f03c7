"""The runner of the way: it claims work, makes the calls, and teaches each lane what they met.

All decisions are in the step functions beside it. Simulation and production drive the same class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sdsync.connectors.contract import Connector
from sdsync.connectors.failures import Transient
from sdsync.ratelimit.lanes import Grant, Granted, Trouble, answered, ask, give_back
from sdsync.store.records import Work
from sdsync.sync.capture.feeds import Feeds
from sdsync.sync.capture.inbox import Inbox
from sdsync.sync.capture.pulls import Pulls
from sdsync.sync.capture.suspicion import Suspicion
from sdsync.sync.claims import Claims
from sdsync.sync.confirm.doubles import Doubles
from sdsync.sync.core import Core, no_step
from sdsync.sync.decide.looks import Looks
from sdsync.sync.deliver.aside import died_on_a_call, set_aside
from sdsync.sync.deliver.delivery import Delivery
from sdsync.sync.meter import Meter
from sdsync.sync.policy import lesson, proves_nothing
from sdsync.sync.systems import System
from sdsync.sync.watch.accounts import Accounts
from sdsync.sync.watch.activating import activated
from sdsync.sync.worked import Worked

CRASHES = 3  # starts that never ended before a piece of work is set aside (law 35)
OUT = frozenset({Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.UNAUTHORISED})
AWAY = Transient(unreachable=True)


def nobody_else(_lane: str, _due: datetime) -> None:
    """One thread works in all lanes, and finds the rest itself."""


class Engine:
    """Everything that one process does for its lanes.

    Args:
        core: What all parts of the way work with.
        more: Told when the rest of a lane is due, for another thread.
        keep: Stores a lane's pause at once: a crash does not forget it (law 37).
    """

    def __init__(
        self,
        core: Core,
        *,
        more: Callable[[str, datetime], None] = nobody_else,
        keep: Callable[[str], None] = no_step,
    ) -> None:
        self.core, self.more, self.keep = core, more, keep
        self.looks = Looks(core)
        self.inbox = Inbox(core)
        self.claims = Claims(core, self.looks)
        self._suspicion = Suspicion(core)
        self._feeds = Feeds(core, self.inbox, self._suspicion)
        self._pulls = Pulls(core)
        self._delivery = Delivery(core, self.looks)
        self._doubles = Doubles(core)
        self._accounts = Accounts(core)
        self._started = False

    # -- starting ----------------------------------------------------------------------
    def start(self) -> None:
        """Note when each sync was switched on, and ring every system's feed."""
        core, self._started = self.core, True
        core.remember_restored()
        core.distrust(core.store.causes())
        self._suspicion.start()
        core.commit(partial(activated, core.store, core.systems.values(), core.clock.now()))
        self._feeds.start()

    def taken(self, lane: str) -> None:
        """The lane is this process's from now on: learn what only its last holder knew.

        A system is described when that is due, which may be long after its last
        description; nothing is done there before this process has one of its own.
        """
        if not self._started:
            return  # the start asks for everything anyway
        self.core.remember_restored()
        self.core.distrust(self.core.store.causes())
        system = self.core.systems[lane]
        system.unsure = system.unsure or system.lane.cause in OUT
        if not system.known:
            self._feeds.describe_now(lane)

    # -- one visit to a lane --------------------------------------------------------------
    def work(self, lane: str) -> Worked:
        """Do the most urgent due thing of the lane, if its budget lets."""
        system = self.core.systems[lane]
        now = self.core.clock.now()
        with system.guard:
            slot = ask(system.lane, self.core.clock.monotonic())
        if not isinstance(slot, Granted):
            return Worked(False, self._at(slot.until))
        work = self.claims.claim(lane, now)
        if work is None:
            with system.guard:
                give_back(system.lane, slot.grant)
            return Worked(False, self.claims.next(lane, now))
        rest_due = self.claims.rest_due(lane)
        if rest_due is not None:  # whoever claimed may be long at its piece
            self.more(lane, rest_due)
        try:
            self._do(system, work, slot.grant)
        finally:
            self.claims.release(lane, work)
        return Worked(True)

    def _at(self, until_s: float | None) -> datetime | None:
        if until_s is None:
            return None
        clock = self.core.clock
        return clock.now() + timedelta(seconds=max(0.0, until_s - clock.monotonic()))

    def _do(self, system: System, work: Work, grant: Grant) -> None:
        """Do one piece of work and tell the lane what its calls taught."""
        began = self.core.clock.monotonic()
        meter = Meter(self.core, system)
        try:
            if work.starts > CRASHES:
                set_aside(self.core, self.looks, work)
            elif work.starts == 1 or not self._died_on_a_call(work):
                with system.connector() as connector, meter.reading(connector):
                    self._dispatch(system, connector, work, meter)
        finally:
            self._learn(system, grant, meter, began)

    def _died_on_a_call(self, work: Work) -> bool:
        return work.key.kind == "deliver" and died_on_a_call(self.core, work, most=CRASHES)

    def _learn(self, system: System, grant: Grant, meter: Meter, began: float) -> None:
        """Teach the lane what its calls met; a pause, and its end, are kept before this returns."""
        if meter.calls == 0:  # its budget is for others
            with system.guard:
                give_back(system.lane, grant)
            return
        now = self.core.clock.monotonic()
        with system.guard:
            paused_until, was_out = system.lane.resume_at, system.lane.cause
            answered(
                system.lane,
                grant,
                lesson(meter.worst, latency_s=now - began),
                now=now,
                rand=self.core.rand.random,
                calls=meter.calls,
            )
            longer = system.lane.resume_at > paused_until
            cause = system.lane.cause
        over = was_out is not None and cause is None
        if longer or over:
            self.keep(system.name)
        if cause is Trouble.BROKEN and proves_nothing(meter.worst):
            self.core.tell(system, replace(AWAY, detail=getattr(meter.worst, "detail", "")))
        elif cause is None and meter.worst is not None and not proves_nothing(meter.worst):
            self.core.tell(system, meter.worst)
        if cause in OUT and not system.unsure:
            # A backup may be in its place by now, and a refused key may read as anybody does:
            # who it is, and who we are, comes before all else (law 32).
            system.unsure = True
            self._feeds.describe_now(system.name)

    def _dispatch(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        match work.key.kind:
            case "look":
                self.looks.look(system, connector, work, meter)
            case "deliver":
                self._delivery.deliver(system, connector, work, meter)
            case "pull":
                self._pulls.pull(connector, work, meter)
            case "poll":
                self._feeds.poll(system, connector, work, meter)
            case "sweep":
                self._feeds.sweep(system, work)
            case "count":
                self._doubles.count(system, connector, work, meter)
            case "account":
                self._accounts.account(system, connector, work)
            case "describe":
                self._feeds.describe(system, connector, work, meter)
            case kind:
                raise ValueError(f"no such work: {kind}")
