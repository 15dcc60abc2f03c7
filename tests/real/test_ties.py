"""Links and parents on the stock products: what is written arrives, and what they refuse is told.

The same acts against the sandboxes: tests/unit/sandbox/test_ties.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import Connector, Create, Done, NativeRecord, Update
from sdsync.connectors.failures import Failure, Rejected
from sdsync.connectors.registry import create
from sdsync.store.records import Json, Ref
from tests.real.conftest import Product

pytestmark = pytest.mark.real


def line(name: str, connector: str, product: Product, monkeypatch: pytest.MonkeyPatch) -> Connector:
    monkeypatch.setenv(f"SDSYNC_TEST_{name.upper()}", product.token)
    token = SecretRef.parse(f"env:SDSYNC_TEST_{name.upper()}")
    config = SystemConfig(
        name=name, connector=connector, url=product.base_url, token=token, deadline_s=30.0
    )
    return create(name, config)


@pytest.fixture
def desk(request_tracker: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    with closing(line("desk", "request_tracker", request_tracker, monkeypatch)) as one:
        yield one


@pytest.fixture
def dev(redmine: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    with closing(line("dev", "redmine", redmine, monkeypatch)) as one:
        yield one


def made(one: Connector, system: str, count: int) -> list[Ref]:
    place, title = {"desk": ("Escalated", "Subject"), "dev": ("infra", "subject")}[system]
    refs = []
    for n in range(count):
        (answer,) = one.apply([Create("ticket", place, {title: f"tied {n}"}, uuid4().hex, "i")])
        assert isinstance(answer, Done), answer
        refs.append(Ref(system, "ticket", answer.native_id or ""))
    return refs


def write(one: Connector, ref: Ref, **values: Json) -> Done | Failure:
    (answer,) = one.apply([Update(ref, values)])
    return answer


def look(one: Connector, ref: Ref) -> NativeRecord:
    record = one.fetch(ref)
    assert isinstance(record, NativeRecord), record
    return record


def test_request_tracker(desk: Connector, request_tracker: Product) -> None:
    one, two, three = made(desk, "desk", 3)
    address = {"AddRefersTo": "https://status.example.org/7"}
    request_tracker.act("agent1", "PUT", f"/REST/2.0/ticket/{one.id}", address).raise_for_status()

    answer = write(desk, one, Links=[f"DependsOn {two.id}"], MemberOf=[three.id])
    assert isinstance(answer, Done)
    assert answer.complaints == ()
    shown = look(desk, one)
    assert shown.values["Links"] == [f"DependsOn {two.id}"]
    assert shown.values["MemberOf"] == [three.id]
    assert shown.linked == {two.id, three.id}
    mirror = look(desk, two)
    assert mirror.values["Links"] == [f"DependedOnBy {one.id}"]
    assert [(c.path, c.actor) for c in mirror.history or ()] == [("Links", "sdsync")]
    assert look(desk, three).linked == {one.id}

    answer = write(desk, three, MemberOf=[one.id])
    assert isinstance(answer, Done)
    assert "circular" in answer.complaints[0]
    assert look(desk, three).values["MemberOf"] == []

    write(desk, one, Links=[f"RefersTo {two.id}"], MemberOf=[])
    shown = look(desk, one)
    assert (shown.values["Links"], shown.values["MemberOf"]) == ([f"RefersTo {two.id}"], [])
    told = request_tracker.act("agent1", "GET", f"/REST/2.0/ticket/{one.id}").json()
    outside = [link for link in told["_hyperlinks"] if link.get("type") == "external"]
    assert len(outside) == 1, "an address is not ours to take away"


def test_redmine(dev: Connector) -> None:
    one, two, three, four = made(dev, "dev", 4)

    answer = write(dev, one, relations=[f"blocked {two.id}", f"relates {three.id}"])
    assert isinstance(answer, Done), answer
    assert look(dev, one).values["relations"] == [f"blocked {two.id}", f"relates {three.id}"]
    mirror = look(dev, two)
    assert mirror.values["relations"] == [f"blocks {one.id}"]
    assert [change.path for change in mirror.history or ()] == ["relations"]
    assert mirror.linked == {one.id}

    wanted = [f"blocks {one.id}", "blocks 999999", f"relates {three.id}"]
    answer = write(dev, two, relations=wanted)
    assert isinstance(answer, Rejected), answer
    assert answer.fields == ("relations",)
    assert look(dev, two).values["relations"] == [f"blocks {one.id}", f"relates {three.id}"]

    assert isinstance(write(dev, one, parent=four.id), Done)
    assert look(dev, one).values["parent"] == four.id
    assert look(dev, four).linked == {one.id}
    answer = write(dev, four, parent=one.id)
    assert isinstance(answer, Rejected), answer
    assert answer.fields == ("parent",)

    assert isinstance(write(dev, one, relations=[], parent=""), Done)
    shown = look(dev, one)
    assert (shown.values["relations"], shown.values["parent"]) == ([], None)
    assert shown.linked == frozenset()
