"""``sdsync:stop`` and ``sdsync:retry``, said in the products' own pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch) as opened:
        yield opened


def test_a_tag_in_the_desk_stops_a_ticket_and_the_screens_say_how_it_goes_on(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)

    shop.at_desk("edit", ticket, CustomFields={"sdsync tags": ["urgent", "sdsync:stop"]})
    wrote = shop.writes()
    shop.at_desk("edit", ticket, Subject="disk very full")

    assert shop.writes() == wrote
    status = shop.type("status").out
    assert f"desk#{ticket} is paused by Nora Vance in desk: tag sdsync:stop" in status
    assert f"> sdsync resume desk#{ticket}" in status
    trace = shop.type("trace", f"desk#{ticket}").out
    assert f"desk#{ticket} is paused by Nora Vance in desk since " in trace
    assert "paused by nora in desk: tag sdsync:stop" in trace
    assert trace.endswith(f"> sdsync resume desk#{ticket}\n")

    shop.at_desk("edit", ticket, CustomFields={"sdsync tags": ["urgent"]})

    shown = shop.shown("dev", issue).values
    assert (shown["subject"], shown["custom_fields"]["sdsync tags"]) == ("disk very full", "urgent")
    assert shop.pauses() == []


def test_a_tag_in_the_tracker_stops_too_and_stays_there(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)

    shop.at_dev("edit", issue, **{"sdsync tags": "sdsync:stop, later"})
    assert [one.by for one in shop.pauses()] == ["Irina Pavel in dev"]
    assert shop.type("resume", f"desk#{ticket}").code == 0
    shop.run()
    shop.at_desk("edit", ticket, CustomFields={"sdsync tags": ["later", "now"]})

    assert shop.shown("desk", ticket).values["CustomFields"]["sdsync tags"] == ["later", "now"]
    tags = shop.shown("dev", issue).values["custom_fields"]["sdsync tags"]
    assert tags == "sdsync:stop, later, now"
    assert shop.pauses() == []


def test_a_comment_stops_a_ticket_and_is_carried_without_the_line(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)

    shop.at_desk("note", ticket, text="Wait for the vendor.\nsdsync:stop")
    assert [one.reason for one in shop.pauses()] == ["note sdsync:stop"]
    shop.at_desk("note", ticket, text="sdsync:go", by="malik")

    (note,) = shop.shown("dev", issue).notes
    assert note.values["body"].endswith("Wait for the vendor.")
    assert [one.action for one in shop.told(ticket, "resumed")] == ["resumed"]


def test_a_customers_mail_and_a_public_note_order_nothing(shop: Shop) -> None:
    ticket = shop.ticket()

    shop.at_desk("reply", ticket, text="sdsync:stop", by="greta@customer.example")
    shop.at_dev("reply", shop.issue(ticket), text="sdsync:stop")

    assert shop.pauses() == []


def test_a_word_tries_again_what_the_tracker_refused(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)
    shop.pair.dev.switch("ignored_field", fields=["priority_id"])
    shop.at_desk("edit", ticket, Priority="High")
    assert shop.type("dead", "list", "--json").json

    shop.pair.dev.switch("ignored_field", False)
    shop.at_dev("note", issue, text="sdsync:retry")

    assert shop.shown("dev", issue).values["priority"] == "High"
    (row,) = shop.told(ticket, "replayed")
    assert row.why == "note sdsync:retry in dev"
