"""A value that the tracker refuses on forty records: seen, taken, mended, replayed, done."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sdsync.cli.session import Session
from sdsync.config.load import load
from sdsync.store.records import AuditRow
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop

MANY = 40
DESK = """\
extends: request_tracker/ticket
fields:
  environment:
    at: CustomFields.Environment
    table: { prod: Production, stage: Staging, test: Test, lab: Labor }
"""
#: The slip: the tracker's word is Production.
DEV = """\
extends: redmine/ticket
fields:
  environment:
    at: custom_fields.Environment
    table: { prod: Prod, stage: Staging, test: Test, lab: Lab }
"""


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    folder = empty_desk.folder / "mappings"
    folder.mkdir()
    (folder / "desk-ticket.yaml").write_text(DESK, encoding="utf-8")
    (folder / "dev-ticket.yaml").write_text(DEV, encoding="utf-8")
    with open_shop(empty_desk, monkeypatch) as opened:
        # A command that spreads work over time has to live in the same time.
        monkeypatch.setattr(Session, "now", property(lambda _: opened.clock.now()))
        yield opened
        close(opened)


def close(shop: Shop) -> None:
    for system in shop.engine.core.systems.values():
        system.close()


def restart(shop: Shop) -> None:
    """The process dies where it stands; another begins on what the store holds."""
    close(shop)
    rand = shop.engine.core.rand
    shop.engine = Engine(assemble(load(shop.house.toml), shop.store, clock=shop.clock, rand=rand))
    shop.engine.start()


def opened(shop: Shop, number: int) -> list[str]:
    """Tickets of production, each with an issue that lacks the word."""
    # The tracker names its custom fields on issues alone: one is there already.
    shop.pair.dev.act("create", by="irina", project="infra", subject="older", tracker="Bug")
    made: list[Any] = [
        shop.pair.desk.act(
            "create", by="nora", Subject=f"disk {n} is full", Queue="Escalated", Content="x",
            Requestor="greta@customer.example", CustomFields={"Environment": "Production"},
        )
        for n in range(number)
    ]  # fmt: skip
    shop.run(300)
    return [str(one["id"]) for one in made]


def there(shop: Shop, ticket: str) -> str | None:
    """What its issue says now."""
    return shop.shown("dev", shop.issue(ticket)).values["custom_fields"].get("Environment") or None


def told(shop: Shop, action: str) -> list[AuditRow]:
    return [one for one in shop.store.audit(limit=100_000) if one.action == action]


def done(shop: Shop, tickets: list[str]) -> int:
    return sum(there(shop, one) == "Production" for one in tickets)


def test_what_a_mended_file_would_make_of_what_is_parked_is_seen_before(shop: Shop) -> None:
    opened(shop, 3)
    (cause,) = shop.type("dead", "list", "--json").json["causes"]
    mended, half = shop.house.folder / "mended", shop.house.folder / "half"
    for folder, text in (
        (mended, DEV.replace("Prod,", "Live,")),
        (half, DEV.replace("prod: ", "x: ")),
    ):
        folder.mkdir()
        (folder / "dev-ticket.yaml").write_text(text, encoding="utf-8")

    seen = shop.type("remap", "escalations", "--mapping", "mended/dev-ticket.yaml")
    told = f" {cause['id']}  3 records: dev refuses"
    assert told in seen.out, seen.err
    assert "   environment: dev would get Live on 3 records\n" in seen.out
    assert seen.out.endswith(f"> sdsync dead replay {cause['id']} --dry-run\n")
    assert "environment: still cannot be written on 3 records: " in (
        shop.type("remap", "escalations", "--mapping", "half/dev-ticket.yaml").out
    )
    asked = shop.type("remap", "escalations", "--mapping", "mended/dev-ticket.yaml", "--json").json
    assert asked["parked"][0]["outcomes"] == [
        {"field": "environment", "records": 3, "would": "Live", "why": None}
    ]
    assert "PARKED" not in shop.type("remap", "escalations").out


def test_forty_refusals_are_one_cause_and_end_at_the_rate_that_was_asked_for(shop: Shop) -> None:
    tickets = opened(shop, MANY)
    (cause,) = shop.type("dead", "list", "--json").json["causes"]
    assert cause["records"] == MANY
    assert cause["place"].endswith("dev-ticket.yaml:3")
    listed = shop.type("dead", "list").out
    assert f"> sdsync dead show {cause['id']}" in listed
    assert f"> sdsync dead take {cause['id']}" in listed
    assert shop.type("dead", "take", cause["id"]).code == 0

    # One of them cannot wait: it is changed by hand, and only to what the tracker has.
    first, rest = tickets[0], tickets[1:]
    wrong = shop.type("dead", "edit", f"desk#{first}", "environment=prod2")
    assert wrong.code == 1
    assert wrong.err.startswith(("desk cannot hold environment: ", "dev cannot hold environment: "))
    assert shop.type("dead", "edit", f"desk#{first}", "environment=stage").code == 0
    shop.run(60)
    assert there(shop, first) == "Staging"

    # The mapping is mended, and the rest replayed, ten in a minute.
    mended = shop.house.folder / "mappings" / "dev-ticket.yaml"
    mended.write_text(DEV.replace("Prod,", "Production,"), encoding="utf-8")
    restart(shop)
    shop.run(30)
    blamed = shop.type("dead", "list", "--json").json["causes"][0]["mapping"]
    assert blamed["version"] != cause["mapping"]["version"]
    assert (blamed["number"], blamed["by"]) == (2, pwd.getpwuid(os.getuid()).pw_name)
    assert f", now v2 by {blamed['by']} " in shop.type("dead", "list").out
    assert [one.system for one in told(shop, "activated")] == ["dev"]
    dry = shop.type("dead", "replay", cause["id"], "--rate", "10/min", "--dry-run")
    assert (dry.code, dry.out.splitlines()[0][:41]) == (
        4,
        "39 field groups would be tried again, the",
    )
    assert shop.type("dead", "replay", cause["id"], "--rate", "10/min").code == 0
    began = shop.clock.now()
    shop.run(60)
    assert 8 <= done(shop, rest) <= 12

    restart(shop)  # killed meanwhile
    again = shop.type("dead", "replay", cause["id"])
    assert again.out.startswith(f"nothing is parked for {cause['id']}\n")
    shop.run(60)
    assert 18 <= done(shop, rest) <= 22
    left = shop.type("dead", "list")
    assert left.code == 0
    assert re.search(rf"{cause['id']}  \d+ records on the way again", left.out)

    shop.run(180)
    assert done(shop, rest) == MANY - 1
    assert shop.clock.now() - began >= timedelta(minutes=3, seconds=50)
    assert shop.type("dead", "list").out == "nothing is parked\n"
    replayed = told(shop, "replayed")
    assert len(replayed) == MANY - 1
    assert {one.actor for one in replayed} == {"ops-2"}


def test_a_dead_letter_is_compared_with_its_target_as_it_stands(shop: Shop) -> None:
    (ticket,) = opened(shop, 1)
    (cause,) = shop.type("dead", "list", "--json").json["causes"]
    # Somebody in the tracker set another word; sdsync has not looked yet.
    shop.pair.dev.act(
        "edit", by="irina", id=shop.issue(ticket), custom_fields=[{"id": 4, "value": "Test"}]
    )

    shown = shop.type("dead", "show", cause["id"])
    assert shown.code == 3
    assert "environment (custom_fields.Environment): dev has Test, would get Prod\n" in shown.out
    looked = shop.type("dead", "show", f"desk#{ticket}", "--json").json[0]
    (field,) = looked["members"][0]["target"]["fields"]
    assert (looked["members"][0]["target"]["live"], field["now"], field["would"]) == (
        True, "Test", "Prod",
    )  # fmt: skip

    offline = shop.type("dead", "show", cause["id"], "--offline").out
    assert "dev was not asked; last seen " in offline
    assert "dev had -, would get Prod" in offline
    shop.pair.dev.switch("html_502", path="/issues")
    away = shop.type("dead", "show", cause["id"])
    assert away.code == 3
    assert "last seen " in away.out


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ("environment", 2, '"environment" is no FIELD=VALUE'),
        ("enviroment=prod", 2, 'did you mean "environment"?'),
        ("status=nwe", 2, 'did you mean "new"?'),
        ("due_at=tomorrow", 2, "write a day (2026-12-01)"),
        ("place=infra", 2, "not changed by hand"),
        ("peer_key=x", 2, "sdsync writes it"),
        ("title=", 2, "a title is never empty"),
        ("owner_person=nobody-knows", 2, "nobody that sdsync knows"),
        ("type=bug", 1, "type is never carried"),
        ("workaround=reboot", 1, "no side of this record takes workaround"),
        ("environment=lab", 1, 'desk: "Escalated" has no CustomFields.Environment "Labor"'),
    ],
)
def test_an_edit_that_no_target_could_hold_is_refused(
    shop: Shop, given: str, code: int, told: str
) -> None:
    (ticket,) = opened(shop, 1)
    before = shop.share(ticket).hub.values

    ran = shop.type("dead", "edit", f"desk#{ticket}", given)

    assert (ran.code, told in ran.err) == (code, True), ran.err
    assert shop.share(ticket).hub.values == before


def test_an_edit_is_shown_first_and_bears_its_name(shop: Shop) -> None:
    (ticket,) = opened(shop, 1)

    dry = shop.type("dead", "edit", f"desk#{ticket}", "environment=test", "title=a b", "-n")
    assert dry.code == 4
    assert dry.out.startswith("environment: prod -> test\ntitle: disk 0 is full -> a b\n")
    assert dry.out.endswith(f"> sdsync dead edit desk#{ticket} environment=test 'title=a b'\n")
    assert shop.share(ticket).hub.values["environment"] == "prod"

    assert shop.type("dead", "edit", f"desk#{ticket}", "environment=test").code == 0
    shop.run(60)
    assert there(shop, ticket) == "Test"
    assert shop.shown("desk", ticket).values["CustomFields"]["Environment"] == "Test"
    trace = shop.type("trace", f"desk#{ticket}").out
    assert "ops-2: environment prod -> test" in trace
    same = shop.type("dead", "edit", f"desk#{ticket}", "environment=test")
    assert (same.code, "is that already" in same.err) == (1, True)


def test_an_edit_while_the_target_is_away_says_that_it_was_not_asked(shop: Shop) -> None:
    (ticket,) = opened(shop, 1)
    shop.pair.dev.switch("html_502")

    ran = shop.type("dead", "edit", f"desk#{ticket}", "environment=stage")

    assert ran.code == 0, ran.err
    assert "not asked whether it has that: dev does not answer" in ran.out
    shop.pair.dev.switch("html_502", False)
    shop.run(300)
    assert there(shop, ticket) == "Staging"


def test_a_record_that_was_not_born_is_told_as_such(shop: Shop) -> None:
    shop.pair.dev.switch("archived_project", place="infra")
    shop.pair.desk.act(
        "create", by="nora", Subject="unborn", Queue="Escalated", Content="x",
        Requestor="greta@customer.example",
    )  # fmt: skip
    shop.run(900)
    (cause,) = shop.type("dead", "list", "--json").json["causes"]

    shown = shop.type("dead", "show", cause["id"]).out

    assert "  unborn  " in shown
    assert "   dev has nothing of it yet\n" in shown
