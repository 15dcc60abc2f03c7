"""Escalation: what a ticket brings along, how edits follow, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.real.people import OURS
from tests.real.proofs.escalation.world import Escalation, Pair, Robot, having, same, word
from tests.real.rig import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def pair(world: Escalation, robot: Robot) -> Pair:
    """A ticket with a life before it enters: an owner, notes for two audiences, a file, tags."""
    agent, words = world.agent, ("internal", "public")
    ticket = agent.opens(f"db07 is slow {word()}", queue="General", Priority="100", Owner="agent1")
    agent.comments(ticket, f"{words[0]}: it is the disk")
    agent.replies(ticket, f"{words[1]}: we look at it")
    agent.attaches(ticket, "top.txt", b"load 97")
    agent.edits(ticket, Queue=world.queue("plain"))
    return world.pair(ticket)


def test_a_ticket_that_enters_brings_its_life_along(world: Escalation, pair: Pair) -> None:
    def whole() -> None:
        there = world.dev.issue(pair.issue)
        assert (there["priority"]["name"], there["status"]["name"]) == ("High", "In Progress")
        assert there["assigned_to"]["name"] == "Agent One"
        assert "The *disk* is full." in there["description"]
        notes = world.dev.notes(pair.issue)
        assert all(having(notes, one) for one in ("it is the disk", "we look at it"))
        assert world.dev.files(pair.issue) == [("top.txt", b"load 97")]

    until(whole)
    assert {one.internal for one in world.dev.notes(pair.issue)} == {True}


def test_owner_and_tags_follow_both_ways(world: Escalation, pair: Pair) -> None:
    agent, dev = world.agent, world.dev
    agent.edits(pair.ticket, Owner="agent2", CustomFields={"sdsync tags": ["env:prod", "vip"]})

    def at_dev() -> None:
        assert world.assignee(pair.issue) == "Agent Two"
        assert world.at_dev(pair.issue, "sdsync tags") == "env:prod, vip"

    until(at_dev)
    dev.edits(pair.issue, assigned_to_id="")
    world.sets(pair.issue, "sdsync tags", "vip, db")  # one is taken away, one is new

    def at_desk() -> None:
        assert world.owner(pair.ticket) == "Nobody"
        assert world.at_desk(pair.ticket, "sdsync tags") == ["db", "vip"]

    until(at_desk)


def test_whom_a_policy_gives_no_say_keeps_what_it_has_and_is_told(world: Escalation) -> None:
    pair = world.born("ruled", "the desk owns the title")
    ticket, issue = pair.ticket, pair.issue
    title = world.agent.ticket(ticket)["Subject"]

    world.dev.edits(issue, subject="dev says so", due_date="2027-01-02", description="rewritten")
    world.sets(issue, world.field("Room"), "B12")

    until(lambda: same(world.at_desk(ticket, world.field("Room")), ["B12"]))
    here, why = world.agent.ticket(ticket), world.why(ticket)
    assert (here["Subject"], here["Due"]) == (title, "1970-01-01T00:00:00Z")
    assert why["title"] == "differs at dev: desk owns it"
    assert why["description"] == "differs at dev: desk owns it"
    assert world.dev.issue(issue)["subject"] == "dev says so"  # it was not taken back

    world.agent.edits(ticket, Subject=f"{title}, and so on")
    until(lambda: same(world.dev.issue(issue)["subject"], f"{title}, and so on"))


@dataclass(frozen=True)
class Conflict:
    """Two records that both sides changed while nobody looked."""

    apart: Pair
    both: Pair
    note: str


@pytest.fixture(scope="module")
def conflict(world: Escalation, robot: Robot) -> Conflict:
    """While the daemon is away, both sides work: on groups apart, and on the same."""
    tickets = [world.opens("plain", "apart"), world.opens("ruled", "the same", Priority="50")]
    apart, both = (world.pair(one) for one in tickets)
    for one in (apart, both):
        until(lambda it=one: world.in_step(it.ticket))  # type: ignore[misc]
    note = word()
    assert world.daemon.stop() == 0
    world.agent.edits(apart.ticket, Subject="seen by the desk", Priority="100")
    world.dev.edits(apart.issue, status="In Progress", notes=note)
    world.sets(apart.issue, "sdsync tags", "db")
    world.agent.edits(both.ticket, Status="stalled", Priority="100", Owner="agent1")
    world.dev.edits(both.issue, status="Resolved", priority="Low", notes=note)
    world.daemon.start()
    return Conflict(apart, both, note)


def test_changes_of_different_groups_at_once_all_survive(
    world: Escalation, conflict: Conflict
) -> None:
    ticket, issue = conflict.apart.ticket, conflict.apart.issue

    def survived() -> None:
        here, there = world.agent.ticket(ticket), world.dev.issue(issue)
        assert (here["Subject"], here["Priority"], here["Status"]) == (
            "seen by the desk", "100", "open",
        )  # fmt: skip
        assert (there["subject"], there["priority"]["name"], there["status"]["name"]) == (
            "seen by the desk", "High", "In Progress",
        )  # fmt: skip
        assert world.at_desk(ticket, "sdsync tags") == ["db"]
        assert len(having(world.agent.notes(ticket), conflict.note)) == 1

    until(survived)


def test_what_is_held_waits_alone_and_a_choice_ends_it(
    world: Escalation, conflict: Conflict
) -> None:
    ticket, issue = conflict.both.ticket, conflict.both.issue

    def rest() -> None:
        there = world.dev.issue(issue)
        assert (there["priority"]["name"], there["assigned_to"]["name"]) == ("High", "Agent One")
        assert world.agent.ticket(ticket)["Priority"] == "100"  # the higher of the two
        assert len(having(world.agent.notes(ticket), conflict.note)) == 1

    until(rest)
    story = world.daemon.type("trace", f"desk#{ticket}").stdout
    assert world.dev.issue(issue)["status"]["name"] == "Resolved", story
    assert world.agent.ticket(ticket)["Status"] == "stalled", story
    shown = world.daemon.type("held", "show", f"desk#{ticket}")
    assert shown.returncode == 3
    assert f"> sdsync held choose desk#{ticket} outcome dev" in shown.stdout
    (held,) = world.daemon.told("held", "show", f"desk#{ticket}")
    heads = {one["system"]: one["values"]["status"] for one in held["candidates"]}
    assert heads == {"desk": "waiting", "dev": "resolved"}

    chosen = world.daemon.type("held", "choose", f"desk#{ticket}", "outcome", "desk")
    assert chosen.returncode == 0, chosen.stderr
    until(lambda: same(world.dev.issue(issue)["status"]["name"], "Feedback"))
    assert world.agent.ticket(ticket)["Status"] == "stalled"
    assert world.daemon.type("held", "show", f"desk#{ticket}").returncode == 1
    ours = [one for one in world.agent.notes(ticket) if one.by == OURS]
    assert len(ours) == 1  # the other side's note, and none of ours beside it
