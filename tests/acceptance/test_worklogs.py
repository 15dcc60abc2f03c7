"""Time that people log on one side stands on the other, as each product keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    toml = f'{TOML}worklogs = "copy"\n[systems.dev.options]\nactivity = "Development"\n'
    with open_shop(empty_desk, monkeypatch, toml=toml) as opened:
        yield opened


def at_dev(shop: Shop, issue: str) -> list[tuple[float, str]]:
    """(hours, comment) of each time entry."""
    worked = shop.shown("dev", issue).worklogs
    return [(one.values["hours"], one.values["comments"]) for one in worked]


def at_desk(shop: Shop, ticket: str) -> list[tuple[int, str]]:
    """(minutes, words) of each entry; what somebody says with the time is a note of theirs."""
    worked = shop.shown("desk", ticket).worklogs
    return [(one.values["minutes"], one.values["text"]) for one in worked]


def test_what_took_time_at_the_desk_is_a_time_entry_and_what_was_said_a_note(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)

    shop.at_desk("note", ticket, text="looked into it", TimeTaken="20")

    assert at_dev(shop, issue) == [(0.33, "Nora Vance worked in desk")]
    (note,) = shop.shown("dev", issue).notes
    assert note.values["body"].endswith("looked into it")
    wrote = shop.writes()
    shop.run(4000)
    assert shop.writes() == wrote  # twenty minutes are a third of an hour, and no edit


def test_a_time_entry_is_an_internal_comment_that_took_the_minutes(shop: Shop) -> None:
    ticket = shop.ticket()
    issue, day = shop.issue(ticket), shop.clock.now().date().isoformat()

    shop.at_dev("log", issue, hours="1.5", comments="indexes rebuilt", spent_on=day)

    (worked,) = at_desk(shop, ticket)
    assert worked == (90, f"Irina Pavel worked in dev on {day}: indexes rebuilt")
    assert at_dev(shop, issue) == [(1.5, "indexes rebuilt")]
    assert shop.shown("desk", ticket).worklogs[0].values["internal"]
