"""Which piece of work is next: one at a time on each record, and alone what a process died on."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sdsync.store.records import Change, Work, WorkKey
from sdsync.sync.core import FEED, Core
from sdsync.sync.decide.looks import Looks
from sdsync.sync.deliver.alone import Alone

CLAIM_AGAIN = timedelta(seconds=1)
BUSY_WAIT = timedelta(milliseconds=50)
NAMES_KEPT = 10_000


class Claims:
    """What the threads of one process are at; safe to ask from each of them."""

    def __init__(self, core: Core, looks: Looks) -> None:
        self._core, self._looks = core, looks
        self._alone = Alone(core.store, core.clock)
        self._busy: dict[str, set[str]] = {name: set() for name in core.systems}
        self._names: dict[WorkKey, set[str]] = {}
        self._both: dict[WorkKey, set[str]] = {}
        #: When a system that has not said what it is will be asked again.
        self._undescribed = dict.fromkeys(core.systems, datetime.min.replace(tzinfo=UTC))
        self._guard = threading.Lock()

    def forget(self, lane: str) -> None:
        """Another process may have had the lane: what it left open is looked for anew."""
        self._alone.forget(lane)

    def resting(self, lane: str) -> bool:
        """Whether the lane sends nothing before an instant that is known."""
        system = self._core.systems[lane]
        if system.lane.resume_at > self._core.clock.monotonic():
            return True
        return not system.known and self._undescribed[lane] > self._core.clock.now()

    def rest_due(self, lane: str) -> datetime | None:
        """When what nobody is at is due; None when nothing is."""
        with self._guard:
            busy = frozenset(self._busy[lane])
        return self._core.store.next_due(lane, busy)

    def claim(self, lane: str, now: datetime) -> Work | None:
        """The most urgent due work of the lane; None when none may begin now."""
        if not self._core.systems[lane].known:
            return self._claim_description(lane, now)
        with self._guard:
            busy = frozenset(self._busy[lane])
            if self._alone.blocks(lane) or self._alone.waits(lane, self._names.keys()):
                return None
            for work in self._core.store.claim(lane, now=now, busy=busy, limit=1):
                names = self._aliases(work)
                if names & busy:
                    again = [(work.key, now + CLAIM_AGAIN)]
                    self._core.store.commit(Change(postponed=again))
                    return None
                self._busy[lane] |= names
                self._names[work.key] = names
                self._alone.began(work.key)
                return work
        return None

    def _claim_description(self, lane: str, now: datetime) -> Work | None:
        """Before places, rights and our account are known, nothing else is judged or written."""
        key = WorkKey(lane, "describe", FEED)
        with self._guard:
            work = self._core.store.work(key)
            if work is not None:
                self._undescribed[lane] = work.due_at
            if work is None or work.due_at > now or FEED in self._busy[lane]:
                return None
            if self._alone.blocks(lane):
                return None
            self._busy[lane].add(FEED)
            self._names[key] = {FEED}
        return work

    def next(self, lane: str, now: datetime) -> datetime | None:
        """When to come again, or None; for what is due and busy nobody comes in a tight loop."""
        due = self._core.store.next_due(lane)
        if not self._core.systems[lane].known:
            work = self._core.store.work(WorkKey(lane, "describe", FEED))
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
            share = self._core.store.share_with_replica(work.key.target)
            if share is not None:
                native_id = share.replica(work.key.target).native_id
                names |= {native_id} if native_id else set()
        elif work.key.kind == "look":
            share = self._looks.share_of(work.key.lane, work.key.target)
            if share is not None:
                names |= {one.id for one in share.replicas if one.system == work.key.lane}
        return names

    def release(self, lane: str, work: Work) -> None:
        """The work is over, however it ended."""
        with self._guard:
            self._busy[lane] -= self._names.pop(work.key, set())
            self._alone.ended(work.key)
