"""``check --live`` against both products: what is wrong, and the command that cures it."""

from __future__ import annotations

import pytest

from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.seed import REPORTER, SERVICE
from sdsync.store.opening import open_store
from sdsync.store.records import Change, SystemRow
from tests.acceptance.shops import Shop


@pytest.fixture
def ready(shop: Shop) -> Shop:
    assert shop.init().code == 0
    shop.pair.desk.act("create", Queue="Escalated", Subject="x")
    shop.pair.dev.act("create", project="infra", subject="x")
    return shop


def test_a_pair_that_is_ready_is_fine_and_told_field_by_field(ready: Shop) -> None:
    ran = ready.type("check", "--live")

    assert ran.code == 0, ran.out
    lines = ran.out.splitlines()
    assert " desk: Request Tracker 5.0.3 as sdsync, 2 queues within reach" in lines
    assert " dev: Redmine as sdsync, 2 projects within reach" in lines
    assert "   status        status                     6 values" in lines
    assert "; clock " in ran.out
    assert "transitions New > In Progress, Resolved, Feedback, Closed, Rejected" in " ".join(
        ran.out.split()
    )
    assert all(len(one) <= 80 for one in lines)


def test_json_has_all_of_it(ready: Shop) -> None:
    told = ready.type("check", "--live", "--json").json

    desk, dev = told["systems"]
    assert desk["live"]["version"] == "5.0.3"
    assert desk["live"]["places"][0]["audiences"] == ["internal", "public"]
    assert dev["live"]["places"][0]["uses"] == ["put"]
    assert (desk["warnings"], desk["cures"]) == ([], [])


def test_half_granted_rights_end_in_prepare(ready: Shop) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right="ModifyTicket")
    tracker = ready.pair.dev.product
    assert isinstance(tracker, Tracker)
    for one in tracker.state.members.values():
        one.roles = [REPORTER] if one.user == SERVICE else one.roles

    ran = ready.type("check", "--live")

    assert ran.code == 3
    assert "   Escalated: lacks right ModifyTicket\n   > sdsync prepare desk\n" in ran.out
    said = " ".join(ran.out.split())
    assert "infra: no role of ours proves that notes can be made private" in said
    assert "infra: lacks right Edit issues, Edit own notes, View private notes" in said
    assert "web: " not in said  # no sync names it
    assert "   > sdsync prepare dev\n" in ran.out


def test_a_public_project_is_told_before_anything_is_held(ready: Shop) -> None:
    text = ready.toml.read_text(encoding="utf-8").replace('"infra"', '"web"')
    ready.toml.write_text(text, encoding="utf-8")

    ran = ready.type("check", "--live")

    assert ran.code == 3
    assert '"web" is public, and records of desk Escalated are not' in ran.out
    assert "   > edit sdsync.toml:11; then sdsync check --live\n" in ran.out


def test_one_system_that_does_not_answer_hides_nothing_of_the_other(ready: Shop) -> None:
    ready.secret("RT_TOKEN", "1-20-wrong")

    ran = ready.type("check", "--live")

    assert ran.code == 1
    assert " desk: refuses our credential\n   > renew env:RT_TOKEN: " in ran.out
    assert " dev: Redmine as sdsync" in ran.out


def test_rights_that_cannot_be_read_are_said(ready: Shop) -> None:
    ready.pair.desk.switch("cut", path="/transactions$")

    ran = ready.type("check", "--live", "desk")

    assert ran.code == 3
    told = "rights and fields could not be read: does not answer: it closed the connection without"
    assert told in " ".join(ran.out.split())


@pytest.mark.parametrize("switch", ["cut", "html_502"])
@pytest.mark.parametrize("words", [("check", "--live"), ("prepare", "desk"), ("prepare", "dev")])
def test_an_answer_that_proves_nothing_is_asked_for_again(
    ready: Shop, switch: str, words: tuple[str, ...]
) -> None:
    wanted = ready.type(*words, "--json")
    for product in (ready.pair.desk, ready.pair.dev):
        product.switch(switch, count=2)

    ran = ready.type(*words, "--json")

    assert (ran.code, ran.err) == (wanted.code, wanted.err)


def test_who_asks_for_a_short_wait_is_waited_for(ready: Shop) -> None:
    for product in (ready.pair.desk, ready.pair.dev):
        product.switch("throttle", probability=1.0, after_s=0.01, count=1)

    assert ready.type("check", "--live").code == 0


def test_nobody_reads_the_name_of_a_class(ready: Shop) -> None:
    ready.pair.dev.switch("cut")

    ran = ready.type("check", "--live", "dev")

    assert ran.code == 1
    assert " dev: does not answer: it closed the connection without an answer\n" in ran.out


def test_another_instance_at_a_known_address_is_told(ready: Shop) -> None:
    store = open_store(None, None, path=ready.folder)
    store.commit(Change(systems=[SystemRow("desk", identity="http://127.0.0.1 of before")]))
    store.close()

    ran = ready.type("check", "--live", "desk")

    assert ran.code == 3
    assert "is another instance than before (http://127.0.0.1 of before)" in ran.out
    assert "   > sdsync resume system:desk" in ran.out


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("malik", ""),
        ("MALIK@example.org", ""),
        ("nobody.here", '"nobody.here" would stand in and is nobody whom dev shows our account'),
        ("sdsync", '"sdsync" would stand in and is sdsync\'s own account, and counts as nobody'),
    ],
)
def test_who_stands_in_has_to_be_somebody(ready: Shop, account: str, told: str) -> None:
    folder = ready.toml.parent / "mappings"
    folder.mkdir(exist_ok=True)
    rule = f"{{ at: assigned_to, as: person, unknown: {{ substitute: {account} }} }}"
    (folder / "dev-ticket.yaml").write_text(f"fields:\n  owner_person: {rule}\n", encoding="utf-8")

    ran = ready.type("check", "--live")

    assert ran.code == (3 if told else 0), ran.out
    assert told in " ".join(ran.out.split())
    if told:
        assert "mappings/dev-ticket.yaml:2:3: fields.owner_person.unknown" in ran.out
        assert "   > edit mappings/dev-ticket.yaml:2; then sdsync check --live\n" in ran.out
