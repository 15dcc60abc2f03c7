"""Four queues that escalate to two projects, each with another policy or another lack."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tests.real.conftest import Product
from tests.real.inside import end, perl, ruby
from tests.real.people import Agent, Developer, Note
from tests.real.rig import Daemon, until

HERE = Path(__file__).parent
#: How long a script rests between two looks.
RESTS_S = 1.0

#: What each sync says beside ``take`` and ``put``.
SYNCS = {
    "plain": "",
    "strict": "",
    "ruled": 'fields = { title = "desk", urgency = "max", due_at = "each", outcome = "hold" }',
    "loud": 'notes = "as written"\nmail = "customers"',
}


@dataclass(frozen=True)
class Pair:
    """A ticket and its issue."""

    ticket: str
    issue: str


def configure(daemon: Daemon, desk: Product, dev: Product, run: str) -> None:
    """The daemon's folder: settings, and a mapping for each side."""
    lines = [
        f"server.port = {daemon.port}",
        f'[systems.desk]\nconnector = "request_tracker"\nurl = "{desk.base_url}"',
        'token = "env:RT_TOKEN"\npoll = "1s"',
        f'[systems.dev]\nconnector = "redmine"\nurl = "{dev.base_url}"',
        'token = "env:REDMINE_KEY"\npoll = "1s"',
        f'[systems.dev.places.loud-{run}]\naudience = "customer"',
    ]
    for name, more in SYNCS.items():
        project = f"{'loud' if name == 'loud' else 'esc'}-{run}"
        lines.append(f'[syncs.{name}]\nmode = "live"\ndesk.take = \'queue == "{name} {run}"\'')
        lines.append(f'dev.put = {{ project = "{project}", type = "bug" }}\n{more}')
    daemon.toml.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mappings = daemon.folder / "mappings"
    mappings.mkdir()
    rules = {
        "desk": ("request_tracker", f"CustomFields.Hidden {run}", "CustomFields", ""),
        "dev": ("redmine", "is_private", "custom_fields",
                ', table: { "yes": "true", "no": "false" }'),
    }  # fmt: skip
    for system, (pack, hidden, table, words) in rules.items():
        text = (
            f"extends: {pack}/ticket\nfields:\n"
            f"  ext.room:   {{ at: {table}.Room {run} }}\n"
            f"  ext.far:    {{ at: {table}.Far {run} }}\n"
            f"  ext.hidden: {{ at: {hidden}{words} }}\n"
        )
        (mappings / f"{system}-ticket.yaml").write_text(text, encoding="utf-8")


def furnish(desk: Product, dev: Product, run: str) -> None:
    """Queues, projects, roles and people, as their administrators make them."""
    end(perl(desk, HERE / "world.pl", run), ruby(dev, HERE / "world.rb", run))


