"""What stock Redmine 5.0.4 was seen to do, the sandbox does too (M1, M2, M6 to M8 and more)."""

from __future__ import annotations

import httpx
import pytest

from sdsync.sandbox import Pair, accounts

SHOW = "?include=journals,attachments,watchers,allowed_statuses,children,relations"
LIMITED = {"X-Redmine-API-Key": accounts.LIMITED_KEY}
ADMIN = {"X-Redmine-API-Key": accounts.ADMIN_KEY}


def create(dev: httpx.Client, headers: dict[str, str] | None = None, **fields: object) -> int:
    issue = {"project_id": "infra", "subject": "db01", **fields}
    reply = dev.post("/issues.json", json={"issue": issue}, headers=headers)
    assert reply.status_code == 201, reply.text
    return int(reply.json()["issue"]["id"])


def put(
    dev: httpx.Client, id_: int, headers: dict[str, str] | None = None, **fields: object
) -> int:
    return dev.put(f"/issues/{id_}.json", json={"issue": fields}, headers=headers).status_code


def show(dev: httpx.Client, id_: int) -> dict[str, object]:
    return dict(dev.get(f"/issues/{id_}.json{SHOW}").json()["issue"])


def test_without_the_right_a_private_note_is_public(pair: Pair, dev: httpx.Client) -> None:
    """M1."""
    id_ = create(dev, project_id="web")

    code = put(dev, id_, LIMITED, notes="internal!", private_notes=True)

    stranger = httpx.get(f"{pair.dev.url}/issues/{id_}.json?include=journals")
    assert code == 204
    assert "internal!" in stranger.text


def test_with_the_right_it_is_private(pair: Pair, dev: httpx.Client) -> None:
    id_ = create(dev, project_id="web")

    put(dev, id_, notes="internal!", private_notes=True)

    stranger = httpx.get(f"{pair.dev.url}/issues/{id_}.json?include=journals")
    assert stranger.status_code == 200
    assert "internal!" not in stranger.text


@pytest.mark.parametrize(
    "fields",
    [{"status_id": 2}, {"is_private": True}, {"custom_fields": [{"id": 99, "value": "x"}]},
     {"subject": "changed"}],
)  # fmt: skip
def test_what_the_account_may_not_write_is_dropped_with_204(
    dev: httpx.Client, fields: dict[str, object]
) -> None:
    """M2."""
    id_ = create(dev, LIMITED, project_id="web")
    before = show(dev, id_)

    assert put(dev, id_, LIMITED, **fields) == 204

    after = show(dev, id_)
    assert {**after, "updated_on": 0} == {**before, "updated_on": 0}


def test_the_priority_of_a_parent_comes_from_its_child(dev: httpx.Client) -> None:
    parent = create(dev)
    create(dev, parent_issue_id=parent, priority_id=5)

    assert put(dev, parent, priority_id=1, status_id=5) == 204

    shown = show(dev, parent)
    assert shown["priority"] == {"id": 5, "name": "Immediate"}
    assert shown["status"] == {"id": 1, "name": "New", "is_closed": False}


def test_an_archived_project_is_403_alone_and_empty_in_lists(pair: Pair, dev: httpx.Client) -> None:
    """M6."""
    id_ = create(dev)
    pair.dev.act("archive", place="infra")

    listed = dev.get("/issues.json", params={"status_id": "*"})

    assert dev.get(f"/issues/{id_}.json").status_code == 403
    assert (listed.status_code, listed.json()["total_count"]) == (200, 0)


def test_a_closed_project_can_be_read_and_not_written(pair: Pair, dev: httpx.Client) -> None:
    id_ = create(dev)
    pair.dev.act("close", place="infra")

    assert dev.get(f"/issues/{id_}.json").status_code == 200
    assert put(dev, id_, notes="late") == 403


def test_a_private_note_with_a_change_makes_two_journals(dev: httpx.Client) -> None:
    """M7."""
    id_ = create(dev)

    put(dev, id_, status_id=2, notes="hidden", private_notes=True)

    journals = show(dev, id_)["journals"]
    assert isinstance(journals, list)
    assert [(one["private_notes"], one["notes"], len(one["details"])) for one in journals] == [
        (False, None, 1), (True, "hidden", 0),
    ]  # fmt: skip


def test_switch_user_works_for_an_administrator_alone(dev: httpx.Client) -> None:
    """M8."""
    header = {"X-Redmine-Switch-User": "nora"}

    own = dev.get("/users/current.json", headers=header).json()
    other = dev.get("/users/current.json", headers={**ADMIN, **header}).json()

    assert (own["user"]["login"], other["user"]["login"]) == ("sdsync", "nora")


@pytest.mark.parametrize("login", ["nobody", "nora"])
def test_switch_user_refuses_who_is_unknown_or_locked(
    pair: Pair, dev: httpx.Client, login: str
) -> None:
    pair.dev.act("lock", login="nora")

    answer = dev.get("/users/current.json", headers={**ADMIN, "X-Redmine-Switch-User": login})

    assert answer.status_code == 412


