"""What every step of the way works with: store, systems, clock, chance, the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Lock

from sdsync.config.clock import Clock
from sdsync.mappings.contract import People
from sdsync.ratelimit import urgency
from sdsync.store.contract import Stale, Store
from sdsync.store.records import AuditRow, Cause, Change, Replica, Work, WorkKey
from sdsync.sync.capture.people import KnownPeople
from sdsync.sync.contents import let_go
from sdsync.sync.decide.restored import restored_at
from sdsync.sync.decide.waves import wave_of
from sdsync.sync.deliver.counterparts import SharedRecords
from sdsync.sync.deliver.in_names import about_names
from sdsync.sync.deliver.mentions import Named
from sdsync.sync.model import OBJECTIVES, Context, Rule, SyncPolicy
from sdsync.sync.persons.pauses import Pauses
from sdsync.sync.policy import lane_trouble
from sdsync.sync.systems import System

FEED = "feed"  # the target of work that no record is behind
STALE_TRIES = 20
URGENT_KEPT = 10_000
TELL_AGAIN = timedelta(seconds=5)


def no_step(_name: str) -> None:
    """Nothing happens at a numbered step, but in crash tests."""


@dataclass(slots=True)
class Trust:
    """Whether this store may not be the newest of its copies (law 32)."""

    #: Why it may not be; None when it is trusted.
    reason: str | None = None
    trusted_at: datetime | None = None
    #: Id and epoch of the store, as marks carry them.
    origin: str = ""


class Core:
    """The state of one process, and the only way on which it changes the store's.

    Parts of the way hold it and nothing of each other but what they are given.
    """

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
        fence: Callable[[str], bool] = lambda _lane: True,
    ) -> None:
        self.store = store
        self.systems = systems
        self.syncs = syncs
        self.clock = clock
        self.rand = rand
        self.step = steps
        self.objectives = objectives
        self.rules = rules
        self.ring = ring  # wakes another lane of this process; losing it loses nothing
        self.fence = fence  # whether this process still holds the lane, asked last before a call
        self.people = KnownPeople(store, people)
        self.pauses = Pauses(store)
        self.trust = Trust()
        #: Priority of records that this process has read; unknown ones wait as normal.
        self.urgent: dict[tuple[str, str], int] = {}
        self._addresses = {name: one.address for name, one in systems.items()}
        self._told: dict[str, tuple[str, datetime]] = {}
        self._id_guard, self._last_id = Lock(), 0

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
            let_go(self.store, change)
            try:
                self.store.commit(change, lasting=lasting)
            except Stale:
                continue
            self.distrust(change.causes)
            for lane in {work.key.lane for work in change.ring}:
                self.ring(lane)
            return change
        raise Stale("a hub record changed faster than it could be decided")

    def distrust(self, causes: Sequence[Cause]) -> None:
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
            suspect=self.trust.reason is not None,
            trusted_at=self.trust.trusted_at,
            origin=self.trust.origin,
            wave=lambda system: wave_of(self.store, system, self.clock.now()),
            row=self.store.system,
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
        if len(self.urgent) >= URGENT_KEPT:
            self.urgent.clear()
        self.urgent[replica.system, replica.native_id] = priority

    def new_id(self) -> str:
        """A random id that sorts by time of making, also among those of one millisecond.

        Notes of one second are written elsewhere in the order in which they were read.
        """
        ms = int(self.clock.now().timestamp() * 1000)
        with self._id_guard:
            self._last_id = max(self._last_id + 1, ms << 52 | self.rand.getrandbits(52))
            return f"{self._last_id:024x}"

    def work_for(
        self, lane: str, kind: str, target: str, *, due: datetime, priority: int = 3
    ) -> Work:
        """A piece of work that no hub record is behind yet."""
        now = self.clock.now()
        deadline = urgency.deadline(now, priority, self.objectives)
        return Work(WorkKey(lane, kind, target), priority, now, due, deadline)

    def remember_restored(self) -> None:
        """Read which systems came back from a backup of theirs, and when (law 32)."""
        for name, system in self.systems.items():
            system.was_restored(restored_at(self.store.system(name)))

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
