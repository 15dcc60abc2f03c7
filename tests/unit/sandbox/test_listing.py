"""The connectors' lists over many pages: every record once, and nothing that a look denies."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import Connector, Listed, Lists, NativeRecord
from sdsync.connectors.failures import Rejected
from sdsync.connectors.redmine.client import Client as RedmineClient
from sdsync.connectors.request_tracker.client import Client as RtClient
from sdsync.sandbox import Pair
from sdsync.sandbox.rt.query import first_id
from tests.unit.sandbox.conftest import connected

#: More than two pages of either product.
RECORDS = 205
PLACE = {"desk": "Escalated", "dev": "infra"}


def fill(pair: Pair) -> None:
    for n in range(RECORDS):
        pair.desk.act("create", by="nora", Queue="Escalated", Subject=f"ticket {n}", Content="x")
        pair.dev.act("create", by="malik", subject=f"issue {n}", tracker_id=1)
    pair.desk.act("create", by="nora", Queue="General", Subject="elsewhere", Content="x")
    pair.dev.act("create", by="malik", project="web", subject="elsewhere", tracker_id=1)
    pair.desk.act("edit", id="7", Status="resolved")
    pair.dev.act("edit", id="7", status_id=5)


def listed(connector: Connector, place: str) -> list[NativeRecord]:
    assert isinstance(connector, Lists)
    found: list[NativeRecord] = []
    after: str | None = ""
    while after is not None:
        page = connector.records(place, after)
        assert isinstance(page, Listed), page
        found += page.records
        after = page.after
    return found


@pytest.mark.parametrize("name", ["desk", "dev"])
def test_a_list_has_every_record_of_the_place_once_closed_ones_too(
    pair: Pair, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pair)
    with connected(pair, name, monkeypatch) as connector:
        found = listed(connector, PLACE[name])

        assert [one.ref.id for one in found] == [str(n) for n in range(1, RECORDS + 1)]
        assert [one.ref.id for one in found if one.closed] == ["7"]
        for one in found[:3]:
            whole = connector.fetch(one.ref)
            assert isinstance(whole, NativeRecord)
            proved = {path: value for path, value in one.values.items() if path not in one.unknown}
            assert proved == {path: whole.values[path] for path in proved}
            assert (one.place, one.key, one.created_at) == (
                whole.place,
                whole.key,
                whole.created_at,
            )
            assert one.notes is None


@pytest.mark.parametrize("name", ["desk", "dev"])
def test_a_product_that_lists_its_first_page_again_is_not_believed(
    pair: Pair, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ignored where to go on: what follows would be left out without a word."""
    pair.desk.act("create", by="nora", Queue="Escalated", Subject="x", Content="x")
    pair.dev.act("create", by="malik", subject="x", tracker_id=1)
    client, call = (RtClient, "page") if name == "desk" else (RedmineClient, "get")
    asked = getattr(client, call)

    def from_the_start(
        self: object, path: str, query: dict[str, str] | None = None, **more: object
    ) -> object:
        told = {key: one.replace("> 1", "> 0") for key, one in (query or {}).items()}
        told = {key: one.replace(">=2", ">=1") for key, one in told.items()}
        return asked(self, path, told, **more)

    with connected(pair, name, monkeypatch) as connector:
        assert isinstance(connector, Lists)
        assert isinstance(connector.records(PLACE[name], ""), Listed)
        monkeypatch.setattr(client, call, from_the_start)

        answer = connector.records(PLACE[name], "1")

    assert answer == Rejected(detail="its list does not go on after 1")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("id > 17", 18),
        ("ObjectType = 'RT::Ticket' AND id > 17 AND ID > 4", 18),
        ("id > 17 OR Type = 'Create'", 0),
        ("(id > 17)", 0),
        ("id > 17 AND (TicketQueue = 'a' OR (id > 30 AND id > 40)) AND id > 20", 21),
        ("(id > 17) OR id > 30", 0),
        ("Subject = 'OR' AND id > 17", 18),
        ("ObjectId > 17", 0),
        ("Subject = 'id > 17'", 0),
        ('[{"field": "id", "operator": ">", "value": "17"}]', 0),
        ("", 0),
    ],
)
def test_an_index_skips_only_what_cannot_fit(query: str, first: int) -> None:
    assert first_id(query) == first


def test_an_empty_project_is_readable_and_an_archived_one_is_not(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(pair, "dev", monkeypatch) as connector:
        connector.describe()
        assert connector.readable("infra") is True

        pair.dev.act("create", by="malik", subject="the first", tracker_id=1)
        assert connector.readable("infra") is True
        pair.dev.act("delete", id="1")
        assert connector.readable("infra") is True

        pair.dev.act("archive", place="infra")
        assert connector.readable("infra") is False
        assert connector.readable("no-such-project") is False
