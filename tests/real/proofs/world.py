"""One daemon between many queues and projects, each pair with a trouble of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, GroupState, Ref, Share
from sdsync.store.sql import SqlStore
from tests.real.conftest import Product
from tests.real.inside import end, perl, ruby
from tests.real.people import Agent, Developer, Note
from tests.real.rig import Daemon, until

HERE = Path(__file__).parent
PATIENCE_S = 300


@dataclass(frozen=True)
class Way:
    """A queue, the project where its tickets are born, and what is odd about them."""

    name: str
    role: str = "sdsync"
    public: bool = False
    sync: str = ""  # further lines of the sync
    audience: str = ""  # who reads the project, as the configuration says
    both: bool = False  # issues that people make there become tickets


def toml(ways: Sequence[Way], run: str, desk: Product, dev: Product, port: int) -> str:
    """The whole configuration."""
    lines = [
        f"server.port = {port}",
        f'[systems.desk]\nconnector = "request_tracker"\nurl = "{desk.base_url}"',
        'token = "env:RT_TOKEN"\npoll = "3s"',
        f'[systems.dev]\nconnector = "redmine"\nurl = "{dev.base_url}"',
        'token = "env:REDMINE_KEY"\npoll = "3s"',
    ]
    for way in ways:
        if way.audience:
            lines.append(f'[systems.dev.places.{way.name}-{run}]\naudience = "{way.audience}"')
    for way in ways:
        lines.append(f'[syncs.{way.name}]\nmode = "live"')
        lines.append(f"desk.take = 'queue == \"{way.name} {run}\"'")
        lines.append(f'dev.put = {{ project = "{way.name}-{run}", type = "bug" }}\n{way.sync}')
        if way.both:
            lines.append(f"dev.take = 'project == \"{way.name}-{run}\"'")
            lines.append(f'desk.put = {{ queue = "{way.name} {run}" }}')
    return "\n".join(lines) + "\n"


def furnish(desk: Product, dev: Product, ways: Sequence[Way], run: str) -> None:
    """Queues and projects, as their administrators make them: no interface makes all of it."""
    projects = [{"id": f"{w.name}-{run}", "public": w.public, "role": w.role} for w in ways]
    end(
        perl(desk, HERE / "world.pl", *(f"{w.name} {run}" for w in ways)),
        ruby(dev, HERE / "world.rb", json.dumps(projects)),
    )


@dataclass
class World:
    """Both products, the people in them, and the daemon between them."""

    daemon: Daemon
    desk: Product
    redmine: Product
    run: str
    shared: dict[str, str] = field(default_factory=dict)  # ticket -> issue
    way_of: dict[str, str] = field(default_factory=dict)  # ticket -> where it was opened
    subject_of: dict[str, str] = field(default_factory=dict)

    # -- people ----------------------------------------------------------------------------
    @cached_property
    def agent(self) -> Agent:
        """Somebody at the desk."""
        return Agent(self.desk)

    @cached_property
    def dev(self) -> Developer:
        """A developer: reads and writes private notes."""
        return Developer(self.redmine)

    @cached_property
    def reporter(self) -> Developer:
        """A member of every project who sees no private note."""
        return Developer(self.redmine, "reporter")

    @cached_property
    def stranger(self) -> Developer:
        """Nobody at all: no account."""
        return Developer(self.redmine, "anonymous")

    def queue(self, name: str) -> str:
        """The queue of a way."""
        return f"{name} {self.run}"

    def project(self, name: str) -> str:
        """The project of a way."""
        return f"{name}-{self.run}"

    # -- at work ---------------------------------------------------------------------------
    def opens(self, name: str, text: str, **more: Any) -> str:
        """A new ticket of a customer in the queue of a way; its number."""
        subject = f"{text} {self.run}-{uuid4().hex[:6]}"
        ticket = self.agent.opens(subject, queue=self.queue(name), **more)
        self.way_of[ticket], self.subject_of[ticket] = name, subject
        return ticket

    def born(self, name: str, text: str, **more: Any) -> tuple[str, str]:
        """A new ticket, and the issue that is born of it."""
        ticket = self.opens(name, text, **more)
        return ticket, self.issue_of(ticket)

    def issue_of(self, ticket: str) -> str:
        """The issue that shares its life; waits until there is one."""

        def found() -> str:
            issues = self.issues_of(ticket)
            assert len(issues) == 1, f"{len(issues)} issues; {self.daemon.log()[-2000:]}"
            return issues[0]

        self.shared[ticket] = until(found)
        return self.shared[ticket]

    def issues_of(self, ticket: str) -> list[str]:
        """Every issue that bears the ticket's subject, in the project of its way."""
        return self.called(self.subject_of[ticket], self.way_of[ticket])

    def called(self, subject: str, name: str) -> list[str]:
        """The issues of this subject in the project of a way."""
        asked = f"project_id={self.project(name)}&status_id=*&limit=100"
        rows = self.redmine.act("agent1", "GET", f"/issues.json?{asked}").json()["issues"]
        return [str(one["id"]) for one in rows if one["subject"] == subject]

    def tickets_called(self, subject: str, name: str) -> list[str]:
        """The tickets of this subject in the queue of a way."""
        query = quote(f"Queue = '{self.queue(name)}' AND Subject = '{subject}'")
        rows = self.desk.act("agent1", "GET", f"/REST/2.0/tickets?query={query}").json()["items"]
        return [str(one["id"]) for one in rows]

    def related(self, issue: str) -> list[frozenset[str]]:
        """The pairs of issues that Redmine shows as related, seen from one of them."""
        rows = self.redmine.act("agent1", "GET", f"/issues/{issue}/relations.json").json()
        pairs = [(one["issue_id"], one["issue_to_id"]) for one in rows["relations"]]
        return [frozenset(map(str, one)) for one in pairs]

    def mails_in(self, ticket: str, text: str, *, who: str = "customer1", action: str) -> None:
        """A mail to the queue's address, handed to the gateway as a mail server hands it over."""
        mail = EmailMessage()
        mail["From"], mail["To"] = f"{who}@example.org", "desk@example.org"
        mail["Subject"] = f"Re: [desk.example.org #{ticket}] what about it"
        mail["Message-ID"] = f"<{uuid4().hex}@example.org>"
        mail.set_content(text)
        place = self.queue(self.way_of[ticket])
        done = subprocess.run(
            ["rt-mailgate", "--queue", place, "--action", action, "--url", self.desk.base_url],
            input=mail.as_bytes(), capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()[-1000:]

    def gives_role(self, name: str, role: str) -> None:
        """Redmine's administrator gives sdsync's account another role in a project."""
        roles = self.redmine.act("admin", "GET", "/roles.json").json()["roles"]
        (wanted,) = (one["id"] for one in roles if one["name"] == role)
        path = f"/projects/{self.project(name)}/memberships.json"
        members = self.redmine.act("admin", "GET", path).json()["memberships"]
        (ours,) = (one["id"] for one in members if one["user"]["name"] == "sdsync Sync")
        told = {"membership": {"role_ids": [wanted]}}
        done = self.redmine.act("admin", "PUT", f"/memberships/{ours}.json", told)
        assert done.is_success, done.text

    def moves(self, ticket: str, name: str) -> None:
        """A developer moves the issue to another project."""
        projects = self.redmine.act("admin", "GET", f"/projects/{self.project(name)}.json")
        self.dev.edits(self.shared[ticket], project_id=projects.json()["project"]["id"])

    def sets_status(self, ticket: str, status: str) -> None:
        """Somebody at the desk sets a status, also that of a deleted ticket."""
        told = {"Status": status}
        done = self.desk.act("agent1", "PUT", f"/REST/2.0/ticket/{ticket}", told)
        assert done.is_success, done.text

    def turns(self, name: str, what: str) -> None:
        """Redmine's administrator: archive, unarchive, close or reopen a project."""
        path = f"/projects/{self.project(name)}/{what}.json"
        done = self.redmine.act("admin", "PUT", path)
        assert done.is_success, done.text

    def deletes(self, issue: str) -> None:
        """Redmine's administrator deletes an issue for good."""
        done = self.redmine.act("admin", "DELETE", f"/issues/{issue}.json")
        assert done.is_success, done.text

    def copies(self, issue: str, name: str, subject: str) -> str:
        """Redmine's own copy of an issue, all its custom fields with it; its number."""
        told = {"issue": {"project_id": self.project(name), "subject": subject}}
        done = self.redmine.act("admin", "POST", f"/issues.json?copy_from={issue}", told)
        assert done.is_success, done.text
        return str(done.json()["issue"]["id"])

    def merges(self, loser: str, survivor: str) -> None:
        """The desk finds that two tickets are one."""
        path, told = f"/REST/2.0/ticket/{loser}", {"MergeInto": int(survivor)}
        done = self.desk.act("agent1", "PUT", path, told)
        assert "Merge Successful" in done.text, done.text

    # -- what sdsync tells -------------------------------------------------------------------
    @cached_property
    def store(self) -> SqlStore:
        """For what is waited for: a command costs as much as a change does."""
        return open_store(None, None, path=self.daemon.folder)

    def share(self, ticket: str) -> Share:
        """What the store has of a ticket."""
        share = self.store.share_of(Ref("desk", "ticket", ticket))
        assert share is not None, self.daemon.log()[-2000:]
        return share

    def waits(self, ticket: str, state: GroupState, text: str) -> str:
        """The one cause for which something of the record is parked or held in these words."""
        rows = [row for one in self.share(ticket).replicas for row in one.groups.values()]
        waits = {one.cause for one in rows if one.state is state}
        found = [one.id for one in self.store.causes() if one.id in waits and text in one.text]
        assert len(found) == 1, rows
        return found[0]

    def told(self, ticket: str, action: str) -> list[AuditRow]:
        """The rows of the trail in which something happened to the record."""
        rows = self.store.audit(hub_id=self.share(ticket).hub.id)
        return [one for one in rows if one.action == action]

    def trace(self, ticket: str) -> Mapping[str, Any]:
        """Everything about one record."""
        told: Mapping[str, Any] = self.daemon.told("trace", f"desk#{ticket}", "--all")
        return told

    def side(self, ticket: str, system: str) -> Mapping[str, Any]:
        """One side of it."""
        (told,) = (one for one in self.trace(ticket)["sides"] if one["system"] == system)
        side: Mapping[str, Any] = told
        return side

    def said(self, ref: str) -> str:
        """What ``trace`` shows a person."""
        return self.daemon.type("trace", ref, "--all").stdout

    def parked(self, ticket: str, what: str) -> Mapping[str, Any]:
        """The cause of the record whose words hold these; what ``dead show`` tells of it."""
        until(lambda: self.waits(ticket, GroupState.PARKED, what))
        told = self.daemon.told("dead", "show", f"desk#{ticket}", "--offline")
        found = [one for one in told if what in one["cause"]["text"]]
        assert len(found) == 1, told
        cause: Mapping[str, Any] = found[0]["cause"]
        return cause


def having(notes: Sequence[Note], text: str) -> list[Note]:
    """The notes that hold this text."""
    return [one for one in notes if text in one.text]


def word() -> str:
    """A word that stands nowhere else."""
    return f"word-{uuid4().hex[:10]}"
