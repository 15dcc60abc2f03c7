"""Queues that escalate through doors of the tests' own, and what became of each record."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from sdsync.store.opening import open_store
from sdsync.store.records import Ref, ReplicaState
from sdsync.store.sql import SqlStore
from tests.real.conftest import Product
from tests.real.inside import PATIENCE_S, perl, ruby
from tests.real.people import Agent, Developer
from tests.real.rig import Daemon, until

HERE = Path(__file__).parent
#: A queue and a project that no sync takes from: what is moved there left, and is finished.
YARD = "yard"
#: How many changes each trouble lasts.
CHANGES = int(os.environ.get("SDSYNC_REAL_CHANGES", "12"))
LONG = CHANGES >= 200
#: Chooses edits, and moments of kill -9; it is printed.
SEED = int(os.environ.get("SDSYNC_REAL_SEED", "20261122"))
#: What the shipped packs say of the stock words.
STATUS = {"new": "New", "open": "In Progress", "stalled": "Feedback", "resolved": "Resolved"}
PRIORITY = {"100": "High", "50": "Normal", "0": "Low"}
#: Of one record: with more than ten notes in ten minutes sdsync suspects a loop.
MOST_NOTES = 8
_WORD = re.compile(r"\bword-[0-9a-f]{10}\b")


@dataclass
class Record:
    """A ticket as people left it: what must be found in both products in the end."""

    name: str  # of its queue
    word: str  # in each of its titles
    ticket: str
    title: str
    status: str = "new"
    priority: str = "50"
    notes: list[str] = field(default_factory=list)  # words, the oldest first
    theirs: list[str] = field(default_factory=list)  # words of developers
    files: list[str] = field(default_factory=list)  # their names
    issue: str = ""
    merged_into: Record | None = None
    taken_over: list[str] = field(default_factory=list)  # words of those merged into it


@dataclass
class House:
    """Both products, the people in them, and the daemon between them."""

    daemon: Daemon
    desk: Product
    redmine: Product
    run: str
    rand: Random = field(default_factory=lambda: Random(SEED))

    @cached_property
    def agent(self) -> Agent:
        """Somebody at the desk."""
        return Agent(self.desk)

    @cached_property
    def dev(self) -> Developer:
        """A developer."""
        return Developer(self.redmine)

    def leave(self) -> None:
        """Everybody goes home."""
        self.agent.leaves()
        self.dev.leaves()

    # -- people at work --------------------------------------------------------------------
    def opens(self, name: str, **more: Any) -> Record:
        """A new ticket."""
        one = word()
        title = f"begins {one}"
        ticket = self.agent.opens(title, queue=f"{name} {self.run}", Priority="50", **more)
        return Record(name, one, ticket, title)

    def born(self, name: str, number: int) -> list[Record]:
        """New tickets whose issues are there, and whose first reading is over."""
        records = [self.opens(name) for _ in range(number)]
        self.arrive(records)
        return records

    def change(self, records: list[Record], *, name: str) -> None:
        """Somebody at the desk opens, comments or edits; the records know what was done."""
        one = self.rand.choice(records)
        deed = self.rand.choice(("born", "note", "note", "note", "title", "status", "priority"))
        if deed == "note" and len(one.notes) + len(one.theirs) < MOST_NOTES:
            self.comments(one)
        elif deed in ("title", "note"):
            self.retitles(one)
        elif deed == "status":
            one.status = {"open": "stalled"}.get(one.status, "open")
            self.agent.edits(one.ticket, Status=one.status)
        elif deed == "priority":
            one.priority = self.rand.choice([key for key in PRIORITY if key != one.priority])
            self.agent.edits(one.ticket, Priority=one.priority)
        else:
            records.append(self.opens(name))

    def comments(self, one: Record) -> None:
        """Somebody at the desk, between staff."""
        one.notes.append(word())
        self.agent.comments(one.ticket, f"note {len(one.notes)}: {one.notes[-1]}")

    def retitles(self, one: Record) -> None:
        """Somebody at the desk."""
        one.title = f"{word()} of {one.word}"
        self.agent.edits(one.ticket, Subject=one.title)

    def answers(self, one: Record) -> None:
        """A developer, with a note of their own."""
        one.theirs.append(word())
        self.dev.notes_down(one.issue, f"answer: {one.theirs[-1]}")

    def attaches(self, one: Record) -> None:
        """Somebody at the desk: a comment with a file."""
        one.notes.append(word())
        one.files.append(f"{one.notes[-1]}.bin")  # which the comment names
        self.agent.attaches(one.ticket, one.files[-1], self.rand.randbytes(700))

    # -- what became of it -----------------------------------------------------------------
    def arrive(self, records: Sequence[Record]) -> None:
        """Wait until both products show what people did: all, in its order, and nothing twice."""
        until(lambda: self.look_alike(records))
        for one in records:
            until(lambda one=one: self._same_talk(one))  # type: ignore[misc]
        self.look_alike(records)  # and meanwhile nothing came twice

    def look_alike(self, records: Sequence[Record]) -> None:
        """Each record is one issue, and shows what the ticket shows."""
        shown: dict[str, list[dict[str, Any]]] = {}
        for row in self._issues({one.name for one in records}):
            found = _WORD.findall(row["subject"])
            shown.setdefault(found[-1] if found else "", []).append(row)
        for one in records:
            rows = shown.get(one.word, [])
            assert len(rows) == 1, f"{len(rows)} issues of {one}; {self.daemon.log()[-2000:]}"
            one.issue = str(rows[0]["id"])
            there = rows[0]["subject"], rows[0]["status"]["name"], rows[0]["priority"]["name"]
            assert there == (one.title, STATUS[one.status], PRIORITY[one.priority]), one

    def numbers(self, name: str) -> set[str]:
        """Of each issue that is there."""
        return {str(row["id"]) for row in self._issues({name})}

    def _issues(self, names: set[str]) -> list[dict[str, Any]]:
        places = [f"{name}-{self.run}" for name in (YARD, *names)]
        return [row for place in places for row in self._listed(place)]

    def _listed(self, place: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for offset in range(0, 10_000, 100):
            path = f"/issues.json?project_id={place}&status_id=*&limit=100&offset={offset}&sort=id"
            told = self.redmine.act("admin", "GET", path).json()["issues"]
            rows += told
            if len(told) < 100:
                break
        return rows

    def _same_talk(self, one: Record) -> None:
        there = self.dev.issue(one.issue)
        _told([row["notes"] for row in there["journals"] if row.get("notes")], one)
        assert sorted(row["filename"] for row in there["attachments"]) == sorted(one.files)
        if one.merged_into is not None:
            return  # its ticket is the survivor's
        here = self.agent.ticket(one.ticket)
        shown = here["Subject"], here["Status"], here["Priority"]
        assert shown == (one.title, one.status, one.priority)
        if one.notes or one.theirs or one.taken_over:
            _told([note.text for note in self.agent.notes(one.ticket)], one)

    def in_step(self, records: Sequence[Record]) -> None:
        """sdsync says so of each."""
        with closing(self.store()) as store:
            for one in records:
                if one.merged_into is not None:
                    continue  # nothing is written there any more
                share = store.share_of(Ref("desk", "ticket", one.ticket))
                assert share is not None, one
                told = [
                    (each.system, each.groups, each.doubt)
                    for each in share.replicas
                    if each.state is not ReplicaState.MERGED
                ]
                assert sorted(told) == [("desk", {}, {}), ("dev", {}, {})], told
                assert all(each.native_id for each in share.replicas), one

    def has_read(self, records: Sequence[Record]) -> None:
        """What people did at the desk is merged, whether anybody could be told of it or not."""
        with closing(self.store()) as store:
            for one in records:
                share = store.share_of(Ref("desk", "ticket", one.ticket))
                assert share is not None, one
                assert share.hub.values["title"] == one.title
                assert sum(each.kind == "note" for each in share.elements) == len(one.notes)

    def letters(self) -> list[str]:
        """What ``dead list`` tells a person."""
        return [one["text"] for one in self.daemon.told("dead", "list")["causes"]]

    def said(self, system: str) -> list[str]:
        """How often the trail tells that a system is out, or back."""
        with closing(self.store()) as store:
            rows = [one for one in store.audit(limit=1_000_000) if one.system == system]
        return [one.action for one in rows if one.action in ("system_out", "system_back")]

    def is_now(self, system: str, state: str) -> None:
        """As the screens show it."""
        with closing(self.store()) as store:
            assert store.system(system).state == state

    def store(self) -> SqlStore:
        """The daemon's, to look into."""
        return open_store(None, None, path=self.daemon.folder)


