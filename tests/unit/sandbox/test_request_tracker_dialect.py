"""What stock Request Tracker 5.0.3 was seen to do, the sandbox does too (M3 to M5 and more)."""

from __future__ import annotations

import base64

import httpx
import pytest

from sdsync.sandbox import Pair, accounts
from sdsync.sandbox.rt.query import parse


def create(desk: httpx.Client, **fields: object) -> str:
    reply = desk.post("/ticket", json={"Queue": "Escalated", "Subject": "db01", **fields})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def test_a_put_tells_of_some_refusals_and_says_nothing_of_others(desk: httpx.Client) -> None:
    """M3."""
    id_ = create(desk)

    said = desk.put(
        f"/ticket/{id_}",
        json={"Status": "bogus", "Owner": "zzz", "Foo": 1, "CustomFields": {"nope": 1},
              "Priority": "Medium"},
    )  # fmt: skip

    assert said.status_code == 200
    assert said.json() == [
        f"Ticket {id_}: That user does not exist",
        f"Ticket {id_}: Priority changed from 'Low' to 'Medium'",
        f"Ticket {id_}: Status 'bogus' isn't a valid status for this ticket.",
    ]


def test_a_merged_ticket_answers_as_its_survivor(desk: httpx.Client) -> None:
    """M4."""
    survivor, loser = create(desk), create(desk)

    said = desk.put(f"/ticket/{loser}", json={"MergeInto": survivor})

    assert said.json() == ["Merge Successful"]
    assert str(desk.get(f"/ticket/{loser}").json()["id"]) == survivor


def test_creating_and_replying_mail_the_requestor(pair: Pair, desk: httpx.Client) -> None:
    """M5: and the unknown address has become a user."""
    id_ = create(desk, Requestor=["new@customer.example"])
    desk.post(f"/ticket/{id_}/comment", json={"Content": "hm", "ContentType": "text/plain"})
    desk.post(f"/ticket/{id_}/correspond", json={"Content": "hi", "ContentType": "text/plain"})

    assert [(one.to, one.why) for one in pair.desk.mails] == [
        ("new@customer.example", "AutoReply"), ("new@customer.example", "Correspondence"),
    ]  # fmt: skip
    assert desk.get("/user/new@customer.example").json()["EmailAddress"] == "new@customer.example"


def test_a_reply_opens_a_new_ticket_and_the_system_did_it(desk: httpx.Client) -> None:
    id_ = create(desk)

    desk.post(f"/ticket/{id_}/correspond", json={"Content": "hi", "ContentType": "text/plain"})

    params = {"fields": "Type,Creator,NewValue"}
    last = desk.get(f"/ticket/{id_}/history", params=params).json()["items"][-1]
    assert (last["Type"], last["Creator"]["id"], last["NewValue"]) == (
        "Status", "RT_System", "open",
    )  # fmt: skip


def test_if_match_guards_a_write(desk: httpx.Client) -> None:
    id_ = create(desk)
    etag = desk.get(f"/ticket/{id_}").headers["ETag"]
    desk.put(f"/ticket/{id_}", json={"Subject": "one"}, headers={"If-Match": etag})

    late = desk.put(f"/ticket/{id_}", json={"Subject": "two"}, headers={"If-Match": etag})

    assert (late.status_code, late.json()) == (412, {"message": "Precondition Failed"})
    assert desk.get(f"/ticket/{id_}").json()["Subject"] == "one"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("2026-12-01T10:00:00Z", "1970-01-01T00:00:00Z"), ("2026-12-01", "1970-01-01T00:00:00Z"),
     ("2026-12-01 10:00:00", "2026-12-01T10:00:00Z")],
)  # fmt: skip
def test_a_put_reads_dates_in_sql_form_alone(desk: httpx.Client, sent: str, shown: str) -> None:
    id_ = create(desk)

    assert desk.put(f"/ticket/{id_}", json={"Due": sent}).status_code == 200

    assert desk.get(f"/ticket/{id_}").json()["Due"] == shown


def test_a_priority_word_stays_a_word_until_it_is_changed(desk: httpx.Client) -> None:
    id_ = create(desk, Priority="High")
    before = desk.get(f"/ticket/{id_}").json()["Priority"]

    desk.put(f"/ticket/{id_}", json={"Priority": "Medium"})

    assert (before, desk.get(f"/ticket/{id_}").json()["Priority"]) == ("High", "50")


def test_transactions_are_not_counted_and_hidden_ones_shorten_a_page(desk: httpx.Client) -> None:
    create(desk, Requestor=["new@customer.example"])  # Create, and a record of outgoing mail

    page = desk.get("/transactions", params={"query": "id > 0", "per_page": 2}).json()

    assert (page["total"], page["pages"], page["count"]) == (None, None, 1)
    assert "next_page" not in page


def test_transactions_are_found_by_their_ticket(desk: httpx.Client) -> None:
    create(desk)
    create(desk, Queue="General")
    query = "ObjectType = 'RT::Ticket' AND id > 0 AND ( TicketQueue = 'Escalated' )"

    found = desk.get("/transactions", params={"query": query, "fields": "ObjectId"}).json()

    assert [one["ObjectId"] for one in found["items"]] == ["1"]


def test_lists_hold_at_most_a_hundred_and_name_the_next_page(desk: httpx.Client) -> None:
    for _ in range(3):
        create(desk)
    query = {"query": "Queue = 'Escalated'"}

    page = desk.get("/tickets", params={**query, "per_page": 2}).json()
    rest = desk.get(page["next_page"]).json()

    assert [one["id"] for one in rest["items"]] == ["3"]
    assert desk.get("/tickets", params={**query, "per_page": 500}).json()["per_page"] == 100
    assert desk.get("/tickets").json()["total"] == 0  # no query, nothing found


