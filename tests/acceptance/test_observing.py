"""A sync that observes: nothing is sent, and each night says what would have been."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop

DAY = 24 * 3600.0


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    now = datetime.now(UTC)
    since_noon = (now - now.replace(hour=12, minute=0)) % timedelta(days=1)  # far from any night
    with open_shop(empty_desk, monkeypatch, mode="observe", poll="1h", ago=since_noon) as opened:
        yield opened


def test_the_night_tells_what_would_be_sent_and_going_live_sends_just_that(shop: Shop) -> None:
    ticket = shop.ticket()
    shop.ticket("mail does not come")
    shop.at_desk("note", ticket, text="have a look at the log")
    shop.at_desk("file", ticket, name="log.txt", content="eA==")
    shop.run(DAY)

    told = "2 births, 1 note, 1 file"
    (row,) = [
        one for one in shop.store.audit() if one.action == "would_send" and one.system == "dev"
    ]
    assert (row.text, row.why) == (told, "escalations")
    assert f"escalations would send dev: {told}" in shop.type("status").out
    shown = shop.type("live", "escalations")
    assert shown.code == 4
    assert f" account  dev: {told} " in shown.out
    assert f"since the day before: {told}" in shown.out
    assert shop.type("audit", "verify").code == 0
    assert not [one for one in shop.pair.dev.requests if one.method != "GET"]

    assert shop.type("live", "escalations", "--yes").code == 0
    shop.run(7200)

    posted = [one.path for one in shop.pair.dev.requests if one.method == "POST"]
    assert sorted(posted) == ["/issues.json", "/issues.json", "/uploads.json"]
    assert shop.shown("dev", shop.issue(ticket)).attachments
    assert "would send" not in shop.type("status").out
