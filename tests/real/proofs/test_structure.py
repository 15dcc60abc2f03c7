"""Records that are merged, split, moved, put away, deleted, cloned: nothing lost, nothing twice."""

from __future__ import annotations

import pytest

from sdsync.store.records import GroupState
from tests.real.proofs.world import World, having, word
from tests.real.rig import until

pytestmark = pytest.mark.real

#: What the proofs need: a name, and the way that its ticket goes.
OPENED = {
    "merged": "private", "survivor": "private", "whole": "private", "left": "private",
    "deleted": "private", "recalled": "private", "cloned": "mutual",
    "roaming": "frozen", "frozen": "frozen", "shelved": "shelved", "shut": "shut",
}  # fmt: skip
OUTSIDE = "General"


@pytest.fixture(scope="module")
def tickets(world: World) -> dict[str, str]:
    """Shared tickets, all opened at once; what takes a minute to be proved begins here."""
    tickets = {name: world.opens(way, f"{name}:") for name, way in OPENED.items()}
    for one in tickets.values():
        world.issue_of(one)
    world.deletes(world.shared[tickets["deleted"]])
    world.agent.edits(tickets["deleted"], Priority="100")
    return tickets


def test_after_a_merge_both_issues_stay_and_each_word_stands_once(
    world: World, tickets: dict[str, str]
) -> None:
    loser, survivor = tickets["merged"], tickets["survivor"]
    old, new = world.shared[loser], world.shared[survivor]
    before, last, after, late = (word() for _ in range(4))
    world.agent.comments(loser, f"long before: {before}")
    until(lambda: stands(world, old, before))

    world.agent.comments(loser, f"merging it, for {last}")
    world.merges(loser, survivor)
    world.agent.comments(survivor, f"after: {after}")
    until(lambda: stands(world, old, "Duplicate of"))
    world.dev.notes_down(old, f"written on the loser's issue: {late}", private=True)
    world.agent.edits(survivor, Priority="100")

    def settled() -> None:
        for text in (last, after, late):
            stands(world, new, text)
        assert len(having(world.agent.notes(survivor), late)) == 1
        assert world.dev.issue(new)["priority"]["name"] == "High"

    until(settled)
    stands(world, old, before)
    issue = world.dev.issue(old)
    assert (issue["priority"]["name"], issue["status"]["name"]) == ("Low", "New")
    assert having(world.dev.notes(new), before) == having(world.dev.notes(old), after) == []
    assert f"{loser} was merged into it" in world.said(f"desk#{survivor}")
    told = world.said(f"dev#{old}")
    assert f"into {survivor}" in told
    assert "  merged\n" in told


def test_what_is_split_off_by_hand_is_a_record_of_its_own(
    world: World, tickets: dict[str, str]
) -> None:
    whole, said = tickets["whole"], word()
    world.agent.comments(whole, f"of the whole: {said}")

    part = world.opens("private", "split off:", RefersTo=whole)
    issue = world.issue_of(part)

    def tied() -> None:
        assert world.related(issue) == [frozenset((issue, world.shared[whole]))]
        stands(world, world.shared[whole], said)

    until(tied)
    assert having(world.dev.notes(issue), said) == []
    assert world.issues_of(whole) == [world.shared[whole]]
    assert world.share(part).hub.id != world.share(whole).hub.id


def test_a_move_into_the_queue_of_another_sync_keeps_its_issue(
    world: World, tickets: dict[str, str]
) -> None:
    """The first sync would freeze what leaves; this does not leave."""
    ticket, said = tickets["roaming"], word()
    world.agent.edits(ticket, Queue=world.queue("written"))
    world.agent.comments(ticket, f"from the other queue: {said}")

    until(lambda: stands(world, world.shared[ticket], said))
    assert world.issues_of(ticket) == [world.shared[ticket]]
    assert world.called(world.subject_of[ticket], "written") == []
    told = world.said(f"desk#{ticket}")
    assert "enters also: written" in told
    assert "left the sync" not in told


def test_what_left_and_froze_goes_on_with_the_same_issue_when_it_returns(
    world: World, tickets: dict[str, str]
) -> None:
    ticket, said = tickets["frozen"], word()
    issue = world.shared[ticket]
    world.agent.edits(ticket, Queue=OUTSIDE)
    until(lambda: happened(world, ticket, "left"))

    world.agent.edits(ticket, Priority="100")
    world.agent.comments(ticket, f"while it was away: {said}")
    other = world.born("frozen", "after it")[1]  # what came later is there: this was passed over
    assert world.dev.issue(issue)["priority"]["name"] == "Low"
    assert having(world.dev.notes(issue), said) == []

    world.agent.edits(ticket, Queue=world.queue("frozen"))

    def caught_up() -> None:
        assert world.dev.issue(issue)["priority"]["name"] == "High"
        stands(world, issue, said)

    until(caught_up)
    assert other != issue
    assert world.issues_of(ticket) == [issue]
    told = world.said(f"desk#{ticket}")
    assert told.count(f"left the sync: {OUTSIDE}") == 1
    assert "back in the sync" in told


