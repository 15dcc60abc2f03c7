"""What changed: transactions by their growing number, a true cursor.

A transaction gets its number before it is committed, so a lower number may
appear after a higher one. The cursor therefore keeps a *low* water mark that
only passes what is a minute old, and the numbers above it that were told already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.contract import ChangeEvent, Changes
from sdsync.connectors.request_tracker.client import PAGE, Client, Row, quoted, uid
from sdsync.connectors.request_tracker.convert import born
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.store.records import Json

#: Longer than any transaction of a healthy RT stays open.
SETTLES = timedelta(seconds=60)
#: A page of rows that are all hidden from us looks like the end. Every so many
#: quiet polls the pages behind are looked at too.
DEEP_EVERY = 30
DEEP_PAGES = 20


class Feed:
    """The cursor is ``{"low": N, "told": [numbers above it]}``."""

    def __init__(self, client: Client, metadata: Metadata) -> None:
        self._client = client
        self._metadata = metadata
        self._quiet = 0

    def changes(self, cursor: Json) -> Changes:
        """The next transactions of tickets; without a cursor only where we stand."""
        if not isinstance(cursor, dict):
            return Changes((), {"low": self._newest(), "told": []})
        low, told = int(str(cursor["low"])), {int(number) for number in cursor["told"]}
        rows, more = self._after(low, told)
        fresh = [row for row in rows if int(row["id"]) not in told]
        events = tuple(_event(row) for row in fresh)
        told |= {int(row["id"]) for row in fresh}
        low = _settled(rows, low, self._client.clock.now() + self._client.offset - SETTLES)
        return Changes(events, {"low": low, "told": sorted(n for n in told if n > low)}, more)

    def _newest(self) -> int:
        rows = self._client.page("/transactions", {**self._query(0), "order": "DESC"})
        return max((int(row["id"]) for row in rows), default=0)

    def _after(self, low: int, told: set[int]) -> tuple[list[Row], bool]:
        """Rows above ``low`` up to the page that holds something new, and whether to ask again."""
        rows: list[Row] = []
        self._quiet += 1
        most = DEEP_PAGES if self._quiet % DEEP_EVERY == 0 else 1 + len(told) // PAGE + 1
        for number in range(1, most + 1):
            page = self._client.page("/transactions", self._query(low), number)
            rows += page
            if any(int(row["id"]) not in told for row in page):
                self._quiet = 0
                return rows, len(page) == PAGE
            if len(page) < PAGE and most < DEEP_PAGES:
                break
        return rows, False

    def _query(self, low: int) -> dict[str, str]:
        names = sorted(self._metadata.queues().values())
        # Without this the pages fill with what belongs to hidden queues.
        visible = " OR ".join(f"TicketQueue = {quoted(name)}" for name in names)
        return {
            "query": f"ObjectType = 'RT::Ticket' AND id > {low}"
            + (f" AND ( {visible} )" if visible else ""),
            "orderby": "id",
            "order": "ASC",
            "fields": "ObjectId,Created,Creator",
        }


def _event(row: Row) -> ChangeEvent:
    number = str(row["id"])
    return ChangeEvent(
        kind="ticket",
        native_id=str(row["ObjectId"]),
        at=born(row),
        digest=f"transaction {number}",
        actor=uid(row.get("Creator")),
    )


def _settled(rows: list[Row], low: int, before: datetime) -> int:
    """The highest number below which nothing can still appear."""
    for row in sorted(rows, key=lambda one: int(one["id"])):
        if born(row) >= before:
            break
        low = max(low, int(row["id"]))
    return low
