"""What a plan did is taken back, as far as it is still what the plan did."""

from __future__ import annotations

import pytest

from tests.acceptance import test_connecting as connecting
from tests.acceptance.ran import Ran
from tests.acceptance.test_connecting import PAIRS, RECORDS, Shop, subjects

shop = connecting.shop
APPLIED = "\n> sdsync status\n"


def carried_out(shop: Shop, *command: str) -> Ran:
    """Make a plan, approve and apply it; the daemon works until nothing is left."""
    planned = shop.type(*command)
    assert planned.code == 4, planned.err
    name = planned.out.split()[0]
    assert shop.type("plan", "approve", name).code == 0
    assert shop.type("apply", name).out.endswith(APPLIED)
    shop.run()
    return planned


@pytest.fixture
def levelled(shop: Shop) -> Shop:
    """Twelve pairs, joined by p-1 and levelled as the desk shows them by p-2."""
    carried_out(shop, "connect", "escalations", "--by", "ext.order")
    shop.may_mail("staff")
    carried_out(shop, "level", "escalations", "--as", "desk")
    return shop


def test_what_a_plan_levelled_is_set_back_but_for_what_somebody_changed(levelled: Shop) -> None:
    shop = levelled
    shop.pair.dev.act("edit", id="3", by="malik", subject="disk 2 is fine")
    shop.run()
    mails = shop.mails()

    planned = shop.type("undo", "p-2")
    assert planned.code == 4, planned.err
    assert planned.out.startswith("p-3  undo escalations p-2")
    assert " certain             12  would be taken back" in planned.out
    assert " stay                 1  values of these records stay: their lines say" in planned.out
    assert " sent                12  mails of p-2 are not taken back: 0 customers, 12 staff" in (
        planned.out
    )
    assert " change              17  dev priority 12, dev title 5" in planned.out
    moved = shop.type("plan", "show", "p-3", "--json").json["lines"][2]
    assert "; dev#3 title shows disk 2 is fine, by Malik Osei in dev " in moved["why"]
    assert shop.mails() == mails
    carried_out(shop, "undo", "p-2")

    titles = subjects(shop)[RECORDS : RECORDS + PAIRS]
    assert titles[2] == "disk 2 is fine"
    assert [titles[n] for n in range(0, PAIRS, 2) if n != 2] == [
        f"DISK {n} IS FULL" for n in range(0, PAIRS, 2) if n != 2
    ]
    assert subjects(shop)[:PAIRS] == [
        "disk 2 is fine" if n == 2 else f"disk {n} full" for n in range(PAIRS)
    ]
    assert "set back by ops-2: title disk 0 full -> DISK 0 IS FULL" in (
        shop.type("trace", "desk#1").out
    )
    fields = shop.type("trace", "desk#1", "--json").json["fields"]
    (title,) = [one for one in fields if one["name"] == "title"]
    assert title["why"] == "differs at desk: p-2 was taken back"
    again = shop.type("undo", "p-2")
    assert again.code == 3, again.out
    assert " left out            11  as before already" in again.out


def test_pairs_that_were_joined_wrongly_are_parted_and_joined_rightly(shop: Shop) -> None:
    carried_out(shop, "connect", "escalations", "--by", "ext.order")
    before, written = subjects(shop), shop.written()

    planned = carried_out(shop, "undo", "p-1")

    assert " certain             12  would be taken back" in planned.out
    assert subjects(shop) == before
    assert shop.written() == written
    assert shop.type("status", "--json").json["syncs"][0]["shared"] == 0
    file = shop.desk.folder / "pairs.csv"
    file.write_text("desk,dev\n1,2\n2,1\n", "utf-8")
    carried_out(shop, "connect", "escalations", "--pairs", "pairs.csv")
    assert "dev" in shop.type("trace", "desk#1").out
    assert shop.type("status", "--json").json["syncs"][0]["shared"] == 2


def test_what_cannot_be_taken_back_is_told_with_what_to_type(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")

    early = shop.type("undo", "p-1")
    shop.type("plan", "approve", "p-1")
    waits = shop.type("undo", "p-1")
    none = shop.type("undo", "p-7")
    shop.type("apply", "p-1")
    carried_out(shop, "undo", "p-1")
    back = shop.type("undo", "p-2")

    assert (early.code, early.err) == (1, "p-1 did nothing yet\n> sdsync plan show p-1\n")
    assert (waits.code, waits.err) == (1, "lines of p-1 still wait\n> sdsync plan drop p-1\n")
    assert (none.code, none.err) == (1, "no plan is called p-7\n> sdsync plan list\n")
    assert back.err == (
        "p-2 parted records; a new plan joins them\n> sdsync connect escalations --by ext.order\n"
    )


MENDED = connecting.MAPPING.format(at="custom_fields") + (
    "  priority: { at: priority, "
    "table: { lowest: Low, low: Normal, normal: High, high: Urgent, critical: Immediate } }\n"
)


def priorities(shop: Shop) -> list[int]:
    return [one.priority for one in connecting.issues_of(shop.pair).values()][:PAIRS]


def test_what_a_mended_mapping_would_write_is_seen_then_approved_applied_and_taken_back(
    levelled: Shop,
) -> None:
    shop = levelled
    before, written = priorities(shop), shop.written()
    file = shop.desk.folder / "mended" / "dev-ticket.yaml"
    file.parent.mkdir()
    file.write_text(MENDED, "utf-8")
    remap = ("remap", "escalations", "--mapping", "mended/dev-ticket.yaml")

    planned = shop.type(*remap)
    early = shop.type("plan", "approve", "p-3")
    (shop.desk.folder / "mappings" / file.name).write_text(MENDED, "utf-8")
    unread = shop.type("plan", "approve", "p-3")

    assert planned.code == 4, planned.err
    assert planned.out.startswith("p-3  remap escalations --mapping mended/dev-ticket.yaml")
    assert " change              12  dev priority 12\n" in planned.out
    assert "dev priority lowest → low" in shop.type("plan", "show", "p-3", "--json").out
    assert early.code == 1
    assert early.err == (
        "p-3 was made with a mapping of dev that is not in force\n"
        "> cp mended/dev-ticket.yaml mappings/, then sdsync reload\n"
    )
    assert (unread.code, unread.err.splitlines()[-1]) == (1, "> sdsync reload")
    assert shop.written() == written
    shop.run()
    assert shop.type("plan", "approve", "p-3").code == 0
    assert shop.type("apply", "p-3").out == "p-3  12 levelled, 0 refused, 0 left" + APPLIED
    shop.run()
    assert priorities(shop) == [one + 1 for one in before]
    carried_out(shop, "undo", "p-3")
    assert priorities(shop) == before


def test_a_mended_file_that_no_system_reads_is_told_with_those_that_are_read(shop: Shop) -> None:
    other = shop.type("remap", "escalations", "--mapping", "dev.yaml")
    none = shop.type("remap", "escalations", "--mapping", "nowhere/dev-ticket.yaml")
    file = shop.desk.folder / "dev-ticket.yaml"
    file.write_text("fields: { priority: { at: priority, tabel: {} } }\n", "utf-8")
    wrong = shop.type("remap", "escalations", "--mapping", "dev-ticket.yaml")

    assert other.code == 2
    assert "they read desk-ticket.yaml, dev-ticket.yaml" in other.err
    assert none.err == "there is no file nowhere/dev-ticket.yaml\n> ls nowhere\n"
    assert (wrong.code, "dev-ticket.yaml:1" in wrong.err) == (1, True)
    assert shop.type("plan", "list", "--json").json == []
