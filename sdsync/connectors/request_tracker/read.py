"""A ticket with its history, notes and files as one look."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import NativeElement, NativeRecord
from sdsync.connectors.failures import Missing
from sdsync.connectors.request_tracker import convert, links, pictures, roles
from sdsync.connectors.request_tracker.client import Client, Row, uid
from sdsync.connectors.request_tracker.kept import KEPT_PARTS, Known, Memory, Pair
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.store.records import Ref

#: The parts of messages that somebody wrote, without the files beside them.
_BODIES = json.dumps(
    [
        {"field": "ContentType", "operator": "LIKE", "value": "text/"},
        {"field": "Filename", "operator": "IS", "value": "NULL"},
    ]
)
HISTORY = "ObjectId,Type,Creator,Created,Field,OldValue,NewValue,TimeTaken"
_PICTURES = json.dumps([{"field": "ContentType", "operator": "LIKE", "value": "image/"}])
#: Types of transactions without any part, as long as they tell of no merge.
BARE = frozenset(
    {"Set", "Status", "CustomField", "AddWatcher", "DelWatcher", "SetWatcher", "AddLink",
     "DeleteLink", "Give", "Take", "Untake", "Steal", "Force"}
)  # fmt: skip
ENDED = frozenset({"resolved", "rejected", "deleted"})


class Reader:
    """Reads tickets. Not seen and therefore not proved: comments, where our
    account lacks ShowTicketComments; RT does not say that it hides them."""

    def __init__(self, client: Client, metadata: Metadata, mark_field: str) -> None:
        self._client = client
        self._metadata = metadata
        self._mark_field = mark_field
        self.memory = Memory(client.clock.monotonic)
        self._settled: dict[str, int] = {}  # ticket -> version at which its lists stood still

    def record(self, ref: Ref, *, as_asked: bool = False) -> NativeRecord:
        """Four calls, five with new texts; all of one state, that of the ticket's version.

        Soon after another look one call alone, or two when fields alone changed since.

        ``as_asked`` shows also what was said on the ticket asked for while it was its own or
        a part of one that is merged into another by now.
        """
        ticket, version = self.ticket(ref.id)
        found = str(ticket["id"])  # another than asked: merged into it
        lists = self._lists(found, int(version or 0))
        # A survivor's history holds that of the tickets merged into it: theirs, not its own.
        own = {found, *_became(lists[0], ref.id)} if as_asked else {found}
        transactions, parts = _of(*lists, found, own)
        bodies = self._bodies(found, parts)
        record = self._assembled(Ref(ref.system, ref.kind, found), ticket, version,
                                 transactions, parts, bodies)  # fmt: skip
        if found == ref.id or as_asked:
            return record
        return replace(record, left=self._left(found, *_of(*lists, found, {ref.id})))

    def _left(
        self, survivor: str, transactions: list[Row], parts: list[Row]
    ) -> tuple[NativeElement, ...]:
        """Notes and files of a ticket that is merged: only the survivor's history shows them."""
        me, bodies = self._metadata.account().login, self._bodies(survivor, parts)
        internal = {str(row["id"]): row.get("Type") == "Comment" for row in transactions}
        said = convert.notes(transactions, bodies, me)
        return (*said, *convert.files(parts, internal, me, self._client.http.base))

    def ticket(self, ticket_id: str) -> tuple[Row, str | None]:
        """The ticket alone, and its version: the number of its last transaction."""
        if not ticket_id.isascii() or not ticket_id.isdigit():
            raise Refused(Missing())
        row, reply = self._client.read(f"/ticket/{quote(ticket_id, safe='')}")
        return row, reply.headers.get("etag", "").strip('"') or None

    def _lists(self, ticket_id: str, last: int) -> Pair:
        """History and parts up to the version's transaction, read twice where they may lag.

        What a lagging list leaves out would be taken for removed. A list that never shows
        the last transaction, as when that is hidden from our account, stays as it is.
        """
        known = self.memory.lists.get(ticket_id)
        if known is not None and known.version == last:
            return known.pair
        lists = self._read_lists(ticket_id, last, known)
        still = not _lags(*lists, last) or self._settled.get(ticket_id) == last
        if not still:
            again = self._read_lists(ticket_id, last, None)
            still, lists = again == lists, again
            if still:
                if len(self._settled) >= KEPT_PARTS:
                    self._settled.clear()
                self._settled[ticket_id] = last
        if last and still and not _silent(*lists):
            self.memory.lists.keep(ticket_id, last, lists)
        return lists

    def _read_lists(self, ticket_id: str, last: int, known: Known | None) -> Pair:
        rows = self._history(ticket_id, last)
        if known is not None and _bare_since(known.pair[0], rows):
            return rows, known.pair[1]
        return rows, self._all_parts(ticket_id)

    def _history(self, ticket_id: str, last: int) -> list[Row]:
        """Up to the version's transaction: later ones belong to another look."""
        rows: list[Row] = []
        query = {"fields": HISTORY}
        for row in self._client.pages(f"/ticket/{ticket_id}/history", query):
            if last and int(row["id"]) > last:
                continue
            rows.append(row)
            if int(row["id"]) == last:
                break
        return sorted(rows, key=lambda row: int(row["id"]))

    def _all_parts(self, ticket_id: str) -> list[Row]:
        # "Parent" is left out: it makes RT 5.0.3 answer 500.
        query = {"fields": "TransactionId,ContentType,Filename,ContentLength,Created,Creator"}
        return list(self._client.pages(f"/ticket/{ticket_id}/attachments", query))

    def _bodies(self, ticket_id: str, parts: Iterable[Row]) -> dict[str, tuple[str, str]]:
        """Transaction -> (format, text); HTML is preferred, for it is the richer one."""
        texts = [part for part in parts if convert.is_body(part)]
        if any(self.memory.parts.get(str(part["id"])) is None for part in texts):
            query = {"fields": "Content", "query": _BODIES}
            rows = list(self._client.pages(f"/ticket/{ticket_id}/attachments", query))
            names = self._pictures(ticket_id) if any(map(pictures.shows_pictures, rows)) else {}
            for row in rows:
                text = pictures.with_pictures(str(row.get("Content") or ""), names)
                self.memory.parts.keep(str(row["id"]), text)
        bodies: dict[str, tuple[str, str]] = {}
        for part in texts:
            text = self.memory.parts.get(str(part["id"])) or ""
            form = "html" if part["ContentType"] == "text/html" else "plain"
            transaction = str(part["TransactionId"])
            if text.strip() and (transaction not in bodies or _richer(form, bodies[transaction])):
                bodies[transaction] = (form, text)
        return bodies

    def _pictures(self, ticket_id: str) -> dict[str, str]:
        """Content-ID -> name of the images that came with messages of the ticket."""
        query = {"fields": "Filename,Headers", "query": _PICTURES}
        rows = self._client.pages(f"/ticket/{ticket_id}/attachments", query)
        return dict(filter(None, map(pictures.picture, rows)))

    def listed(self, system: str, row: Row) -> NativeRecord:
        """What a row of a list shows: no text, and nobody where RT left a role out."""
        ref = Ref(system, "ticket", str(row["id"]))
        record = self._assembled(ref, row, None, [], [], {})
        gaps = {name for name in roles.STOCK if not isinstance(row.get(name), list)}
        gaps |= set() if isinstance(row.get(roles.CUSTOM), dict) else {roles.CUSTOM}
        gaps |= {name for name in links.TIES if name not in record.values}
        return replace(
            record,
            unknown=record.unknown | gaps,
            notes=None,
            attachments=None,
            worklogs=None,
            history=None,
        )

    def _assembled(
        self,
        ref: Ref,
        ticket: Row,
        version: str | None,
        transactions: list[Row],
        parts: list[Row],
        bodies: dict[str, tuple[str, str]],
    ) -> NativeRecord:
        me = self._metadata.account().login
        field_of, queue_of = self._metadata.field, self._metadata.queue_name
        role_of = self._metadata.role
        values = convert.values(ticket, field_of=field_of, queue_of=queue_of, role_of=role_of)
        first = next((str(row["id"]) for row in transactions if row.get("Type") == "Create"), None)
        form, text = bodies.get(first or "", ("plain", ""))
        if first is not None:
            values |= {"Content": text, "ContentType": f"text/{form}"}
        internal = {str(row["id"]): row.get("Type") == "Comment" for row in transactions}
        status, mark = str(ticket["Status"]), values["CustomFields"].get(self._mark_field)
        return NativeRecord(
            ref=ref,
            place=str(values["Queue"]),
            key=ref.id,
            url=f"{self._client.http.base}/Ticket/Display.html?id={ref.id}",
            values=values,
            unknown=frozenset() if first is not None else frozenset({"Content", "ContentType"}),
            created_at=convert.born(ticket),
            created_by=uid(ticket.get("Creator")),
            closed=status in ENDED or ticket.get("Resolved") != convert.NO_DATE,
            version=version,
            mark=mark if isinstance(mark, str) else None,
            notes=convert.notes(transactions, bodies, me),
            attachments=convert.files(parts, internal, me, self._client.http.base),
            worklogs=convert.worklogs(transactions, bodies, me),
            history=convert.history(
                transactions, me, field_of=field_of, queue_of=queue_of, role_of=role_of
            ),
            state="deleted" if status == "deleted" else "live",
            ours=uid(ticket.get("Creator")) == me,
            linked=links.linked(ticket),
        )


