"""Watching a system: its feed, what it says of itself, and records that were long not read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sdsync.connectors.contract import Answer, Changes, Connector, Description
from sdsync.connectors.failures import Forbidden, Misconfigured, Missing, Rejected
from sdsync.store.records import (
    AuditRow,
    Change,
    SyncRow,
    SystemRow,
    Work,
)
from sdsync.sync.capture.inbox import Inbox
from sdsync.sync.capture.reopened import go_back
from sdsync.sync.capture.roster import Roster
from sdsync.sync.capture.suspicion import Suspicion
from sdsync.sync.confirm.doubles import next_night
from sdsync.sync.core import FEED, Core
from sdsync.sync.decide.restored import AT, distrust
from sdsync.sync.deliver.in_names import about_names, ignored
from sdsync.sync.meter import Meter
from sdsync.sync.model import PUBLIC
from sdsync.sync.systems import System
from sdsync.sync.watch.waiting import Waiting

DESCRIBE_AGAIN = timedelta(minutes=10)
TROUBLE_AGAIN = timedelta(seconds=15)
SWEEPS = 12  # slices in the time after which a record counts as long unread
SWEEP_SLICE = 200
SLICE_AGAIN = timedelta(minutes=1)  # while there is more than one slice
NEVER = datetime.min.replace(tzinfo=UTC)


class Feeds:
    """The timers of one engine's systems."""

    def __init__(self, core: Core, inbox: Inbox, suspicion: Suspicion) -> None:
        self._core, self._inbox, self._suspicion = core, inbox, suspicion
        self._roster, self._waiting = Roster(core), Waiting(core)

    def start(self) -> None:
        """Note when each sync was switched on; ring description and feed of every system."""
        core, now = self._core, self._core.clock.now()
        change = Change()
        for sync in core.syncs.values():
            row = core.store.sync(sync.name)
            if row is None or row.in_file != sync.mode:
                activated = row.activated_at if row else now
                change.syncs.append(SyncRow(sync.name, activated, sync.mode, sync.mode))
        for name in core.systems:
            change.ring.append(core.work_for(name, "describe", FEED, due=now, priority=1))
            change.ring.append(core.work_for(name, "poll", FEED, due=now, priority=1))
            change.ring.append(core.work_for(name, "sweep", FEED, due=now, priority=5))
            tonight = next_night(now)
            change.ring.append(core.work_for(name, "count", FEED, due=tonight, priority=5))
            change.ring.append(core.work_for(name, "account", FEED, due=tonight, priority=5))
        core.store.commit(change)
        for name in core.systems:
            core.ring(name)

    def describe_now(self, name: str) -> None:
        """Ask a system who it is, whenever that was last done."""
        core, now = self._core, self._core.clock.now()
        again = core.work_for(name, "describe", FEED, due=now, priority=1)
        core.store.commit(Change(ring=[again]))

    def poll(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Ask the feed, and commit its events with the cursor (law 33)."""
        core = self._core
        if system.description is None:
            self._later(work, timedelta(seconds=1))
            return
        row = core.store.system(system.name)
        began = core.clock.now()
        answer = meter.note(_of_feed(connector.changes(row.cursor)))
        core.step("polled")
        if not isinstance(answer, Changes):
            self._later(work, timedelta(seconds=system.poll_s))
            return
        row = core.store.system(system.name)
        change = Change()
        if row.watched_since is None:
            row.watched_since = began
            change.audit.append(
                AuditRow(began, "watched", system.name, system=system.name, text="from now on")
            )
        row.cursor = answer.cursor
        row.feed_ok_at = row.feed_ok_at if answer.more else began
        pause = timedelta() if answer.more else timedelta(seconds=system.poll_s)
        again = core.work_for(system.name, "poll", FEED, due=core.clock.now() + pause, priority=1)
        change.systems.append(row)
        change.ring.append(again)
        change.finished.append((work.key, work.generation))
        self._inbox.capture(system.name, answer.events, via="poll", extra=change)
        if not answer.more:
            self._suspicion.review()

    def describe(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Read places, rights, account and people; another identity pauses the lane (law 32)."""
        core = self._core
        asked = core.clock.now()
        answer = meter.note(connector.describe())
        if not isinstance(answer, Description):
            self._later(work, min(TROUBLE_AGAIN, timedelta(seconds=system.poll_s)))
            return
        now, before = core.clock.now(), system.description
        system.learn(answer, asked, now)
        people = self._roster.read(system, connector, meter)
        row = core.store.system(system.name)
        change = Change(finished=[(work.key, work.generation)])
        self._identify(system, row, answer, change, now)
        for place in go_back(row, answer, before):
            text = f'"{place}" is open again: the feed is read again from when it was last seen so'
            change.audit.append(
                AuditRow(now, "reopened", system.name, system=system.name, text=text)
            )
        self._roster.keep(row, people, change)
        self._close_causes(system, change, now)
        self._judge_names(system, answer, change, now)
        due = now + DESCRIBE_AGAIN
        change.ring.append(core.work_for(system.name, "describe", FEED, due=due, priority=1))
        core.store.commit(change)
        self._roster.try_again(system)

    def sweep(self, system: System, work: Work) -> None:
        """Ring a look for records that were long not read: a lost event or a delete shows there.

        A slice at a time, each as large as the records that are due (law 42).
        """
        core, now = self._core, self._core.clock.now()
        before = max(now - timedelta(seconds=system.sweep_s), system.restored_at or NEVER)
        change = Change(finished=[(work.key, work.generation)])
        due_now = core.store.unread(system.name, before=before, limit=SWEEP_SLICE)
        for ref in due_now:
            look = core.work_for(system.name, "look", ref.id, due=now, priority=5)
            look.hint = {"kind": ref.kind}
            change.ring.append(look)
        told_all = self._waiting.tell(system)
        again = timedelta(seconds=system.sweep_s / SWEEPS)
        if not told_all or (due_now and system.restored_at == before):
            again = min(again, SLICE_AGAIN)
        change.ring.append(core.work_for(system.name, "sweep", FEED, due=now + again, priority=5))
        core.store.commit(change)

    def _close_causes(self, system: System, change: Change, now: datetime) -> None:
        """A cause that nothing points at any more is over, save one that distrusts a place.

        That one ends by a person's replay alone; this is where it is noticed (law 45).
        """
        leaky = set(system.leaky)  # noted before the causes are read: these cannot lag behind
        causes = [one for one in self._core.store.causes() if one.system == system.name]
        for cause in causes:
            if cause.at_place is None and not self._core.store.has_members(cause.id):
                cause.closed_at = now
                change.causes.append(cause)
        system.leaky -= leaky - {one.at_place for one in causes}

    def _judge_names(
        self, system: System, said: Description, change: Change, now: datetime
    ) -> None:
        """Whether names are honoured was read back anew: told once when not, and over when so."""
        leave = said.impersonates
        system.ignores_names = leave is not None and leave.ignored
        cause = self._core.store.cause(about_names(system.name))
        if system.ignores_names and cause is None:
            change.causes.append(ignored(system.name, now))
        elif cause is not None and not system.ignores_names:
            cause.closed_at = now
            change.causes.append(cause)

    def _identify(
        self, system: System, row: SystemRow, said: Description, change: Change, now: datetime
    ) -> None:
        """Keep who the system is; pause it before any write when it is somebody else."""
        known, why = [str(one) for one in row.info.get("newest") or ()], ""
        if row.identity is not None and row.identity != said.identity:
            why = "the system's identity changed"
        elif was_restored(known, said.newest):
            why = f"its newest records are gone, {known[0]} among them: was it restored?"
        if why:
            distrust(change, row, why, now)
            system.was_restored(now)
            again = self._core.work_for(system.name, "sweep", FEED, due=now, priority=5)
            change.ring.append(again)
        row.identity = said.identity
        row.clock_offset_s = system.clock_offset_s
        row.info = {
            **row.info,
            "product": said.product,
            "version": said.version,
            "account": said.account.login,
            "warnings": list(said.warnings),
            "newest": list(said.newest) or known,
            PUBLIC: sorted(key for key, one in system.view().places.items() if one.public),
        }
        if system.restored_at is not None:  # somebody may have written an older row meanwhile
            row.info[AT] = system.restored_at.isoformat()
        change.systems.append(row)

    def _later(self, work: Work, wait: timedelta) -> None:
        core = self._core
        core.store.commit(Change(postponed=[(work.key, core.clock.now() + wait)]))


def _of_feed(answer: Answer[Changes]) -> Answer[Changes]:
    """A feed that is refused is nobody's record: the system is not as it is configured."""
    if isinstance(answer, Rejected | Missing | Forbidden):
        return Misconfigured(f"its feed is refused: {getattr(answer, 'detail', '') or 'no word'}")
    return answer


def was_restored(known: Sequence[str], newest: Sequence[str]) -> bool:
    """Whether the highest id is lower than it was, and not for a record that somebody deleted.

    Of a product that was restored none of the newest is there any more.
    """
    if not known or not newest or not all(one.isdecimal() for one in (*known, *newest)):
        return False
    return max(map(int, newest)) < max(map(int, known)) and not set(known) & set(newest)