def test_what_left_is_finished_by_default(world: World, tickets: dict[str, str]) -> None:
    ticket, said = tickets["left"], word()
    world.agent.edits(ticket, Queue=OUTSIDE)
    world.agent.comments(ticket, f"still ours: {said}")

    until(lambda: stands(world, world.shared[ticket], said))
    assert f"left the sync: {OUTSIDE}" in world.said(f"desk#{ticket}")


@pytest.mark.parametrize(
    ("name", "away", "back"), [("shelved", "archive", "unarchive"), ("shut", "close", "reopen")]
)
def test_what_waits_for_a_project_that_is_put_away_goes_there_once_it_is_back(
    world: World, tickets: dict[str, str], name: str, away: str, back: str
) -> None:
    ticket, said = tickets[name], word()
    issue = world.shared[ticket]
    world.turns(name, away)
    world.agent.comments(ticket, f"meanwhile: {said}")
    late = world.opens(name, "opened meanwhile:")
    until(lambda: happened(world, ticket, "out_of_reach"))
    cause = world.parked(late, world.project(name))
    assert "out of our reach" in world.said(f"desk#{ticket}")

    world.turns(name, back)
    assert world.daemon.type("resync", f"desk#{ticket}").returncode == 0
    assert world.daemon.type("dead", "replay", cause["id"]).returncode == 0

    until(lambda: stands(world, issue, said))
    world.issue_of(late)
    assert world.told(ticket, "gone") == world.told(ticket, "missing") == []
    assert "within reach again" in world.said(f"desk#{ticket}")


def test_a_deleted_issue_waits_for_a_person_and_its_ticket_stays_open(
    world: World, tickets: dict[str, str]
) -> None:
    ticket = tickets["deleted"]
    until(lambda: world.waits(ticket, GroupState.HELD, f"#{world.shared[ticket]} was deleted"))

    assert world.agent.ticket(ticket)["Status"] == "new"
    assert world.issues_of(ticket) == []
    shown = world.daemon.type("held", "show", f"desk#{ticket}")
    assert f"sdsync unlink desk#{ticket}" in shown.stdout
    assert world.daemon.type("unlink", f"desk#{ticket}", "--yes").returncode == 0
    assert nothing_held(world, ticket)


def test_a_ticket_that_is_deleted_and_recalled_leaves_nothing_to_decide(
    world: World, tickets: dict[str, str]
) -> None:
    ticket, said = tickets["recalled"], word()
    world.sets_status(ticket, "deleted")
    until(lambda: world.waits(ticket, GroupState.HELD, f"desk {ticket} was deleted"))
    assert world.dev.issue(world.shared[ticket])["status"]["name"] == "New"

    world.sets_status(ticket, "open")
    world.agent.comments(ticket, f"it was needed: {said}")

    until(lambda: stands(world, world.shared[ticket], said))
    assert nothing_held(world, ticket)


def test_a_clone_that_bears_our_mark_is_a_record_of_its_own(
    world: World, tickets: dict[str, str]
) -> None:
    ticket, said = tickets["cloned"], word()
    issue, subject = world.shared[ticket], f"copied by hand {word()}"
    clone = world.copies(issue, "mutual", subject)
    assert mark_of(world, clone) == mark_of(world, issue) != ""
    world.dev.notes_down(clone, f"on the clone: {said}", private=True)

    def born() -> str:
        (twin,) = world.tickets_called(subject, "mutual") or ("",)
        assert twin
        assert len(having(world.agent.notes(twin), said)) == 1
        return twin

    twin = until(born)
    assert having(world.agent.notes(ticket), said) == []
    assert world.side(ticket, "dev")["key"] == f"{world.project('mutual')}#{issue}"
    assert world.side(twin, "dev")["key"] == f"{world.project('mutual')}#{clone}"


def stands(world: World, issue: str, text: str) -> None:
    """The text stands there once, and for staff alone."""
    assert [one.internal for one in having(world.dev.notes(issue), text)] == [True]


def happened(world: World, ticket: str, action: str) -> None:
    """The trail tells it."""
    assert world.told(ticket, action)


def nothing_held(world: World, ticket: str) -> bool:
    """No person is asked about it."""
    rows = [row for one in world.share(ticket).replicas for row in one.groups.values()]
    return GroupState.HELD not in {one.state for one in rows}


def mark_of(world: World, issue: str) -> str:
    """Our mark, as everybody sees it there."""
    fields = {one["name"]: one["value"] for one in world.dev.issue(issue)["custom_fields"]}
    return str(fields["sdsync mark"])