def _of(
    rows: list[Row], parts: list[Row], ticket: str, own: set[str]
) -> tuple[list[Row], list[Row]]:
    """What belongs to some of the tickets that a ticket's history holds."""
    transactions = [row for row in rows if str(row.get("ObjectId", ticket)) in own]
    known = {str(row["id"]) for row in transactions}
    return transactions, [row for row in parts if str(row["TransactionId"]) in known]


def _became(rows: list[Row], ticket: str) -> list[str]:
    """The ticket, and those that it was merged into in turn, as the last one's history tells.

    Both ends of a merge tell of it by one word, the loser first.
    """
    became, told = [ticket], set[tuple[str, str]]()
    for row in rows:
        if (row.get("Type"), row.get("Field")) != ("AddLink", "MergedInto"):
            continue
        loser, survivor = str(row.get("ObjectId")), str(row.get("NewValue")).rpartition("/")[2]
        if loser == became[-1] and (survivor, loser) not in told:
            became.append(survivor)
        told.add((loser, survivor))
    return became


def _richer(form: str, other: tuple[str, str]) -> bool:
    return form == "html" and other[0] != "html"


def _bare_since(before: list[Row], rows: list[Row]) -> bool:
    """Whether nothing was added to a history but changes that bring no text and no file."""
    ids = {str(row["id"]) for row in rows}
    old = {str(row["id"]) for row in before}
    fresh = [row for row in rows if str(row["id"]) not in old]
    bare = all(row.get("Type") in BARE and row.get("Field") != "MergedInto" for row in fresh)
    return bare and old <= ids


def _lags(rows: list[Row], parts: list[Row], last: int) -> bool:
    """Whether the ticket is newer than its lists: its last transaction, or a note's text, lacks."""
    return _silent(rows, parts) or (last > 0 and all(int(row["id"]) != last for row in rows))


def _silent(rows: list[Row], parts: list[Row]) -> bool:
    """Whether a note has no text yet: the parts are older than the history."""
    told = {str(row["TransactionId"]) for row in parts}
    return any(row.get("Type") in convert.NOTES and str(row["id"]) not in told for row in rows)
