"""The main job on the real products: what the README promises, with its own ten lines.

    make real ARGS="tests/real/test_main_job.py"     forty seconds of quiet are watched
    SDSYNC_REAL_LONG=1 make real ARGS=…              five minutes, and the README's own polling

SDSYNC_REAL_SEED chooses edits and moments of kill -9; the failing one is printed.
"""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.people import OURS, Agent, Developer, Note
from tests.real.rig import LONG, Daemon, throughout, until

pytestmark = pytest.mark.real

SEED = int(os.environ.get("SDSYNC_REAL_SEED", "20261121"))
QUIET_S = 300.0 if LONG else 40.0
KILLS = 5
RECORDS = "ABC" if LONG else "AB"
#: What the shipped packs say of the stock words.
STATUS = {"new": "New", "open": "In Progress", "stalled": "Feedback", "resolved": "Resolved"}
PRIORITY = {"100": "High", "50": "Normal", "0": "Low"}
TWO_WORDS = {"Urgent": "High"}  # two words there for one here
STAFF = {f"{who}@example.org" for who in ("agent1", "agent2", "admin", "sdsync")}


@dataclass
class Pair:
    """Both products, the people in them, and the daemon between them."""

    daemon: Daemon
    agent: Agent
    dev: Developer
    reporter: Developer
    stranger: Developer
    run: str  # a word in every subject of this run
    old: str  # stood in the queue before the sync was switched on
    elsewhere: str  # stood in another queue then
    shared: dict[str, str] = field(default_factory=dict)  # ticket -> issue

    def subject(self, text: str) -> str:
        return f"{text} {self.run}-{uuid4().hex[:6]}"

    def born(self, subject: str, **more: Any) -> tuple[str, str]:
        """A new ticket, and the issue that is born of it."""
        ticket = self.agent.opens(subject, **more)
        return ticket, self.issue_of(ticket, subject)

    def born_together(self, *texts: str) -> list[str]:
        """Several new tickets that are shared already."""
        subjects = [self.subject(text) for text in texts]
        tickets = [self.agent.opens(subject) for subject in subjects]
        for ticket, subject in zip(tickets, subjects, strict=True):
            self.issue_of(ticket, subject)
        return tickets

    def issue_of(self, ticket: str, subject: str) -> str:
        def found() -> str:
            (issue,) = self.called(subject)
            return str(issue["id"])

        self.shared[ticket] = until(found)
        return self.shared[ticket]

    def called(self, subject: str) -> list[dict[str, Any]]:
        issues = self.dev.called(subject)
        assert issues, f"no issue is called {subject}; {self.daemon.log()[-2000:]}"
        return issues

    def agree(self, ticket: str) -> None:
        """Both products show the same; and nothing twice."""
        here, there = self.agent.ticket(ticket), self.dev.issue(self.shared[ticket])
        assert there["subject"] == here["Subject"]
        assert there["status"]["name"] == STATUS[here["Status"]]
        urgency = there["priority"]["name"]
        assert TWO_WORDS.get(urgency, urgency) == PRIORITY[here["Priority"]]
        issue = self.shared[ticket]
        mine, theirs = words(self.agent.notes(ticket)), words(self.dev.notes(issue))
        assert mine == theirs
        assert set(mine.values()) <= {1}
        assert sorted(self.agent.files(ticket)) == sorted(self.dev.files(issue))


def words(notes: Sequence[Note]) -> Counter[str]:
    """How often each note's own word stands in a product."""
    return Counter(
        word for note in notes for word in re.findall(r"\bnote-[0-9a-f]{8}\b", note.text)
    )


def word() -> str:
    return f"note-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def pair(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    agent, run = Agent(request_tracker), uuid4().hex[:8]
    old = agent.opens(f"older than the sync {run}-old")
    elsewhere = agent.opens(f"begins elsewhere {run}-moved", queue="General")
    daemon = Daemon(tmp_path_factory.mktemp("sdsync"), request_tracker, redmine)
    daemon.start()
    until(daemon.watches)
    dev, reporter, stranger = (
        Developer(redmine, who) for who in ("agent1", "reporter", "anonymous")
    )
    yield Pair(daemon, agent, dev, reporter, stranger, run, old, elsewhere)
    print(daemon.type("status").stdout)
    for person in (agent, dev, reporter, stranger):
        person.leaves()
    assert daemon.stop() == 0


