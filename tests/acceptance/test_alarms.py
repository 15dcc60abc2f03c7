"""Somebody is woken once when a system dies, and told once when it is back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sdsync.config.load import load
from sdsync.server.alarms import Alarms
from sdsync.server.ways import ways_of
from sdsync.sync.watch.needs import Around
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop
from tests.integration.server.listeners import Heard, patient, receiving


@pytest.fixture
def receiver() -> Iterator[Heard]:
    with receiving() as heard:
        yield heard


def with_webhook(receiver: Heard) -> str:
    """The settings, as `open_shop` fills them in."""
    way = f'[alarms.webhook]\nurl = "{receiver.url}"\nsecret = "env:ALARM_SECRET"\n'
    return TOML + way


@pytest.fixture
def shop(empty_desk: Desk, receiver: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    patient(monkeypatch)
    monkeypatch.setenv("ALARM_SECRET", "a secret of the receiver")
    with open_shop(empty_desk, monkeypatch, toml=with_webhook(receiver)) as one:
        yield one


def goes_on(shop: Shop, alarms: Alarms, seconds: int) -> None:
    for _ in range(seconds // 10):
        shop.run(10)
        alarms.round()


def test_a_target_dies_and_comes_back(shop: Shop, receiver: Heard) -> None:
    config = load(shop.house.toml)
    alarms = Alarms(
        shop.store, config, shop.clock, ways=ways_of(config, "store-1"),
        around=lambda: Around(running=True),
    )  # fmt: skip
    tickets = [shop.ticket(f"printer {number}") for number in range(3)]
    goes_on(shop, alarms, 60)
    assert shop.type("alarms").out.startswith("no alarm now\n")

    shop.pair.dev.switch("auth_revoked")
    for one in tickets:
        shop.pair.desk.act("edit", by="nora", id=one, Subject="it burns")
    goes_on(shop, alarms, 600)

    said = "dev refuses our credential; what waits for it is not lost"
    assert receiver.told() == [("began", said)]
    now = shop.type("alarms")
    assert now.code == 3
    assert said in now.out
    assert "> renew env:REDMINE_KEY, then it drains by itself" in now.out

    shop.pair.dev.switch("auth_revoked", on=False)
    goes_on(shop, alarms, 600)

    assert receiver.told() == [("began", said), ("over", said)]
    after = shop.type("alarms")
    assert after.code == 0
    assert "OVER" in after.out
    (one,) = shop.type("alarms", "--json").json["over"]
    assert (one["key"], one["told"]) == ("unauthorised:dev", {"webhook": "over"})


def test_the_ways_are_tried_and_what_came_back_is_said(shop: Shop, receiver: Heard) -> None:
    fine = shop.type("alarms", "test")
    receiver.status = 403
    refused = shop.type("alarms", "test")

    assert (fine.code, fine.out) == (0, "webhook: taken\n")
    assert (refused.code, refused.out) == (1, "webhook: it answers 403\n")
    assert receiver.told()[0] == ("test", "somebody tries whether alarms arrive")


def test_without_a_way_there_is_nothing_to_try(desk: Desk) -> None:
    tried = desk.type("alarms", "test")
    shown = desk.type("alarms")

    assert tried.code == 1
    assert tried.err == (
        "no way is set by which an alarm could leave\n"
        "> alarms.webhook or alarms.mail in sdsync.toml\n"
    )
    assert shown.code == 0
    assert "nobody is told: alarms.webhook and alarms.mail are not set" in shown.out
