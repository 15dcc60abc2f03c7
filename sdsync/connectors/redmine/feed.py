"""What changed: issues by the second of their last change, closed ones too.

Redmine has no delete feed and stamps whole seconds. An issue may change again in
the second that was just read, with nothing in the list to show it (a note is not
in the list). So each page overlaps what was read, and an issue that was told
while its second still ran is told once more when the second is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.common import Refused, digest, need
from sdsync.connectors.contract import ChangeEvent, Changes
from sdsync.connectors.failures import Misconfigured
from sdsync.connectors.redmine.client import PAGE, Client, Row
from sdsync.connectors.redmine.worklogs import Worklogs
from sdsync.connectors.stamps import instant, zulu
from sdsync.store.records import Json

#: Longer than a write of a healthy Redmine takes from its stamp to its commit.
OVERLAP = timedelta(seconds=60)
#: After this long nothing new bears the stamp, clocks of several hosts included.
RUNS_OUT = timedelta(seconds=5)
#: A second's issues beyond one page are read by number; this many pages of them.
TIED_PAGES = 50
#: Pages of repeats that one call reads over.
MOST_PAGES = 20


class Feed:
    """The cursor: ``at`` is the newest stamp met, ``told`` the digests that the overlap
    would repeat, ``start`` where it all began, ``next`` where a long reading goes on,
    ``logs`` the newest time entries, where they are read."""

    def __init__(self, client: Client, worklogs: Worklogs | None = None) -> None:
        self._client = client
        self._worklogs = worklogs

    def changes(self, cursor: Json) -> Changes:
        """The next changed issues; without a cursor only where we stand."""
        found = self._issues(cursor)
        if self._worklogs is None or not isinstance(found.cursor, dict):
            return found
        told = cursor.get("logs") if isinstance(cursor, dict) else None
        events, logs = self._worklogs.changes(told)
        return Changes((*found.events, *events), {**found.cursor, "logs": logs}, found.more)

    def _issues(self, cursor: Json) -> Changes:
        if not isinstance(cursor, dict):
            _, now = self._page({"limit": "1", "sort": "updated_on:desc"})
            # What changes in this very second must not be lost: from here, inclusive.
            return Changes((), {"at": zulu(now), "told": {}, "start": zulu(now), "next": None})
        at, start = _stamp(cursor["at"]), _stamp(cursor["start"])
        told = {str(key): str(value) for key, value in cursor["told"].items()}
        going_on = cursor.get("next")
        since = _stamp(going_on) if going_on else max(at - OVERLAP, start)
        fresh: dict[str, ChangeEvent] = {}
        more, pages, repeated = True, 0, False
        while more and not fresh and pages < MOST_PAGES:
            rows, now, since, more = self._from(since)
            pages += 1
            events = {event.digest: event for event in (_event(row, now) for row in rows)}
            fresh = {key: event for key, event in events.items() if key not in told}
            repeated = repeated or len(fresh) < len(events)
            at = max([at, *(_of(row) for row in rows)])
        if not repeated:  # nothing of what we saw before: perhaps it is not us who look
            self._client.prove()
        told |= {key: zulu(event.at or at) for key, event in fresh.items()}
        kept = {key: stamp for key, stamp in told.items() if _stamp(stamp) >= at - OVERLAP}
        following = zulu(since) if more else None
        cursor = {"at": zulu(at), "told": kept, "start": zulu(start), "next": following}
        return Changes(tuple(fresh.values()), cursor, more)

    def _from(self, since: datetime) -> tuple[list[Row], datetime, datetime, bool]:
        """A page from a second on; the server's time, where to go on, and whether to."""
        rows, now = self._page({"updated_on": f">={zulu(since)}", "sort": "updated_on,id"})
        if len(rows) < PAGE:
            return rows, now, since, False
        first, last = _of(rows[0]), _of(rows[-1])
        if first == last:
            return self._all_of(last), now, last + timedelta(seconds=1), True
        return rows, now, last, True

    def _all_of(self, second: datetime) -> list[Row]:
        """A second that fills more than a page: by number, which does not move."""
        rows: list[Row] = []
        after = 0
        stamp = f"><{zulu(second)}|{zulu(second + timedelta(seconds=1))}"
        for _ in range(TIED_PAGES):
            asked = {"updated_on": stamp, "issue_id": f">={after + 1}", "sort": "id"}
            page, _now = self._page(asked)
            rows += [row for row in page if int(row["id"]) > after]
            if len(page) < PAGE or int(page[-1]["id"]) <= after:
                break
            after = int(page[-1]["id"])
        return rows

    def _page(self, params: dict[str, str]) -> tuple[list[Row], datetime]:
        asked = {"status_id": "*", "limit": str(PAGE), **params}
        reply = need(self._client.call("GET", "/issues.json", params=asked))
        answer = need(reply.json())
        if not isinstance(answer, dict) or not isinstance(answer.get("issues"), list):
            raise Refused(Misconfigured("an answer is no list of issues: is this Redmine?"))
        now = self._client.clock.now() + self._client.offset
        return list(answer["issues"]), reply.date or now


def _event(row: Row, server_now: datetime) -> ChangeEvent:
    at = _of(row)
    runs = server_now - at < RUNS_OUT
    return ChangeEvent(
        kind="ticket",
        native_id=str(row["id"]),
        at=at,
        digest=digest([row, "runs" if runs else "over"]),
    )


def _of(row: Row) -> datetime:
    return _stamp(row["updated_on"])


def _stamp(text: object) -> datetime:
    at = instant(str(text))
    if at is None:
        raise ValueError("no stamp")
    return at