def test_a_stale_lock_version_is_refused_without_a_word(dev: httpx.Client) -> None:
    id_ = create(dev)
    put(dev, id_, subject="one")

    late = dev.put(f"/issues/{id_}.json", json={"issue": {"subject": "two", "lock_version": 0}})

    assert (late.status_code, late.json()) == (422, {"errors": []})


def test_a_page_holds_at_most_a_hundred_without_a_word(dev: httpx.Client) -> None:
    create(dev)

    assert dev.get("/issues.json", params={"limit": 500}).json()["limit"] == 100


def test_closed_issues_are_left_out_unless_asked_for(dev: httpx.Client) -> None:
    id_ = create(dev)
    put(dev, id_, status_id=5)

    counts = [dev.get("/issues.json", params=params).json()["total_count"]
              for params in ({}, {"status_id": "closed"}, {"status_id": "*"})]  # fmt: skip

    assert counts == [0, 1, 1]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"updated_on": ">=2026-11-21T08:00:00Z"}, 2),
        ({"updated_on": ">=2026-11-21T08:00:01Z"}, 0),
        ({"cf_1": "m1"}, 1),
        ({"issue_id": "1,2"}, 2),
        ({"project_id": "web"}, 0),
        ({"priority_id": "!2"}, 1),
        ({"subject": "~DB0"}, 2),
        ({"assigned_to_id": "!*"}, 2),
        ({"created_on": "2026-11-21"}, 2),
    ],
)
def test_filters(dev: httpx.Client, params: dict[str, str], found: int) -> None:
    create(dev, custom_fields=[{"id": 1, "value": "m1"}])
    create(dev, priority_id=5)

    listed = dev.get("/issues.json", params={"status_id": "*", **params})

    assert listed.json()["total_count"] == found


def test_a_file_is_uploaded_then_given_by_its_token(dev: httpx.Client) -> None:
    id_ = create(dev)
    binary = {"Content-Type": "application/octet-stream"}
    upload = dev.post("/uploads.json?filename=a.log", content=b"hello", headers=binary).json()

    put(dev, id_, uploads=[{"token": upload["upload"]["token"], "content_type": "text/plain"}])

    files = show(dev, id_)["attachments"]
    assert isinstance(files, list)
    assert (files[0]["filename"], files[0]["filesize"]) == ("a.log", 5)
    assert dev.get(files[0]["content_url"]).content == b"hello"
    assert dev.post("/uploads.json", content=b"x").status_code == 406


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"subject": ""}, "Subject cannot be blank"),
        ({"subject": "x" * 300}, "Subject is too long (maximum is 255 characters)"),
        ({"assigned_to_id": 1}, "Assignee is invalid"),
        ({"due_date": "soon"}, "Due date is not a valid date"),
        ({"start_date": "2026-12-02", "due_date": "2026-12-01"},
         "Due date must be greater than start date"),
        ({"custom_fields": [{"id": 4, "value": "Moon"}]},
         "Environment is not included in the list"),
        ({"category_id": 77}, "Category is not included in the list"),
        ({"priority_id": 77}, "Priority cannot be blank"),
    ],
)  # fmt: skip
def test_what_is_refused_aloud(dev: httpx.Client, fields: dict[str, object], error: str) -> None:
    id_ = create(dev)

    reply = dev.put(f"/issues/{id_}.json", json={"issue": fields})

    assert (reply.status_code, reply.json()) == (422, {"errors": [error]})


def test_lists_of_people_and_fields_are_for_administrators(dev: httpx.Client) -> None:
    paths = ("/users.json", "/groups.json", "/custom_fields.json")

    assert {dev.get(path).status_code for path in paths} == {403}
    assert {dev.get(path, headers=ADMIN).status_code for path in paths} == {200}


def test_a_wrong_key_reads_as_a_stranger(pair: Pair, dev: httpx.Client) -> None:
    create(dev)
    public = create(dev, project_id="web")
    wrong = {"X-Redmine-API-Key": "wrong"}

    listed = httpx.get(f"{pair.dev.url}/issues.json", headers=wrong).json()["issues"]

    assert [one["id"] for one in listed] == [public]
    assert httpx.get(f"{pair.dev.url}/users/current.json", headers=wrong).status_code == 401


def test_a_note_can_be_edited_and_taken_back(dev: httpx.Client) -> None:
    id_ = create(dev)
    put(dev, id_, notes="one")
    journals = show(dev, id_)["journals"]
    assert isinstance(journals, list)
    path = f"/journals/{journals[0]['id']}.json"

    dev.put(path, json={"journal": {"notes": "two"}})
    edited = show(dev, id_)["journals"]
    dev.put(path, json={"journal": {"notes": ""}})

    assert isinstance(edited, list)
    assert edited[0]["notes"] == "two"
    assert show(dev, id_)["journals"] == []


def test_mails_go_to_those_concerned_and_private_notes_to_fewer(
    pair: Pair, dev: httpx.Client
) -> None:
    nora = {"X-Redmine-API-Key": "nora-token"}
    id_ = create(dev, nora, project_id="web")  # a Reporter: may not see private notes

    put(dev, id_, notes="hidden", private_notes=True)
    put(dev, id_, notes="open")

    assert [one.to for one in pair.dev.mails] == ["nora@example.org"]
