"""The connector against a stock Redmine 5: every method of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Changes,
    Connector,
    Create,
    Description,
    Done,
    EditElement,
    Find,
    Found,
    NativeRecord,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import AuthFailed, Forbidden, Missing, Rejected, Transient
from sdsync.connectors.registry import create
from sdsync.store.records import Ref
from tests.real.conftest import Product

pytestmark = pytest.mark.real

Connect = Callable[[str], Connector]


@pytest.fixture
def connect(redmine: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    with ExitStack() as opened:

        def connected(token: str) -> Connector:
            monkeypatch.setenv("SDSYNC_TEST_DEV", token)
            config = SystemConfig(
                name="dev",
                connector="redmine",
                url=redmine.base_url,
                token=SecretRef.parse("env:SDSYNC_TEST_DEV"),
                deadline_s=30.0,
            )
            return opened.enter_context(closing(create("dev", config)))

        yield connected


@pytest.fixture
def dev(redmine: Product, connect: Connect) -> Connector:
    return connect(redmine.token)


@pytest.fixture
def people(dev: Connector) -> dict[str, str]:
    """Login to native id."""
    told = dev.people()
    assert isinstance(told, tuple), told
    return {one.login: one.native_id for one in told}


def done(answer: object) -> Done:
    assert isinstance(answer, Done), answer
    return answer


def made(dev: Connector, *, mark: str = "", place: str = "infra", **values: object) -> Ref:
    told = {"subject": "db01: disk full", "description": "no *space*", "tracker": "Bug", **values}
    (answer,) = dev.apply([Create("ticket", place, told, mark or uuid4().hex, "i")])
    return Ref("dev", "ticket", done(answer).native_id or "")


def look(dev: Connector, ref: Ref) -> NativeRecord:
    record = dev.fetch(ref)
    assert isinstance(record, NativeRecord), record
    return record


def feed(dev: Connector, cursor: object) -> Changes:
    changes = dev.changes(cursor)
    assert isinstance(changes, Changes), changes
    return changes


def test_it_describes_itself(dev: Connector) -> None:
    made(dev)

    told = dev.describe()

    assert isinstance(told, Description)
    assert told.account.login == "sdsync"
    assert abs((told.clock - datetime.now(UTC)).total_seconds()) < 5
    assert told.places.keys() >= {"infra", "web"}
    infra = told.places["infra"]
    assert (infra.public, infra.default_audience) == (False, "internal")
    assert (told.places["web"].public, told.places["web"].default_audience) == (True, "public")
    assert infra.may_create
    assert infra.proved_audiences == {"internal", "public"}
    assert "set_notes_private" in infra.rights
    assert infra.fields["tracker"].values == ("Bug", "Feature", "Support")
    assert infra.fields["is_private"].read_only
    assert "custom_fields.sdsync mark" in infra.fields


def test_private_notes_are_not_proved_for_a_stock_reporter(
    redmine: Product, connect: Connect
) -> None:
    told = connect(redmine.facts["REPORTER_TOKEN"]).describe()

    assert isinstance(told, Description)
    assert told.places["infra"].proved_audiences == {"public"}  # M1
    assert any("private" in one for one in told.warnings)


def test_a_bad_key_is_said(connect: Connect) -> None:
    assert connect("0" * 40).describe() == AuthFailed()


def test_an_issue_is_made_and_read_back(dev: Connector, people: dict[str, str]) -> None:
    ref = made(
        dev,
        mark="mark-1",
        status="In Progress",
        priority="High",
        category="Database",
        assigned_to=people["agent1"],
        watchers=[people["agent2"]],
        due_date="2027-01-02",
        custom_fields={"sdsync tags": "env:prod", "Environment": "Production"},
    )

    record = look(dev, ref)

    assert (record.place, record.key) == ("infra", f"infra#{ref.id}")
    assert record.mark == "mark-1"
    assert record.ours
    assert record.unknown == frozenset()
    values = record.values
    assert values["description"] == "no *space*"
    assert (values["status"], values["priority"]) == ("In Progress", "High")
    assert (values["tracker"], values["category"]) == ("Bug", "Database")
    assert values["assigned_to"] == people["agent1"]
    assert people["agent2"] in values["watchers"]
    assert values["due_date"] == "2027-01-02"
    assert values["custom_fields"] == {
        "sdsync mark": "mark-1",
        "sdsync tags": "env:prod",
        "sdsync peer": None,
        "Environment": "Production",
    }
    assert "Closed" in (record.allowed_status or ())
    assert (record.notes, record.attachments, record.history) == ((), (), ())


def test_everything_can_be_changed_and_emptied(dev: Connector, people: dict[str, str]) -> None:
    ref = made(dev, category="Database", assigned_to=people["agent1"], due_date="2027-01-02",
               custom_fields={"Environment": "Test"}, watchers=[people["agent1"]])  # fmt: skip

    nothing: dict[str, object] = {
        "category": None, "assigned_to": None, "due_date": None, "description": "",
        "watchers": [people["agent2"]], "custom_fields": {"Environment": None},
        "status": "Closed", "project": "web",
    }  # fmt: skip
    (answer,) = dev.apply([Update(ref, nothing)])

    assert done(answer).complaints == ()
    record = look(dev, ref)
    assert (record.place, record.key) == ("web", f"web#{ref.id}")
    assert record.closed
    values = record.values
    assert (values["category"], values["assigned_to"], values["due_date"]) == (None, None, None)
    assert values["watchers"] == [people["agent2"]]
    assert values["custom_fields"]["Environment"] is None
    told = {one.path: (one.old, one.new) for one in record.history or ()}
    assert told["status"] == ("New", "Closed")
    assert told["project"] == ("infra", "web")
    assert told["custom_fields.Environment"] == ("Test", None)


def test_a_204_that_changed_nothing_reads_back_as_it_was(
    redmine: Product, connect: Connect
) -> None:
    reporter = connect(redmine.facts["REPORTER_TOKEN"])
    ref = made(reporter)

    (answer,) = reporter.apply([Update(ref, {"status": "Closed", "is_private": True})])

    assert not isinstance(answer, Transient)
    values = look(reporter, ref).values
    assert (values["status"], values["is_private"]) == ("New", False)  # M2


def test_what_is_not_there_is_rejected_by_name(dev: Connector) -> None:
    ref = made(dev)

    answers = dev.apply(
        [
            Update(ref, {"status": "Nonsense"}),
            Update(ref, {"category": "Nonsense"}),
            Update(ref, {"custom_fields": {"Environment": "Nonsense"}}),
            Update(ref, {"subject": ""}),
            Update(ref, {"subject": "a\r\nb"}),
            Create("ticket", "nowhere", {"subject": "x"}, "m", "i"),
        ]
    )

    assert [one.fields for one in answers if isinstance(one, Rejected)] == [
        ("status",), ("category",), ("custom_fields.Environment",), ("subject",), ("subject",),
        ("project",),
    ]  # fmt: skip


def test_notes_are_private_unless_public_is_said(dev: Connector) -> None:
    ref = made(dev)

    answers = dev.apply(
        [
            AddElement(ref, "note", {"body": "for us"}, "m", "i"),
            AddElement(ref, "note", {"body": "for all", "internal": False}, "m", "i"),
        ]
    )

    notes = look(dev, ref).notes or ()
    assert [one.native_id for one in notes] == [done(one).native_id for one in answers]
    assert [one.values["internal"] for one in notes] == [True, False]
    assert all(one.ours for one in notes)


def test_the_stored_flag_of_a_note_is_read_back(redmine: Product, connect: Connect) -> None:
    reporter = connect(redmine.facts["REPORTER_TOKEN"])
    ref = made(reporter)

    reporter.apply([AddElement(ref, "note", {"body": "secret?", "internal": True}, "m", "i")])

    record = look(reporter, ref)
    assert [one.values["internal"] for one in record.notes or ()] == [False]  # M1: and a 204
    assert "notes" in record.unknown


def test_our_notes_are_edited_narrowed_and_taken_back(dev: Connector) -> None:
    ref = made(dev)
    first, second = dev.apply(
        [
            AddElement(ref, "note", {"body": "one", "internal": False}, "m", "i"),
            AddElement(ref, "note", {"body": "two"}, "m", "i"),
        ]
    )

    answers = dev.apply(
        [
            EditElement(
                ref, "note", done(first).native_id or "", {"body": "uno", "internal": True}
            ),
            RemoveElement(ref, "note", done(second).native_id or ""),
        ]
    )

    assert all(isinstance(one, Done) for one in answers)
    (note,) = look(dev, ref).notes or ()
    assert (note.values["body"], note.values["internal"]) == ("uno", True)


def test_files_keep_name_and_bytes(dev: Connector) -> None:
    ref, name = made(dev), "Übersicht, 日本語 report.bin"
    content = bytes(range(256)) * 20

    (answer,) = dev.apply(
        [
            AddElement(
                ref, "attachment", {"name": name, "media_type": "image/png"}, "m", "i", content
            )
        ]
    )

    (file,) = look(dev, ref).attachments or ()
    assert file.native_id == done(answer).native_id
    assert (file.values["name"], file.values["size"]) == (name, len(content))
    assert dev.download(ref, file.native_id, limit_bytes=len(content)) == content
    assert isinstance(dev.download(ref, file.native_id, limit_bytes=100), Rejected)
    assert dev.download(ref, "99999999", limit_bytes=100) == Missing()
    (removed,) = dev.apply([RemoveElement(ref, "attachment", file.native_id)])
    assert isinstance(removed, Done)
    assert look(dev, ref).attachments == ()


def test_history_tells_who_and_when(
    redmine: Product, dev: Connector, people: dict[str, str]
) -> None:
    ref = made(dev)

    redmine.act("agent1", "PUT", f"/issues/{ref.id}.json",
                {"issue": {"status_id": 2, "notes": "working on it"}})  # fmt: skip

    record = look(dev, ref)
    (change,) = [one for one in record.history or () if one.path == "status"]
    assert (change.old, change.new, change.actor) == ("New", "In Progress", people["agent1"])
    assert [one.author for one in record.notes or ()] == [people["agent1"]]


def test_private_and_status_in_one_call_are_two_journals(redmine: Product, dev: Connector) -> None:
    ref = made(dev)

    redmine.act("agent1", "PUT", f"/issues/{ref.id}.json",
                {"issue": {"status_id": 2, "notes": "hush", "private_notes": True}})  # fmt: skip

    record = look(dev, ref)  # M7
    assert [one.values["internal"] for one in record.notes or ()] == [True]
    assert [one.path for one in record.history or ()] == ["status"]


def test_the_feed_loses_no_second_write_of_a_second(redmine: Product, dev: Connector) -> None:
    start = feed(dev, None)
    assert start.events == ()
    ref = made(dev)

    first = feed(dev, start.cursor)
    redmine.act("agent1", "PUT", f"/issues/{ref.id}.json", {"issue": {"notes": "at once"}})
    told = first
    seen = {one.digest for one in first.events}
    for _ in range(2000):  # until the second is over by Redmine's own clock
        told = feed(dev, told.cursor)
        again = [one for one in told.events if one.native_id == ref.id]
        assert not {one.digest for one in again} & seen
        seen |= {one.digest for one in again}
        if len(seen) >= 2 and look(dev, ref).notes:
            break

    assert ref.id in {one.native_id for one in first.events}
    assert len(seen) >= 2


def test_the_feed_tells_closed_issues_too(dev: Connector) -> None:
    ref = made(dev)
    start = feed(dev, None)

    dev.apply([Update(ref, {"status": "Closed"})])

    assert ref.id in {one.native_id for one in feed(dev, start.cursor).events}


def test_a_replayed_cursor_tells_the_same(dev: Connector) -> None:
    start = feed(dev, None)
    ref = made(dev)
    first = feed(dev, start.cursor)

    again = feed(dev, first.cursor)
    replayed = feed(dev, start.cursor)

    assert ref.id in {one.native_id for one in first.events}
    assert {one.digest for one in again.events}.isdisjoint(one.digest for one in first.events)
    assert {one.native_id for one in replayed.events} >= {ref.id}


def test_what_was_made_is_found_by_mark_and_author(redmine: Product, dev: Connector) -> None:
    since, mark = datetime.now(UTC), uuid4().hex
    ref = made(dev, mark=mark)
    field = next(
        one["id"]
        for one in redmine.act("sdsync", "GET", f"/issues/{ref.id}.json").json()["issue"][
            "custom_fields"
        ]
        if one["name"] == "sdsync mark"
    )
    redmine.act("agent1", "POST", "/issues.json", {"issue": {
        "project_id": "infra", "subject": "forged", "tracker_id": 1,
        "custom_fields": [{"id": field, "value": mark}],
    }})  # fmt: skip

    assert dev.find(Find("ticket", "infra", mark, since)) == Found((ref.id,))
    assert dev.find(Find("ticket", "infra", "another", since)) == Found(())


def test_what_was_made_is_found_after_it_moved(redmine: Product, dev: Connector) -> None:
    since, mark = datetime.now(UTC), uuid4().hex
    ref = made(dev, mark=mark)
    redmine.act("admin", "PUT", f"/issues/{ref.id}.json", {"issue": {"project_id": "web"}})

    assert dev.find(Find("ticket", "infra", mark, since)) == Found((ref.id,))


def test_notes_and_files_are_found_by_content(dev: Connector) -> None:
    since, ref = datetime.now(UTC), made(dev)
    note, file = dev.apply(
        [
            AddElement(ref, "note", {"body": "one\ntwo\n"}, "m", "i"),
            AddElement(ref, "attachment", {"name": "a.txt"}, "m", "i", b"abc"),
        ]
    )

    notes = dev.find(Find("note", "infra", "m", since, ref, {"body": "one\r\ntwo"}))
    files = dev.find(Find("attachment", "infra", "m", since, ref, {"name": "a.txt", "size": 3}))
    others = dev.find(Find("note", "infra", "m", since, ref, {"body": "one"}))

    assert notes == Found((done(note).native_id or "",))
    assert files == Found((done(file).native_id or "",))
    assert others == Found(())


def test_a_file_is_found_under_the_name_that_redmine_gave_it(dev: Connector) -> None:
    since, ref = datetime.now(UTC), made(dev)
    name = 'C:\\temp/why?? "a:b"<1>.txt'

    (file,) = dev.apply([AddElement(ref, "attachment", {"name": name}, "m", "i", b"abc")])

    (stored,) = look(dev, ref).attachments or ()
    assert stored.values["name"] == "why_ _a_b_1_.txt"
    query = Find("attachment", "infra", "m", since, ref, {"name": name})
    assert dev.find(query) == Found((done(file).native_id or "",))


def test_search_compares_exactly(dev: Connector) -> None:
    peer = f"4711-{uuid4().hex}"
    ref = made(dev, custom_fields={"sdsync peer": peer}, status="Closed")

    assert dev.search("infra", "custom_fields.sdsync peer", peer) == Found((ref.id,))
    assert dev.search("infra", "custom_fields.sdsync peer", peer.upper()) == Found(())
    assert dev.search("infra", "custom_fields.sdsync peer", "*") == Found(())
    assert dev.search("web", "custom_fields.sdsync peer", peer) == Found(())
    assert dev.search(None, "custom_fields.sdsync peer", peer) == Found((ref.id,))
    assert dev.search("infra", "custom_fields.no such field", peer) == Found(())
    assert isinstance(dev.search("infra", "due_date", peer), Rejected)


def test_an_archived_project_is_not_readable_and_a_closed_one_not_writable(
    redmine: Product, dev: Connector
) -> None:
    name = f"p{uuid4().hex[:12]}"
    redmine.act("admin", "POST", "/projects.json", {"project": {
        "name": name, "identifier": name, "is_public": True, "tracker_ids": [1, 2, 3],
        "enabled_module_names": ["issue_tracking"],
    }})  # fmt: skip
    roles = redmine.act("admin", "GET", "/roles.json").json()["roles"]
    role = next(one["id"] for one in roles if one["name"] == "sdsync")
    me = redmine.act("sdsync", "GET", "/users/current.json").json()["user"]["id"]
    redmine.act("admin", "POST", f"/projects/{name}/memberships.json",
                {"membership": {"user_id": me, "role_ids": [role]}})  # fmt: skip
    dev.describe()  # as the daemon does by itself: what our account may is known from there
    assert dev.readable(name) is True  # there is no issue yet
    ref = made(dev, place=name)
    assert dev.readable(name) is True

    redmine.act("admin", "PUT", f"/projects/{name}/close.json")
    (closed,) = dev.apply([Update(ref, {"subject": "x"})])
    redmine.act("admin", "PUT", f"/projects/{name}/archive.json")

    assert isinstance(closed, Forbidden)  # M6
    assert isinstance(dev.fetch(ref), Forbidden)
    assert dev.readable(name) is False


def test_unknown_is_missing(dev: Connector) -> None:
    assert dev.fetch(Ref("dev", "ticket", "99999999")) == Missing()
    assert dev.fetch(Ref("dev", "ticket", "1/../../users/1")) == Missing()
    assert list(dev.apply([Update(Ref("dev", "ticket", "99999999"), {"subject": "x"})])) == [
        Missing()
    ]


def test_nothing_is_sent_after_a_failure_of_the_system(connect: Connect) -> None:
    connector, ref = connect("0" * 40), Ref("dev", "ticket", "1")

    answers = connector.apply([Update(ref, {"subject": "a"}), Update(ref, {"subject": "b"})])

    assert list(answers) == [AuthFailed(), Transient("not sent")]


def test_whom_it_mails(dev: Connector, people: dict[str, str]) -> None:
    ref = made(dev, assigned_to=people["agent1"])
    record = look(dev, ref)

    audience = dev.notifies(AddElement(ref, "note", {"body": "x"}, "m", "i"))

    assert people["sdsync"] in {record.values["author"], *record.values["watchers"]}
    assert audience == Audience(staff=1)


def test_people_and_teams(redmine: Product, dev: Connector) -> None:
    told = dev.people()

    assert isinstance(told, tuple)
    known = {one.login: one for one in told}
    assert known["agent1"].email == "agent1@example.org"
    assert known["agent1"].human
    assert not known["sdsync"].human
    teams = dev.teams()
    assert isinstance(teams, tuple)
    (team,) = [one for one in teams if one.name == "second line"]
    assert team.members == (known["agent1"].native_id,)
    assert "Elsewhere" not in {one.name for one in teams}, "a member of no project"


def test_a_group_is_assigned_where_it_is_a_member_and_told_why_not(dev: Connector) -> None:
    teams = dev.teams()
    assert isinstance(teams, tuple)
    (team,) = [one.native_id for one in teams if one.name == "second line"]
    ref = made(dev, place="teams")

    (given,) = dev.apply([Update(ref, {"assigned_to": team})])

    assert isinstance(given, Done), given
    assert look(dev, ref).values["assigned_to"] == team
    note = AddElement(ref, "note", {"body": "x", "internal": True}, "m", "i")
    assert dev.notifies(note) == Audience(staff=1), "everybody in the group is mailed"
    (refused,) = dev.apply([Update(made(dev), {"assigned_to": team})])
    assert isinstance(refused, Rejected)
    assert refused.fields == ("assigned_to",)
    assert "Allow issue assignment to groups" in refused.detail
