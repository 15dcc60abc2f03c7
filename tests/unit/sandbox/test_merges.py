"""What was said on a ticket by its old number, and where it is after further merges."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import AddElement, Connector, Done, Find, Found
from sdsync.sandbox import Pair
from sdsync.store.records import Ref
from tests.unit.sandbox.conftest import MORNING, connected

BODY = {"body": "once"}


def test_a_note_is_found_however_often_its_ticket_was_merged(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is written once more, since it looks as if it had not landed (law 5)."""
    for _ in range(4):
        pair.desk.act("create", by="nora", Queue="Escalated", Subject="x", Content="x")
    first, second, third, fourth = "1234"
    with connected(pair, "desk", monkeypatch) as desk:
        merge(pair, first, into=second)
        early = say(desk, first)
        merge(pair, second, into=third)
        late = say(desk, third)
        merge(pair, fourth, into=third)

        assert found(desk, first) == found(desk, second) == {early, late}
        assert found(desk, third) == found(desk, fourth) == {late}, "none that was another's"


def merge(pair: Pair, loser: str, *, into: str) -> None:
    pair.desk.act("merge", by="nora", id=loser, into=into)


def say(desk: Connector, ticket: str) -> str:
    (answer,) = desk.apply([AddElement(Ref("desk", "ticket", ticket), "note", BODY, "m", "i")])
    assert isinstance(answer, Done)
    assert answer.native_id
    return answer.native_id


def found(desk: Connector, ticket: str) -> set[str]:
    ref = Ref("desk", "ticket", ticket)
    answer = desk.find(Find("note", "Escalated", "m", MORNING, ref, BODY))
    assert isinstance(answer, Found)
    return set(answer.native_ids)
