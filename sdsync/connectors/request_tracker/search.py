"""Looking for tickets and what hangs on them: by mark, by content, by a field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sdsync.connectors import common
from sdsync.connectors.common import Refused
from sdsync.connectors.contract import Find, Found, Listed, NativeElement
from sdsync.connectors.failures import Rejected, Transient
from sdsync.connectors.request_tracker import convert
from sdsync.connectors.request_tracker.client import PAGE, Client, Row, custom, quoted, uid
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.connectors.request_tracker.read import Reader
from sdsync.store.records import Json

#: Stamps have whole seconds, and the offset of the clocks too.
SLACK = timedelta(seconds=3)
#: Tickets a call where RT is slow.
LEAST_PAGE = 3
#: What a list is asked for: everything that packs name but the text.
LISTED = (
    "Subject", "Status", "Queue", "Type", "Owner", "Priority", "Due", "Created", "LastUpdated",
    "Resolved", "Creator", "Requestor", "Cc", "AdminCc", "CustomFields", "CustomRoles",
)  # fmt: skip


class Searcher:
    """TicketSQL reads the tables themselves: what was committed is found."""

    def __init__(self, client: Client, metadata: Metadata, reader: Reader, mark_field: str) -> None:
        self._client = client
        self._metadata = metadata
        self._reader = reader
        self._mark_field = mark_field
        self._size = PAGE

    def find(self, query: Find) -> Found:
        """What an intent may have made, by our account since it began."""
        since = query.since + self._client.offset - SLACK
        if query.ref is not None:
            record = self._reader.record(query.ref, as_asked=True)
            ours = (
                one
                for one in record.elements(query.kind) or ()
                if one.ours and one.created_at >= since
            )
            return Found(tuple(one.native_id for one in ours if _same(one, query)))
        # RT reads a stamp in the account's own time zone, so it only narrows by days.
        day = quoted((since - timedelta(days=2)).strftime("%Y-%m-%d"))
        rows = self._tickets(f"Creator = {quoted(self._me())} AND Created > {day}")
        rows = [row for row in rows if convert.born(row) >= since]
        marked = [row for row in rows if self._mark(row) == query.mark]
        if marked:
            return Found(tuple(str(row["id"]) for row in marked))
        # Where the queue has no field for the mark, exact content has to do.
        bare = (row for row in rows if self._mark(row) is None)
        return Found(tuple(str(row["id"]) for row in bare if self._is_sent(row, query)))

    def by_field(self, place: str | None, path: str, value: Json) -> Found:
        """Tickets of a queue, or of all, whose field is exactly ``value``: RT compares loosely."""
        if not isinstance(value, str | int) or not common.is_one_line(value):
            raise Refused(Rejected((path,), "only one line of text can be searched for"))
        head, _, name = path.partition(".")
        if head == "CustomFields" and name:
            column = custom(name)
        elif path in {"Subject", "Status", "id"}:
            column = path
        else:
            raise Refused(Rejected((path,), "Request Tracker cannot search by this field"))
        there = "" if place is None else f"Queue = {quoted(place)} AND "
        rows = self._tickets(f"{there}{column} = {quoted(str(value))}")
        return Found(tuple(str(row["id"]) for row in rows if _shows(row, head, name, str(value))))

    def page(self, system: str, place: str, after: str) -> Listed:
        """Tickets of a queue by number, neither merged nor deleted ones, without their texts.

        A page from which our account may see nothing ends the list: RT does not tell it
        from the last. After one that did not come in time, pages have half as many.
        """
        if after and not (after.isascii() and after.isdigit()):
            raise Refused(Rejected(detail="no page begins there"))
        last = int(after or 0)
        query = f"Queue = {quoted(place)} AND id > {last}"
        asked = {"query": query, "orderby": "id", "order": "ASC", "fields": ",".join(LISTED)}
        try:
            told = self._client.page("/tickets", asked, size=self._size)
        except Refused as end:
            if isinstance(end.failure, Transient) and not end.failure.unreachable:
                self._size = max(LEAST_PAGE, self._size // 2)
            raise
        rows = sorted(
            (row for row in told if int(row["id"]) > last), key=lambda row: int(row["id"])
        )
        if told and not rows:  # an end that is no end would leave the rest out in silence
            raise Refused(Rejected(detail=f"its list does not go on after {last}"))
        records = tuple(self._reader.listed(system, row) for row in rows)
        return Listed(records, str(rows[-1]["id"]) if rows else None)

    def _tickets(self, query: str) -> list[Row]:
        asked = {
            "query": query,
            "orderby": "id",
            "fields": "Subject,Status,Queue,Created,CustomFields",
        }
        return list(self._client.pages("/tickets", asked))

    def _me(self) -> str:
        return self._metadata.account().login

    def _mark(self, row: Row) -> str | None:
        told = _custom(row).get(self._mark_field)
        return told[0] if told else None

    def _is_sent(self, row: Row, query: Find) -> bool:
        queue = self._metadata.queue_name(uid(row.get("Queue")) or "")
        return queue == query.place and row.get("Subject") == query.values.get("Subject")


def _custom(row: Row) -> dict[str, list[str]]:
    fields = row.get("CustomFields") or ()
    return {str(one["name"]): [str(each) for each in one.get("values") or ()] for one in fields}


def _shows(row: Row, head: str, name: str, value: str) -> bool:
    if head == "CustomFields":
        return value in _custom(row).get(name, ())
    return str(row.get(head)) == value


def _same(one: NativeElement, query: Find) -> bool:
    """Exact content, but for the ends of lines, which mail tools rewrite."""
    sent: Mapping[str, Json] = query.values
    if query.kind == "worklog":
        same_time = one.values.get("minutes") == sent.get("minutes")
        return same_time and _lines(one.values.get("text")) == _lines(sent.get("text"))
    if query.kind == "note":
        return _lines(one.values.get("body")) == _lines(sent.get("body"))
    same_size = sent.get("size") is None or one.values.get("size") == sent.get("size")
    return one.values.get("name") == convert.stored_name(str(sent.get("name"))) and same_size


def _lines(text: Json) -> list[str]:
    return [line.rstrip() for line in str(text or "").strip().splitlines()]
