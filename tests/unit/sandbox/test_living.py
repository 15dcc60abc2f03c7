"""The living kit: what our connectors write to the sandboxes arrives there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from sdsync.connectors.contract import AddElement, Connector, Create, Done, Update
from sdsync.connectors.registry import create
from sdsync.sandbox import Pair, accounts
from sdsync.store.records import Json, Ref
from sdsync.testing.conformance_living import LivingConformance
from sdsync.testing.misbehaving import Handler, whole
from sdsync.testing.rig import Rig, system
from tests.unit.sandbox.conftest import ManualClock

Values = dict[str, Json]
Ties = tuple[Callable[[str], Values], ...]
Rigged = Callable[[str, str, str, str, str, Values, Values, Values, Values, Ties], Rig]


@pytest.fixture
def rigged(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rigged]:
    """Makes a rig over a sandbox that was reset, with one record of ours in it."""
    with httpx.HTTPTransport() as wire:

        def make(
            name: str,
            connector: str,
            url: str,
            secret: str,
            place: str,
            values: dict[str, Json],
            changed: dict[str, Json],
            worked: dict[str, Json],
            given: dict[str, Json],
            ties: Ties,
        ) -> Rig:
            monkeypatch.setenv("SDSYNC_TEST_SECRET", secret)
            options = {"activity": "Development"} if connector == "redmine" else {}
            settings = system(
                name, connector, url, "env:SDSYNC_TEST_SECRET", worklogs=True, **options
            )

            def connect(transport: httpx.BaseTransport) -> Connector:
                return create(name, settings, clock=clock, transport=transport)

            first = Create("ticket", place, values, "mark of the first", "i")
            (made,) = connect(wire).apply([first])
            assert isinstance(made, Done), made
            ref = Ref(name, "ticket", str(made.native_id))
            return Rig(
                connect=connect,
                behaved=wire.handle_request,
                secret=secret,
                ref=ref,
                place=place,
                update=Update(ref, changed),
                create=Create("ticket", place, values, "mark of the second", "i"),
                note=AddElement(ref, "note", {"body": "hello", "internal": True}, "m", "i"),
                now=clock.now,
                later=lambda: clock.pass_(60),
                restless=frozenset({"LastUpdated", "LastUpdatedBy", "updated_on"}),
                worklog=AddElement(ref, "worklog", worked, "m", "i"),
                team=Update(ref, given),
                ties=ties,
            )

        yield make


class TestRequestTracker(LivingConformance):
    @pytest.fixture
    def rig(self, pair: Pair, rigged: Rigged) -> Rig:
        pair.desk.act("make_role", name="Team", on=["Escalated"])
        return rigged(
            "desk", "request_tracker", pair.desk.url, accounts.DESK_TOKEN, "Escalated",
            {"Subject": "db01"}, {"Subject": "db01: disk full"},
            {"minutes": 20, "text": "Dev Five worked in dev", "internal": True},
            {"CustomRoles": {"Team": ["group:101", "malik"]}},
            (lambda other: {"Links": [f"DependsOn {other}"]}, lambda other: {"MemberOf": [other]}),
        )  # fmt: skip


@pytest.fixture
def redmine(pair: Pair, rigged: Rigged) -> Rig:
    pair.dev.act("assign_groups")
    joins = {"membership": {"user_id": 50, "role_ids": [3]}}
    headers = {"X-Redmine-API-Key": accounts.ADMIN_KEY}
    httpx.post(
        f"{pair.dev.url}/projects/infra/memberships.json", json=joins, headers=headers
    ).raise_for_status()
    return rigged(
            "dev", "redmine", pair.dev.url, accounts.DEV_KEY, "infra",
            {"subject": "db01", "tracker": "Bug"}, {"subject": "db01: disk full"},
            {"hours": 0.33, "spent_on": "2026-11-20", "comments": "Ops Two worked in desk"},
            {"assigned_to": "50"},
            (lambda other: {"relations": [f"blocks {other}"]}, lambda other: {"parent": other}),
        )  # fmt: skip


class TestRedmine(LivingConformance):
    @pytest.fixture
    def rig(self, redmine: Rig) -> Rig:
        return redmine


def ignores_writes(product: Handler) -> Handler:
    """A 204, and nothing was written (M2)."""
    return lambda one: whole(b"", status=204) if one.method == "PUT" else product(one)


def shows_notes_to_all(product: Handler) -> Handler:
    """The flag is taken, and left out (M1)."""

    def handler(request: httpx.Request) -> httpx.Response:
        body = request.read().replace(b'"private_notes":true', b'"private_notes":false')
        return product(httpx.Request(request.method, request.url, content=body, headers={
            key: value for key, value in request.headers.items() if key != "content-length"
        }))  # fmt: skip

    return handler


def lists_nothing(product: Handler) -> Handler:
    """A list with 200 and nothing in it (M6)."""
    empty = b'{"issues": [], "total_count": 0}'
    return lambda one: whole(empty) if one.url.path == "/issues.json" else product(one)


def mangles_files(product: Handler) -> Handler:
    """Line ends are "mended" on the way down."""
    return lambda one: whole(b"one\ntwo") if "/download/" in one.url.path else product(one)


@pytest.mark.parametrize(
    ("lie", "asked"),
    [
        (ignores_writes, "an_update_writes_its_values_and_no_other"),
        (ignores_writes, "a_note_is_edited_and_taken_back_as_it_declares"),
        (shows_notes_to_all, "a_note_keeps_its_audience_and_is_found_by_its_content"),
        (lists_nothing, "the_feed_names_what_changed"),
        (mangles_files, "a_file_comes_back_as_it_went"),
    ],
)
def test_the_kit_sees_through(lie: Callable[[Handler], Handler], asked: str, redmine: Rig) -> None:
    kit = LivingConformance()

    with pytest.raises((AssertionError, ValueError, KeyError)):
        getattr(kit, f"test_{asked}")(replace(redmine, behaved=lie(redmine.behaved)))
