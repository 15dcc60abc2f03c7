"""Redmine's notes in their authors' names, over the wire: proved, read back, or not used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sdsync.connectors.contract import (
    AddElement,
    Description,
    Done,
    Find,
    Found,
    Leave,
    NativeElement,
    NativeRecord,
)
from sdsync.connectors.failures import Transient
from sdsync.connectors.preparing import Asked, Stand, Survey
from sdsync.connectors.redmine import Redmine
from sdsync.sandbox import Pair
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.seed import DEVELOPER
from sdsync.store.records import Json, Ref
from tests.unit.sandbox.conftest import ManualClock, connected

SERVICE, NORA, MALIK, ROBOT = "5", "20", "21", "7"
NOTE = {"body": "seen here too", "internal": True}


@pytest.fixture
def redmine(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redmine]:
    """Our account is an administrator, and notes may be written in their authors' names."""
    pair.dev.act("promote", login="sdsync")
    with connected(pair, "dev", monkeypatch, impersonate=True) as connector:
        assert isinstance(connector, Redmine)
        yield connector


@pytest.fixture
def issue(pair: Pair) -> Ref:
    return opened(pair, "irina")


def opened(pair: Pair, by: str, **fields: Json) -> Ref:
    made: Json = pair.dev.act("create", by=by, subject="db01", **fields)
    return Ref("dev", "ticket", str(made["id"]))


def proof(redmine: Redmine) -> Leave | None:
    said = redmine.describe()
    assert isinstance(said, Description)
    return said.impersonates


def leave(redmine: Redmine, issue: Ref, person: str, *, internal: bool = True) -> Leave:
    answer = redmine.leave(issue, person, internal=internal)
    assert isinstance(answer, Leave), answer
    return answer


def add(issue: Ref, author: str | None = MALIK) -> AddElement:
    return AddElement(issue, "note", NOTE, "mark", "intent", author=author)


def note_of(redmine: Redmine, issue: Ref, native_id: str | None) -> NativeElement:
    record = redmine.fetch(issue)
    assert isinstance(record, NativeRecord)
    (note,) = [one for one in record.notes or () if one.native_id == native_id]
    return note


def test_a_note_stands_in_its_authors_name_and_is_found_by_it(
    redmine: Redmine, issue: Ref, clock: ManualClock
) -> None:
    since = clock.now()
    assert leave(redmine, issue, MALIK).given

    (done,) = redmine.apply([add(issue)])

    assert isinstance(done, Done)
    note = note_of(redmine, issue, done.native_id)
    assert (note.author, note.ours, note.values["internal"]) == (MALIK, False, True)
    query = Find("note", "infra", "mark", since, issue, NOTE, author=MALIK)
    assert redmine.find(query) == Found((note.native_id,))
    assert redmine.find(replace(query, author=None)) == Found(())


def test_it_is_proved_by_what_redmine_says_of_us(redmine: Redmine, pair: Pair) -> None:
    given = proof(redmine)
    assert given is not None
    assert given.given

    pair.dev.act("promote", login="sdsync", undo=True)

    refused = proof(redmine)
    assert refused is not None
    assert (refused.given, refused.ignored) == (False, True)
    assert "administrator" in refused.why


def test_nothing_is_asked_for_where_it_is_not_configured(
    pair: Pair, issue: Ref, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.dev.act("promote", login="sdsync")
    with connected(pair, "dev", monkeypatch) as connector:
        assert isinstance(connector, Redmine)
        assert proof(connector) is None
        assert not leave(connector, issue, MALIK).given


@pytest.mark.parametrize("person", [NORA, ROBOT, "999"])
def test_no_leave_for_who_may_not_write_it_is_no_member_or_is_nobody(
    redmine: Redmine, issue: Ref, person: str
) -> None:
    """Nora is a Reporter: her private note would be public (M1)."""
    found = leave(redmine, issue, person)

    assert not found.given
    assert not found.ignored
    assert leave(redmine, issue, NORA, internal=False).given


def test_what_roles_allow_is_believed_for_five_minutes(
    redmine: Redmine, pair: Pair, issue: Ref, clock: ManualClock
) -> None:
    assert leave(redmine, issue, MALIK).given
    tracker = pair.dev.product
    assert isinstance(tracker, Tracker)
    developer = tracker.state.roles[DEVELOPER]
    developer.permissions -= {"set_notes_private"}

    clock.pass_(299)
    assert leave(redmine, issue, MALIK).given

    clock.pass_(2)
    assert not leave(redmine, issue, MALIK).given
    assert leave(redmine, issue, MALIK, internal=False).given


def test_no_leave_for_who_is_locked_and_a_write_that_comes_too_late_is_tried_again(
    redmine: Redmine, pair: Pair, issue: Ref
) -> None:
    assert leave(redmine, issue, MALIK).given
    pair.dev.act("lock", login="malik")

    (answer,) = redmine.apply([add(issue)])

    assert isinstance(answer, Transient)
    assert not leave(redmine, issue, MALIK).given


def test_a_header_that_is_ignored_is_seen_before_and_after(
    redmine: Redmine, pair: Pair, issue: Ref, clock: ManualClock
) -> None:
    assert leave(redmine, issue, MALIK).given
    pair.dev.act("promote", login="sdsync", undo=True)

    (done,) = redmine.apply([add(issue)])

    assert isinstance(done, Done)
    assert note_of(redmine, issue, done.native_id).author == SERVICE
    clock.pass_(600)
    found = leave(redmine, issue, MALIK)
    assert (found.given, found.ignored) == (False, True)
    assert "we are sdsync" in found.why


def test_a_note_in_a_name_may_mail_its_author_and_our_own_account(
    redmine: Redmine, pair: Pair
) -> None:
    """We follow what we made; of its author nobody tells whether they chose no mail."""
    ref = opened(pair, "sdsync", assigned_to_id=int(MALIK))
    assert isinstance(redmine.fetch(ref), NativeRecord)

    assert redmine.notifies(add(ref, None)).staff == 1
    assert redmine.notifies(add(ref)).staff == 2


def test_prepare_says_what_it_takes_and_that_it_is_dangerous(redmine: Redmine, pair: Pair) -> None:
    asked = Asked(put=frozenset({"infra"}))
    works = redmine.survey(asked)
    pair.dev.act("promote", login="sdsync", undo=True)
    lacks = redmine.survey(asked)

    assert isinstance(works, Survey)
    assert isinstance(lacks, Survey)
    assert "Redmine says under X-Redmine-Switch-User that we are" in works.dangers[0]
    assert "administrator's key" in works.dangers[0]
    assert not [one for one in works.points if one.stand is Stand.EXCESS and not one.place]
    assert lacks.dangers == ()
    (step,) = [one for one in lacks.steps if "impersonate" in one.text]
    assert step.optional
