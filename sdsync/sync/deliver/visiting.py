"""What every visit to one replica does: load it, read its record, come again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sdsync.connectors.contract import Connector, Done
from sdsync.store.records import Change, Ref, Replica, Share, Work, WorkKey
from sdsync.sync.core import Core
from sdsync.sync.decide.edits import Look
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.policy import is_failure, lane_trouble, more_rarely, proves_nothing

TROUBLE_AGAIN = timedelta(seconds=5)
ALONE_AGAIN = timedelta(seconds=30)


class Visiting:
    """One replica, the work that names it, and the line to its system."""

    def __init__(self, core: Core, connector: Connector, work: Work, meter: Meter) -> None:
        self._core, self._connector = core, connector
        self._work, self._meter = work, meter

    def _read(self, answer: Done | None = None) -> Look | None:
        """Fetch the record; None when it could not be read, and the visit ends then."""
        share, _ = self._load()
        if share is None:
            return None
        replica = share.replica(self._work.key.target)
        native_id = replica.native_id or (answer.native_id if answer else None)
        if native_id is None:
            return None
        began = self._core.clock.now()
        native = self._meter.note(
            self._connector.fetch(Ref(replica.system, replica.kind, native_id))
        )
        if is_failure(native):
            if answer is None:
                self._unread(replica, native)
            return None
        if answer is not None and native.ref.id != native_id:
            return None
        return Look(native, began)

    def _unread(self, replica: Replica, failure: object) -> None:
        """The read before a write failed: the look judges what that says, the delivery waits."""
        now, native_id = self._core.clock.now(), replica.native_id or ""
        if lane_trouble(failure):
            rings = [self._again(TROUBLE_AGAIN)]
        elif proves_nothing(failure):
            rings = [more_rarely(self._work, now, ALONE_AGAIN)]
        else:
            look = self._core.work_for(replica.system, "look", native_id, due=now)
            rings = [look, self._again(ALONE_AGAIN)]
        self._core.commit(lambda: Change(finished=[self._key()], ring=rings))

    def _load(self) -> tuple[Share | None, Draft | None]:
        share = self._core.store.share_with_replica(self._work.key.target)
        return (share, Draft(share, self._core.context())) if share else (None, None)

    def _key(self) -> tuple[WorkKey, int]:
        """The work as it is now: rings of our own commits do not make it dirty again."""
        row = self._core.store.work(self._work.key)
        return (self._work.key, row.generation if row else self._work.generation)

    def _again(self, wait: timedelta) -> Work:
        """The same work later, as old as it is."""
        due = self._core.clock.now() + wait
        return replace(self._work, due_at=due, generation=1, starts=0)

    def _finish(self, *, due: datetime | None) -> None:
        rings = [self._again(due - self._core.clock.now())] if due else []
        self._core.commit(lambda: Change(finished=[self._key()], ring=rings))
