"""Somebody who has no account on the other side: told in words, made, or stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sdsync.store.records import Ref, Share
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop

BOTH_WAYS = (
    TOML
    + """dev.take = 'project == "infra"'
desk.put = {{ queue = "Escalated" }}
mail = "{mail}"
fields.reporter = "newest"
"""
)
LINE = "*Reported in dev by Irina Pavel:*"


@contextmanager
def shop_with(
    house: Desk, patch: pytest.MonkeyPatch, unknown: str, mail: str = "customers"
) -> Iterator[Shop]:
    """A desk that names reporters, with a policy for those whom it does not know."""
    rule = f"{{ at: Requestor, direction: both, unknown: {unknown} }}"
    (house.folder / "mappings").mkdir()
    file = house.folder / "mappings" / "desk-ticket.yaml"
    file.write_text(
        f"extends: request_tracker/ticket\nfields:\n  reporter: {rule}\n", encoding="utf-8"
    )
    with open_shop(house, patch, toml=BOTH_WAYS.replace("{mail}", mail)) as opened:
        yield opened


def born(shop: Shop, subject: str = "backup fails") -> Share:
    """An issue by Irina, whom the desk does not know, and what the store makes of it."""
    issue: Any = shop.pair.dev.act("create", by="irina", subject=subject, description="Since noon.")
    shop.run()
    found = shop.store.share_of(Ref("dev", "ticket", str(issue["id"])))
    assert found is not None
    return found


def at_desk(shop: Shop, share: Share) -> Any:
    """Its ticket as the desk shows it."""
    replica = share.at("desk")
    assert replica is not None
    assert replica.native_id is not None
    return shop.shown("desk", replica.native_id)


def quiet(shop: Shop) -> bool:
    """Whether an hour brings no write."""
    wrote = shop.writes()
    shop.run(4000)
    return shop.writes() == wrote


def test_the_tracker_is_told_who_reported_a_ticket_and_no_address(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shop(empty_desk, monkeypatch) as shop:
        ticket = shop.ticket()  # by a customer of whom nobody has heard before
        issue = shop.issue(ticket)

        born = shop.shown("dev", issue).values["description"]
        assert born == "_Reported in desk by greta:_\n\nWhat happened."
        assert shop.share(ticket).hub.values["description"] == "What happened."

        shop.at_dev("edit", issue, description=born.partition("\n\n")[2])

        assert not [one for one in shop.told(ticket, "edited") if one.field == "description"]
        assert quiet(shop)


def test_a_made_requestor_bears_the_address_and_its_mail_was_allowed(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop_with(empty_desk, monkeypatch, "create") as shop:
        share = born(shop)

        ticket = at_desk(shop, share)
        assert ticket.values["Requestor"] == ["irina@example.org"]
        assert ticket.values["Content"] == "Since noon."
        assert quiet(shop)
        assert shop.type("dead", "list").out.startswith("nothing is parked")


def test_law_47_nobody_is_made_a_requestor_by_surprise(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop_with(empty_desk, monkeypatch, "create", mail="staff") as shop:
        share = born(shop)

        replica = share.at("desk")
        assert replica is not None
        assert replica.native_id is None
        assert not shop.pair.desk.mails
        assert 'mail = "customers"' in shop.type("dead", "list").out


def test_a_substitute_stands_in_and_the_text_says_for_whom(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop_with(empty_desk, monkeypatch, "{ substitute: tomas }") as shop:
        share = born(shop)

        ticket = at_desk(shop, share)
        assert ticket.values["Requestor"] == ["tomas"]
        assert ticket.values["Content"] == f"{LINE}\n\nSince noon.".replace("*", "")
        assert share.hub.values["reporter"] == "irina@example.org"
        assert quiet(shop)

        shop.at_desk("edit", ticket.key, Requestor="malik")

        now = shop.store.share(share.hub.id)
        assert now is not None
        assert now.hub.values["reporter"] == "malik@example.org"


def test_a_policy_that_cannot_be_is_named_with_its_line(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shop(empty_desk, monkeypatch):
        (empty_desk.folder / "mappings").mkdir()
        file = empty_desk.folder / "mappings" / "desk-ticket.yaml"
        file.write_text("fields:\n  reporter: { at: Requestor, unknown: create }\n", "utf-8")

        told = empty_desk.type("check")

        assert told.code == 1
        assert "mappings/desk-ticket.yaml:2:" in told.err
        assert "fields.reporter.unknown: found create in a rule that only reads" in told.err
