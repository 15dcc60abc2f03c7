"""Whom a write mails, counted from what records showed to whoever read them."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from sdsync.connectors.contract import AddElement, Audience, Create, Operation, Update
from sdsync.connectors.redmine import Redmine
from sdsync.connectors.redmine import mailing as redmine
from sdsync.connectors.redmine.client import Client
from sdsync.connectors.request_tracker import mailing as rt
from sdsync.store.records import Json, Ref
from tests.unit.connectors.replay import SECRET, FixedClock, connector

NOW = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
REF = Ref("dev", "ticket", "1")
INTERNAL: dict[str, Json] = {"body": "x"}
PUBLIC: dict[str, Json] = {"body": "x", "internal": False}


def note(values: dict[str, Json]) -> Operation:
    return AddElement(REF, "note", values, "m", "i")


@pytest.mark.parametrize(
    ("operation", "staff"),
    [
        (Update(REF, {"subject": "x"}), 3),
        (Update(REF, {"assigned_to": "9"}), 4),  # and the one before
        (Update(REF, {"subject": "x", "watchers": ["8", "9"]}), 3),  # they watch only then
        (Update(REF, {"watchers": ["8"]}), 0),
        (note(PUBLIC), 3),
        (AddElement(REF, "attachment", {"name": "a"}, "m", "i"), 3),
        (AddElement(REF, "worklog", {}, "m", "i"), 0),
        (Create("ticket", "infra", {"author": "7", "watchers": ["8"]}, "m", "i"), 1),
    ],
)
def test_redmine_mails_who_follows_but_for_ourselves(operation: Operation, staff: int) -> None:
    known = redmine.Mailing()
    known.me = "6"
    known.saw("1", {"author": "5", "assigned_to": "7", "watchers": ["6", "7", "8"]})

    assert known.of(operation) == Audience(staff=staff)


def test_redmine_tells_nothing_private_to_whom_no_role_lets_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SDSYNC_TEST_SECRET", SECRET)
    answers = {
        "/projects/1/memberships.json": {"total_count": 3, "memberships": [
            {"id": 1, "user": {"id": 5}, "roles": [{"id": 4}]},
            {"id": 2, "user": {"id": 7}, "roles": [{"id": 5}, {"id": 4}]},
            {"id": 3, "group": {"id": 9}, "roles": [{"id": 4}]},
        ]},
        "/roles/4.json": {"role": {"permissions": ["add_issue_notes"]}},
        "/roles/5.json": {"role": {"permissions": ["view_private_notes"]}},
    }  # fmt: skip
    one = connector("redmine", lambda asked: httpx.Response(200, json=answers[asked.url.path]))
    assert isinstance(one, Redmine)
    known = redmine.Mailing()
    known.saw("1", {"author": "5", "assigned_to": "7", "watchers": ["11"]}, "1")
    careful = known.of(note(INTERNAL))

    known.ask("1", Client(one.http, FixedClock(NOW)))

    assert (careful, known.of(note(INTERNAL))) == (Audience(staff=3), Audience(staff=2))
    assert known.of(note(PUBLIC)) == Audience(staff=3)


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (note(INTERNAL), Audience(staff=1)),  # a comment is for AdminCc alone
        (note(PUBLIC), Audience(2, 2, "the requestor and 1 in Cc")),
        (AddElement(REF, "worklog", dict(PUBLIC), "m", "i"), Audience(staff=1)),
        (Update(REF, {"Subject": "x"}), Audience()),
        (Update(REF, {"Status": "resolved"}), Audience(1, who="the requestor")),
        (Update(REF, {"Owner": "agent1"}), Audience(staff=1)),
        (Update(REF, {"Owner": "Nobody"}), Audience()),
        (Create("ticket", "General", {"Owner": "Nobody"}, "m", "i"), Audience()),
    ],
)
def test_rt_mails_by_its_stock_scrips(operation: Operation, told: Audience) -> None:
    known = rt.Mailing()
    known.saw("1", {"Requestor": ["a@x"], "Cc": ["b@x"], "AdminCc": ["c"], "Owner": "agent2"})
    known.saw("1", {"Owner": "agent1"})  # what mappings do not read stays as it was told

    assert known.of(operation) == told


def test_of_a_ticket_that_nobody_read_one_of_each_role_counts() -> None:
    known = rt.Mailing()
    careful = known.of(note(PUBLIC)), known.of(note(INTERNAL))

    known.saw("1", {"Owner": None})

    assert careful == (Audience(1, 2, "the requestor"), Audience(staff=1))
    assert known.of(note(PUBLIC)) == Audience(1, 1, "the requestor")
