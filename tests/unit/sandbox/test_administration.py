"""What the sandboxes let an administrator do, and nobody else, as the stock products do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sdsync.sandbox import Pair, accounts
from tests.unit.sandbox.naive import PATIENCE_S

MARK = {"Name": "mark", "Type": "Freeform", "MaxValues": 1, "Queue": 2}


@pytest.fixture
def root(pair: Pair) -> Iterator[httpx.Client]:
    headers = {"Authorization": "token root-token"}
    with httpx.Client(
        base_url=f"{pair.desk.url}/REST/2.0", headers=headers, timeout=PATIENCE_S
    ) as client:
        yield client


@pytest.fixture
def admin(pair: Pair) -> Iterator[httpx.Client]:
    headers = {"X-Redmine-API-Key": accounts.ADMIN_KEY}
    with httpx.Client(base_url=pair.dev.url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


def fields_of(client: httpx.Client, queue: int) -> set[str]:
    return {one["name"] for one in client.get(f"/queue/{queue}").json()["TicketCustomFields"]}


# -- the desk --------------------------------------------------------------------------
def test_a_new_field_is_on_the_queue_that_the_old_word_names(root: httpx.Client) -> None:
    made = root.post("/customfield", json=MARK)

    assert made.status_code == 201
    assert made.headers["location"].endswith(f"/customfield/{made.json()['id']}")
    assert "mark" in fields_of(root, 2)
    assert "mark" not in fields_of(root, 1)


def test_without_the_old_word_it_is_nowhere_and_with_zero_everywhere(root: httpx.Client) -> None:
    for name, queue in (("nowhere", {}), ("everywhere", {"Queue": 0})):
        told = {"Name": name, "Type": "Freeform", "MaxValues": 1, **queue}
        assert root.post("/customfield", json=told).status_code == 201

    assert "nowhere" not in fields_of(root, 1) | fields_of(root, 2)
    assert "everywhere" in fields_of(root, 1) & fields_of(root, 2)


def test_names_of_fields_are_not_unique(root: httpx.Client) -> None:
    first, second = (root.post("/customfield", json=MARK).json()["id"] for _ in "ab")

    assert first != second


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/customfield"), ("PUT", "/customfield/1"), ("PUT", "/user/20")]
)
def test_staff_administers_nothing(desk: httpx.Client, method: str, path: str) -> None:
    assert desk.request(method, path, json=MARK).status_code == 403


def test_a_disabled_field_is_listed_nowhere(root: httpx.Client) -> None:
    assert root.delete("/customfield/1").status_code == 204

    rows = root.get("/customfields", params={"fields": "Name"}).json()["items"]
    assert "sdsync mark" not in fields_of(root, 2) | {row["Name"] for row in rows}
    assert root.get("/customfield/1").json()["Disabled"] == "1"


def test_what_is_taken_from_an_account_is_refused(pair: Pair, desk: httpx.Client) -> None:
    made = desk.post("/ticket", json={"Queue": "Escalated", "Subject": "x"}).json()["id"]
    said = {"Content": "x", "ContentType": "text/plain"}
    calls = {
        "CreateTicket": ("POST", "/ticket", {"Queue": "Escalated", "Subject": "x"}),
        "CommentOnTicket": ("POST", f"/ticket/{made}/comment", said),
        "ReplyToTicket": ("POST", f"/ticket/{made}/correspond", said),
        "ModifyTicket": ("PUT", f"/ticket/{made}", {"Subject": "y"}),
        "SeeQueue": ("GET", "/queue/2", None),
        "SeeCustomField": ("GET", "/customfield/1", None),
        "ShowTicket": ("GET", f"/ticket/{made}", None),
    }
    for right, (method, path, body) in calls.items():
        pair.desk.act("take_right", login="sdsync", right=right)
        assert desk.request(method, path, json=body).status_code == 403, right
        pair.desk.act("take_right", login="sdsync", right=right, undo=True)
        assert desk.request(method, path, json=body).status_code < 300, right


def test_a_field_that_may_not_be_written_stays(pair: Pair, desk: httpx.Client) -> None:
    """200, and a sentence: the value is as it was."""
    pair.desk.act("take_right", login="sdsync", right="ModifyCustomField")
    told = {"Queue": "Escalated", "Subject": "x", "CustomFields": {"sdsync mark": "m"}}
    made = desk.post("/ticket", json=told).json()["id"]

    reply = desk.put(f"/ticket/{made}", json={"CustomFields": {"sdsync mark": "m"}})

    assert reply.json() == ["Permission Denied"]
    rows = desk.get(f"/ticket/{made}").json()["CustomFields"]
    assert {row["name"]: row["values"] for row in rows}["sdsync mark"] == []


def test_a_comment_is_hidden_from_who_may_not_see_it(pair: Pair, desk: httpx.Client) -> None:
    made = desk.post("/ticket", json={"Queue": "Escalated", "Subject": "x"}).json()["id"]
    pair.desk.act("note", id=made, text="between us")
    pair.desk.act("take_right", login="sdsync", right="ShowTicketComments")

    asked = {"query": "Type = 'Comment'"}
    assert desk.get("/transactions", params=asked).json()["items"] == []


# -- the tracker -----------------------------------------------------------------------
def test_memberships_are_made_changed_and_ended(admin: httpx.Client) -> None:
    told = {"membership": {"user_id": 7, "role_ids": [5]}}
    made = admin.post("/projects/infra/memberships.json", json=told)
    assert made.status_code == 201
    path = f"/memberships/{made.json()['membership']['id']}.json"

    assert admin.put(path, json={"membership": {"role_ids": [5, 6]}}).status_code == 204
    rows = admin.get("/projects/infra/memberships.json").json()["memberships"]
    assert [[r["id"] for r in row["roles"]] for row in rows if row["user"]["id"] == 7] == [[5, 6]]
    assert admin.delete(path).status_code == 204
    assert admin.put(path, json={"membership": {"role_ids": [5]}}).status_code == 404


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"user_id": 5, "role_ids": [5]}, "User has already been taken"),
        ({"user_id": 7, "role_ids": []}, "Role cannot be empty"),
        ({"user_id": 7, "role_ids": [1]}, "Role cannot be empty"),  # builtin
        ({"user_id": 999, "role_ids": [5]}, "Principal cannot be blank"),
    ],
)
def test_a_membership_that_cannot_be_is_refused(
    admin: httpx.Client, told: dict[str, object], error: str
) -> None:
    refused = admin.post("/projects/infra/memberships.json", json={"membership": told})

    assert (refused.status_code, refused.json()) == (422, {"errors": [error]})


def test_members_are_the_managers_affair(dev: httpx.Client) -> None:
    told = {"membership": {"user_id": 7, "role_ids": [5]}}

    assert dev.post("/projects/infra/memberships.json", json=told).status_code == 403
    assert dev.put("/memberships/1.json", json=told).status_code == 403
