"""What a sync does of which its settings say nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch) as opened:
        yield opened


def test_a_description_belongs_to_the_side_of_birth(shop: Shop) -> None:
    ticket = shop.ticket(Content="What happened.")
    issue = shop.issue(ticket)
    wrote = shop.writes()

    shop.at_dev("edit", issue, description="What we made of it.")

    assert shop.shown("desk", ticket).values["Content"] == "What happened."
    assert shop.shown("dev", issue).values["description"] == "What we made of it."
    assert shop.writes() == wrote
    fields = shop.type("trace", f"desk#{ticket}", "--json").json["fields"]
    (told,) = [one for one in fields if one["name"] == "description"]
    assert told["why"].startswith("differs at dev")
