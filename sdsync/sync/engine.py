"""The runner of the way: it claims work, makes the calls, and commits at each arrow.

All decisions are in the step functions beside it; this module supplies store,
clock, randomness and connectors. Simulation and production drive the same class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from sdsync.config.clock import Clock
from sdsync.connectors.contract import ChangeEvent, Connector, calls_of
from sdsync.connectors.failures import Transient
from sdsync.mappings.contract import People
from sdsync.ratelimit import urgency
from sdsync.ratelimit.lanes import Grant, Granted, Trouble, answered, ask, give_back
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    InboxEvent,
    Json,
    Replica,
    Work,
    WorkKey,
)
from sdsync.sync.capture.feeds import FEED, Feeds
from sdsync.sync.capture.people import KnownPeople
from sdsync.sync.capture.suspicion import Suspicion
from sdsync.sync.confirm.doubles import Doubles
from sdsync.sync.decide.looks import Looks
from sdsync.sync.decide.restored import restored_at
from sdsync.sync.decide.waves import wave_of
from sdsync.sync.deliver.alone import Alone
from sdsync.sync.deliver.aside import died_on_a_call, set_aside
from sdsync.sync.deliver.counterparts import SharedRecords
from sdsync.sync.deliver.delivery import Delivery
from sdsync.sync.deliver.in_names import about_names
from sdsync.sync.deliver.mentions import Named
from sdsync.sync.model import OBJECTIVES, Context, Rule, SyncPolicy
from sdsync.sync.persons.pauses import Pauses
from sdsync.sync.policy import lane_trouble, lesson, proves_nothing
from sdsync.sync.systems import System
from sdsync.sync.watch.accounts import Accounts
from sdsync.sync.watch.activating import activated
from sdsync.sync.worked import Worked

CLAIM_AGAIN = timedelta(seconds=1)
CRASHES = 3  # starts that never ended before a piece of work is set aside (law 35)
STALE_TRIES = 20
BUSY_WAIT = timedelta(milliseconds=50)
NAMES_KEPT = 10_000
TELL_AGAIN = timedelta(seconds=5)
OUT = frozenset({Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.UNAUTHORISED})
AWAY = Transient(unreachable=True)


def no_step(_name: str) -> None:
    """Nothing happens at a numbered step, but in crash tests."""


def nobody_else(_lane: str, _due: datetime) -> None:
    """One thread works in all lanes, and finds the rest itself."""


class Engine:
    """Everything that one process does for its lanes."""

    def __init__(
        self,
        store: Store,
        systems: Mapping[str, System],
        syncs: Mapping[str, SyncPolicy],
        *,
        clock: Clock,
        rand: Random,
        people: Callable[[Store], People] | None = None,
        steps: Callable[[str], None] = no_step,
        objectives: Mapping[str, float] = OBJECTIVES,
        rules: tuple[Rule, ...] = (),
        ring: Callable[[str], None] = no_step,
        more: Callable[[str, datetime], None] = nobody_else,
        fence: Callable[[str], bool] = lambda _lane: True,
        keep: Callable[[str], None] = no_step,
    ) -> None:
        self.store = store
        self.systems = systems
        self.syncs = syncs
        self.clock = clock
        self.rand = rand
        self.step = steps
        self.objectives = objectives
        self.rules = rules
        self.more = more  # told when the rest of a lane is due, for another thread
        self.ring = ring  # wakes another lane of this process; losing it loses nothing
        self.fence = fence  # whether this process still holds the lane, asked last before a call
        self.keep = keep  # stores a lane's pause at once: a crash does not forget it (law 37)
        self.people = KnownPeople(store, people)
        self.pauses = Pauses(store)
        self._addresses = {name: one.address for name, one in systems.items()}
        self.alone = Alone(store, clock)
        self._busy: dict[str, set[str]] = {name: set() for name in systems}
        self._names: dict[WorkKey, set[str]] = {}
        #: Priority of records that this process has read; unknown ones wait as normal.
        self.urgent: dict[tuple[str, str], int] = {}
        self._both: dict[WorkKey, set[str]] = {}
        self._told: dict[str, tuple[str, datetime]] = {}
        #: When a system that has not said what it is will be asked again.
        self._undescribed = dict.fromkeys(systems, datetime.min.replace(tzinfo=UTC))
        self._guard = threading.Lock()
        self._started = False
        self.looks = Looks(self)
        self.suspicion = Suspicion(self)
        self._feeds = Feeds(self)
        self._delivery = Delivery(self)
        self._doubles = Doubles(self)
        self._accounts = Accounts(self)

    # -- starting ----------------------------------------------------------------------
    def start(self) -> None:
        """Note when each sync was switched on, and ring every system's feed."""
        self._started = True
        self.remember_restored()
        self._distrust(self.store.causes())
        self.suspicion.start()
        self.commit(partial(activated, self.store, self.systems.values(), self.clock.now()))
        self._feeds.start()

    def remember_restored(self) -> None:
        """Read which systems came back from a backup of theirs, and when (law 32)."""
        for name, system in self.systems.items():
            system.was_restored(restored_at(self.store.system(name)))

    def taken(self, lane: str) -> None:
        """The lane is this process's from now on: learn what only its last holder knew.

        A system is described when that is due, which may be long after its last
        description; nothing is done there before this process has one of its own.
        """
        if not self._started:
            return  # the start asks for everything anyway
        self.remember_restored()
        self._distrust(self.store.causes())
        system = self.systems[lane]
        system.unsure = system.unsure or system.lane.cause in OUT
        if not system.known:
            self._feeds.describe_now(lane)

    # -- one visit to a lane --------------------------------------------------------------
    def work(self, lane: str) -> Worked:
        """Do the most urgent due thing of the lane, if its budget lets."""
        system = self.systems[lane]
        now = self.clock.now()
        with system.guard:
            slot = ask(system.lane, self.clock.monotonic())
        if not isinstance(slot, Granted):
            return Worked(False, self._at(slot.until))
        work = self._claim(lane, now)
        if work is None:
            with system.guard:
                give_back(system.lane, slot.grant)
            return Worked(False, self._next(lane, now))
        self._tell_rest(lane)
        try:
            self._do(system, work, slot.grant)
        finally:
            self._release(lane, work)
        return Worked(True)

    def _tell_rest(self, lane: str) -> None:
        """Say when the rest of the lane is due: whoever claimed may be long at its piece."""
        with self._guard:
            busy = frozenset(self._busy[lane])
        due = self.store.next_due(lane, busy)
        if due is not None:
            self.more(lane, due)

    def _at(self, until_s: float | None) -> datetime | None:
        if until_s is None:
            return None
        return self.clock.now() + timedelta(seconds=max(0.0, until_s - self.clock.monotonic()))

    def _claim(self, lane: str, now: datetime) -> Work | None:
        if not self.systems[lane].known:
            return self._claim_description(lane, now)
        with self._guard:
            busy = frozenset(self._busy[lane])
            paused = self.pauses.kinds(lane)
            if self.alone.blocks(lane) or self.alone.waits(lane, self._names.keys(), paused):
                return None
            for work in self.store.claim(lane, now=now, busy=busy, limit=1):
                if work.key.kind in paused:
                    self.store.commit(Change(postponed=[(work.key, now + timedelta(seconds=60))]))
                    return None
                names = self._aliases(work)
                if names & busy:
                    self.store.commit(Change(postponed=[(work.key, now + CLAIM_AGAIN)]))
                    return None
                self._busy[lane] |= names
                self._names[work.key] = names
                self.alone.began(work.key)
                return work
        return None

    def _claim_description(self, lane: str, now: datetime) -> Work | None:
        """Before places, rights and our account are known, nothing else is judged or written."""
        key = WorkKey(lane, "describe", FEED)
        with self._guard:
            work = self.store.work(key)
            if work is not None:
                self._undescribed[lane] = work.due_at
            if work is None or work.due_at > now or FEED in self._busy[lane]:
                return None
            if self.alone.blocks(lane):
                return None
            self._busy[lane].add(FEED)
            self._names[key] = {FEED}
        return work

    def _next(self, lane: str, now: datetime) -> datetime | None:
        """When to come again; work that is due and busy is not asked for in a tight loop."""
        due = self.store.next_due(lane)
        if not self.systems[lane].known:
            work = self.store.work(WorkKey(lane, "describe", FEED))
            due = work.due_at if work else None
        return max(due, now + BUSY_WAIT) if due is not None else None

    def _aliases(self, work: Work) -> set[str]:
        """Both names of one record's work: looks and deliveries of it never overlap."""
        known = self._both.get(work.key)
        if known is not None:
            return known
        names = self._names_of(work)
        if len(names) > 1:  # with only one name so far, the other may come
            if len(self._both) >= NAMES_KEPT:
                self._both.clear()
            self._both[work.key] = names
        return names

    def _names_of(self, work: Work) -> set[str]:
        names = {work.key.target}
        if work.key.kind == "deliver":
            share = self.store.share_with_replica(work.key.target)
            if share is not None:
                native_id = share.replica(work.key.target).native_id
                names |= {native_id} if native_id else set()
        elif work.key.kind == "look":
            share = self.looks.share_of(work.key.lane, work.key.target)
            if share is not None:
                names |= {one.id for one in share.replicas if one.system == work.key.lane}
        return names

    def _release(self, lane: str, work: Work) -> None:
        with self._guard:
            self._busy[lane] -= self._names.pop(work.key, set())
            self.alone.ended(work.key)

    def _do(self, system: System, work: Work, grant: Grant) -> None:
        """Do one piece of work and tell the lane what its calls taught."""
        began = self.clock.monotonic()
        meter = Meter(self, system)
        try:
            if work.starts > CRASHES:
                set_aside(self, work)
            elif work.starts == 1 or not self._died_on_a_call(work):
                with system.connector() as connector, meter.reading(connector):
                    self._dispatch(system, connector, work, meter)
        finally:
            self._learn(system, grant, meter, began)

    def _died_on_a_call(self, work: Work) -> bool:
        return work.key.kind == "deliver" and died_on_a_call(self, work, most=CRASHES)

    def _learn(self, system: System, grant: Grant, meter: Meter, began: float) -> None:
        """Teach the lane what its calls met; a pause, and its end, are kept before this returns."""
        now = self.clock.monotonic()
        with system.guard:
            paused_until, was_out = system.lane.resume_at, system.lane.cause
            answered(
                system.lane,
                grant,
                lesson(meter.worst, latency_s=now - began),
                now=now,
                rand=self.rand.random,
                calls=max(1, meter.calls),
            )
            longer = system.lane.resume_at > paused_until
            cause = system.lane.cause
        over = was_out is not None and cause is None
        if longer or over:
            self.keep(system.name)
        if cause is Trouble.BROKEN and proves_nothing(meter.worst):
            self.tell(system, replace(AWAY, detail=getattr(meter.worst, "detail", "")))
        elif cause is None and meter.worst is not None and not proves_nothing(meter.worst):
            self.tell(system, meter.worst)
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
                self.looks.pull(system, connector, work, meter)
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

    # -- committing ---------------------------------------------------------------------
    def commit(self, make: Callable[[], Change | None], *, lasting: bool = True) -> Change | None:
        """Run a step function on fresh state and commit it; again when the state moved on.

        ``make`` loads what it needs itself and touches nothing outside. Not ``lasting``
        is what would be decided once more, and nobody outside was told of.
        """
        for _ in range(STALE_TRIES):
            change = make()
            if change is None:
                return None
            try:
                self.store.commit(change, lasting=lasting)
            except Stale:
                continue
            self._distrust(change.causes)
            for lane in {work.key.lane for work in change.ring}:
                self.ring(lane)
            return change
        raise Stale("a hub record changed faster than it could be decided")

    def _distrust(self, causes: Sequence[Cause]) -> None:
        """Remember the places that dropped a private flag; they get nothing private (law 45).

        And the systems that write as our account, whomever we name (law 54).
        """
        for system in self.systems.values():
            fingerprint = about_names(system.name)
            system.ignores_names |= any(
                one.fingerprint == fingerprint and one.closed_at is None for one in causes
            )
        for cause in causes:
            if cause.at_place and cause.system in self.systems:
                self.systems[cause.system].leaky.add(cause.at_place)

    def context(self) -> Context:
        """The world as step functions see it, now."""
        return Context(
            now=self.clock.now(),
            systems={name: one.view() for name, one in self.systems.items()},
            syncs={name: self._as_told(one) for name, one in self.syncs.items()},
            people=self.people,
            new_id=self.new_id,
            humans=self.people.is_human,
            rules=self.rules,
            objectives=self.objectives,
            suspect=self.suspicion.reason is not None,
            trusted_at=self.suspicion.trusted_at,
            origin=self.suspicion.origin,
            wave=lambda system: wave_of(self.store, system, self.clock.now()),
            pause=self.pauses.named,
            records=SharedRecords(self.store),
            naming=partial(Named, self._addresses),
        )

    def _as_told(self, sync: SyncPolicy) -> SyncPolicy:
        """The sync with the mode that a person gave it last; the file only begins it."""
        row = self.store.sync(sync.name)
        return sync if row is None or row.mode == sync.mode else replace(sync, mode=row.mode)

    def note_urgency(self, replica: Replica, priority: int) -> None:
        """Remember how urgent a record is, for the next event that names it."""
        if replica.native_id is None:
            return
        if len(self.urgent) >= NAMES_KEPT:
            self.urgent.clear()
        self.urgent[replica.system, replica.native_id] = priority

    def new_id(self) -> str:
        """A random id that sorts by time of making."""
        ms = int(self.clock.now().timestamp() * 1000)
        return f"{ms:011x}{self.rand.getrandbits(52):013x}"

    def work_for(
        self, lane: str, kind: str, target: str, *, due: datetime, priority: int = 3
    ) -> Work:
        """A piece of work that no hub record is behind yet."""
        now = self.clock.now()
        deadline = urgency.deadline(now, priority, self.objectives)
        return Work(WorkKey(lane, kind, target), priority, now, due, deadline)

    # -- capture ------------------------------------------------------------------------
    def capture(
        self,
        system: str,
        events: Sequence[ChangeEvent],
        *,
        via: str,
        body: bytes = b"",
        extra: Change | None = None,
    ) -> None:
        """Commit change events and ring a look for each record they name.

        Returns when they are on disk. A repeat is dropped by content.
        """
        change = extra or Change()
        self._note(change, system, events, via, body)
        self._captured(change, (system,))

    def capture_together(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        """Commit what webhooks of several systems told, all or nothing, as :meth:`capture` does."""
        change = Change()
        for system, events in told:
            self._note(change, system, events, "webhook", b"")
        self._captured(change, {system for system, _ in told})

    def _note(
        self, change: Change, system: str, events: Sequence[ChangeEvent], via: str, body: bytes
    ) -> None:
        now = self.clock.now()
        for event in events:
            change.events.append(
                InboxEvent(system, event.kind, event.native_id, via, now, event.digest, body)
            )
            urgency_of = self.urgent.get((system, event.native_id), 3)
            look = self.work_for(system, "look", event.native_id, due=now, priority=urgency_of)
            look.hint = {"kind": event.kind, "deleted": event.deleted}
            change.ring.append(look)

    def _captured(self, change: Change, lanes: Collection[str]) -> None:
        self.step("capture")
        self.store.commit(change)
        self.step("captured")
        for lane in lanes:
            self.ring(lane)

    def resting(self, lane: str) -> bool:
        """Whether the lane sends nothing before an instant that :meth:`work` tells."""
        system = self.systems[lane]
        if system.lane.resume_at > self.clock.monotonic():
            return True
        return not system.known and self._undescribed[lane] > self.clock.now()

    # -- the state of systems, for screens -------------------------------------------------
    def tell(self, system: System, answer: object) -> None:
        """Keep the system's state for the screens; say once when it goes and when it is back."""
        state = lane_trouble(answer) or "ok"
        now = self.clock.now()
        was, told_at = self._told.get(system.name, ("", now))
        if was == state and now - told_at < TELL_AGAIN:
            return
        self._told[system.name] = (state, now)
        row = self.store.system(system.name)
        if state == "ok":
            row.seen_at = now
        if row.state == state:
            self.store.commit(Change(systems=[row]), lasting=False)
            return
        was, row.state, row.state_since = row.state, state, now
        row.detail = str(getattr(answer, "detail", "") or "")[:200]
        said = AuditRow(
            at=now,
            action="system_back" if state == "ok" else "system_out",
            source=system.name,
            system=system.name,
            text=state if state != "ok" else f"was {was}",
            why=row.detail or None,
        )
        self.store.commit(
            Change(systems=[row], audit=[] if was == "new" and state == "ok" else [said])
        )


class Meter:
    """Counts the calls of one piece of work and keeps the worst answer, for the lane."""

    def __init__(self, engine: Engine, system: System) -> None:
        self._engine, self._system = engine, system
        self.calls = 0
        self.worst: object = None

    @contextmanager
    def reading(self, connector: Connector) -> Iterator[None]:
        """Count what goes over the wire meanwhile, where the connector tells."""
        before = calls_of(connector)
        try:
            yield
        finally:
            self.calls = max(self.calls, calls_of(connector) - before)

    def note(self, answer: Json) -> Json:
        """Count one call and its answer; hands the answer through."""
        self.calls += 1
        if lane_trouble(answer) is not None or self.worst is None:
            self.worst = answer
        if lane_trouble(answer) is not None:
            self._engine.tell(self._system, answer)
        return answer