@dataclass
class Escalation:
    """Both products, the people in them, and the daemon between them."""

    daemon: Daemon
    desk: Product
    redmine: Product
    run: str

    @cached_property
    def agent(self) -> Agent:
        """Somebody at the desk."""
        return Agent(self.desk)

    @cached_property
    def dev(self) -> Developer:
        """A developer."""
        return Developer(self.redmine)

    @cached_property
    def admin(self) -> Developer:
        """Redmine's administrator, who sees everything."""
        return Developer(self.redmine, "admin")

    def leave(self) -> None:
        """Everybody goes home."""
        for one in (self.agent, self.dev, self.admin):
            one.leaves()

    # -- names of this run ---------------------------------------------------------------
    def queue(self, name: str) -> str:
        """A queue."""
        return f"{name} {self.run}"

    def login(self, name: str) -> str:
        """Somebody's login in this run."""
        return f"{name}-{self.run}"

    def field(self, name: str) -> str:
        """A custom field of this run."""
        return f"{name} {self.run}"

    # -- at work -------------------------------------------------------------------------
    def opens(self, name: str, text: str, **more: Any) -> str:
        """A new ticket of a customer in a queue of this run; its number."""
        return self.agent.opens(f"{text} {word()}", queue=self.queue(name), **more)

    def born(self, name: str, text: str, **more: Any) -> Pair:
        """A new ticket, and the issue that is born of it."""
        return self.pair(self.opens(name, text, **more))

    def pair(self, ticket: str) -> Pair:
        """A ticket that has just entered, and the issue that is born of it."""
        told = self.agent.ticket(ticket)["Subject"].rpartition(" ")[2]

        def found() -> str:
            path = f"/issues.json?status_id=*&subject=~{told}"
            issues = self.redmine.act("admin", "GET", path).json()["issues"]
            assert len(issues) == 1, f"{len(issues)} issues; {self.daemon.log()[-2000:]}"
            return str(issues[0]["id"])

        return Pair(ticket, until(found))

    # -- as the products show it ---------------------------------------------------------
    def owner(self, ticket: str) -> str:
        """Whose ticket it is."""
        return str(self.agent.ticket(ticket)["Owner"]["id"])

    def assignee(self, issue: str) -> str | None:
        """The last name of whoever has the issue; as its administrator sees it."""
        told = self.admin.issue(issue).get("assigned_to")
        return None if told is None else str(told["name"])

    def at_desk(self, ticket: str, name: str) -> list[str]:
        """What a custom field of a ticket holds."""
        fields = self.agent.ticket(ticket)["CustomFields"]
        return next((sorted(one["values"]) for one in fields if one["name"] == name), [])

    def at_dev(self, issue: str, name: str) -> str | None:
        """What a custom field of an issue holds; None: it has no such field."""
        fields = self.admin.issue(issue)["custom_fields"]
        return next((one["value"] or "" for one in fields if one["name"] == name), None)

    def sets(self, issue: str, name: str, value: str) -> None:
        """A developer fills in a custom field."""
        fields = self.dev.issue(issue)["custom_fields"]
        number = next(one["id"] for one in fields if one["name"] == name)
        self.dev.edits(issue, custom_fields=[{"id": number, "value": value}])

    def person(self, login: str) -> int:
        """A person's number in Redmine."""
        told = self.redmine.act("admin", "GET", f"/users.json?name={login}").json()
        return next(int(one["id"]) for one in told["users"] if one["login"] == login)

    # -- administrators ------------------------------------------------------------------
    def adds_role(self, login: str, role: str) -> None:
        """Somebody gets one role more in the project ``esc``."""
        roles = self.redmine.act("admin", "GET", "/roles.json").json()["roles"]
        wanted = next(int(one["id"]) for one in roles if one["name"] == role)
        path = f"/projects/esc-{self.run}/memberships.json"
        members = self.redmine.act("admin", "GET", path).json()["memberships"]
        me = self.person(login)
        mine = next(one for one in members if one["user"]["id"] == me)
        told = {"role_ids": [wanted, *(one["id"] for one in mine["roles"])]}
        path = f"/memberships/{mine['id']}.json"
        done = self.redmine.act("admin", "PUT", path, {"membership": told})
        assert done.is_success, done.text

    def uses_stock_lifecycle(self, name: str) -> None:
        """Of a queue."""
        path = f"/REST/2.0/queue/{self.queue(name)}"
        done = self.desk.act("admin", "PUT", path, {"Lifecycle": "default"})
        assert done.is_success, done.text

    def may_own(self, login: str) -> None:
        """Somebody becomes one of the agents."""
        user = self.desk.act("admin", "GET", f"/REST/2.0/user/{login}").json()["id"]
        asked = [{"field": "Name", "value": "Agents"}]
        (group,) = self.desk.act("admin", "POST", "/REST/2.0/groups", asked).json()["items"]
        path = f"/REST/2.0/group/{group['id']}/members"
        done = self.desk.act("admin", "PUT", path, [user])
        assert done.is_success, done.text

    # -- as sdsync tells it --------------------------------------------------------------
    def trace(self, ticket: str) -> Mapping[str, Any]:
        """Everything about one record."""
        told: Mapping[str, Any] = self.daemon.told("trace", f"desk#{ticket}", "--all")
        return told

    def in_step(self, ticket: str) -> None:
        """Both sides of the record say so."""
        states = [one["state"] for one in self.trace(ticket)["sides"]]
        assert states == ["in step", "in step"], states

    def why(self, ticket: str) -> dict[str, str]:
        """Field -> what keeps it out of step, or what a write of it lost."""
        fields = self.trace(ticket)["fields"]
        return {one["name"]: str(one["why"]) for one in fields if one["why"]}

    def letters(self, ticket: str) -> dict[str, str]:
        """Group -> the cause for which it is parked, as ``dead show`` words it."""
        told = self.daemon.told("dead", "show", f"desk#{ticket}", "--offline")
        return {
            member["group"]: one["cause"]["text"]
            for one in told
            for member in one["members"]
            if member["state"] == "parked"
        }

    def wrote(self, ticket: str, field: str) -> list[str]:
        """Where each write of a field of the record went, and what it was; the oldest first."""
        hub = self.trace(ticket)["hub_id"]
        rows = self.daemon.audit()
        return [
            f"{row['system']} {row['after']}"
            for row in rows
            if (row["hub_id"], row["action"], row["field"]) == (hub, "written", field)
        ]


def having(notes: Sequence[Note], text: str) -> list[Note]:
    """The notes that hold this text."""
    return [one for one in notes if text in one.text]


def word() -> str:
    """A word that stands nowhere else."""
    return f"word-{uuid4().hex[:10]}"


def same(shown: object, wanted: object) -> None:
    """For :func:`until`."""
    assert shown == wanted


class Robot:
    """A script under a person's account: of its issue the priority is high, always.

    A script of the desk, under an account too, wants that of the ticket low.
    """

    def __init__(self, world: Escalation) -> None:
        self._dev = Developer(world.redmine, "agent2")
        self.pair = world.born("plain", "robot wants it low", Priority="0")
        self.raised = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._insists, daemon=True)

    def _insists(self) -> None:
        while not self._ends.wait(RESTS_S):
            if self._dev.issue(self.pair.issue)["priority"]["name"] != "High":
                self._dev.edits(self.pair.issue, priority="High")
                self.raised += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rests()
        self._dev.leaves()

    def rests(self) -> None:
        """It is switched off."""
        self._ends.set()
        self._thread.join()
