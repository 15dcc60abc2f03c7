"""What the simulation's store hands out is what a store of documents would."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdsync.store.codec import decode, encode
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    FieldVersion,
    Hub,
    LaneRow,
    Pause,
    PersonRow,
    Replica,
    ReplicaState,
    Share,
    SyncRow,
    SystemRow,
)
from sdsync.testing.simulated.clock import VirtualClock
from tests.simulation.copies import copied
from tests.simulation.swift_store import SwiftStore

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEPT = (AuditRow, Cause, FieldVersion, LaneRow, Pause, PersonRow, Share, SyncRow, SystemRow)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=2)
    | st.just(ReplicaState.LIVE),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


def _any(hint: Any) -> st.SearchStrategy[Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*map(_any, inner))
    if origin is list:
        return st.lists(_any(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(st.text(max_size=2), _any(inner[1]), max_size=2)
    if origin is tuple:
        return st.lists(_any(inner[0]), max_size=2).map(tuple)
    if hint is Any:
        return JSON
    if hint is datetime:
        return st.just(AT)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        return _records(hint)
    return st.none() if hint is type(None) else st.from_type(hint).filter(lambda one: one == one)


def _records(kind: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{one.name: _any(hints[one.name]) for one in dataclasses.fields(kind)})


def _changeable(value: Any) -> Iterator[int]:
    """Ids of all that somebody could change in place."""
    if isinstance(value, dict):
        yield id(value)
        for inner in value.values():
            yield from _changeable(inner)
    elif isinstance(value, list):
        yield id(value)
        for inner in value:
            yield from _changeable(inner)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield id(value)
        for one in dataclasses.fields(value):
            yield from _changeable(getattr(value, one.name))


@pytest.mark.parametrize("kind", KEPT)
def test_a_copy_is_what_a_document_would_give(kind: type[Any]) -> None:
    @settings(max_examples=30, suppress_health_check=list(HealthCheck), database=None)
    @given(_records(kind))
    def holds(record: Any) -> None:
        copy = copied(record)
        assert copy == decode(kind, encode(record))
        assert not set(_changeable(copy)) & set(_changeable(record))

    holds()


def _store() -> SwiftStore:
    store = SwiftStore(VirtualClock())
    hub = Hub("h1", "ticket", ["s"], "desk#1", "desk", AT, values={"tags": ["a"]})
    replicas = [
        Replica(name, "h1", "desk", "ticket", ReplicaState.LIVE, name, sent={"tags": ["a"]})
        for name in ("r2", "r1")
    ]
    store.commit(Change(shares=[Share(hub, replicas)]))
    return store


def test_a_share_is_the_readers_own() -> None:
    store = _store()
    mine, other = store.share("h1"), store.share("h1")
    assert mine is not None
    assert other is not None
    mine.hub.values["tags"].append("b")
    mine.replicas[0].sent["tags"].append("b")
    assert other.hub.values == {"tags": ["a"]}
    again = store.share("h1")
    assert again is not None
    assert [one.sent for one in again.replicas] == [{"tags": ["a"]}] * 2


def test_a_commit_takes_what_was_changed_and_keeps_the_rest() -> None:
    store = _store()
    mine = store.share("h1")
    assert mine is not None
    mine.replicas = [one for one in mine.replicas if one.id == "r1"]
    store.commit(Change(shares=[mine]))
    mine.replicas[0].sent["tags"].append("b")
    again = store.share("h1")
    assert again is not None
    assert [(one.id, one.sent) for one in again.replicas] == [("r1", {"tags": ["a"]})]
    assert (again.hub.values, again.hub.version) == ({"tags": ["a"]}, 2)