def _told(notes: Sequence[str], one: Record) -> None:
    """All that was said of a record, the desk's own in its order; nothing twice."""
    said = [each for note in notes for each in _WORD.findall(note)]
    for each in one.taken_over:  # the survivor's ticket shows them, its issue need not
        assert said.count(each) <= 1
    said = [each for each in said if each not in one.taken_over]
    ours = [each for each in said if each not in one.theirs]
    assert ours == one.notes, f"{ours} in place of {one.notes}"
    assert sorted(each for each in said if each in one.theirs) == sorted(one.theirs)


@dataclass(frozen=True)
class Keys:
    """The credentials of sdsync's own account, which the daemon reads from files."""

    desk: Path
    dev: Path


def furnish(desk: Product, dev: Product, run: str, names: Sequence[str], keys: Keys) -> None:
    """Queues, projects and an account, as their administrators make them."""
    began = [
        (perl(desk, HERE / "world.pl", "make", run, *names, YARD), keys.desk),
        (ruby(dev, HERE / "world.rb", run, *names, YARD), keys.dev),
    ]
    for process, path in began:
        renew(path, _key(process))


def revoke(desk: Product, run: str) -> None:
    """The token of sdsync's own account, in Request Tracker."""
    _key(perl(desk, HERE / "world.pl", "revoke", run), "REVOKED")


