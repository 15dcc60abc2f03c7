"""Redmine 5 over its REST interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import httpx

from sdsync.config.clock import Clock
from sdsync.config.model import SystemConfig
from sdsync.connectors import jobs, webhooks
from sdsync.connectors.batches import in_order
from sdsync.connectors.bodies import Broken
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
    Leave,
    Listed,
    NativePerson,
    NativeRecord,
    NativeTeam,
    Operation,
)
from sdsync.connectors.failures import Failure, Forbidden, Missing, Rejected
from sdsync.connectors.http import Http, Permit
from sdsync.connectors.preparing import Asked, DayOne, Deed, Preparable, Survey
from sdsync.connectors.redmine import convert, failures
from sdsync.connectors.redmine.client import Client
from sdsync.connectors.redmine.feed import Feed
from sdsync.connectors.redmine.mailing import Mailing
from sdsync.connectors.redmine.members import Members
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.redmine.personas import Personas
from sdsync.connectors.redmine.prepare import Preparation
from sdsync.connectors.redmine.search import Searcher
from sdsync.connectors.redmine.worklogs import Worklogs
from sdsync.connectors.redmine.write import Writer
from sdsync.connectors.replies import Reply
from sdsync.connectors.settings import http_of, option, token_of
from sdsync.store.records import Json, Ref

#: A thread of Redmine finishes what it began, however long ago the caller hung up.
LANDING_S = 60.0
WHOLE = "journals,attachments,watchers,allowed_statuses,children,relations"


class Redmine:
    """One Redmine as one account sees it.

    Options: ``mark_field`` (custom field for the mark, "sdsync mark"),
    ``text_format`` (the instance's markup, "textile"; it does not tell), ``activity``
    (of copied worklogs, by name; the project's own default), ``ca_file``.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        product="Redmine",
        tested=("5.0.4", "5.0.4"),
        record_kinds=("ticket",),
        create={
            "ticket": CreateHandle(Handle.STRONG_MARK, LANDING_S),
            "note": CreateHandle(Handle.OWN_RECENT, LANDING_S),
            "attachment": CreateHandle(Handle.OWN_RECENT, LANDING_S),
            "worklog": CreateHandle(Handle.OWN_RECENT, LANDING_S),
        },
        compare_and_set=False,
        window="from the read before a write to the write: the last write wins",
        stamp_resolution_s=1.0,
        edits_notes=True,
        removes_notes=True,
        note_format="textile",
        webhooks=True,
        impersonates=True,
        edits_worklogs=True,
    )

    day_one: ClassVar[DayOne] = DayOne(
        system="dev",
        url="https://redmine.example.org",
        token="env:REDMINE_KEY",  # noqa: S106 - a reference
        place="project",
        credential='log in as the account, then My account, "API access key", Show',
        forbidden='REST is switched off: Administration, Settings, API, "Enable REST web service"',
        administrator="the API access key of a user who is an Administrator",
        address="the address is the one of Redmine's Home page, without /projects or /issues",
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
        self.name = name
        self.http: Http = http_of(
            config, ("X-Redmine-API-Key", token_of(config)), clock, permit, transport
        )
        self._mark_field = option(config, "mark_field") or "sdsync mark"
        self._form = option(config, "text_format") or "textile"
        self._client = Client(self.http, clock)
        self._metadata = Metadata(self._client)
        self._members = Members(self._client, self._metadata)
        self._worklogs = Worklogs(self._client, self._metadata, option(config, "activity"))
        self._logs = config.worklogs
        self._personas = Personas(self._client, self._metadata, on=config.impersonate)
        self._writer = Writer(
            self._client, self._metadata, self._members, self._mark_field, self._worklogs,
            self._personas,
        )  # fmt: skip
        self._searcher = Searcher(self._client, self._metadata, self._mark_field)
        self._feed = Feed(self._client, self._worklogs if self._logs else None)
        self.mailing = Mailing()
        self.preparation = Preparation(
            self._client,
            self._metadata,
            self._mark_field,
            self._worklogs if self._logs else None,
            self._personas,
        )

    @property
    def calls(self) -> int:
        """Calls over the wire since it was made."""
        return self.http.calls

    def failure(self, reply: Reply, *, now: datetime) -> Failure:
        """What a refusal of Redmine means."""
        return failures.failure(reply, now=now)

    @answers
    def describe(self) -> Description:
        """Read live: account, roles, lists, then one call for each project."""
        self._metadata.learn_rights()
        account = self._metadata.account()
        self.mailing.me = account.native_id
        projects = self._metadata.rows("project", afresh=True)
        places = {str(one["identifier"]): self._metadata.place(one) for one in projects}
        names = self._personas.proof()
        refused = [names.why] if names is not None and not names.given else []
        warnings = [
            *(f"notes are not written in their authors' names: {why}" for why in refused),
            *(
                f"{key}: no role of ours proves that notes can be made private"
                for key, place in places.items()
                if "internal" not in place.proved_audiences
            ),
        ]
        return Description(
            product=self.capabilities.product,
            version="",  # Redmine does not tell it
            identity=f"{self.http.base} {digest(self._metadata.birth)}",
            account=account,
            clock=self._client.clock.now() + self._client.offset,
            places=places,
            warnings=tuple(warnings),
            newest=self._newest(),
            impersonates=names,
        )

    def _newest(self) -> tuple[str, ...]:
        """The highest ids that we see; nothing when they cannot be listed."""
        asked = {"sort": "id:desc", "status_id": "*", "limit": str(NEWEST)}
        try:
            rows = self._client.get("/issues.json", asked)["issues"]
        except Refused:
            return ()
        return tuple(str(row["id"]) for row in rows[:NEWEST])

    @answers
    def changes(self, cursor: Json) -> Changes:
        """Issues by the second of their last change, each state told once."""
        return self._feed.changes(cursor)

    @answers
    def fetch(self, ref: Ref) -> NativeRecord:
        """One call: the issue with all that hangs on it; one more for its worklogs.

        Who may read private notes in its project is asked every few minutes.
        """
        return self._record(ref, logs=self._logs)

    def _record(self, ref: Ref, *, logs: bool) -> NativeRecord:
        if not ref.id.isascii() or not ref.id.isdigit():
            raise Refused(Missing())
        issue = self._client.get(f"/issues/{ref.id}.json", {"include": WHOLE})["issue"]
        if "watchers" not in issue:  # strangers are not shown them
            self._client.prove()
        self._metadata.saw(issue)
        record = convert.record(
            issue, ref, self._metadata,
            base=self.http.base, form=self._form, mark_field=self._mark_field,
        )  # fmt: skip
        project_id = str(issue["project"]["id"])
        self.mailing.me = self._metadata.account().native_id
        self.mailing.saw(record.ref.id, record.values, project_id)
        self.mailing.ask(project_id, self._client)
        if logs:
            record = replace(record, worklogs=self._worklogs.of(record.ref.id, issue["project"]))
        return record

    @answers
    def readable(self, place: str) -> bool:
        """Whether the newest issue of the project can be read, or it is seen that there is none.

        An archived project answers its list with 200 and nothing (M6), so an empty
        list alone proves nothing.
        """
        params = {"project_id": place, "status_id": "*", "limit": "1", "sort": "id:desc"}
        try:
            newest = self._client.get("/issues.json", params)["issues"]
            if not newest:
                return self._metadata.shows_issues(place)
            return bool(self._client.get(f"/issues/{int(newest[0]['id'])}.json"))
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing | Rejected):
                return False
            raise

    @answers
    def find(self, query: Find) -> Found:
        """By author, time and mark; notes and files by author, time and exact content."""
        if query.ref is None:
            return self._searcher.issues(query)
        logs = query.kind == "worklog"
        return self._searcher.elements(query, self._record(query.ref, logs=logs))

    def apply(
        self, operations: Sequence[Operation], *, within_s: float | None = None
    ) -> Sequence[Done | Failure]:
        """In order, each on its own."""
        with self.http.within(within_s):
            return in_order(self._carry_out, operations)

    @writes
    def _carry_out(self, operation: Operation) -> Done:
        return self._writer.carry_out(operation)

    @answers
    def job(self, handle: str) -> Done | Failure:
        """What became of a write that a gateway in front accepted as a job."""
        now = self._client.clock.now()
        return jobs.told(
            self.http, handle, now=now, failure=lambda reply: self.failure(reply, now=now)
        )

    def notifies(self, operation: Operation) -> Audience:
        """Author, assignee and watchers."""
        return self.mailing.of(operation)

    @answers
    def leave(self, ref: Ref, person: str, *, internal: bool) -> Leave:
        """Asked of a call under the header, and of the person's own roles."""
        return self._personas.leave(ref, person, internal=internal)

    def recall(self, ref: Ref, values: Mapping[str, Json], account: str | None) -> None:
        """Who followed the issue when it was read last."""
        self.mailing.me = account or self.mailing.me
        self.mailing.saw(ref.id, values)

    def share(self, other: Connector) -> None:
        """One memory of who follows what."""
        if isinstance(other, Redmine):
            self.mailing = other.mailing

    @answers
    def download(self, ref: Ref, native_id: str, *, limit_bytes: int) -> bytes:
        """From our own address: the address that Redmine tells is made of its settings."""
        if not native_id.isascii() or not native_id.isdigit():
            raise Refused(Missing())
        reply = need(
            self._client.call(
                "GET",
                f"/attachments/download/{native_id}",
                limit_bytes=limit_bytes,
                headers={"Accept": "*/*"},
            )
        )
        if reply.broken is Broken.TOO_LARGE:
            raise Refused(Rejected(detail=f"the file is larger than {limit_bytes} bytes"))
        if reply.broken is not None:
            raise Refused(reply.unreadable(reply.broken))
        return reply.body

    @answers
    def search(self, place: str | None, path: str, value: Json) -> Found:
        """By subject, id or custom_fields.NAME."""
        return self._searcher.by_field(place, path, value)

    @answers
    def records(self, place: str, after: str) -> Listed:
        """A hundred issues a call, without notes, files and watchers."""
        return self._searcher.page(self.name, place, after, self._form)

    @answers
    def people(self) -> Sequence[NativePerson]:
        """Members of the projects that we see."""
        return self._members.people()

    @answers
    def teams(self) -> Sequence[NativeTeam]:
        """Groups that are members of a project."""
        told = self._members.teams()
        self.mailing.groups = self._members.groups
        return told

    @answers
    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Sequence[ChangeEvent]:
        """The body of a plugin's call: ``{"kind": "ticket", "id": 882, "at": "…Z"}``, or a list."""
        return webhooks.events(body, kinds=self.capabilities.record_kinds)

    @answers
    def survey(self, asked: Asked, admin: Preparable | None = None) -> Survey:
        """Rights as our roles tell them; fields and workflow as issues show them."""
        theirs = admin.preparation if isinstance(admin, Redmine) else None
        return self.preparation.survey(asked, theirs)

    @answers
    def administers(self) -> bool:
        """Whether its account is an Administrator."""
        self._metadata.learn_rights()
        return self._metadata.admin

    @writes
    def carry_out_deed(self, deed: Deed) -> str:
        """A membership; there is no call for anything else."""
        return self.preparation.carry_out(deed)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
