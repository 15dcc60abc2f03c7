"""What an index finds is what looking through everything would, and a call looks at little."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from sdsync.sandbox import Pair
from sdsync.sandbox.rt import lists
from sdsync.sandbox.rt.columns import columns_of
from sdsync.sandbox.rt.query import Columns
from sdsync.sandbox.rt.render import Record
from sdsync.sandbox.rt.state import RtState

MARKED = {"sdsync mark": "m1"}


def create(pair: Pair, **fields: object) -> str:
    made = pair.desk.act("create", by="nora", Queue="Escalated", Content="x", **fields)
    assert isinstance(made, dict)
    return str(made["id"])


def found(desk: httpx.Client, query: str) -> list[str]:
    page = desk.get("/tickets", params={"query": query, "orderby": "id"}).json()
    ids = [str(one["id"]) for one in page["items"]]
    assert page["total"] == len(ids)
    return ids


def same(desk: httpx.Client, condition: str) -> list[str]:
    """Found by an index; in parentheses it has to look through all."""
    ids = found(desk, condition)
    assert ids == found(desk, f"({condition})")
    return ids


def test_a_ticket_is_found_by_its_title_of_now(pair: Pair, desk: httpx.Client) -> None:
    first, second = create(pair, Subject="disk full"), create(pair, Subject="Disk Full")

    pair.desk.act("edit", id=first, Subject="solved")

    assert same(desk, "Queue = 'Escalated' AND Subject = 'disk full'") == [second]
    assert same(desk, "Subject = 'SOLVED'") == [first]
    assert same(desk, "Creator = 'nora' AND Subject != 'solved'") == [second]


def test_a_ticket_is_found_by_the_values_that_its_fields_hold(
    pair: Pair, desk: httpx.Client
) -> None:
    one = create(pair, Subject="x", CustomFields={**MARKED, "sdsync tags": ["a", "b"]})
    create(pair, Subject="m1", CustomFields={"sdsync peer": "m1"})

    assert same(desk, "CF.{sdsync mark} = 'M1'") == [one]
    assert same(desk, "CF.{sdsync tags} = 'b'") == [one]

    pair.desk.act("edit", id=one, CustomFields={"sdsync mark": "", "sdsync tags": ["a"]})

    assert same(desk, "CF.{sdsync mark} = 'm1'") == []
    assert same(desk, "CF.{sdsync tags} = 'b'") == []


@pytest.mark.parametrize("deed", ["delete", "shred", "merge"])
def test_a_ticket_that_is_gone_is_not_found(pair: Pair, desk: httpx.Client, deed: str) -> None:
    kept, one = create(pair, Subject="other"), create(pair, Subject="x", CustomFields=MARKED)

    pair.desk.act(deed, id=one, into=kept)

    assert same(desk, "CF.{sdsync mark} = 'm1'") == []
    assert same(desk, "Subject = 'x'") == []


def test_what_is_merged_twice_has_one_history(pair: Pair, desk: httpx.Client) -> None:
    first, second, third = (create(pair, Subject=title) for title in "abc")
    whole = {one: desk.get(f"/ticket/{one}/history").json()["items"] for one in (first, second)}

    pair.desk.act("merge", id=first, into=second)
    pair.desk.act("merge", id=second, into=third)

    told = [one["id"] for one in desk.get(f"/ticket/{third}/history").json()["items"]]
    assert {one["id"] for rows in whole.values() for one in rows} < set(told)


def test_a_backup_brings_back_what_is_found(pair: Pair, desk: httpx.Client) -> None:
    one = create(pair, Subject="before")
    pair.desk.back_up()
    pair.desk.act("edit", id=one, Subject="after")

    pair.desk.put_back()

    assert same(desk, "Subject = 'before'") == [one]
    assert same(desk, "Subject = 'after'") == []
    pair.desk.act("edit", id=one, Subject="later")
    assert same(desk, "Subject = 'later'") == [one]


def test_a_poll_looks_at_what_it_shows_alone(
    pair: Pair, desk: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        create(pair, Subject=f"ticket {number}")
    looked: list[object] = []

    def counted(state: RtState, record: Record, as_of: datetime | None) -> Columns:
        looked.append(record.id)
        return columns_of(state, record, as_of)

    monkeypatch.setattr(lists, "columns_of", counted)
    newest = int(desk.get("/transactions", params={"query": "id > 0", "order": "DESC"})
                 .json()["items"][0]["id"])  # fmt: skip
    assert len(looked) == lists.PER_PAGE

    looked.clear()
    query = f"ObjectType = 'RT::Ticket' AND id > {newest - 5} AND ( TicketQueue = 'Escalated' )"
    rows = desk.get("/transactions", params={"query": query, "orderby": "id"}).json()["items"]

    assert [int(one["id"]) for one in rows] == looked == list(range(newest - 4, newest + 1))


def issue(pair: Pair, **fields: object) -> int:
    made = pair.dev.act("create", by="irina", project="infra", tracker_id=1, **fields)
    assert isinstance(made, dict)
    return int(made["id"])


def test_a_subtask_stands_below_its_parent_of_now(pair: Pair, dev: httpx.Client) -> None:
    first, second = issue(pair, subject="first"), issue(pair, subject="second")
    child = issue(pair, subject="child", parent_issue_id=first)

    pair.dev.act("edit", by="irina", id=child, parent_issue_id=second)

    def children(id_: int) -> list[int]:
        shown = dev.get(f"/issues/{id_}.json", params={"include": "children"}).json()["issue"]
        return [one["id"] for one in shown.get("children", ())]

    assert (children(first), children(second)) == ([], [child])
    pair.dev.act("delete", by="irina", id=child)
    assert children(second) == []


def test_files_stand_by_their_numbers_however_they_were_used(pair: Pair, dev: httpx.Client) -> None:
    id_ = issue(pair, subject="files")
    kind = {"Content-Type": "application/octet-stream"}
    uploads = [
        dev.post("/uploads.json", params={"filename": name}, content=b"x", headers=kind).json()
        for name in ("a.txt", "b.txt")
    ]

    for one in reversed(uploads):
        told = {"uploads": [{"token": one["upload"]["token"]}]}
        assert dev.put(f"/issues/{id_}.json", json={"issue": told}).status_code == 204

    shown = dev.get(f"/issues/{id_}.json", params={"include": "attachments"}).json()["issue"]
    assert [one["filename"] for one in shown["attachments"]] == ["a.txt", "b.txt"]