def new_token(desk: Product, run: str) -> str:
    """Another token for that account."""
    return _key(perl(desk, HERE / "world.pl", "token", run))


def renew(path: Path, key: str) -> None:
    """As a person would: whole, and read by nobody else."""
    fresh = path.with_suffix(".new")
    fresh.touch(0o600)
    fresh.write_text(key, encoding="utf-8")
    fresh.replace(path)


def _key(process: subprocess.Popen[str], name: str = "KEY") -> str:
    out, _ = process.communicate(timeout=PATIENCE_S)
    found = re.search(rf"(?m)^{name}=(.+)$", out)
    assert process.returncode == 0, out[-3000:]
    assert found, out[-3000:]
    return found[1].strip()


def word() -> str:
    """A word that stands nowhere else."""
    return f"word-{uuid4().hex[:10]}"


def configure(
    daemon: Daemon,
    desk: Product,
    dev: str,
    run: str,
    names: Sequence[str],
    keys: Keys,
    sync: str = "",
) -> None:
    """Each queue with the project of its name; Redmine is found at ``dev``.

    Args:
        sync: Further lines of each sync.
    """
    lines = [
        f"server.port = {daemon.port}",
        f'[systems.desk]\nconnector = "request_tracker"\nurl = "{desk.base_url}"',
        f'token = "file:{keys.desk}"\npoll = "1s"',
        f'[systems.dev]\nconnector = "redmine"\nurl = "{dev}"',
        f'token = "file:{keys.dev}"\npoll = "3s"',
    ]
    for name in names:
        lines += [
            f'[syncs.{name}]\nmode = "live"\ndesk.take = \'queue == "{name} {run}"\'',
            f'dev.put = {{ project = "{name}-{run}", type = "bug" }}',
            sync,
        ]
    daemon.toml.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mappings = daemon.folder / "mappings"
    mappings.mkdir()
    for system, pack, at in (("desk", "request_tracker", "CustomFields"),
                             ("dev", "redmine", "custom_fields")):  # fmt: skip
        text = f"extends: {pack}/ticket\nfields:\n  ext.stage: {{ at: {at}.Stage {run} }}\n"
        (mappings / f"{system}-ticket.yaml").write_text(text, encoding="utf-8")
