"""Worklogs against the stock products: what is logged in one is copied to the other, once."""

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
    Changes,
    Connector,
    Create,
    Done,
    EditElement,
    Find,
    Found,
    NativeElement,
    NativeRecord,
    RemoveElement,
)
from sdsync.connectors.failures import Rejected
from sdsync.connectors.registry import create
from sdsync.store.records import Json, Ref
from tests.real.conftest import Product

pytestmark = pytest.mark.real

Connect = Callable[..., Connector]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """A connector of a product that reads worklogs."""
    with ExitStack() as opened:

        def connected(name: str, connector: str, product: Product, **options: str) -> Connector:
            monkeypatch.setenv("SDSYNC_TEST_SECRET", product.token)
            config = SystemConfig(
                name=name, connector=connector, url=product.base_url, options=options,
                token=SecretRef.parse("env:SDSYNC_TEST_SECRET"), deadline_s=30.0, worklogs=True,
            )  # fmt: skip
            return opened.enter_context(closing(create(name, config)))

        yield connected


def made(connector: Connector, name: str, place: str, values: dict[str, Json]) -> Ref:
    (answer,) = connector.apply([Create("ticket", place, values, uuid4().hex, "i")])
    assert isinstance(answer, Done), answer
    return Ref(name, "ticket", answer.native_id or "")


def logs(connector: Connector, ref: Ref) -> tuple[NativeElement, ...]:
    record = connector.fetch(ref)
    assert isinstance(record, NativeRecord), record
    assert record.worklogs is not None
    return record.worklogs


def told(connector: Connector, cursor: Json) -> tuple[set[str], Json]:
    """Records that the feed names, and where it stands then."""
    names: set[str] = set()
    while True:
        page = connector.changes(cursor)
        assert isinstance(page, Changes), page
        names |= {one.native_id for one in page.events}
        cursor = page.cursor
        if not page.more:
            return names, cursor


def test_redmine_keeps_changes_and_deletes_our_entries(redmine: Product, connect: Connect) -> None:
    dev = connect("dev", "redmine", redmine, activity="Development")
    ref = made(dev, "dev", "infra", {"subject": "db01: disk full", "tracker": "Bug"})
    since = datetime.now(UTC)
    _, cursor = told(dev, None)
    values: dict[str, Json] = {"hours": 0.33, "spent_on": "2026-01-20", "comments": "Ann worked"}

    first, second = dev.apply([AddElement(ref, "worklog", values, "m", "i")] * 2)

    assert isinstance(first, Done), first
    assert isinstance(second, Done), second
    shown = logs(dev, ref)
    assert [one.native_id for one in shown] == [first.native_id, second.native_id]
    assert all(one.ours for one in shown)
    assert {name: shown[0].values[name] for name in values} == values
    found = dev.find(Find("worklog", "infra", "m", since, ref, values))
    assert found == Found((str(first.native_id), str(second.native_id)))
    names, cursor = told(dev, cursor)
    assert ref.id in names

    edited = dev.find(Find("worklog", "infra", "m", since, ref, {**values, "hours": 9.0}))
    assert edited == Found(())  # nobody edited any yet

    edit = EditElement(ref, "worklog", str(first.native_id), {"hours": 0.5, "comments": "Bob"})
    remove = RemoveElement(ref, "worklog", str(second.native_id))
    assert all(isinstance(one, Done) for one in dev.apply([edit, remove]))
    (left,) = logs(dev, ref)
    assert (left.values["hours"], left.values["comments"]) == (0.5, "Bob")
    assert ref.id in told(dev, cursor)[0]


def test_redmine_shows_the_entries_of_people_and_their_removal(
    redmine: Product, connect: Connect
) -> None:
    """An entry does not touch its issue, and the feed tells of it all the same."""
    dev = connect("dev", "redmine", redmine)
    ref = made(dev, "dev", "infra", {"subject": "web: slow", "tracker": "Bug"})
    activities = redmine.act("admin", "GET", "/enumerations/time_entry_activities.json").json()
    activity = activities["time_entry_activities"][0]["id"]
    _, cursor = told(dev, None)
    entry = {"issue_id": ref.id, "hours": "1:20", "activity_id": activity, "comments": "rebuilt"}

    reply = redmine.act("admin", "POST", "/time_entries.json", json={"time_entry": entry})

    assert reply.status_code == 201, reply.text
    (shown,) = logs(dev, ref)
    assert not shown.ours
    assert shown.values["hours"] == 1.33
    names, cursor = told(dev, cursor)
    assert ref.id in names
    assert redmine.act("admin", "DELETE", f"/time_entries/{shown.native_id}.json").is_success
    assert logs(dev, ref) == ()
    assert ref.id in told(dev, cursor)[0]


def test_redmine_takes_no_entry_without_an_activity(redmine: Product, connect: Connect) -> None:
    """The stock product has none by default: `check --live` says so before."""
    dev = connect("dev", "redmine", redmine, activity="Yodelling")
    ref = made(dev, "dev", "infra", {"subject": "web: slow", "tracker": "Bug"})
    values: dict[str, Json] = {"hours": 1.0, "spent_on": "2026-01-20", "comments": "Ann worked"}

    (answer,) = dev.apply([AddElement(ref, "worklog", values, "m", "i")])

    assert isinstance(answer, Rejected)
    assert "Yodelling" in answer.detail
    assert logs(dev, ref) == ()


def test_request_tracker_adds_up_what_it_is_told(
    request_tracker: Product, connect: Connect
) -> None:
    """Corrections go below zero; people's and ours are told apart, and ours are no notes."""
    desk = connect("desk", "request_tracker", request_tracker)
    ref = made(desk, "desk", "Escalated", {"Subject": "db01: disk full"})
    since = datetime.now(UTC)
    _, cursor = told(desk, None)

    def log(minutes: int, text: str) -> AddElement:
        return AddElement(ref, "worklog", {"minutes": minutes, "text": text}, "m", "i")

    first, second = desk.apply([log(20, "Dev Five worked in dev"), log(-5, "corrected in dev")])
    comment = {"Content": "looked", "ContentType": "text/plain", "TimeTaken": 7}
    path = f"/REST/2.0/ticket/{ref.id}"
    reply = request_tracker.act("agent1", "POST", f"{path}/comment", json=comment)
    assert reply.status_code == 201, reply.text
    assert request_tracker.act("agent1", "PUT", path, json={"TimeWorked": 30}).is_success

    assert isinstance(first, Done), first
    assert isinstance(second, Done), second
    shown = logs(desk, ref)
    assert [(one.values["minutes"], one.ours) for one in shown] == [
        (20, True), (-5, True), (7, False), (8, False),
    ]  # fmt: skip
    record = desk.fetch(ref)
    assert isinstance(record, NativeRecord)
    assert [one.values["body"].strip() for one in record.notes or ()] == ["looked"]
    values: dict[str, Json] = {"minutes": 20, "text": "Dev Five worked in dev"}
    assert desk.find(Find("worklog", "Escalated", "m", since, ref, values)) == Found(
        (str(first.native_id),)
    )
    assert ref.id in told(desk, cursor)[0]
    assert request_tracker.act("agent1", "GET", path).json()["TimeWorked"] in (30, "30")
