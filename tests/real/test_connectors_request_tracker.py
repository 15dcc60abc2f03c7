"""The connector against a stock Request Tracker 5: every method of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
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
    Listed,
    Lists,
    NativeRecord,
    Update,
)
from sdsync.connectors.failures import (
    AuthFailed,
    Conflict,
    Forbidden,
    Missing,
    Rejected,
    Transient,
)
from sdsync.connectors.registry import create
from sdsync.store.records import Ref
from tests.real.conftest import Product

pytestmark = pytest.mark.real


Connect = Callable[[str], Connector]


@pytest.fixture
def connect(request_tracker: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    with ExitStack() as opened:

        def connected(token: str) -> Connector:
            monkeypatch.setenv("SDSYNC_TEST_DESK", token)
            config = SystemConfig(
                name="desk",
                connector="request_tracker",
                url=request_tracker.base_url,
                token=SecretRef.parse("env:SDSYNC_TEST_DESK"),
                deadline_s=30.0,
            )
            return opened.enter_context(closing(create("desk", config)))

        yield connected


@pytest.fixture
def desk(request_tracker: Product, connect: Connect) -> Connector:
    return connect(request_tracker.token)


def done(answer: object) -> Done:
    assert isinstance(answer, Done), answer
    return answer


def made(desk: Connector, *, mark: str = "", place: str = "Escalated", **values: object) -> Ref:
    told = {"Subject": "db01: disk full", "Content": "no space", **values}
    (answer,) = desk.apply([Create("ticket", place, told, mark or uuid4().hex, "i")])
    return Ref("desk", "ticket", done(answer).native_id or "")


def look(desk: Connector, ref: Ref) -> NativeRecord:
    record = desk.fetch(ref)
    assert isinstance(record, NativeRecord), record
    return record


def feed(desk: Connector, cursor: object) -> Changes:
    changes = desk.changes(cursor)
    assert isinstance(changes, Changes), changes
    return changes


def test_it_describes_itself(desk: Connector) -> None:
    told = desk.describe()

    assert isinstance(told, Description)
    assert told.version.startswith("5.")
    assert told.account.login == "sdsync"
    assert abs((told.clock - datetime.now(UTC)).total_seconds()) < 5
    assert {"General", "Escalated"} <= told.places.keys()
    place = told.places["Escalated"]
    assert place.may_create
    assert place.proved_audiences == {"internal", "public"}
    assert place.fields["CustomFields.Environment"].values == ("Production", "Staging", "Test")
    assert place.fields["CustomFields.sdsync tags"].multiple
    assert "CustomFields.Environment" not in told.places["General"].fields


def test_its_identity_is_the_same_in_every_session(
    request_tracker: Product, connect: Connect
) -> None:
    first, second = (connect(request_tracker.token).describe() for _ in "ab")

    assert isinstance(first, Description)
    assert isinstance(second, Description)
    assert first.identity == second.identity


def test_a_bad_token_is_said(connect: Connect) -> None:
    assert connect("1-1-00").describe() == AuthFailed()


def test_a_ticket_is_made_and_read_back(desk: Connector) -> None:
    ref = made(
        desk,
        mark="mark-1",
        Content="<p>no <b>space</b></p>",
        ContentType="text/html",
        Requestor=["customer1@example.org"],
        Owner="agent1",
        Priority="50",
        Due="2027-01-02",
        CustomFields={"sdsync tags": ["env:prod", "urgent"], "Environment": "Production"},
    )

    record = look(desk, ref)

    assert record.place == "Escalated"
    assert record.mark == "mark-1"
    assert record.ours
    assert record.unknown == frozenset()
    assert record.values["Content"] == "<p>no <b>space</b></p>"
    assert record.values["ContentType"] == "text/html"
    assert record.values["Requestor"] == ["customer1"]
    assert record.values["Owner"] == "agent1"
    assert record.values["Priority"] == "50"
    assert record.values["Due"] == "2027-01-02T00:00:00Z"
    fields = record.values["CustomFields"]
    assert isinstance(fields, dict)
    assert fields["sdsync tags"] == ["env:prod", "urgent"]
    assert fields["Environment"] == "Production"
    assert fields["sdsync peer"] is None
    assert record.notes == ()
    assert record.attachments == ()


def test_ignored_fields_are_read_back_as_they_were(desk: Connector) -> None:
    ref = made(desk)

    (answer,) = desk.apply(
        [Update(ref, {"Status": "nonsense", "Owner": "nobody-here", "Priority": "80"})]
    )

    assert len(done(answer).complaints) == 2  # M3: and a 200
    record = look(desk, ref)
    assert record.values["Status"] == "new"
    assert record.values["Owner"] is None
    assert record.values["Priority"] == "80"


def test_everything_can_be_emptied(desk: Connector) -> None:
    ref = made(desk, Due="2027-01-02", Owner="agent1", Cc=["agent2"],
               CustomFields={"sdsync tags": ["a"], "Environment": "Test"})  # fmt: skip

    nothing: dict[str, object] = {"Due": None, "Owner": None, "Cc": [],
               "CustomFields": {"sdsync tags": [], "Environment": None}}  # fmt: skip
    (answer,) = desk.apply([Update(ref, nothing)])

    assert done(answer).complaints == ()
    values = look(desk, ref).values
    assert (values["Due"], values["Owner"], values["Cc"]) == (None, None, [])
    fields = values["CustomFields"]
    assert isinstance(fields, dict)
    assert (fields["sdsync tags"], fields["Environment"]) == ([], None)


def test_an_old_version_is_refused(desk: Connector) -> None:
    ref = made(desk)
    version = look(desk, ref).version

    first = desk.apply([Update(ref, {"Priority": "10"}, version)])
    second = desk.apply([Update(ref, {"Priority": "20"}, version)])

    assert isinstance(first[0], Done)
    assert list(second) == [Conflict()]
    assert look(desk, ref).values["Priority"] == "10"


def test_notes_are_comments_unless_public_is_said(desk: Connector) -> None:
    ref = made(desk)

    answers = desk.apply(
        [
            AddElement(ref, "note", {"body": "for us", "format": "plain"}, "m", "i"),
            AddElement(
                ref, "note", {"body": "<b>hi</b>", "format": "html", "internal": False}, "m", "i"
            ),
        ]
    )

    notes = look(desk, ref).notes or ()
    assert [one.native_id for one in notes] == [done(one).native_id for one in answers]
    assert [one.values["internal"] for one in notes] == [True, False]
    assert [one.values["format"] for one in notes] == ["plain", "html"]
    assert all(one.ours for one in notes)


def test_a_reply_moves_the_status_and_rt_is_named(desk: Connector) -> None:
    ref = made(desk)

    desk.apply([AddElement(ref, "note", {"body": "hello", "internal": False}, "m", "i")])

    record = look(desk, ref)
    assert record.values["Status"] == "open"  # M5
    moves = [one for one in record.history or () if one.path == "Status"]
    assert [(one.actor, one.automatic) for one in moves] == [("RT_System", True)]


@pytest.mark.parametrize("name", ["plain.txt", "Übersicht, 日本語 report.bin"])
def test_files_keep_name_and_bytes(desk: Connector, name: str) -> None:
    ref = made(desk)
    content = bytes(range(256)) * 20

    (answer,) = desk.apply(
        [
            AddElement(
                ref, "attachment", {"name": name, "media_type": "image/png"}, "m", "i", content
            )
        ]
    )

    record = look(desk, ref)
    (file,) = record.attachments or ()
    assert file.native_id == done(answer).native_id
    assert file.values["name"] == name
    assert file.values["size"] == len(content)
    assert record.notes == ()  # what carried it says nothing
    assert desk.download(ref, file.native_id, limit_bytes=len(content)) == content
    assert isinstance(desk.download(ref, file.native_id, limit_bytes=100), Rejected)


def test_history_tells_who_and_when(request_tracker: Product, desk: Connector) -> None:
    ref = made(desk, CustomFields={"Environment": "Test"})

    request_tracker.act("agent1", "PUT", f"/REST/2.0/ticket/{ref.id}",
                        {"Status": "open", "CustomFields": {"Environment": "Staging"}})  # fmt: skip

    told = {one.path: one for one in look(desk, ref).history or ()}
    assert (told["Status"].old, told["Status"].new) == ("new", "open")
    assert told["Status"].actor == "agent1"
    assert not told["Status"].automatic
    assert told["CustomFields.Environment"].new in {"Staging", None}


def test_a_merged_ticket_answers_with_the_survivor(
    request_tracker: Product, desk: Connector
) -> None:
    since, loser, survivor = datetime.now(UTC), made(desk), made(desk)
    (note,) = desk.apply([AddElement(loser, "note", {"body": "once"}, "m", "i")])

    request_tracker.act(
        "agent1", "PUT", f"/REST/2.0/ticket/{loser.id}", {"MergeInto": int(survivor.id)}
    )

    assert look(desk, loser).ref == survivor  # M4
    said = Find("note", "Escalated", "m", since, loser, {"body": "once"})
    assert desk.find(said) == Found((done(note).native_id or "",)), "by its old number, too"


def test_what_was_said_by_the_old_number_is_found_after_a_second_merge(
    request_tracker: Product, desk: Connector
) -> None:
    since, first, second, third = datetime.now(UTC), made(desk), made(desk), made(desk)
    other = made(desk)
    for loser, survivor in ((first, second), (other, third)):
        told = {"MergeInto": int(survivor.id)}
        request_tracker.act("agent1", "PUT", f"/REST/2.0/ticket/{loser.id}", told)
    (note,) = desk.apply([AddElement(first, "note", {"body": "once"}, "m", "i")])
    desk.apply([AddElement(other, "note", {"body": "once"}, "m", "i")])  # another's, beside it
    told = {"MergeInto": int(third.id)}
    request_tracker.act("agent1", "PUT", f"/REST/2.0/ticket/{second.id}", told)

    said = Find("note", "Escalated", "m", since, second, {"body": "once"})
    assert done(note).native_id in _found(desk, said)
    assert _found(desk, said) == _found(desk, replace(said, ref=first))


def _found(desk: Connector, query: Find) -> tuple[str, ...]:
    answer = desk.find(query)
    assert isinstance(answer, Found), answer
    return answer.native_ids


def test_deleted_unknown_and_hidden_are_told_apart(
    request_tracker: Product, desk: Connector
) -> None:
    ref = made(desk)
    request_tracker.act("admin", "PUT", f"/REST/2.0/ticket/{ref.id}", {"Status": "deleted"})

    assert look(desk, ref).state == "deleted"
    assert desk.fetch(Ref("desk", "ticket", "99999999")) == Missing()
    assert desk.fetch(Ref("desk", "ticket", "../queue/1")) == Missing()


def test_the_feed_tells_each_transaction_once(request_tracker: Product, desk: Connector) -> None:
    start = feed(desk, None)
    assert start.events == ()
    ref = made(desk)
    request_tracker.act("agent1", "PUT", f"/REST/2.0/ticket/{ref.id}", {"Subject": "new"})

    first = feed(desk, start.cursor)
    again = feed(desk, first.cursor)
    replayed = feed(desk, start.cursor)

    assert {one.native_id for one in first.events} == {ref.id}
    assert "agent1" in {one.actor for one in first.events}
    assert again.events == ()
    assert [one.digest for one in replayed.events] == [one.digest for one in first.events]


def test_what_was_made_is_found_by_its_mark(desk: Connector) -> None:
    since = datetime.now(UTC)
    mark = uuid4().hex
    ref = made(desk, mark=mark)

    assert desk.find(Find("ticket", "Escalated", mark, since)) == Found((ref.id,))
    assert desk.find(Find("ticket", "Escalated", "another", since)) == Found(())


def test_a_copied_mark_of_somebody_else_is_not_ours(
    request_tracker: Product, desk: Connector
) -> None:
    since, mark = datetime.now(UTC), uuid4().hex
    request_tracker.act("agent1", "POST", "/REST/2.0/ticket", {
        "Queue": "Escalated", "Subject": "forged", "CustomFields": {"sdsync mark": mark},
    })  # fmt: skip

    assert desk.find(Find("ticket", "Escalated", mark, since)) == Found(())


def test_without_a_field_for_the_mark_content_has_to_do(desk: Connector) -> None:
    since = datetime.now(UTC)
    subject = f"no field here {uuid4().hex}"
    ref = made(desk, place="General", Subject=subject)

    found = desk.find(Find("ticket", "General", "m", since, values={"Subject": subject}))

    assert found == Found((ref.id,))


def test_notes_and_files_are_found_by_content(desk: Connector) -> None:
    since, ref = datetime.now(UTC), made(desk)
    note, file = desk.apply(
        [
            AddElement(ref, "note", {"body": "one\ntwo\n"}, "m", "i"),
            AddElement(ref, "attachment", {"name": "a.txt"}, "m", "i", b"abc"),
        ]
    )

    notes = desk.find(Find("note", "Escalated", "m", since, ref, {"body": "one\r\ntwo"}))
    files = desk.find(
        Find("attachment", "Escalated", "m", since, ref, {"name": "a.txt", "size": 3})
    )
    others = desk.find(Find("note", "Escalated", "m", since, ref, {"body": "one"}))

    assert notes == Found((done(note).native_id or "",))
    assert files == Found((done(file).native_id or "",))
    assert others == Found(())


def test_search_compares_exactly(desk: Connector) -> None:
    peer = f"infra#{uuid4().hex}"
    ref = made(desk, CustomFields={"sdsync peer": peer}, Subject=f"it's {peer}")

    assert desk.search("Escalated", "CustomFields.sdsync peer", peer) == Found((ref.id,))
    assert desk.search("Escalated", "CustomFields.sdsync peer", peer.upper()) == Found(())
    assert desk.search("General", "CustomFields.sdsync peer", peer) == Found(())
    assert desk.search(None, "CustomFields.sdsync peer", peer) == Found((ref.id,))
    assert desk.search("Escalated", "Subject", f"it's {peer}") == Found((ref.id,))
    assert isinstance(desk.search("Escalated", "CustomFields.x'} OR id > 0", "1"), Rejected)
    assert desk.search("Escalated", "Subject", "x' OR id > 0 OR Subject = '") == Found(())


def test_the_canary(desk: Connector) -> None:
    made(desk)

    assert desk.readable("Escalated") is True
    assert desk.readable("No such queue") is False


def test_each_operation_has_its_answer(desk: Connector) -> None:
    ref = made(desk)

    answers = desk.apply(
        [
            Create("ticket", "No such queue", {"Subject": "x"}, "m", "i"),
            EditElement(ref, "note", "1", {"body": "x"}),
            Update(ref, {"Subject": "a\r\nBcc: all@example.org"}),
            Update(Ref("desk", "ticket", "99999999"), {"Subject": "x"}),
            Update(ref, {"Subject": "still done"}),
        ]
    )

    assert [type(one) for one in answers] == [Forbidden, Rejected, Rejected, Missing, Done]
    assert look(desk, ref).values["Subject"] == "still done"


def test_nothing_is_sent_after_a_failure_of_the_system(connect: Connect) -> None:
    connector = connect("1-1-00")
    ref = Ref("desk", "ticket", "1")

    answers = connector.apply([Update(ref, {"Subject": "a"}), Update(ref, {"Subject": "b"})])

    assert list(answers) == [AuthFailed(), Transient("not sent")]


def test_whom_it_mails_is_what_rt_mails(request_tracker: Product, desk: Connector) -> None:
    ref = made(desk, Requestor=["customer1@example.org"])
    look(desk, ref)
    public = AddElement(ref, "note", {"body": "hello you", "internal": False}, "m", "i")
    private = AddElement(ref, "note", {"body": "between us"}, "m", "i")
    before = _mails(request_tracker)

    desk.apply([private])
    between = _mails(request_tracker)
    desk.apply([public])
    after = _mails(request_tracker)

    assert desk.notifies(private).customers == 0
    told = desk.notifies(public)
    assert told == Audience(customers=1, staff=told.staff, who="the requestor")
    assert "customer1@example.org" not in between.removeprefix(before)
    assert "customer1@example.org" in after.removeprefix(between)


def _mails(product: Product) -> str:
    files = sorted(product.mail_dir.rglob("*"), key=lambda one: one.name)
    return "".join(one.read_text(errors="replace") for one in files if one.is_file())


def test_people_are_told_with_what_their_address_is_worth(desk: Connector) -> None:
    made(desk, Requestor=["stranger@example.net"])

    people = desk.people()

    assert isinstance(people, tuple)
    known = {one.native_id: one for one in people}
    assert known["agent1"].email == "agent1@example.org"
    assert known["agent1"].email_verified
    assert known["agent1"].human
    assert not known["stranger@example.net"].email_verified
    assert not known["RT_System"].human
    assert not known["sdsync"].human


def test_a_role_holds_a_group_and_a_group_tells_its_people(desk: Connector) -> None:
    teams = desk.teams()
    assert isinstance(teams, tuple)
    known = {one.name: one for one in teams}
    assert {"agent1", "agent2"} <= {*known["Agents"].members}  # other tests have more people
    team = known["Second line"]
    assert team.members == ("agent1",)
    described = desk.describe()
    assert isinstance(described, Description)
    assert "CustomRoles.Team" in described.places["Teams"].fields
    assert "CustomRoles.Team" not in described.places["Escalated"].fields
    roles = {"Team": ["agent2", team.native_id]}
    ref = made(desk, place="Teams", CustomRoles=roles)
    assert look(desk, ref).values["CustomRoles"] == roles

    (answer,) = desk.apply([Update(ref, {"CustomRoles": {"Team": ["agent2"]}})])

    assert isinstance(answer, Done), answer
    assert answer.complaints == ()
    shown = look(desk, ref)
    assert shown.values["CustomRoles"] == {"Team": ["agent2"]}
    changed = (shown.history or ())[-1]
    assert (changed.path, changed.actor) == ("CustomRoles.Team", "sdsync")
    assert isinstance(desk, Lists)
    listed = desk.records("Teams", str(int(ref.id) - 1))
    assert isinstance(listed, Listed)
    assert listed.records[0].values["CustomRoles"] == {"Team": ["agent2"]}


@pytest.mark.parametrize(
    "name",
    [
        'C:\\temp/why?? "a:b"<1>.txt',
        "Übersicht, 日本語 report.bin",
        " two  blanks .txt",
        "a;b=c.txt",
    ],
)
def test_a_file_is_found_under_the_name_that_rt_gave_it(desk: Connector, name: str) -> None:
    since, ref = datetime.now(UTC), made(desk)

    (file,) = desk.apply([AddElement(ref, "attachment", {"name": name}, "m", "i", b"abc")])

    (stored,) = look(desk, ref).attachments or ()
    query = Find("attachment", "Escalated", "m", since, ref, {"name": name})
    assert desk.find(query) == Found((done(file).native_id or "",)), stored.values["name"]
