"""Two records are linked by hand, parted again, and linked rightly."""

from __future__ import annotations

import pytest

from tests.acceptance import test_connecting as connecting
from tests.acceptance.test_connecting import RECORDS, Shop, subjects

shop = connecting.shop
#: Tickets and issues are numbered in order; these two are about the same disk.
TICKET, ISSUE, WRONG = "desk#1", "dev#1", "dev#2"


def linked(shop: Shop, one: str, other: str) -> None:
    ran = shop.type("link", one, other)
    assert (ran.code, ran.out) == (
        0,
        f"{one} and {other} are one record of escalations\n> sdsync trace {one}\n",
    ), ran.err
    shop.run()


def parted(shop: Shop, one: str, *sides: str) -> None:
    ran = shop.type("unlink", one, "--yes")
    assert (ran.code, ran.out) == (
        0,
        f"{' and '.join(sides)} are parted\n> sdsync link {' '.join(sides)}\n",
    ), ran.err
    shop.run()


def sides(shop: Shop, ref: str) -> list[str]:
    """Who stands beside each other in the trace of a record."""
    told = shop.type("trace", ref, "--json").json["sides"]
    return [f"{one['system']}#{one['native_id']}" for one in told]


def test_what_was_linked_wrongly_is_parted_and_linked_rightly(shop: Shop) -> None:
    linked(shop, TICKET, WRONG)

    second = shop.type("link", TICKET, ISSUE)
    assert (second.code, second.err) == (
        1,
        f"{TICKET} is joined with {WRONG} already; sdsync unlink {TICKET} parts them\n",
    )
    parted(shop, TICKET, TICKET, WRONG)
    again = shop.type("unlink", TICKET, "--yes")
    assert (again.code, again.err) == (
        1,
        f"{TICKET} is parted already\n> sdsync link {TICKET} SYSTEM#ID\n",
    )
    linked(shop, TICKET, ISSUE)

    assert len(subjects(shop)) == 2 * RECORDS
    shop.pair.dev.act("edit", id="1", by="malik", subject="disk 0 is fine")
    shop.pair.dev.act("edit", id="2", by="malik", subject="another matter")
    shop.run()
    assert subjects(shop)[0] == "disk 0 is fine"
    assert len(subjects(shop)) == 2 * RECORDS


def test_the_command_that_parting_prints_joins_the_two_again(shop: Shop) -> None:
    linked(shop, TICKET, ISSUE)
    parted(shop, TICKET, TICKET, ISSUE)

    linked(shop, TICKET, ISSUE)

    shop.pair.dev.act("edit", id="1", by="malik", subject="disk 0 is fine")
    shop.run()
    assert subjects(shop)[0] == "disk 0 is fine"
    assert len(subjects(shop)) == 2 * RECORDS


@pytest.mark.parametrize("refs", [(TICKET, "dev#9999"), ("desk#9999", ISSUE)])
def test_a_record_that_is_not_there_is_not_linked(shop: Shop, refs: tuple[str, str]) -> None:
    ran = shop.type("link", *refs)

    assert ran.code == 1
    assert ran.err.endswith("cannot be read: there is none; nothing was linked\n")
    assert shop.type("trace", TICKET).code == 1


def test_a_place_of_another_tenant_is_a_wall_for_who_links_by_hand(shop: Shop) -> None:
    toml = shop.desk.toml
    walls = ("desk.places.Escalated", "acme"), ("dev.places.infra", "globex")
    more = "".join(f'[systems.{place}]\ntenant = "{tenant}"\n' for place, tenant in walls)
    toml.write_text(toml.read_text("utf-8") + more, "utf-8")

    ran = shop.type("link", TICKET, ISSUE)

    assert (ran.code, ran.err) == (1, "they belong to two tenants, acme and globex\n")
