"""Who reads what: on stock products with half-granted rights, public projects and mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.real.people import OURS, Developer
from tests.real.proofs.world import World, having, word
from tests.real.rig import until

pytestmark = pytest.mark.real

FILE = b"a log of staff" * 4


@dataclass(frozen=True)
class Talk:
    """What was said about one ticket, by a word that stands nowhere else."""

    ticket: str
    comment: str  # between staff, with a file
    reply: str  # to the customer
    mail: str  # by the customer, through the gateway

    @property
    def file(self) -> str:
        """The name of the file that came with the comment, and is named in it."""
        return f"{self.comment}.log"


#: What the proofs need: a name, and the way that its ticket goes. All but the last are born.
OPENED = {
    "private": "private", "moved": "private", "written": "written", "merged": "written",
    "portal": "portal", "half": "half", "counter": "counter", "open": "open",
}  # fmt: skip


@pytest.fixture(scope="module")
def talks(world: World) -> Iterator[dict[str, Talk]]:
    """The same talk in projects of every kind; all tickets first, so that none is waited for."""
    tickets = {name: world.opens(way, f"about {name}") for name, way in OPENED.items()}
    talks = {name: Talk(ticket, word(), word(), word()) for name, ticket in tickets.items()}
    for one in talks.values():
        world.agent.attaches(one.ticket, one.file, FILE)
        world.agent.replies(one.ticket, f"to the customer: {one.reply}")
        world.mails_in(one.ticket, f"thank you\n{one.mail}", action="correspond")
    for name in OPENED.keys() - {"open"}:
        world.issue_of(tickets[name])
    yield talks
    # Whatever happened above: what a stranger and a reporter were shown is no word of staff.
    for one in talks.values():
        for reader in (world.reporter, world.stranger):
            issues = [world.shared[one.ticket]] if one.ticket in world.shared else []
            for issue in [issue for issue in issues if reader.refused(issue) == 200]:
                assert having(reader.notes(issue), one.comment) == []


def test_what_a_customer_mails_arrives_internal(world: World, talks: dict[str, Talk]) -> None:
    told, issue = talks["private"], world.shared[talks["private"].ticket]

    def arrived() -> None:
        for text in (told.comment, told.reply, told.mail):
            assert [one.internal for one in having(world.dev.notes(issue), text)] == [True]
        _files(world.dev, issue, told.file)

    until(arrived)
    (note,) = having(world.dev.notes(issue), told.mail)
    assert "Customer One wrote in desk" in note.text
    assert world.reporter.notes(issue) == []


def test_as_written_an_internal_note_reaches_staff_alone(
    world: World, talks: dict[str, Talk]
) -> None:
    told, issue = talks["written"], world.shared[talks["written"].ticket]

    def arrived() -> None:
        for text in (told.reply, told.mail, told.comment):
            assert len(having(world.dev.notes(issue), text)) == 1

    until(arrived)
    shown = world.reporter.notes(issue)
    assert len(having(shown, told.reply)) == len(having(shown, told.mail)) == 1
    assert having(shown, told.comment) == []


def test_a_file_of_staff_stays_out_of_a_project_that_customers_read(
    world: World, talks: dict[str, Talk]
) -> None:
    """Files have no flag in Redmine: everybody who sees the issue sees them."""
    told, issue = talks["portal"], world.shared[talks["portal"].ticket]
    cause = world.parked(told.ticket, "no file can be kept internal")
    until(lambda: _arrived(world.dev, issue, told.mail))

    _files(world.dev, issue)
    assert having(world.reporter.notes(issue), told.comment) == []
    assert world.project("portal") in cause["text"]
    files = next(one for one in world.trace(told.ticket)["elements"] if one["name"] == "files")
    assert (files["sides"], files["unplaceable"]) == ({"desk": 1, "dev": 0}, 1)


def test_a_developers_words_to_the_reporter_mail_no_customer(
    world: World, talks: dict[str, Talk]
) -> None:
    told, said = talks["written"], word()
    world.dev.notes_down(world.shared[told.ticket], f"seen by reporters: {said}")

    cause = world.parked(told.ticket, "would mail customers")

    assert having(world.agent.notes(told.ticket), said) == []
    assert 'mail = "customers"' in cause["remedy"]


def test_without_the_right_to_private_notes_none_is_written(
    world: World, talks: dict[str, Talk]
) -> None:
    """Redmine would take it, answer 204, and show it to everybody there."""
    told = talks["counter"]
    issue = world.shared[told.ticket]
    cause = world.parked(told.ticket, "cannot write internal notes")
    world.agent.edits(told.ticket, Priority="100")

    def flows() -> None:
        assert world.dev.issue(issue)["priority"]["name"] == "High"
        assert world.dev.issue(issue)["status"]["name"] == "In Progress"

    until(flows)
    assert [one for one in world.dev.notes(issue) if one.by == "sdsync Sync"] == []
    # Nor was one written and taken back a moment later.
    assert world.told(told.ticket, "leaked") == world.told(told.ticket, "note_placed") == []
    assert world.project("counter") in cause["text"]
    assert cause["remedy"] == "sdsync check --live dev"
    assert cause["id"] in world.daemon.type("status").stdout


def test_what_cures_it_is_said_and_once_cured_a_replay_brings_it(
    world: World, talks: dict[str, Talk]
) -> None:
    told, issue = talks["half"], world.shared[talks["half"].ticket]
    cause = world.parked(told.ticket, "cannot write internal notes")
    assert [one for one in world.dev.notes(issue) if one.by == "sdsync Sync"] == []
    checked = world.daemon.type("check", "--live", "dev")
    assert world.project("half") in checked.stdout
    assert "private" in checked.stdout

    world.gives_role("half", "sdsync")
    assert world.daemon.type("dead", "replay", cause["id"]).returncode == 0

    def arrived() -> None:
        for text in (told.comment, told.reply, told.mail):
            assert [one.internal for one in having(world.dev.notes(issue), text)] == [True]

    until(arrived)
    assert world.reporter.notes(issue) == []


def test_a_customers_ticket_is_not_born_in_public(world: World, talks: dict[str, Talk]) -> None:
    told = talks["open"]
    cause = world.parked(told.ticket, "is public")

    assert world.dev.called(world.agent.ticket(told.ticket)["Subject"]) == []
    assert world.project("open") in cause["text"]
    assert "private" in cause["remedy"]
    assert "not born" in world.daemon.type("trace", f"desk#{told.ticket}").stdout


def test_an_issue_that_is_moved_into_public_shows_nothing_of_staff(
    world: World, talks: dict[str, Talk]
) -> None:
    """The private notes stay private there; the file has no flag, and is taken back."""
    told, issue = talks["moved"], world.shared[talks["moved"].ticket]
    until(lambda: _files(world.dev, issue, told.file))

    world.moves(told.ticket, "open")

    until(lambda: _files(world.dev, issue))
    assert world.stranger.refused(issue) == 200
    assert world.stranger.notes(issue) == []
    shown = world.said(f"desk#{told.ticket}")
    assert f"moved: {world.project('private')} -> {world.project('open')}" in shown
    assert f"file taken back: {told.file}" in shown


def test_what_was_internal_stays_so_when_two_tickets_are_merged(
    world: World, talks: dict[str, Talk]
) -> None:
    """One project is read by staff, the other by customers; both notes are now one ticket's."""
    loser, survivor = talks["merged"], talks["portal"]
    old, issue = world.shared[loser.ticket], world.shared[survivor.ticket]
    until(lambda: _arrived(world.dev, old, loser.mail))
    before, late = word(), word()
    world.agent.comments(loser.ticket, f"just before: {before}")
    world.merges(loser.ticket, survivor.ticket)
    world.agent.comments(survivor.ticket, f"after the merge: {late}")

    until(lambda: _arrived(world.dev, issue, late))
    until(lambda: _arrived(world.dev, old, "Duplicate of"))
    staff = [*world.dev.notes(old), *world.dev.notes(issue)]
    assert len(having(staff, before)) == 1
    for one in (issue, old):
        shown = world.reporter.notes(one)
        for text in (before, late, loser.comment, survivor.comment, "Duplicate of"):
            assert having(shown, text) == []
    _files(world.dev, issue)


def test_nobody_was_mailed_by_what_sdsync_carried(world: World, talks: dict[str, Talk]) -> None:
    mails = [one for one in (*world.agent.mails(), *world.dev.mails()) if world.run in one.subject]

    assert [one for one in mails if one.by == "agent1" and "customer1@example.org" in one.to]
    assert [one for one in mails if one.by == OURS and "customer1@example.org" in one.to] == []
    assert [one for one in mails if "reporter@example.org" in one.to] == []


def _arrived(reader: Developer, issue: str, text: str) -> None:
    assert len(having(reader.notes(issue), text)) == 1


def _files(reader: Developer, issue: str, *names: str) -> None:
    # By their names alone: one that is being taken back may be listed, and gone when it is read.
    assert [one["filename"] for one in reader.issue(issue)["attachments"]] == list(names)
