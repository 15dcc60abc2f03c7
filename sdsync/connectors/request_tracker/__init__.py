"""Request Tracker 5 over its REST 2.0."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import httpx

from sdsync.config.clock import Clock
from sdsync.config.model import SystemConfig
from sdsync.connectors import jobs, webhooks
from sdsync.connectors.batches import in_order
from sdsync.connectors.common import Refused, answers, digest, need, writes
from sdsync.connectors.contract import (
    NEWEST,
    Audience,
    Capabilities,
    ChangeEvent,
    Changes,
    Connector,
    CreateHandle,
    Description,
    Done,
    Find,
    Found,
    Handle,
    Listed,
    NativePerson,
    NativeRecord,
    NativeTeam,
    Operation,
)
from sdsync.connectors.failures import Failure, Forbidden, Missing, Rejected
from sdsync.connectors.http import Http, Permit
from sdsync.connectors.preparing import Asked, DayOne, Deed, Preparable, Survey
from sdsync.connectors.replies import Reply
from sdsync.connectors.request_tracker import failures
from sdsync.connectors.request_tracker.client import Client, Row, quoted
from sdsync.connectors.request_tracker.convert import MACHINE
from sdsync.connectors.request_tracker.feed import Feed
from sdsync.connectors.request_tracker.mailing import Mailing
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.connectors.request_tracker.prepare import Preparation
from sdsync.connectors.request_tracker.read import Reader
from sdsync.connectors.request_tracker.roles import NOBODY
from sdsync.connectors.request_tracker.search import Searcher
from sdsync.connectors.request_tracker.write import Writer
from sdsync.connectors.settings import http_of, option, token_of
from sdsync.store.records import Json, Ref

#: A worker of RT finishes what it began, however long ago the caller hung up.
LANDING_S = 60.0


class RequestTracker:
    """One RT as one account sees it.

    Options: ``mark_field`` (custom field for the mark, "sdsync mark"), ``login``
    (our account's name, where the token does not hold its number), ``ca_file``.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        product="Request Tracker",
        tested=("5.0.3", "5.0.3"),
        record_kinds=("ticket",),
        create={
            "ticket": CreateHandle(Handle.STRONG_MARK, LANDING_S),
            "note": CreateHandle(Handle.OWN_RECENT, LANDING_S),
            "attachment": CreateHandle(Handle.OWN_RECENT, LANDING_S),
            "worklog": CreateHandle(Handle.OWN_RECENT, LANDING_S),
        },
        compare_and_set=True,
        window="none: If-Match on the number of the last transaction",
        stamp_resolution_s=1.0,
        edits_notes=False,
        removes_notes=False,
        note_format="html",
        webhooks=True,
    )

    day_one: ClassVar[DayOne] = DayOne(
        system="desk",
        url="https://rt.example.org",
        token="env:RT_TOKEN",  # noqa: S106 - a reference
        place="queue",
        credential='log in as the account, then "Logged in as …", Settings, Auth Tokens',
        forbidden="the account may not even see itself: Admin, Users, Select: tick "
        '"Let this user be granted rights (Privileged)"',
        administrator="the auth token of a user with the right SuperUser, such as root",
        address="the address is the one of RT's start page, without /REST/2.0 and /index.html",
    )

    def __init__(
        self,
        name: str,
        config: SystemConfig,
        *,
        clock: Clock,
        permit: Permit | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        token = token_of(config)
        credential = ("Authorization", lambda: f"token {token()}")
        self.name = name
        self.http: Http = http_of(config, credential, clock, permit, transport)
        mark_field = option(config, "mark_field") or "sdsync mark"
        self._client = Client(self.http, clock)
        self._metadata = Metadata(self._client, token, option(config, "login"))
        self.reader = Reader(self._client, self._metadata, mark_field)
        self._writer = Writer(self._client, mark_field)
        self._searcher = Searcher(self._client, self._metadata, self.reader, mark_field)
        self._feed = Feed(self._client, self._metadata)
        self.mailing = Mailing()
        self.preparation = Preparation(self._client, self._metadata, mark_field)

    @property
    def calls(self) -> int:
        """Calls over the wire since it was made."""
        return self.http.calls

    def failure(self, reply: Reply, *, now: datetime) -> Failure:
        """What a refusal of RT means."""
        return failures.failure(reply, now=now)

    @answers
    def describe(self) -> Description:
        """Read live: one call for the instance, two for each queue, one for each custom field."""
        version = str(self._client.get("/rt")["Version"])
        account = self._metadata.account()
        places = self._metadata.places()
        return Description(
            product=self.capabilities.product,
            version=version,
            identity=f"{self.http.base} {digest(self._metadata.birth)}",
            account=account,
            clock=self._client.clock.now() + self._client.offset,
            places=places,
            newest=self._newest(),
        )

    def _newest(self) -> tuple[str, ...]:
        """The highest ids that we see; nothing when they cannot be listed."""
        asked = {"query": "id > 0", "orderby": "id", "order": "DESC", "per_page": str(NEWEST)}
        try:
            rows = self._client.get("/tickets", asked)["items"]
        except Refused:
            return ()
        return tuple(str(row["id"]) for row in rows[:NEWEST])

    @answers
    def changes(self, cursor: Json) -> Changes:
        """Transactions of tickets above the cursor's number, each told once."""
        return self._feed.changes(cursor)

    @answers
    def fetch(self, ref: Ref) -> NativeRecord:
        """The ticket; a merged one answers with the survivor's id."""
        record = self.reader.record(ref)
        self.mailing.saw(record.ref.id, record.values)
        return record

    @answers
    def readable(self, place: str) -> bool:
        """Whether the newest ticket of the queue can be read. An empty queue proves nothing."""
        query = {"query": f"Queue = {quoted(place)}", "orderby": "id", "order": "DESC"}
        try:
            newest = self._client.get("/tickets", {**query, "per_page": "1"})["items"]
            return bool(newest) and bool(self.reader.ticket(str(newest[0]["id"])))
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing | Rejected):
                return False
            raise

    @answers
    def find(self, query: Find) -> Found:
        """By mark and author; notes and files by author, time and exact content."""
        return self._searcher.find(query)

    def apply(
        self, operations: Sequence[Operation], *, within_s: float | None = None
    ) -> Sequence[Done | Failure]:
        """One call each, in order."""
        with self.http.within(within_s):
            return in_order(self._carry_out, operations)

    @writes
    def _carry_out(self, operation: Operation) -> Done:
        return need(self._writer.carry_out(operation))

    @answers
    def job(self, handle: str) -> Done | Failure:
        """What became of a write that a gateway in front accepted as a job."""
        now = self._client.clock.now()
        return jobs.told(
            self.http, handle, now=now, failure=lambda reply: self.failure(reply, now=now)
        )

    def notifies(self, operation: Operation) -> Audience:
        """By the stock scrips."""
        return self.mailing.of(operation)

    def recall(self, ref: Ref, values: Mapping[str, Json], account: str | None) -> None:
        """Who had to do with the ticket when it was read last."""
        del account
        self.mailing.saw(ref.id, values)

    def share(self, other: Connector) -> None:
        """One memory of who has to do with what, and of what was read."""
        if isinstance(other, RequestTracker):
            self.mailing = other.mailing
            self.reader.memory = other.reader.memory

    @answers
    def download(self, ref: Ref, native_id: str, *, limit_bytes: int) -> bytes:
        """RT packs a file into JSON: a third larger on the way."""
        if not native_id.isascii() or not native_id.isdigit():
            raise Refused(Missing())
        on_wire = limit_bytes * 4 // 3 + limit_bytes // 32 + 64 * 1024  # base64 and its line ends
        row, _ = self._client.read(f"/attachment/{native_id}", limit_bytes=on_wire)
        try:
            content = base64.b64decode(str(row.get("Content") or ""))
        except binascii.Error:
            raise Refused(Rejected(detail="the file is not whole")) from None
        if len(content) > limit_bytes:
            raise Refused(Rejected(detail=f"the file is larger than {limit_bytes} bytes"))
        return content

    @answers
    def search(self, place: str | None, path: str, value: Json) -> Found:
        """By Subject, Status, id or CustomFields.NAME."""
        return self._searcher.by_field(place, path, value)

    @answers
    def records(self, place: str, after: str) -> Listed:
        """A hundred tickets a call, or fewer, without notes, files, texts and history."""
        return self._searcher.page(self.name, place, after)

    @answers
    def people(self) -> Sequence[NativePerson]:
        """Everyone that RT shows us. Without AdminUsers it hides addresses of others."""
        query = {"fields": "Name,EmailAddress,RealName,Disabled", "query": "[]"}
        me = self._metadata.account().login
        return tuple(_person(row, me) for row in self._client.pages("/users", query))

    @answers
    def teams(self) -> Sequence[NativeTeam]:
        """Groups that an administrator made; with the right SeeGroup alone."""
        told = self._metadata.teams()
        self.mailing.sizes.update(self._metadata.sizes)
        return told

    @answers
    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Sequence[ChangeEvent]:
        """The body of our scrip: ``{"kind": "ticket", "id": "4711", "at": "…Z"}``, or a list."""
        return webhooks.events(body, kinds=self.capabilities.record_kinds)

    @answers
    def survey(self, asked: Asked, admin: Preparable | None = None) -> Survey:
        """By what RT shows us; it tells no rights."""
        theirs = admin.preparation if isinstance(admin, RequestTracker) else None
        return self.preparation.survey(asked, theirs)

    @answers
    def administers(self) -> bool:
        """Whether it is a SuperUser's."""
        return self.preparation.rules()

    @writes
    def carry_out_deed(self, deed: Deed) -> str:
        """A custom field, or the account's flag."""
        return self.preparation.carry_out(deed)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def _person(row: Row, me: str) -> NativePerson:
    login = str(row.get("Name") or row["id"])
    email = str(row.get("EmailAddress") or "") or None
    machine = login in {MACHINE, NOBODY, me}
    # RT makes an account for whoever sends mail, and calls it by the address. Any other
    # login was given by an administrator, and the address beside it too.
    return NativePerson(
        native_id=login,
        login=login,
        email=email,
        email_verified=email is not None and login.lower() != email.lower(),
        name=str(row.get("RealName") or login),
        human=not machine,
        active=str(row.get("Disabled") or "0") == "0",
    )