# -- born once ---------------------------------------------------------------------------
def test_a_new_ticket_is_born_as_an_issue_once(pair: Pair) -> None:
    subject = pair.subject("db01: disk full")

    ticket, issue = pair.born(subject, Priority="100")

    until(lambda: pair.agree(ticket))
    there = pair.dev.issue(issue)
    assert (there["project"]["name"], there["tracker"]["name"]) == ("Infra", "Bug")
    told = ["_Reported in desk by Customer One:_", "", "The *disk* is full."]
    assert there["description"].splitlines() == told  # Redmine ends lines as mail does
    assert there["author"]["name"] == "sdsync Sync"
    assert len(pair.called(subject)) == 1


def test_an_older_ticket_that_is_moved_into_the_queue_enters(pair: Pair) -> None:
    pair.agent.edits(pair.elsewhere, Queue="Escalated")

    pair.issue_of(pair.elsewhere, f"{pair.run}-moved")

    until(lambda: pair.agree(pair.elsewhere))
    assert len(pair.called(f"{pair.run}-moved")) == 1


# -- both ways -------------------------------------------------------------------------------
def test_title_status_and_urgency_follow_from_both_sides(pair: Pair) -> None:
    subject = pair.subject("edited on both sides")
    ticket, issue = pair.born(subject)

    pair.agent.edits(ticket, Subject=f"desk says: {subject}", Status="stalled", Priority="50")

    def at_dev() -> None:
        there = pair.dev.issue(issue)
        shown = there["subject"], there["status"]["name"], there["priority"]["name"]
        assert shown == (f"desk says: {subject}", "Feedback", "Normal")

    until(at_dev)
    pair.dev.edits(issue, subject=f"dev says: {subject}", status="In Progress", priority="Urgent")

    def at_desk() -> None:
        here = pair.agent.ticket(ticket)
        shown = here["Subject"], here["Status"], here["Priority"]
        assert shown == (f"dev says: {subject}", "open", "100")

    until(at_desk)
    assert pair.dev.issue(issue)["priority"]["name"] == "Urgent"  # RT has no such word: it stays
    assert pair.agent.ticket(ticket)["Cc"] == []  # Redmine makes our account a watcher: nobody


def test_notes_arrive_internal_on_both_sides_and_strangers_see_none(pair: Pair) -> None:
    ticket, issue = pair.born(pair.subject("who reads what"))
    comment, reply, public, private = (word() for _ in range(4))

    pair.agent.comments(ticket, f"between us: {comment}")
    pair.agent.replies(ticket, f"to the customer: {reply}")
    pair.dev.notes_down(issue, f"a *public* note: {public}")
    pair.dev.notes_down(issue, f"a private note: {private}", private=True)

    def everywhere() -> None:
        both = Counter([comment, reply, public, private])
        assert words(pair.agent.notes(ticket)) == both
        assert words(pair.dev.notes(issue)) == both
        # RT opens a ticket that somebody answers: that person's doing.
        assert pair.dev.issue(issue)["status"]["name"] == "In Progress"

    until(everywhere)
    ours_at_dev = [one for one in pair.dev.notes(issue) if one.by == "sdsync Sync"]
    ours_at_desk = [one for one in pair.agent.notes(ticket) if one.by == OURS]
    assert len(ours_at_dev) == len(ours_at_desk) == 2
    assert all(one.internal for one in [*ours_at_dev, *ours_at_desk])
    assert words(pair.reporter.notes(issue)) == Counter([public])
    assert pair.stranger.refused(issue) in (401, 403, 404)


