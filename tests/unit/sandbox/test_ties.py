"""Links and parents as both connectors read and write them; the sandboxes refuse like the products.

The same acts against the stock products: tests/real/test_ties.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sdsync.connectors.contract import Connector, Create, Done, NativeRecord, Update
from sdsync.connectors.failures import Failure, Rejected
from sdsync.sandbox import Pair
from sdsync.store.records import Json, Ref
from tests.unit.sandbox.conftest import connected


@pytest.fixture
def desk_line(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    with connected(pair, "desk", monkeypatch) as connector:
        yield connector


@pytest.fixture
def dev_line(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connector]:
    with connected(pair, "dev", monkeypatch) as connector:
        yield connector


def made(line: Connector, count: int) -> list[Ref]:
    system = "desk" if "Request" in line.capabilities.product else "dev"
    place, title = {"desk": ("Escalated", "Subject"), "dev": ("infra", "subject")}[system]
    refs = []
    for n in range(count):
        (answer,) = line.apply([Create("ticket", place, {title: f"t{n}"}, f"m{n}", "i")])
        assert isinstance(answer, Done), answer
        refs.append(Ref(system, "ticket", answer.native_id or ""))
    return refs


def write(line: Connector, ref: Ref, **values: Json) -> Done | Failure:
    (answer,) = line.apply([Update(ref, values)])
    return answer


def look(line: Connector, ref: Ref) -> NativeRecord:
    record = line.fetch(ref)
    assert isinstance(record, NativeRecord), record
    return record


def test_rt_links_and_a_parent_are_written_and_shown_at_both_ends(desk_line: Connector) -> None:
    one, two, three = made(desk_line, 3)

    answer = write(desk_line, one, Links=[f"DependsOn {two.id}"], MemberOf=[three.id])
    assert isinstance(answer, Done)
    assert answer.complaints == ()

    shown = look(desk_line, one)
    assert (shown.values["Links"], shown.values["MemberOf"]) == (
        [f"DependsOn {two.id}"],
        [three.id],
    )
    assert shown.linked == {two.id, three.id}
    assert look(desk_line, two).values["Links"] == [f"DependedOnBy {one.id}"]
    assert look(desk_line, three).linked == {one.id}
    paths = {change.path for change in look(desk_line, two).history or ()}
    assert "Links" in paths

    write(desk_line, one, Links=[f"RefersTo {two.id}"], MemberOf=[])
    shown = look(desk_line, one)
    assert (shown.values["Links"], shown.values["MemberOf"]) == ([f"RefersTo {two.id}"], [])


def test_rt_refuses_a_circle_in_a_sentence_and_shows_no_link(desk_line: Connector) -> None:
    one, two = made(desk_line, 2)
    write(desk_line, one, MemberOf=[two.id])

    answer = write(desk_line, two, MemberOf=[one.id])

    assert isinstance(answer, Done)
    assert "circular" in answer.complaints[0]
    assert look(desk_line, two).values["MemberOf"] == []


def test_rt_takes_no_words_that_are_no_links(desk_line: Connector) -> None:
    (one,) = made(desk_line, 1)

    for wrong in ("MergedInto 1", "RefersTo https://x.example", "RefersTo", "7"):
        answer = write(desk_line, one, Links=[wrong])
        assert isinstance(answer, Rejected), wrong
        assert answer.fields == ("Links",)


def test_redmine_relations_are_shown_from_each_side(dev_line: Connector) -> None:
    one, two, three = made(dev_line, 3)

    answer = write(dev_line, one, relations=[f"blocked {two.id}", f"relates {three.id}"])
    assert isinstance(answer, Done), answer
    assert look(dev_line, one).values["relations"] == [f"blocked {two.id}", f"relates {three.id}"]
    assert look(dev_line, two).values["relations"] == [f"blocks {one.id}"]
    assert look(dev_line, two).linked == {one.id}
    assert "relations" in {change.path for change in look(dev_line, two).history or ()}

    assert isinstance(write(dev_line, one, relations=[f"duplicates {two.id}"]), Done)
    assert look(dev_line, one).values["relations"] == [f"duplicates {two.id}"]
    assert look(dev_line, three).values["relations"] == []


def test_redmine_refuses_one_relation_and_takes_the_others(dev_line: Connector) -> None:
    one, two, three = made(dev_line, 3)
    write(dev_line, one, relations=[f"blocks {two.id}"])

    answer = write(
        dev_line, two, relations=[f"blocked {one.id}", "blocks 999", f"blocks {three.id}"]
    )

    assert isinstance(answer, Rejected)
    assert answer.fields == ("relations",)
    assert look(dev_line, two).values["relations"] == [f"blocked {one.id}", f"blocks {three.id}"]


def test_redmine_refuses_a_parent_below_and_a_circle_of_blocks(dev_line: Connector) -> None:
    one, two, three = made(dev_line, 3)
    assert isinstance(write(dev_line, one, parent=two.id), Done)
    assert look(dev_line, one).values["parent"] == two.id
    assert look(dev_line, two).linked == {one.id}

    answer = write(dev_line, two, parent=one.id)
    assert isinstance(answer, Rejected)
    assert answer.fields == ("parent",)

    write(dev_line, one, relations=[f"blocks {three.id}"])
    answer = write(dev_line, three, relations=[f"blocked {one.id}", f"relates {two.id}"])
    assert isinstance(answer, Done), answer
    answer = write(dev_line, one, relations=[f"blocks {three.id}", f"relates {two.id}"])
    assert isinstance(answer, Rejected)
    assert "subtasks" in answer.detail
