"""The store that production runs on: SQLite embedded, PostgreSQL at scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sdsync.config.clock import Clock
from sdsync.store import commits, working
from sdsync.store.alarmed import Alarms
from sdsync.store.cutting import Cutting
from sdsync.store.dialect import Dialect
from sdsync.store.exporting import Exporting
from sdsync.store.identity import WitnessFile
from sdsync.store.mapped import MappingVersions
from sdsync.store.planned import Plans
from sdsync.store.queries import Queries
from sdsync.store.records import Change, Json, Work
from sdsync.store.resealing import Resealing
from sdsync.store.screens import Screens
from sdsync.store.vault import Vault
from sdsync.store.verify import Verifying
from sdsync.store.writer import Tx


class SqlStore(
    Queries, Screens, Plans, MappingVersions, Alarms, Verifying, Exporting, Cutting, Resealing
):
    """A :class:`~sdsync.store.contract.Store` in a database.

    Every method may be called from any thread. Open one with
    :func:`sdsync.store.opening.open_store`.

    Args:
        dialect: The product and the database.
        vault: Opens the rows.
        witness: The file outside the database that knows what it held.
        clock: Only for ages on screens.
    """

    def __init__(
        self, dialect: Dialect, vault: Vault, witness: WitnessFile, clock: Clock | None = None
    ) -> None:
        super().__init__(dialect, vault, clock)
        self._witness = witness

    def commit(self, change: Change, *, lasting: bool = True) -> None:
        """Write all of ``change`` or nothing. Returns when it is on disk, if it is lasting.

        ``change`` and its records are read, never changed: load again to go on.
        """
        ready = commits.make_ready(change, self._vault)
        # What an acknowledgement waits for goes before what a lane decided.
        intake = bool(change.events) and not change.shares
        self._writer.run(
            lambda tx: commits.write(tx, ready, self._vault), intake=intake, lasting=lasting
        )

    def claim(
        self, lane: str, *, now: datetime, busy: frozenset[str], limit: int
    ) -> Sequence[Work]:
        """Due work of the lane, most urgent first; counts a start of each.

        A lane without free work costs a read, no commit. The count need not reach the
        disk: it is of processes that died (law 35), and what a process wrote outlives
        it. A machine that loses power forgets the start and begins the work once more.
        """
        with self._reading() as link:
            due = working.next_due(link, lane)
            if due is None or due > now:
                return []
            if busy and not working.free(link, lane, now=now, busy=busy, limit=limit):
                return []
        return self._writer.run(
            lambda tx: working.claim(tx, self._vault, lane, now=now, busy=busy, limit=limit),
            lasting=False,
        )

    def ring(self, lane: str) -> bool:
        """Note that the lane has work; True only when it turned true.

        A bell that is rung already costs a read: whoever clears it looks
        afterwards, and so sees what was committed before this call.
        """
        if self.lane(lane).rung:
            return False
        return self._writer.run(lambda tx: self._turn(tx, lane, rung=True), intake=True)

    def unring(self, lane: str) -> bool:
        """Clear the bell; True if it was rung."""
        if not self.lane(lane).rung:
            return False
        return self._writer.run(lambda tx: self._turn(tx, lane, rung=False))

    def _turn(self, tx: Tx, lane: str, *, rung: bool) -> bool:
        row = working.lane_to_change(tx, lane, self._vault)
        if row.rung is rung:
            return False
        working.put_lane(tx, replace(row, rung=rung), self._vault)
        return True

    def lease(self, lane: str, holder: str, *, now: datetime, until: datetime) -> int | None:
        """Take or renew the lane; the fence, or None when somebody else holds it."""

        def take(tx: Tx) -> int | None:
            row = working.lane_to_change(tx, lane, self._vault)
            mine = row.holder == holder
            if not mine and row.lease_until is not None and row.lease_until > now:
                return None
            fence = row.fence if mine else row.fence + 1
            taken = replace(row, holder=holder, lease_until=until, fence=fence)
            working.put_lane(tx, taken, self._vault)
            return fence

        return self._writer.run(take)

    def checkpoint(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Keep what a next holder must know, now; nothing when another holds it by now."""
        self._left(lane, holder, checkpoint=checkpoint)

    def release(self, lane: str, holder: str, checkpoint: dict[str, Json]) -> None:
        """Give the lane back; nothing when another holds it by now."""
        self._left(lane, holder, holder=None, lease_until=None, checkpoint=checkpoint)

    def _left(self, lane: str, by: str, **changes: Json) -> None:
        def put(tx: Tx) -> None:
            row = working.lane_to_change(tx, lane, self._vault)
            if row.holder == by:
                working.put_lane(tx, replace(row, **changes), self._vault)

        self._writer.run(put)