def test_files_travel_as_base64_and_hang_on_their_transaction(desk: httpx.Client) -> None:
    id_ = create(desk)
    file = {"FileName": "a.log", "FileType": "text/plain",
            "FileContent": base64.b64encode(b"hello").decode()}  # fmt: skip

    reply = desk.post(f"/ticket/{id_}/comment", json={
        "Content": "see", "ContentType": "text/plain", "Attachments": [file]})  # fmt: skip

    parts = desk.get(f"/ticket/{id_}/attachments", params={"fields": "Filename"}).json()["items"]
    part = next(one for one in parts if one["Filename"] == "a.log")
    alone = desk.get(f"/attachment/{part['id']}").json()
    assert base64.b64decode(alone["Content"]) == b"hello"
    assert reply.headers["Location"].endswith(f"/transaction/{alone['TransactionId']['id']}")


def test_a_multipart_body_carries_files_as_they_are(desk: httpx.Client) -> None:
    id_ = create(desk)
    json_part = '{"Content": "see", "ContentType": "text/plain"}'

    files = {"Attachments": ("b.bin", b"\x00\x01", "application/octet-stream")}
    desk.post(f"/ticket/{id_}/comment", data={"JSON": json_part}, files=files)

    parts = desk.get(f"/ticket/{id_}/attachments", params={"fields": "Filename,ContentLength"})
    assert ("b.bin", "2") in [(one["Filename"], one["ContentLength"])
                              for one in parts.json()["items"]]  # fmt: skip


def test_pointers_are_filled_where_fields_are_asked_for(desk: httpx.Client) -> None:
    id_ = create(desk, Requestor=["nora"])

    alone = desk.get(f"/ticket/{id_}", params={"fields[Queue]": "Name"}).json()
    listed = desk.get("/tickets", params={
        "query": f"id = {id_}", "fields": "Queue,Requestor", "fields[Queue]": "Name",
        "fields[Requestor]": "EmailAddress"}).json()["items"][0]  # fmt: skip

    assert alone["Queue"]["Name"] == listed["Queue"]["Name"] == "Escalated"
    assert listed["Requestor"][0]["EmailAddress"] == "nora@example.org"


def test_a_single_custom_field_is_replaced_and_a_many_valued_one_set(desk: httpx.Client) -> None:
    id_ = create(desk, CustomFields={"Environment": "Test", "sdsync tags": ["a", "b"]})

    said = desk.put(f"/ticket/{id_}", json={
        "CustomFields": {"Environment": "Staging", "sdsync tags": ["b", "c"]}}).json()  # fmt: skip

    fields = {
        one["name"]: one["values"] for one in desk.get(f"/ticket/{id_}").json()["CustomFields"]
    }
    assert (fields["Environment"], fields["sdsync tags"]) == (["Staging"], ["b", "c"])
    assert said[0] == "Environment Test changed to Staging"


def test_without_a_token_nothing_is_shown(pair: Pair) -> None:
    reply = httpx.get(f"{pair.desk.url}/REST/2.0/rt")

    assert (reply.status_code, reply.json()) == (401, {"message": "Unauthorized"})


def test_people_are_found_by_a_json_query(desk: httpx.Client) -> None:
    query = '[{"field": "EmailAddress", "value": "nora@example.org"}]'

    found = desk.get("/users", params={"query": query, "fields": "Name"}).json()

    assert [one["Name"] for one in found["items"]] == ["nora"]


def test_a_customer_has_no_token(pair: Pair) -> None:
    assert all(one.token for one in accounts.STAFF)
    assert {one.email for one in accounts.STAFF if one.desk} <= {
        one["email"] for one in _users(pair)
    }


def _users(pair: Pair) -> list[dict[str, str]]:
    records = pair.desk.on_loop(pair.desk.product.dump)
    assert isinstance(records, dict)
    return list(records["users"])


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("id > 3", True),
        ("id > 4", False),
        ("Queue = 'general' AND id = 4", True),
        ("Queue = 'x' OR Status LIKE 'op'", True),
        ("(Queue = 'x' OR Status = 'open') AND id != 4", False),
        ("LastUpdated > '2026-11-21 08:00:00'", True),
        ("LastUpdated >= '2026-11-21T08:00:01Z'", True),
        ("LastUpdated > '2026-11-21T08:00:01Z'", False),
        ("CF.{sdsync mark} = 'm1'", True),
        ('CustomField.{sdsync mark} IS "NULL"', False),
        ("Subject NOT LIKE 'disk'", True),
        (r"Subject = 'it\'s'", True),
    ],
)
def test_ticket_sql(query: str, fits: bool) -> None:
    row = {"id": "4", "queue": "General", "status": "open", "subject": "it's",
           "lastupdated": "2026-11-21T08:00:01Z", "cf.{sdsync mark}": "m1",
           "customfield.{sdsync mark}": "m1"}  # fmt: skip

    def columns(name: str) -> list[str] | None:
        return [row[name.lower()]] if name.lower() in row else None

    assert parse(query)(columns) is fits


@pytest.mark.parametrize(
    "query", ["Nope = 1", "Queue = ", "Queue", "(id = 1", "id = 1 id = 2", "'"]
)
def test_a_query_that_cannot_be_read_is_a_400(desk: httpx.Client, query: str) -> None:
    create(desk)

    assert desk.get("/tickets", params={"query": query}).status_code == 400
