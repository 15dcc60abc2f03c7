"""Each side shows the other's key and link, and stays right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch) as opened:
        yield opened


def shown(shop: Shop, ticket: str) -> tuple[str, str]:
    desk = shop.shown("desk", ticket).values["CustomFields"]["sdsync peer"]
    dev = shop.shown("dev", shop.issue(ticket)).values["custom_fields"]["sdsync peer"]
    return desk, dev


def right(shop: Shop, ticket: str, key: str) -> tuple[str, str]:
    """Key and link as the two connectors tell them."""
    desk, dev = shop.share(ticket).at("desk"), shop.share(ticket).at("dev")
    assert desk is not None
    assert dev is not None
    assert dev.key == key
    return f"{key} {dev.url}", f"{ticket} {desk.url}"


def test_a_pair_shows_both_keys_and_follows_a_move(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)
    assert shown(shop, ticket) == right(shop, ticket, f"infra#{issue}")

    shop.at_dev("move", issue, to="web")

    assert shown(shop, ticket) == right(shop, ticket, f"web#{issue}")
    assert shop.type("trace", f"desk#{ticket}", "--json").json["state"] == "open"
    assert not [one for one in shop.told(ticket, "edited") if one.field == "peer_key"]
    wrote = shop.writes()
    shop.run(4000)
    assert shop.writes() == wrote


def test_what_people_write_there_is_put_right_and_nobody_is_mailed_for_it(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)

    shop.at_desk("edit", ticket, CustomFields={"sdsync peer": "see the other one"})
    shop.at_dev("edit", issue, **{"sdsync peer": ""})  # she watches it from now on
    assert shown(shop, ticket)[0] == right(shop, ticket, f"infra#{issue}")[0]
    assert shown(shop, ticket)[1] is None
    assert shop.type("dead", "list").out.startswith("nothing is parked")
    fields = shop.type("trace", f"desk#{ticket}", "--all", "--json").json["fields"]
    (why,) = [one["why"] for one in fields if one["name"] == "peer_key"]
    assert why == "dev: comes with the next change: alone it would mail 1 of staff"

    shop.at_desk("edit", ticket, Subject="disk very full")
    assert shop.shown("dev", issue).values["subject"] == "disk very full"

    assert shown(shop, ticket) == right(shop, ticket, f"infra#{issue}")
    assert "differs" not in shop.type("trace", f"desk#{ticket}").out