def test_a_file_follows_from_both_sides(pair: Pair) -> None:
    ticket, issue = pair.born(pair.subject("with files"))
    here, there = os.urandom(5_000), bytes(range(256))

    pair.agent.attaches(ticket, "from desk.bin", here)
    pair.dev.attaches(issue, "Übersicht.bin", there)

    def both() -> None:
        files = [("from desk.bin", here), ("Übersicht.bin", there)]
        assert sorted(pair.agent.files(ticket)) == files
        assert sorted(pair.dev.files(issue)) == files

    until(both)


# -- killed while people work -----------------------------------------------------------------
def test_killed_five_times_while_people_work_nothing_is_lost_and_nothing_twice(pair: Pair) -> None:
    rand = Random(SEED)
    print(f"SDSYNC_REAL_SEED={SEED}")
    tickets = pair.born_together(*(f"record {letter}" for letter in RECORDS))
    script = [edit for ticket in tickets for edit in edits_of(pair, ticket, rand)]
    rand.shuffle(script)
    slice_size = len(script) // KILLS
    moments = {n * slice_size + rand.randrange(slice_size) for n in range(KILLS)}
    killers = []

    try:
        for number, (_, edit) in enumerate(script):
            edit()
            if number in moments:
                killers.append(threading.Timer(rand.uniform(0.0, 1.5), pair.daemon.kill))
                killers[-1].start()
            threading.Event().wait(rand.uniform(0.0, 0.4))
    finally:
        for killer in killers:
            killer.join()

    assert pair.daemon.kills == KILLS
    for ticket in tickets:
        until(lambda one=ticket: pair.agree(one))  # type: ignore[misc]
        assert_last_words(pair, ticket, [told for told, _ in script if told[0] == ticket])


Told = tuple[str, str, Any]


def edits_of(pair: Pair, ticket: str, rand: Random) -> list[tuple[Told, Callable[[], None]]]:
    """Edits of one record; each field has one side that edits it, so the last one must stand."""
    issue, desk, dev = pair.shared[ticket], pair.agent, pair.dev
    edits: list[tuple[Told, Callable[[], None]]] = []

    def add(what: str, value: Any, work: Callable[[], None]) -> None:
        edits.append(((ticket, what, value), work))

    at_desk = {name: rand.random() < 0.5 for name in ("title", "status", "priority")}
    subject = desk.ticket(ticket)["Subject"]
    for number in range(4):
        title = f"{subject} {number}"
        status = rand.choice(("open", "stalled"))
        priority = rand.choice(tuple(PRIORITY))
        if at_desk["title"]:
            add("title", title, lambda v=title: desk.edits(ticket, Subject=v))  # type: ignore[misc]
        else:
            add("title", title, lambda v=title: dev.edits(issue, subject=v))  # type: ignore[misc]
        if at_desk["status"]:
            add("status", status, lambda v=status: desk.edits(ticket, Status=v))  # type: ignore[misc]
        else:
            add("status", status, lambda v=STATUS[status]: dev.edits(issue, status=v))  # type: ignore[misc]
        if at_desk["priority"]:
            add("priority", priority, lambda v=priority: desk.edits(ticket, Priority=v))  # type: ignore[misc]
        else:
            add("priority", priority, lambda v=PRIORITY[priority]: dev.edits(issue, priority=v))  # type: ignore[misc]
    for number in range(2):
        here, there, content = word(), word(), os.urandom(500)
        add("note", here, lambda v=here: desk.comments(ticket, v))  # type: ignore[misc]
        add("note", there, lambda v=there: dev.notes_down(issue, v))  # type: ignore[misc]
        name = f"{number}.bin"
        side = desk.attaches if rand.random() < 0.5 else dev.attaches
        key = ticket if side == desk.attaches else issue
        add("file", (name, content), lambda s=side, k=key, n=name, c=content: s(k, n, c))  # type: ignore[misc]
    return edits


