"""On what Request Tracker 5.0.3 answered on 2026-11-21 (fixtures/request_tracker.json)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs

import httpx
import pytest

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Changes,
    Create,
    Description,
    Done,
    Listed,
    Lists,
    NativeRecord,
    Recalls,
    Update,
)
from sdsync.connectors.failures import Conflict, Forbidden, OutcomeUnknown, Rejected, Transient
from sdsync.connectors.replies import Reply
from sdsync.connectors.request_tracker import convert, failures, feed
from sdsync.connectors.request_tracker.client import custom, quoted
from sdsync.store.records import Json, Ref
from sdsync.testing.misbehaving import whole
from tests.unit.connectors.replay import SECRET, Recording, connector, recording

NOW = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDSYNC_TEST_SECRET", SECRET)


@pytest.fixture
def product() -> Recording:
    return recording("request_tracker")


def sent(product: Recording, method: str) -> list[Any]:
    return [json.loads(one.content) for one in product.asked if one.method == method]


def test_it_describes_what_was_recorded(product: Recording) -> None:
    told = connector("request_tracker", product).describe()

    assert isinstance(told, Description), told
    assert told.version.startswith("5.0.3")
    assert told.account.login == "sdsync"
    assert told.warnings == ()
    assert set(told.places) == {"General", "Escalated"}
    assert told.places["Escalated"].fields["CustomFields.Environment"].values is not None


def test_a_custom_field_of_many_queues_is_read_once_and_anew_each_time(
    product: Recording,
) -> None:
    product.answers["GET /REST/2.0/queue/1"] = product.answers["GET /REST/2.0/queue/3"]
    desk = connector("request_tracker", product)

    for _ in range(2):
        product.asked.clear()
        told = desk.describe()

        assert isinstance(told, Description), told
        assert told.places["General"].fields == told.places["Escalated"].fields
        asked = [one.url.path for one in product.asked if "/customfield/" in one.url.path]
        assert len(asked) == len(set(asked)) == 4


def test_a_ticket_is_read_whole(product: Recording) -> None:
    ref = Ref("desk", "ticket", product.facts["ticket"])

    record = connector("request_tracker", product).fetch(ref)

    assert isinstance(record, NativeRecord), record
    assert record.values["Subject"] == "db01: disk full"
    assert record.values["Content"] == "<p>no <b>space</b></p>"
    assert record.values["Requestor"] == ["customer1"]
    assert record.mark == "mark-1"
    assert [one.values["body"] for one in record.notes or ()] == ["between us"]
    assert [one.values["name"] for one in record.attachments or ()] == ["a.txt"]
    assert [one.path for one in record.history or ()] == ["Priority"]
    assert record.url.endswith(f"/Ticket/Display.html?id={ref.id}")


def test_what_was_read_once_is_not_read_again(product: Recording) -> None:
    desk, ref = (
        connector("request_tracker", product),
        Ref("desk", "ticket", product.facts["ticket"]),
    )

    desk.fetch(ref)
    before = len(product.asked)
    desk.fetch(ref)

    assert len(product.asked) - before < before
    assert not any("fields=Content&" in str(one.url) for one in product.asked[before:])


def test_a_create_holds_place_and_mark_and_no_empty_field(product: Recording) -> None:
    values: dict[str, Any] = {
        "Subject": "x",
        "Content": "y",
        "Due": None,
        "Cc": [],
        "CustomFields": {"Environment": "Test"},
    }

    (answer,) = connector("request_tracker", product).apply(
        [Create("ticket", "Escalated", values, "mark", "i")]
    )

    assert answer == Done(product.facts["ticket"])
    assert sent(product, "POST") == [
        {
            "Subject": "x", "Content": "y", "ContentType": "text/plain", "Queue": "Escalated",
            "CustomFields": {"Environment": "Test", "sdsync mark": "mark"},
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("native", "wire"),
    [
        ({"Owner": None}, {"Owner": "Nobody"}),
        ({"Due": None}, {"Due": ""}),
        ({"Due": "2027-01-02"}, {"Due": "2027-01-02 00:00:00"}),
        ({"Due": "2027-01-02T08:00:00Z"}, {"Due": "2027-01-02 08:00:00"}),
        ({"Priority": 50}, {"Priority": "50"}),
        ({"Cc": None}, {"Cc": []}),
        ({"Requestor": "a@example.org"}, {"Requestor": ["a@example.org"]}),
        ({"AdminCc": ["ann", "group:57"]}, {"AdminCc": ["ann", "57"]}),
        ({"CustomRoles": {"Team": ["group:57"]}}, {"CustomRoles": {"Team": ["57"]}}),
        ({"CustomFields": {"A": None, "B": [1, "x"], "C": 2}},
         {"CustomFields": {"A": None, "B": ["1", "x"], "C": "2"}}),
    ],
)  # fmt: skip
def test_values_go_as_rt_takes_them(native: dict[str, Any], wire: dict[str, Any]) -> None:
    assert convert.patch(native) == wire


@pytest.mark.parametrize(
    "native",
    [{"Subject": "a\nb"}, {"Cc": ["a@example.org\nBcc: b"]}, {"Cc": ["a@x.org, b@x.org"]},
     {"Cc": [1]}, {"CustomFields": "x"}],
)  # fmt: skip
def test_values_that_mean_something_else_are_refused(native: dict[str, Any]) -> None:
    with pytest.raises(Refused) as told:
        convert.patch(native)

    assert told.value.failure == Rejected(tuple(native), told.value.failure.detail)  # type: ignore[union-attr]


def test_a_version_is_sent_as_rt_wrote_it(product: Recording) -> None:
    ref = Ref("desk", "ticket", product.facts["ticket"])

    connector("request_tracker", product).apply([Update(ref, {"Subject": "x"}, "47")])

    (request,) = [one for one in product.asked if one.method == "PUT"]
    assert request.headers["if-match"] == '"47"'


# Sentences of RT 5.0.3, `PUT /ticket/1`, 2026-11-21.
SAID = [
    ("Ticket 1: Owner changed from Nobody to agent1", False),
    ("Ticket 1: Priority changed from 'Low' to 'Medium'", False),
    ("Ticket 1: Due changed from Not set to Tue Dec 01 10:00:00 2026", False),
    ("c added as a value for sdsync tags", False),
    ("a is no longer a value for custom field sdsync tags", False),
    ("Environment Test added", False),
    ("sdsync peer infra#1 deleted", False),
    ("ExternalID ZBX-1 changed to ZBX-2", False),
    ("Added agent2 as Cc for this ticket", False),
    ("new@example.net is no longer Cc for this ticket", False),
    ("Comments added", False),
    ("Correspondence added", False),
    ("Ticket 1: You can only reassign tickets that you own or that are unowned", True),
    ("Ticket 1: That user does not exist", True),
    ("Ticket 1: Status 'bogus' isn't a valid status for this ticket.", True),
    ("Invalid value for custom field", True),
]


@pytest.mark.parametrize(("sentence", "complains"), SAID)
def test_complaints_are_told_from_reports(sentence: str, *, complains: bool) -> None:
    told = sentence.removeprefix("Ticket 1: ")
    assert failures.complaints([sentence]) == ((told,) if complains else ())


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"message": "Status 'bogus' isn't a valid status for tickets in this queue."},
         Rejected(("Status",), "Status 'bogus' isn't a valid status for tickets in this queue.")),
        (400, {"message": "Content is too long"}, Rejected((), "Content is too long")),
        (403, {"message": "No permission to create tickets in the queue 'Nope'"},
         Forbidden("No permission to create tickets in the queue 'Nope'")),
        (412, {"message": "Precondition Failed"}, Conflict()),
        (500, None, OutcomeUnknown("status 500")),
    ],
)  # fmt: skip
def test_refusals_as_recorded(status: int, body: Any, expected: object) -> None:
    reply = Reply("POST", status, {"content-type": "application/json"},
                  b"" if body is None else json.dumps(body).encode())  # fmt: skip

    assert failures.failure(reply, now=NOW) == expected


def test_a_made_ticket_without_an_id_is_in_doubt() -> None:
    desk = connector("request_tracker", lambda _: whole(b"{}", status=201), NOW)

    assert desk.apply([Create("ticket", "General", {"Subject": "x"}, "m", "i")]) == [
        OutcomeUnknown("no id in the answer")
    ]


def test_names_of_files_go_as_mail_writes_them() -> None:
    (file,) = convert.file_message("日本語の長い名前のファイル.txt", "text/plain", b"x")[
        "Attachments"
    ]

    words = file["FileName"].split(" ")
    assert all(len(word) <= 75 and word.startswith("=?UTF-8?B?") for word in words)


def test_literals_of_ticketsql_are_closed() -> None:
    assert quoted("it's \\ x") == r"'it\'s \\ x'"
    assert custom("sdsync mark") == "CF.{sdsync mark}"
    with pytest.raises(Refused):
        custom("a} = 1 OR id > 0")


def test_whom_stock_scrips_mail() -> None:
    desk = connector("request_tracker", lambda _: whole(b"{}"), NOW)
    ref = Ref("desk", "ticket", "1")
    people = {"Requestor": ["a@example.org", "b@example.org"], "Cc": ["c@example.org"]}

    assert desk.notifies(Create("ticket", "General", people, "m", "i")) == Audience(
        customers=3, who="2 requestors and 1 in Cc"
    )
    public = AddElement(ref, "note", {"body": "x", "internal": False}, "m", "i")
    assert desk.notifies(public).customers == 1  # a ticket never read has one, to be careful
    assert desk.notifies(AddElement(ref, "note", {"body": "x"}, "m", "i")).customers == 0
    assert desk.notifies(Update(ref, {"Status": "resolved"})) == Audience(1, who="the requestor")
    assert desk.notifies(Update(ref, {"Owner": "agent1"})) == Audience(staff=1)


class Transactions:
    """A feed that shows what is committed and hides what is not ours to see."""

    def __init__(self, *, hidden: int = 0) -> None:
        self.rows: dict[int, datetime] = {}
        self.hidden = set(range(1, hidden + 1))

    def add(self, number: int, at: datetime) -> None:
        self.rows[number] = at

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = {name: value[0] for name, value in parse_qs(request.url.query.decode()).items()}
        if "queues" in request.url.path:
            rows = [{"id": "1", "Name": "General"}] if query["page"] == "1" else []
            return whole(json.dumps({"items": rows}).encode())
        low = int(query["query"].split("id > ")[1].split(" ")[0])
        numbers = sorted({*self.rows, *self.hidden}, reverse=query["order"] == "DESC")
        above = [number for number in numbers if number > low]
        first = (int(query["page"]) - 1) * 100
        page = [number for number in above[first : first + 100] if number not in self.hidden]
        items = [
            {"id": str(number), "ObjectId": "7", "Creator": {"id": "agent1"},
             "Created": self.rows[number].isoformat()}
            for number in page
        ]  # fmt: skip
        headers = {"date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return whole(json.dumps({"items": items}).encode(), headers=headers)


def told(changes: object) -> list[str]:
    assert isinstance(changes, Changes), changes
    return [one.digest for one in changes.events]


def test_a_lower_number_that_is_committed_later_is_not_lost() -> None:
    product = Transactions()
    desk = connector("request_tracker", product, NOW)
    start = desk.changes(None)
    assert isinstance(start, Changes)

    product.add(12, NOW)
    seen: list[str] = []
    cursor = start.cursor
    for late in (None, 11, None, None, None):
        if late is not None:
            product.add(late, NOW)
        changes = desk.changes(cursor)
        seen += told(changes)
        assert isinstance(changes, Changes)
        cursor = changes.cursor

    assert seen == ["transaction 12", "transaction 11"]


def test_the_cursor_passes_what_is_settled() -> None:
    product = Transactions()
    for number in range(1, 251):
        product.add(number, NOW - timedelta(hours=1))
    desk = connector("request_tracker", product, NOW)

    seen: list[str] = []
    cursor: object = {"low": 0, "told": []}
    while True:
        changes = desk.changes(cursor)
        seen += told(changes)
        assert isinstance(changes, Changes)
        cursor = changes.cursor
        if not changes.more:
            break

    assert seen == [f"transaction {number}" for number in range(1, 251)]
    assert cursor == {"low": 250, "told": []}


def test_a_long_feed_is_read_by_pages_and_never_looked_back_at_in_one_piece() -> None:
    product = Transactions()
    for number in range(1, 951):
        product.add(number, NOW - timedelta(hours=1))
    desk = connector("request_tracker", product, NOW)

    sizes: list[int] = []
    cursor: object = {"low": 0, "told": []}
    for _ in range(10):
        changes = desk.changes(cursor)
        sizes.append(len(told(changes)))
        assert isinstance(changes, Changes)
        cursor = changes.cursor

    assert sizes == [100] * 9 + [50]
    product.add(951, NOW)
    assert told(desk.changes(cursor)) == ["transaction 951"]


def test_pages_of_hidden_rows_are_passed_in_the_end() -> None:
    product = Transactions(hidden=350)
    product.add(351, NOW)
    desk = connector("request_tracker", product, NOW)
    cursor: object = {"low": 0, "told": []}

    seen: list[str] = []
    for _ in range(31):
        changes = desk.changes(cursor)
        seen += told(changes)

    assert seen[:1] == ["transaction 351"]


@pytest.mark.parametrize("hidden", [150, 350, 1500])
def test_a_feed_whose_rows_are_hidden_is_not_at_its_end(
    hidden: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was restored is trusted once each feed was read to its end (law 32)."""
    monkeypatch.setattr(feed, "MOST_PAGES", 3)
    product = Transactions(hidden=hidden)
    for number in (hidden // 2, hidden + 1):
        product.hidden.discard(number)
        product.add(number, NOW)
    desk = connector("request_tracker", product, NOW)

    seen: list[str] = []
    cursor, more = cast(Json, {"low": 0, "told": []}), True
    while more:
        changes = desk.changes(cursor)
        seen += told(changes)
        assert isinstance(changes, Changes)
        cursor, more = changes.cursor, changes.more

    assert seen == [f"transaction {number}" for number in (hidden // 2, hidden + 1)]


def test_an_outage_of_the_feed_is_a_failure() -> None:
    desk = connector("request_tracker", lambda _: whole(b"", status=502), NOW)

    assert desk.changes({"low": 1, "told": []}) == Transient("status 502")


@pytest.mark.parametrize(("name", "stored"), [("C:/a/b?.txt", "b?.txt"), ("x/", "file")])
def test_a_file_gets_the_name_that_rt_would_give_it(name: str, stored: str) -> None:
    assert convert.stored_name(name) == stored


def test_a_list_that_does_not_come_in_time_is_asked_for_in_smaller_pages() -> None:
    """A busy RT took more than 30 s for a hundred of 2,350 tickets (2026-11-22)."""
    sizes: list[int] = []

    def slow(request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.url.query.decode())
        sizes.append(int(query["per_page"][0]))
        if sizes[-1] > 30:
            raise httpx.ReadTimeout("", request=request)
        return whole(b'{"items": []}')

    desk = connector("request_tracker", slow, NOW)
    assert isinstance(desk, Lists)

    told = [desk.records("General", "") for _ in range(4)]

    assert told[:2] == [Transient("ReadTimeout")] * 2
    assert told[2:] == [Listed((), None)] * 2
    assert sizes == [100, 50, 25, 25]


def test_a_second_look_at_the_same_version_is_one_call(product: Recording) -> None:
    ref = Ref("desk", "ticket", product.facts["ticket"])
    desk = connector("request_tracker", product)
    first = desk.fetch(ref)
    assert isinstance(first, NativeRecord), first

    product.asked.clear()
    assert desk.fetch(ref) == first
    assert [one.url.path for one in product.asked] == [f"/REST/2.0/ticket/{ref.id}"]

    product.asked.clear()
    other = connector("request_tracker", product)
    assert isinstance(other, Recalls)
    other.share(desk)  # one memory with its neighbour
    assert other.fetch(ref) == first
    assert not [one for one in product.asked if "/history" in one.url.path]


@pytest.mark.parametrize(
    ("type_", "field", "parts"),
    [("Set", "Subject", False), ("AddLink", "MergedInto", True), ("Comment", None, True)],
)
def test_parts_are_read_anew_when_something_may_have_brought_some(
    product: Recording, type_: str, field: str | None, parts: bool
) -> None:
    ref = Ref("desk", "ticket", product.facts["ticket"])
    desk = connector("request_tracker", product)
    assert isinstance(desk.fetch(ref), NativeRecord)
    told = product.answers[f"GET /REST/2.0/ticket/{ref.id}"]
    last = int(told["headers"]["etag"].strip('"')) + 1
    told["headers"]["etag"] = f'"{last}"'
    (name,) = (one for one in product.answers if f"/ticket/{ref.id}/history" in one)
    history = json.loads(product.answers[name]["body"])
    history["items"].append(
        {**history["items"][-1], "id": str(last), "Type": type_, "Field": field}
    )
    product.answers[name]["body"] = json.dumps(history)

    product.asked.clear()
    assert isinstance(desk.fetch(ref), NativeRecord)

    asked = [one.url.path for one in product.asked if one.url.path.endswith("/attachments")]
    assert bool(asked) is parts
