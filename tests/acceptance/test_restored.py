"""A product comes back from its own backup, and a person brings it up again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sdsync.store.records import Replica
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop

#: So often a system tells its newest records, and a little more.
DESCRIBED_S = 610.0
PLAN = "sdsync level escalations --as {} --restored"
YOUNG = [f"young {number}" for number in range(6)]
MAILS = TOML + 'mail = "customers"\n'


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    long_ago = timedelta(hours=3)
    with open_shop(empty_desk, monkeypatch, toml=MAILS, poll="60s", ago=long_ago) as opened:
        yield opened


def night(shop: Shop, system: str) -> tuple[str, list[str]]:
    """A ticket of the backup, which was retitled and noted since; hubs of those that came since."""
    old = shop.ticket("before")
    side = getattr(shop.pair, system)
    side.back_up()
    if system == "dev":
        shop.at_desk("edit", old, Subject="after")
        shop.at_desk("note", old, Content="said since")
    else:
        shop.at_dev("edit", shop.issue(old), subject="after")
        shop.at_dev("note", shop.issue(old), text="said since")
    young = [shop.share(shop.ticket(title)).hub.id for title in YOUNG]
    shop.run(DESCRIBED_S)
    side.put_back()
    shop.run(DESCRIBED_S + 120)
    (pause,) = shop.pauses()
    assert (pause.scope, pause.by) == (f"system:{system}", "sdsync")
    return old, young


def copies(shop: Shop, hubs: list[str], system: str) -> list[Replica]:
    shares = [shop.store.share(one) for one in hubs]
    found = [share.at(system) for share in shares if share is not None]
    return [one for one in found if one is not None]


def shown(shop: Shop, hubs: list[str], system: str) -> list[object]:
    """Their titles, as the product has them."""
    names = [str(one.native_id) for one in copies(shop, hubs, system)]
    title = "Subject" if system == "desk" else "subject"
    return [shop.shown(system, one).values[title] for one in names]


def brought_up(shop: Shop, as_system: str) -> None:
    """Plan, approve, apply; and nothing is written when all that is done."""
    shop.today()
    planned = shop.type(*PLAN.format(as_system).split()[1:])
    assert (planned.code, " certain              7" in planned.out) == (4, True), planned.out
    assert shop.type("plan", "approve", "p-1").code == 0
    assert "7 levelled, 0 refused, 0 left" in shop.type("apply", "p-1").out
    assert "was restored" not in shop.type("status").out + shop.type("dead", "list").out
    shop.today().run(900)
    wrote = shop.writes()
    assert shop.run(1800).writes() == wrote


def test_a_restored_tracker_is_brought_up_again_from_the_desk(shop: Shop) -> None:
    old, young = night(shop, "dev")
    assert "> sdsync resume dev" in shop.type("status").out

    resumed = shop.type("resume", "dev")
    assert (resumed.code, "went back in it is no edit" in resumed.out) == (0, True)
    assert f"> {PLAN.format('desk')}" in resumed.out
    shop.run(300)

    assert shop.shown("desk", old).values["Subject"] == "after"
    assert shop.shown("dev", shop.issue(old)).values["subject"] == "before"
    assert shown(shop, young, "desk") == YOUNG
    status = shop.type("status").out
    assert "dev was restored from a backup" in status
    assert (
        "went back with its system: title after -> before" in shop.type("trace", f"desk#{old}").out
    )
    assert f"> {PLAN.format('desk')}" in status

    brought_up(shop, "desk")
    issue = shop.shown("dev", shop.issue(old))
    assert issue.values["subject"] == "after"
    assert [one.values["body"].count("said since") for one in issue.notes] == [1]
    assert shown(shop, young, "dev") == YOUNG


def test_a_restored_desk_is_brought_up_again_from_the_tracker(shop: Shop) -> None:
    old, young = night(shop, "desk")
    assert shop.type("resume", "desk").code == 0
    shop.at_desk("edit", old, Priority="100")
    new = shop.ticket("came since")
    shop.run(300)

    issue = shop.shown("dev", shop.issue(old)).values
    assert (issue["subject"], issue["priority"]) == ("after", "High")
    assert shop.shown("dev", shop.issue(new)).values["subject"] == "came since"

    brought_up(shop, "dev")
    ticket = shop.shown("desk", old)
    assert ticket.values["Subject"] == "after"
    assert any("said since" in one.values["body"] for one in ticket.notes)
    assert shown(shop, young, "desk") == YOUNG