def assert_last_words(pair: Pair, ticket: str, told: Sequence[Told]) -> None:
    last = {what: value for _, what, value in told}
    here = pair.agent.ticket(ticket)
    assert here["Subject"] == last["title"]
    assert here["Status"] == last["status"]
    assert here["Priority"] == last["priority"]
    assert words(pair.agent.notes(ticket)) == Counter(v for _, what, v in told if what == "note")
    assert sorted(pair.agent.files(ticket)) == sorted(v for _, what, v in told if what == "file")


# -- quiet ----------------------------------------------------------------------------------------
def test_when_people_rest_nothing_is_written_anywhere(pair: Pair) -> None:
    for ticket in pair.shared:
        until(lambda one=ticket: pair.agree(one))  # type: ignore[misc]
    until(lambda: in_step(pair))
    newest = pair.agent.history(next(iter(pair.shared)))[-1]["id"]
    before = everything(pair, above=newest)

    def still() -> None:
        assert everything(pair, above=newest) == before

    throughout(still, seconds=QUIET_S / 2)
    pair.daemon.kill()  # a start is no reason to write either
    asked = throughout(still, seconds=QUIET_S / 2)

    assert asked > 1
    assert pair.daemon.told("status")["running"]


def everything(pair: Pair, *, above: str) -> tuple[object, ...]:
    """Every transaction of the desk, every issue's last change, and each write asked for."""
    rows = pair.agent.transactions(above=above)
    transactions = [(one["id"], one["Creator"]["id"]) for one in rows]
    issues = [(one["id"], one["updated_on"]) for one in pair.dev.all_issues()]
    return transactions, issues, pair.dev.writes_asked_for()


def in_step(pair: Pair) -> None:
    told = pair.daemon.told("status")
    assert all(one["lag_s"] == 0 for one in told["syncs"]), told
    for ticket in pair.shared:
        states = {one["state"] for one in pair.daemon.told("trace", f"desk#{ticket}")["sides"]}
        assert states == {"in step"}, (ticket, states)


# -- what sdsync itself says of it ----------------------------------------------------------------
def test_the_old_ticket_never_entered(pair: Pair) -> None:
    assert pair.dev.called(f"{pair.run}-old") == []
    assert pair.daemon.type("trace", f"desk#{pair.old}").returncode == 1


def test_status_trace_and_audit_say_the_same(pair: Pair) -> None:
    until(lambda: in_step(pair))
    told = pair.daemon.told("status")
    (sync,) = told["syncs"]
    assert (sync["shared"], sync["born"]) == (len(pair.shared), len(pair.shared))
    assert (sync["parked"], sync["held"], told["needs"]) == (0, 0, [])

    rows = pair.daemon.audit()
    born = Counter(row["ref"].rpartition("#")[2] for row in rows if row["action"] == "born")
    assert born == Counter(pair.shared.values())
    for ticket, issue in pair.shared.items():
        trace = pair.daemon.told("trace", f"desk#{ticket}", "--all")
        assert [one["system"] for one in trace["sides"]] == ["desk", "dev"]
        assert trace["title"] == pair.agent.ticket(ticket)["Subject"]
        here = [one for one in pair.agent.notes(ticket) if one.by == OURS and words([one])]
        there = [one for one in pair.dev.notes(issue) if one.by == "sdsync Sync"]
        placed = Counter(
            row["system"]
            for row in rows
            if row["action"] == "note_placed" and row["hub_id"] == trace["hub_id"]
        )
        assert placed == Counter(desk=len(here), dev=len(there))
    assert pair.daemon.type("audit", "verify").returncode == 0
    assert pair.daemon.type("store", "verify").returncode == 0


def test_nobody_was_mailed_whom_the_sync_may_not_mail(pair: Pair) -> None:
    """Left out, ``mail`` allows staff, for a person's own change, and no customer ever."""
    mails = [*pair.agent.mails(), *pair.dev.mails()]
    ours = [one for one in mails if one.by == OURS and pair.run in one.subject]

    assert [one for one in mails if one.by == "agent1"]  # the sinks do catch mail
    assert [one for one in ours if not one.to <= STAFF] == []
