"""Why a record is not shared, said to the person who typed its name right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sdsync.cli.looks.unshared import why
from sdsync.store.records import Change, Pause, SyncRow, SystemRow
from sdsync.testing.memory_store import MemoryStore
from tests.unit.cli import scenes

WATCHED = SystemRow(
    "desk", cursor={}, state="ok", seen_at=scenes.NOW, watched_since=scenes.at("02:00:00")
)


def watched(row: SystemRow = WATCHED) -> MemoryStore:
    """The desk is read every ten seconds; the next time in eight."""
    store = scenes.empty()
    poll = scenes.work("desk", "poll", "feed", due=scenes.NOW + timedelta(seconds=8))
    sync = SyncRow("escalations", scenes.at("01:00:00"), "live")
    store.commit(Change(systems=[row], syncs=[sync], ring=[poll]))
    return store


def told(store: MemoryStore, text: str = "desk#36") -> str | None:
    return why(store, scenes.config(), text, scenes.NOW)


def test_what_may_be_the_reason_is_said_with_the_times_and_the_take() -> None:
    assert told(watched()) == (
        "desk#36 is not shared: older than 02:00:00, in no take, or not read yet "
        '(desk was read at 03:07:10)\nescalations takes queue == "Escalated"'
    )


def test_a_record_that_waits_to_be_read_says_so() -> None:
    store = watched()
    store.commit(Change(ring=[scenes.work("desk", "look", "36")]))

    assert told(store) == "desk#36 is not shared yet: it waits to be read"


def test_a_record_of_a_system_that_nothing_enters_from_says_so() -> None:
    assert told(watched(), "dev#7") == (
        "dev#7 is not shared: nothing enters from dev, no sync takes from it"
    )


def paused(store: MemoryStore) -> None:
    store.commit(Change(pauses=[Pause("system:desk", scenes.NOW, "ops-2")]))


def away(store: MemoryStore) -> None:
    store.commit(Change(systems=[replace(WATCHED, state="unreachable")]))


def unread(store: MemoryStore) -> None:
    store.commit(Change(systems=[SystemRow("desk")]))


def late(store: MemoryStore) -> None:
    poll = scenes.work("desk", "poll", "feed", due=scenes.at("03:00:00"))
    store.commit(Change(postponed=[(poll.key, poll.due_at)]))


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (paused, "desk is paused"),
        (away, "desk is unreachable, it answered last at 03:07:12"),
        (unread, "desk was not read yet"),
        (late, "desk should have been read at 03:00:00"),
    ],
)
def test_what_keeps_the_system_from_being_read_comes_first(
    trouble: Callable[[MemoryStore], None], text: str
) -> None:
    store = watched()
    trouble(store)

    assert told(store) == f"desk#36 is not shared yet: {text}"


@pytest.mark.parametrize("text", ["infra#882", "desk", "desk#", "h1"])
def test_what_names_no_record_of_a_system_has_no_reason(text: str) -> None:
    assert told(watched(), text) is None
