"""What changed: transactions by their growing number, a true cursor.

A transaction gets its number before it is committed, so a lower number may
appear after a higher one. The cursor therefore keeps a *low* water mark that
only passes what is a minute old, and the numbers above it that were told already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import ChangeEvent, Changes
from sdsync.connectors.failures import Rejected
from sdsync.connectors.request_tracker.client import PAGE, Client, Row, quoted, uid
from sdsync.connectors.request_tracker.convert import born
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.store.records import Json

#: Longer than any transaction of a healthy RT stays open.
SETTLES = timedelta(seconds=60)
LOOK_BACK_EVERY = 3
#: A page of rows that are all hidden from us looks like the end. Every so many
#: polls the pages behind are looked at too.
DEEP_EVERY = 10
DEEP_PAGES = 20
#: Pages of hidden rows that one poll reads over to the next row that it may see.
MOST_PAGES = 200


class Feed:
    """The cursor is ``{"low": N, "told": [numbers above it]}``."""

    def __init__(self, client: Client, metadata: Metadata) -> None:
        self._client = client
        self._metadata = metadata
        self._polls = 0
        self._ended = False  # no row was left behind the last one, whatever is hidden
        self._hidden = 1  # pages behind it that showed nothing

    def changes(self, cursor: Json) -> Changes:
        """The next transactions of tickets; without a cursor only where we stand."""
        if not isinstance(cursor, dict):
            return Changes((), {"low": self._newest(), "told": []})
        low, told = int(str(cursor["low"])), {int(number) for number in cursor["told"]}
        rows = self._after(low, told)
        fresh = [row for row in rows if int(row["id"]) not in told]
        events = tuple(_event(row) for row in fresh)
        told |= {int(row["id"]) for row in fresh}
        low = _settled(rows, low, self._client.clock.now() + self._client.offset - SETTLES)
        above = sorted(number for number in told if number > low)
        return Changes(events, {"low": low, "told": above}, more=not self._ended)

    def _newest(self) -> int:
        """The highest number that we may see; 0: there is none in so many pages."""
        query = {**self._query(0), "order": "DESC"}
        for number in range(1, DEEP_PAGES + 1):
            rows = self._client.page("/transactions", query, number)
            if rows:
                return max(int(row["id"]) for row in rows)
        return 0

    def _after(self, low: int, told: set[int]) -> list[Row]:
        """New rows, and on the way whether these are the last ones.

        Numbers above all that were told come first: they are nearly everything.
        Every few polls the numbers from ``low`` on are read once more, for those
        that appeared late, and to let ``low`` pass what has settled. Not while old pages
        wait, with nothing unsettled before them: a look reads many before one is committed.
        """
        if not self._ended:
            return self._forward(max(told, default=low))
        self._polls += 1
        deep = self._polls % DEEP_EVERY == 0
        if deep or self._polls % LOOK_BACK_EVERY == 0:
            return self._look_back(low, told, deep=deep)
        return self._forward(max(told, default=low))

    def _forward(self, after: int) -> list[Row]:
        """The next page with a row that we may see.

        A short page is not the last one, and an empty one need not be: rows that are
        hidden from us take their places. So whoever comes to an end asks for the newest.
        """
        page = self._client.page("/transactions", self._query(after), 1)
        if len(page) == PAGE:
            self._ended = False
        elif page or not self._ended:
            highest = max((int(row["id"]) for row in page), default=after)
            newest = self._newest()
            self._ended = newest <= highest
            if not page and not self._ended:
                return self._behind_hidden(after, newest)
        return page

    def _behind_hidden(self, after: int, newest: int) -> list[Row]:
        """The page with the next row; none yet where too many are hidden for one poll."""
        last = 2 + (newest - after) // PAGE  # as many rows as numbers, at most
        for number in range(self._hidden + 1, min(last, self._hidden + MOST_PAGES) + 1):
            page = self._client.page("/transactions", self._query(after), number)
            if page:
                self._hidden = 1
                return page
            self._hidden = number
        if self._hidden >= last:
            self._hidden = 1
            raise Refused(Rejected(detail=f"its list does not go on after {after}"))
        return []

    def _look_back(self, low: int, told: set[int], *, deep: bool) -> list[Row]:
        """Every row above ``low`` that we may see; ``deep`` goes on behind hidden pages."""
        rows: list[Row] = []
        for number in range(1, 2 + len(told) // PAGE + DEEP_PAGES):
            page = self._client.page("/transactions", self._query(low), number)
            rows += page
            if not page and not deep:
                break
        return rows

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
