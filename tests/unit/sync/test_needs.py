"""What needs a person, and from when on: read from the store, the settings and the disk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.store.contract import Store
from sdsync.store.records import Alarm, AlarmWay, Change, SystemRow
from sdsync.sync.watch.needs import Around, needs
from tests.unit.cli import scenes


def keys(store: Store, *, free_bytes: int | None = None) -> list[str]:
    around = Around(running=True, free_bytes=free_bytes)
    return [one.key for one in needs(store, scenes.config(), scenes.NOW, around)]


@pytest.mark.parametrize(("away_s", "told"), [(60, []), (61, ["unreachable:dev"])])
def test_who_does_not_answer_needs_somebody_after_a_minute(away_s: int, told: list[str]) -> None:
    store = scenes.empty()
    since = scenes.NOW - timedelta(seconds=away_s)
    store.commit(Change(systems=[SystemRow("dev", state="unreachable", state_since=since)]))

    assert keys(store) == told


@pytest.mark.parametrize("state", ["unauthorised", "misconfigured"])
def test_what_does_not_mend_itself_needs_somebody_at_once(state: str) -> None:
    store = scenes.empty()
    store.commit(Change(systems=[SystemRow("dev", state=state, state_since=scenes.NOW)]))

    assert keys(store) == [f"{state}:dev"]


@pytest.mark.parametrize(
    ("free_bytes", "told"), [(None, []), (200_000_000, []), (199_999_999, ["store full"])]
)
def test_a_disk_with_little_left_is_told_before_it_is_full(
    free_bytes: int | None, told: list[str]
) -> None:
    assert keys(scenes.empty(), free_bytes=free_bytes) == told


def test_a_store_that_may_not_be_the_newest_of_its_copies_is_told() -> None:
    assert keys(scenes.empty().copy()) == ["suspect"]


def test_a_broker_that_takes_no_bells_is_told_and_wakes_nobody() -> None:
    around = Around(running=True, broker="it takes no bells")

    (told,) = needs(scenes.empty(), scenes.config(), scenes.NOW, around)

    assert told.text == "broker: it takes no bells; nothing is lost"
    assert told.said == ""


def test_a_trail_that_is_not_anchored_is_told() -> None:
    around = Around(running=True, anchor="/mnt/heads: no such file or directory")

    (told,) = needs(scenes.empty(), scenes.config(), scenes.NOW, around)

    assert told.text == f"the audit trail is not anchored: {around.anchor}"
    assert told.cure == "look at audit.anchor (sdsync config)"


def test_a_way_by_which_no_alarm_gets_through_is_told_with_what_hinders_it() -> None:
    store, way = scenes.empty(), AlarmWay(trouble="it answers 503", since=scenes.NOW)
    alarm = Alarm(
        "a1", "held", "held", "text", "cure", None, 3, 1, scenes.NOW, scenes.NOW,
        ways={"webhook": way},
    )  # fmt: skip
    store.commit(Change(alarms=[alarm]))

    (told,) = needs(store, scenes.config(), scenes.NOW, Around(running=True))

    assert told.text == "no alarm gets through by webhook: it answers 503"
    assert told.cure == "sdsync alarms test"
