"""What a text names: each side shows its own number, and a stranger's number names nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sdsync.mappings.richtext.inert import GUARD
from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch) as opened:
        yield opened


def notes(shop: Shop, system: str, native_id: str) -> list[str]:
    """The last words of each note; above them stands who wrote it."""
    return [one.values["body"] for one in shop.shown(system, native_id).notes]


def test_each_side_names_the_records_that_both_have(shop: Shop) -> None:
    known = shop.ticket("the first")
    issue = shop.issue(known)
    page = f"{shop.pair.desk.url}/Ticket/Display.html?id={known}"

    ticket = shop.ticket("the second", Content=f"As in #{known}, not in #77.\n{page}")
    born = shop.issue(ticket)
    shop.at_desk("note", ticket, Content=f"same as ticket #{known}; fixes #{known}")
    shop.at_dev("note", born, text=f"see #{issue} and #{issue}-1, not #{int(issue) + 90}")

    at_dev = shop.shown("dev", born).values["description"]
    assert at_dev.endswith(f"As in #{issue}, not in desk#{GUARD}77.\n#{issue}")
    assert notes(shop, "dev", born)[0].endswith(f"same as ticket #{issue}; fix{GUARD}es #{issue}")
    link = f'<a href="{page}">#{known}</a>'
    (said,) = [one for one in notes(shop, "desk", ticket) if "not dev" in one]
    assert f"see {link} and {link} (dev#{GUARD}{issue}-1), not dev#{GUARD}" in said


def test_what_was_rewritten_is_no_edit_and_stays_when_more_is_known(shop: Shop) -> None:
    ticket = shop.ticket("the first", Content="As in #2.")
    issue = shop.issue(ticket)
    shop.at_dev("note", issue, text="no #882 here")
    before = shop.shown("dev", issue).values["description"]
    assert before.endswith(f"As in desk#{GUARD}2.")

    later = shop.ticket("the second")
    assert later == "2"
    shop.at_desk("note", ticket, Content="now it is known: #2")

    assert shop.shown("dev", issue).values["description"] == before
    assert notes(shop, "dev", issue)[-1].endswith(f"now it is known: #{shop.issue(later)}")
    assert not [one for one in shop.told(ticket, "edited") if one.field == "description"]
    assert not shop.told(ticket, "note_edited")
    wrote = shop.writes()
    shop.run(4000)
    assert shop.writes() == wrote
