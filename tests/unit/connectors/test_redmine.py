"""On what Redmine 5.0.4 answered on 2026-11-21 (fixtures/redmine.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Changes,
    Create,
    Description,
    Done,
    NativeRecord,
    Update,
)
from sdsync.connectors.failures import (
    AuthFailed,
    Failure,
    Forbidden,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from sdsync.connectors.redmine import failures
from sdsync.connectors.redmine.convert import stored_name
from sdsync.connectors.replies import Reply
from sdsync.connectors.stamps import instant, zulu
from sdsync.store.records import Ref
from sdsync.testing.misbehaving import only_writes, whole
from tests.unit.connectors.replay import ORIGIN, SECRET, Recording, connector, recording

NOW = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDSYNC_TEST_SECRET", SECRET)


@pytest.fixture
def product() -> Recording:
    return recording("redmine")


def sent(product: Recording, method: str) -> list[Any]:
    return [json.loads(one.content) for one in product.asked if one.method == method]


def test_it_describes_what_was_recorded(product: Recording) -> None:
    told = connector("redmine", product).describe()

    assert isinstance(told, Description), told
    assert told.account.login == "sdsync"
    assert set(told.places) == {"infra", "web"}
    assert told.places["infra"].proved_audiences == {"internal", "public"}
    assert told.places["web"].public


@pytest.mark.parametrize("lacking", ["set_notes_private", "view_private_notes"])
def test_a_private_note_needs_both_rights_to_be_proved(product: Recording, lacking: str) -> None:
    role = product.answers["GET /roles/6.json"]
    role["body"] = role["body"].replace(f'"{lacking}",', "")

    told = connector("redmine", product).describe()

    assert isinstance(told, Description), told
    assert told.places["infra"].proved_audiences == {"public"}
    assert any(one.startswith("infra:") for one in told.warnings)


def test_what_a_role_hides_is_unknown(product: Recording) -> None:
    role = product.answers["GET /roles/6.json"]
    role["body"] = role["body"].replace('"view_private_notes",', "")
    for key, told in product.answers.items():
        if key.startswith("GET /issues/") and told["status"] == 200:
            issue = json.loads(told["body"])
            issue["issue"].pop("watchers", None)
            told["body"] = json.dumps(issue)

    record = connector("redmine", product).fetch(Ref("dev", "ticket", product.facts["ticket"]))

    assert isinstance(record, NativeRecord), record
    assert record.unknown == {"watchers", "notes"}
    assert "watchers" not in record.values


def test_an_issue_is_read_whole_in_one_call(product: Recording) -> None:
    dev, ref = connector("redmine", product), Ref("dev", "ticket", product.facts["ticket"])
    dev.describe()
    dev.fetch(ref)  # the first in its project also asks who may read private notes there
    before = len(product.asked)

    record = dev.fetch(ref)

    assert len(product.asked) == before + 1
    assert isinstance(record, NativeRecord), record
    assert record.key == f"infra#{ref.id}"
    assert record.url == f"{ORIGIN}/issues/{ref.id}"
    assert record.values["status"] == "In Progress"
    assert record.values["priority"] == "High"
    assert record.mark == "mark-1"
    assert [(one.values["body"], one.values["internal"]) for one in record.notes or ()] == [
        ("between us", True)
    ]
    assert [one.values["name"] for one in record.attachments or ()] == ["a.txt"]
    assert [(one.path, one.old, one.new) for one in record.history or ()] == [
        ("status", "New", "In Progress")
    ]


def test_names_become_numbers(product: Recording) -> None:
    dev, ref = connector("redmine", product), Ref("dev", "ticket", product.facts["ticket"])

    (answer,) = dev.apply(
        [Update(ref, {"status": "Closed", "priority": "High", "tracker": "Bug", "project": "web",
                      "assigned_to": "6", "due_date": None, "parent": None})]
    )  # fmt: skip

    assert isinstance(answer, Done), answer
    assert sent(product, "PUT") == [
        {"issue": {"status_id": 5, "priority_id": 3, "tracker_id": 1, "project_id": 2,
                   "assigned_to_id": "6", "due_date": "", "parent_issue_id": ""}}
    ]  # fmt: skip


def test_fields_that_nobody_has_shown_are_set_by_a_second_call(product: Recording) -> None:
    empty = {"status": 200, "headers": {"content-type": "application/json"},
             "body": '{"issues": [], "total_count": 0}'}  # fmt: skip
    for key in [one for one in product.answers if one.startswith("GET /issues.json")]:
        product.answers[key] = empty

    (answer,) = connector("redmine", product).apply(
        [Create("ticket", "infra", {"subject": "x", "custom_fields": {"zz": "1"}}, "m-1", "i")]
    )

    assert answer == Done(product.facts["ticket"], None, ("there is no custom field 'zz' here",))
    assert sent(product, "POST")[0]["issue"]["custom_fields"] == []
    assert sent(product, "PUT") == [{"issue": {"custom_fields": [{"id": 1, "value": "m-1"}]}}]


def test_an_issue_that_was_made_stays_made_when_the_second_call_fails(product: Recording) -> None:
    for key in [one for one in product.answers if one.startswith("GET /issues.json")]:
        product.answers[key] = {**product.answers[key], "body": '{"issues": []}'}

    def refusing(request: httpx.Request) -> httpx.Response:
        return whole(b"", status=502) if request.method == "PUT" else product(request)

    (answer,) = connector("redmine", only_writes(product, refusing)).apply(
        [Create("ticket", "infra", {"subject": "x"}, "m", "i")]
    )

    assert answer == Done(product.facts["ticket"], None, ("the custom fields were not set",))


def test_of_the_second_call_only_what_is_refused_is_left_out(product: Recording) -> None:
    for key in [one for one in product.answers if one.startswith("GET /issues.json")]:
        product.answers[key] = {**product.answers[key], "body": '{"issues": []}'}
    made = next(key for key in product.answers if key.startswith("POST /issues.json"))
    shown = json.loads(product.answers[made]["body"])
    shown["issue"]["custom_fields"].append({"id": 9, "name": "Stage", "value": ""})
    product.answers[made] = {**product.answers[made], "body": json.dumps(shown)}

    def refusing(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and b"prod2" in request.content:
            return whole(b'{"errors": ["Stage is not included in the list"]}', status=422)
        return product(request)

    (answer,) = connector("redmine", only_writes(product, refusing)).apply(
        [Create("ticket", "infra", {"subject": "x", "custom_fields": {"Stage": "prod2"}}, "m", "i")]
    )

    assert isinstance(answer, Done), answer
    assert answer.complaints == ("Stage is not included in the list",)
    assert sent(product, "PUT") == [{"issue": {"custom_fields": [{"id": 1, "value": "m"}]}}]


def test_a_watcher_that_fails_after_the_issue_was_written_leaves_doubt(product: Recording) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        if "watchers" in str(request.url):
            raise httpx.ConnectError("no", request=request)
        return product(request)

    ref = Ref("dev", "ticket", product.facts["ticket"])
    operations = [Update(ref, {"subject": "x", "watchers": ["6", "7"]})]
    answers = connector("redmine", refusing).apply(operations)

    assert list(answers) == [OutcomeUnknown("in part")]


def test_an_upload_that_broke_is_harmless(product: Recording) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        if "uploads" in str(request.url):
            raise httpx.ReadTimeout("no", request=request)
        return product(request)

    ref = Ref("dev", "ticket", product.facts["ticket"])
    operation = AddElement(ref, "attachment", {"name": "a"}, "m", "i", b"x")

    assert list(connector("redmine", refusing).apply([operation])) == [
        Transient("the upload did not end well")
    ]


@pytest.mark.parametrize(
    ("status", "errors", "expected"),
    [
        (422, ["Subject cannot be blank"], Rejected(("subject",), "Subject cannot be blank")),
        (422, ["Parent task is invalid", "Due date must be greater than start date"],
         Rejected(("due_date", "parent"),
                  "Parent task is invalid; Due date must be greater than start date")),
        (422, ["Environment is not included in the list"],
         Rejected(("custom_fields.Environment",), "Environment is not included in the list")),
        (422, [], Rejected((), "status 422")),  # a stale lock_version (M8)
        (403, None, Forbidden()),
        (404, None, None),
    ],
)  # fmt: skip
def test_refusals_as_recorded(
    status: int, errors: list[str] | None, expected: Failure | None
) -> None:
    body = b"" if errors is None else json.dumps({"errors": errors}).encode()
    reply = Reply("PUT", status, {"content-type": "application/json"}, body)

    answer = failures.failure(reply, now=NOW, custom_fields=["Environment"])

    assert expected is None or answer == expected


def test_a_login_page_is_for_a_person() -> None:
    page = whole(b"<html>", headers={"content-type": "text/html; charset=utf-8"})
    told = connector("redmine", lambda _: page, NOW).changes(None)

    assert isinstance(told, Misconfigured)
    assert "url" in told.detail


def test_followers_are_counted_once(product: Recording) -> None:
    dev = connector("redmine", product)
    values = {"assigned_to": "6", "watchers": ["6", "7"]}

    assert dev.notifies(Create("ticket", "infra", values, "m", "i")) == Audience(staff=2)


@dataclass
class Issues:
    """A feed of issues with seconds for stamps; ``now`` is its clock."""

    now: datetime = NOW
    stamps: dict[int, datetime] = field(default_factory=dict)
    calls: int = 0
    public: bool = True  # what strangers see too
    revoked: bool = False  # our key: from then on we are strangers

    def touch(self, *numbers: int) -> None:
        for number in numbers:
            self.stamps[number] = self.now

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        if request.url.path == "/users/current.json":
            return whole(b"", status=401) if self.revoked else whole(b'{"user": {"id": 5}}')
        query = {name: value[0] for name, value in parse_qs(request.url.query.decode()).items()}
        rows = sorted(self.stamps.items(), key=lambda one: (one[1], one[0]))
        stamp = query.get("updated_on", "")
        if stamp.startswith(">="):
            since = instant(stamp[2:])
            rows = [one for one in rows if since is not None and one[1] >= since]
        elif stamp.startswith("><"):
            first, last = (instant(one) for one in stamp[2:].split("|"))
            assert first is not None
            assert last is not None
            after = int(query["issue_id"][2:])
            rows = [one for one in rows if first <= one[1] <= last and one[0] >= after]
            rows.sort()
        elif query["sort"].endswith(":desc"):
            rows.reverse()
        if self.revoked and not self.public:
            rows = []
        shown = [
            {"id": number, "updated_on": zulu(at)} for number, at in rows[: int(query["limit"])]
        ]
        headers = {"date": self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return whole(json.dumps({"issues": shown}).encode(), headers=headers)


@dataclass
class Reading:
    """Somebody who polls."""

    issues: Issues
    cursor: object = None
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dev = connector("redmine", self.issues, NOW)

    def poll(self) -> list[str]:
        """What is told until there is no more."""
        told: list[str] = []
        for _ in range(1000):
            changes = self.dev.changes(self.cursor)
            assert isinstance(changes, Changes), changes
            self.cursor = json.loads(json.dumps(changes.cursor))
            told += [one.native_id for one in changes.events]
            if not changes.more:
                self.seen += told
                return told
        raise AssertionError("no end")


def test_a_second_write_of_the_same_second_is_told() -> None:
    issues = Issues()
    reading = Reading(issues)
    reading.poll()
    issues.touch(1)

    first = reading.poll()
    issues.touch(1)  # a note, say: nothing in the list shows it
    still = reading.poll()
    issues.now += timedelta(seconds=6)
    after = reading.poll()
    quiet = reading.poll()

    assert (first, still, after, quiet) == (["1"], [], ["1"], [])


def test_a_write_that_is_committed_late_is_told() -> None:
    issues = Issues()
    reading = Reading(issues)
    reading.poll()
    issues.now += timedelta(minutes=5)
    issues.touch(2)
    reading.poll()

    issues.stamps[1] = issues.now - timedelta(seconds=30)

    assert reading.poll() == ["1"]


def test_nothing_from_before_the_first_cursor_is_told() -> None:
    issues = Issues()
    issues.touch(1, 2, 3)
    issues.now += timedelta(seconds=30)
    reading = Reading(issues)
    reading.poll()

    assert reading.poll() == []


def test_a_revoked_key_is_noticed_though_strangers_are_answered_too() -> None:
    issues = Issues(public=False)
    reading = Reading(issues)
    reading.poll()
    issues.touch(1)
    reading.poll()

    issues.revoked = True

    assert isinstance(reading.dev.changes(reading.cursor), AuthFailed)


def test_who_we_are_is_not_asked_while_the_feed_shows_what_it_showed() -> None:
    issues = Issues()
    reading = Reading(issues)
    reading.poll()
    issues.touch(1)
    reading.poll()
    calls = issues.calls

    reading.poll()

    assert issues.calls == calls + 1


def test_an_issue_as_strangers_see_it_is_not_believed(product: Recording) -> None:
    dev, ref = connector("redmine", product), Ref("dev", "ticket", product.facts["ticket"])
    dev.describe()
    for key, answer in product.answers.items():
        if "/users/current.json" in key:
            answer["status"] = 401
        if f"GET /issues/{ref.id}.json" in key:
            answer["body"] = answer["body"].replace('"watchers"', '"hidden"')

    assert isinstance(dev.fetch(ref), AuthFailed)


@pytest.mark.parametrize("number", [99, 100, 101, 250, 1000])
def test_more_issues_in_one_second_than_a_page_holds(number: int) -> None:
    issues = Issues()
    reading = Reading(issues)
    reading.poll()
    issues.now += timedelta(minutes=5)
    issues.touch(*range(1, number + 1))
    issues.now += timedelta(minutes=5)

    told = reading.poll()

    assert sorted(told, key=int) == [str(one) for one in range(1, number + 1)]
    assert reading.poll() == []


def test_a_long_backlog_is_told_once_each_in_about_its_pages() -> None:
    issues = Issues()
    reading = Reading(issues)
    reading.poll()
    for number in range(1, 2001):
        issues.now += timedelta(milliseconds=100)
        issues.stamps[number] = issues.now.replace(microsecond=0)
    issues.now += timedelta(minutes=5)
    issues.calls = 0

    told = reading.poll()

    assert sorted(told, key=int) == [str(one) for one in range(1, 2001)]
    assert issues.calls < 40
    assert reading.poll() == []


@pytest.mark.parametrize(
    ("name", "stored"),
    [("a.txt", "a.txt"), ("C:\\temp/why??.txt", "why_.txt"), ("a\nb", "a_b"), ("x/", "file")],
)
def test_a_file_gets_the_name_that_redmine_would_give_it(name: str, stored: str) -> None:
    assert stored_name(name) == stored
