"""Files: carried whole, or named with the page where they stay; a refused one stops nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop

SMALL, LARGE = b"all is well\n", b"x" * 2_000


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch, toml=TOML + 'file_limit = "1 KB"\n') as opened:
        yield opened


def attach(shop: Shop, system: str, native_id: str, name: str, content: bytes) -> None:
    packed = base64.b64encode(content).decode()
    at = shop.at_desk if system == "desk" else shop.at_dev
    at("file", native_id, name=name, content=packed)


def names(shop: Shop, system: str, native_id: str) -> list[str]:
    return [str(one.values["name"]) for one in shop.shown(system, native_id).attachments]


def said(shop: Shop, system: str, native_id: str) -> str:
    return "\n".join(str(one.values["body"]) for one in shop.shown(system, native_id).notes)


def test_a_file_over_the_limit_is_a_line_with_its_page_and_the_rest_follows(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)
    attach(shop, "desk", ticket, "core.bin", LARGE)
    attach(shop, "dev", issue, "heap.bin", LARGE)
    attach(shop, "desk", ticket, "db01.log", SMALL)

    assert names(shop, "dev", issue) == ["heap.bin", "db01.log"]
    assert names(shop, "desk", ticket) == ["core.bin", "db01.log"]
    (core,) = [one for one in shop.shown("desk", ticket).attachments if one.values["size"] == 2_000]
    (heap,) = [one for one in shop.shown("dev", issue).attachments if one.values["size"] == 2_000]
    assert f"{shop.pair.desk.url}/Ticket/Attachment/" in core.url
    assert f"stays in desk, larger than 1000 bytes: {core.url}" in said(shop, "dev", issue)
    assert f"stays in dev, larger than 1000 bytes: {heap.url}" in said(shop, "desk", ticket)
    (log,) = [one for one in shop.share(ticket).elements if one.values.get("name") == "db01.log"]
    assert log.values["sha256"] == sha256(SMALL).hexdigest()
    assert shop.type("dead", "list").out.startswith("nothing is parked")


def test_a_file_that_the_other_side_refuses_is_parked_alone(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)
    attach(shop, "desk", ticket, "empty.log", b"")
    attach(shop, "desk", ticket, "db01.log", SMALL)
    shop.at_desk("edit", ticket, Subject="disk very full")
    shop.at_desk("note", ticket, text="it goes on")

    assert names(shop, "dev", issue) == ["db01.log"]
    assert shop.shown("dev", issue).values["subject"] == "disk very full"
    assert "it goes on" in said(shop, "dev", issue)
    assert "dev refuses the attachment" in shop.type("dead", "list").out
