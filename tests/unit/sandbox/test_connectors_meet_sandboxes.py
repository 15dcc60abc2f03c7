"""What a connector finds in a product that changed under it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import (
    AddElement,
    Connector,
    Create,
    Done,
    Find,
    Found,
    NativeRecord,
)
from sdsync.connectors.registry import create
from sdsync.sandbox import Pair, accounts
from sdsync.store.records import Ref
from tests.unit.sandbox.conftest import ManualClock


@pytest.fixture
def rt(pair: Pair, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    monkeypatch.setenv("SDSYNC_TEST_SECRET", accounts.DESK_TOKEN)
    token = SecretRef.parse("env:SDSYNC_TEST_SECRET")
    config = SystemConfig(name="desk", connector="request_tracker", url=pair.desk.url, token=token)
    connector = create("desk", config, clock=clock)
    yield connector
    connector.close()


def test_what_was_said_before_a_merge_is_found_by_the_old_number(
    rt: Connector, desk: httpx.Client, clock: ManualClock
) -> None:
    """Else it would be said a second time, on the survivor."""
    loser, survivor = (made(rt, one) for one in ("loser", "survivor"))
    since = clock.now()
    said = rt.apply(
        [
            AddElement(loser, "note", {"body": "once", "internal": True}, "m", "i"),
            AddElement(loser, "attachment", {"name": "a.log"}, "m", "i", b"abc"),
        ]
    )
    note, file = (one.native_id for one in said if isinstance(one, Done))

    desk.put(f"/ticket/{loser.id}", json={"MergeInto": survivor.id}).raise_for_status()

    place = "Escalated"
    assert rt.find(Find("note", place, "m", since, loser, {"body": "once"})) == Found((note or "",))
    named = Find("attachment", place, "m", since, loser, {"name": "a.log"})
    assert rt.find(named) == Found((file or "",))


def made(rt: Connector, subject: str) -> Ref:
    (answer,) = rt.apply([Create("ticket", "Escalated", {"Subject": subject}, subject, "i")])
    assert isinstance(answer, Done), answer
    return Ref("desk", "ticket", answer.native_id or "")


@pytest.mark.parametrize("path", ["/history$", "/attachments$"])
def test_a_list_that_lags_behind_its_ticket_hides_no_note(
    pair: Pair, rt: Connector, clock: ManualClock, path: str
) -> None:
    """Else the note would be taken for removed."""
    ref = made(rt, "lags")
    clock.pass_(60)
    rt.apply([AddElement(ref, "note", {"body": "once", "internal": True}, "m", "i")])

    pair.desk.switch("stale_search", count=1, path=path, lag_s=30.0)
    record = rt.fetch(ref)

    assert isinstance(record, NativeRecord)
    assert [one.values["body"] for one in record.notes or ()] == ["once"]
