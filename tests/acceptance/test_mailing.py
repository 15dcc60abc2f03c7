"""Whom a write mails is known from the store: no connector need have read the record (law 47)."""

from __future__ import annotations

import pytest

from sdsync.config.load import load
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop


def test_law_47_after_a_restart_a_note_waits_as_before(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shop(empty_desk, monkeypatch, toml=TOML + 'mail = "none"\n') as shop:
        ticket = shop.ticket()
        shop.at_dev("note", shop.issue(ticket), by="irina", text="from now on she follows it")
        mails = len(shop.pair.dev.mails)
        for system in shop.engine.core.systems.values():
            system.close()
        again = Engine(assemble(load(empty_desk.toml), shop.store, clock=shop.clock))
        again.start()

        Shop(empty_desk, shop.pair, again, shop.clock).at_desk("note", ticket, text="look at this")

        assert len(shop.pair.dev.mails) == mails
        assert "dev: would mail staff" in shop.type("dead", "list").out
        for system in again.core.systems.values():
            system.close()
