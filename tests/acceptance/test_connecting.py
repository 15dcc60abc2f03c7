"""Joining what exists: two products that were used for years, and the commands of day one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import sdsync
from sdsync.config.load import load
from sdsync.sandbox import accounts
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.state import CustomField as RedmineField
from sdsync.sandbox.redmine.state import Issue, RedmineState
from sdsync.sandbox.rt.product import Desk as RtDesk
from sdsync.sandbox.rt.state import CustomField as RtField
from sdsync.sandbox.rt.state import RtState, Ticket
from sdsync.sandbox.server import Pair, serve
from sdsync.store.opening import open_store
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from tests.acceptance.conftest import Desk
from tests.acceptance.ran import Ran

PAIRS = 12
RECORDS = 30
#: Only a hanging command needs it.
PATIENCE_S = 120.0
MAPPING = "fields:\n  ext.order: {{ at: {at}.Order, optional: true }}\n"


def rt_of(pair: Pair) -> RtState:
    assert isinstance(pair.desk.product, RtDesk)
    return pair.desk.product.state


def redmine_of(pair: Pair) -> RedmineState:
    assert isinstance(pair.dev.product, Tracker)
    return pair.dev.product.state


def tickets_of(pair: Pair) -> dict[int, Ticket]:
    return rt_of(pair).tickets


def issues_of(pair: Pair) -> dict[int, Issue]:
    return redmine_of(pair).issues


def _older(records: Iterable[Ticket | Issue], by: timedelta) -> None:
    for one in records:
        one.created -= by


class Shop:
    """Both products, and what people did in them before anybody heard of sdsync."""

    def __init__(self, pair: Pair, desk: Desk) -> None:
        self.pair, self.desk = pair, desk

    def ticket(self, title: str, order: str = "", **more: object) -> str:
        fields = {"Order": order} if order else {}
        made = self.pair.desk.act(
            "create", by="nora", Queue="Escalated", Subject=title, Content="It broke.",
            Requestor=["jo@customer.example"], CustomFields=fields, **more,
        )  # fmt: skip
        assert isinstance(made, dict)
        return str(made["id"])

    def issue(self, title: str, order: str = "", **more: object) -> str:
        fields = [{"id": 5, "value": order}] if order else []
        made = self.pair.dev.act(
            "create", by="malik", subject=title, description="It broke.", tracker_id=1,
            custom_fields=fields, watcher_user_ids=[20], **more,
        )  # fmt: skip
        assert isinstance(made, dict)
        return str(made["id"])

    def history(self) -> None:
        """30 records on each side: 12 pairs, 2 that nobody can tell apart, the rest alone."""
        for n in range(PAIRS):
            self.ticket(f"disk {n} full", f"A-{n}")
            self.issue(f"disk {n} full" if n % 2 else f"DISK {n} IS FULL", f"A-{n}")
        for n in range(2):
            self.ticket(f"backup {n} failed", "B-7")
            self.issue(f"backup {n} failed", "B-7")
        for n in range(RECORDS - PAIRS - 2):
            self.ticket(f"printer {n} jams")
            self.issue(f"refactor module {n}")
        self._age()

    def _age(self) -> None:
        """All of it is long ago; what this second brings may be new to a product's clock."""
        year = timedelta(days=365)
        self.pair.desk.on_loop(lambda: _older(tickets_of(self.pair).values(), year))
        self.pair.dev.on_loop(lambda: _older(issues_of(self.pair).values(), year))

    def run(self) -> None:
        """A daemon that works until nothing is left to do, in this process."""
        config = load(self.desk.toml)
        store = open_store(None, None, path=self.desk.folder)
        engine = Engine(assemble(config, store))
        engine.start()
        busy = True
        while busy:
            worked = [engine.work(name).did for name in config.systems]
            busy = any(worked)
        for one in engine.core.systems.values():
            one.close()
        store.close()

    def may_mail(self, whom: str) -> None:
        """Give the sync a mail budget."""
        text = self.desk.toml.read_text("utf-8")
        self.desk.toml.write_text(f'{text}mail = "{whom}"\n', "utf-8")

    def type(self, *words: str) -> Ran:
        return self.desk.type(*words)

    def mails(self) -> int:
        return len(self.pair.desk.mails) + len(self.pair.dev.mails)

    def written(self) -> list[str]:
        """Calls that were no reads, of our own accounts."""
        return [
            f"{one.method} {one.path}"
            for server in (self.pair.desk, self.pair.dev)
            for one in server.requests
            if one.method not in ("GET", "HEAD")
        ]


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("RT_TOKEN", accounts.DESK_TOKEN)
    monkeypatch.setenv("REDMINE_KEY", accounts.DEV_KEY)
    with serve() as pair:
        empty_desk.toml.write_text(
            f"""
server.port = 1
[systems.desk]
connector = "request_tracker"
url = "{pair.desk.url}"
token = "env:RT_TOKEN"
[systems.dev]
connector = "redmine"
url = "{pair.dev.url}"
token = "env:REDMINE_KEY"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = {{ project = "infra", type = "bug" }}
mode = "live"
""",
            encoding="utf-8",
        )
        (empty_desk.folder / "mappings").mkdir()
        for name, at in (("desk", "CustomFields"), ("dev", "custom_fields")):
            file = empty_desk.folder / "mappings" / f"{name}-ticket.yaml"
            file.write_text(MAPPING.format(at=at), encoding="utf-8")
        rt, redmine = rt_of(pair), redmine_of(pair)
        pair.desk.on_loop(lambda: rt.keep_field(RtField(5, "Order")))
        pair.dev.on_loop(lambda: redmine.custom_fields.update({5: RedmineField(5, "Order")}))
        made = Shop(pair, empty_desk)
        made.history()
        made.run()
        yield made


def states(ran: Ran) -> dict[str, int]:
    counts: dict[str, int] = ran.json["states"]
    return counts


def subjects(shop: Shop) -> list[str]:
    titles = [one.subject for one in tickets_of(shop.pair).values()]
    return titles + [one.subject for one in issues_of(shop.pair).values()]


def test_twelve_pairs_of_thirty_are_joined_as_planned_and_nothing_is_written(shop: Shop) -> None:
    before, written, mails = subjects(shop), shop.written(), shop.mails()

    planned = shop.type("connect", "escalations", "--by", "ext.order")
    assert planned.code == 4, planned.err
    assert " certain             12  would be joined; " in planned.out
    assert " ambiguous            2  " in planned.out
    assert " alone               16  " in planned.out
    assert " mail                 0  0 customers, 0 staff" in planned.out
    assert planned.out.endswith("> sdsync plan approve p-1\n> sdsync apply p-1\n")
    early = shop.type("apply", "p-1")
    assert (early.code, early.err) == (1, "p-1 is not approved\n> sdsync plan approve p-1\n")
    assert shop.type("plan", "approve", "p-1").code == 0

    applied = shop.type("apply", "p-1")

    assert (applied.code, applied.out) == (
        0,
        "p-1  12 joined, 0 refused, 0 left\n> sdsync status\n",
    ), applied.err
    assert shop.written() == written
    shop.run()
    wrote = shop.written()[len(written) :]
    assert wrote == [one for one in wrote if one.startswith("PUT /REST/2.0/ticket/")]
    assert len(wrote) == planned_writes(shop) == PAIRS
    assert subjects(shop) == before
    assert shop.mails() == mails
    status = shop.type("status", "--json").json
    assert (status["syncs"][0]["shared"], status["syncs"][0]["parked"]) == (PAIRS, 0)
    again = shop.type("apply", "p-1")
    assert (again.code, again.out) == (0, "p-1: nothing of it waits\n")
    assert shop.type("plan", "list").code == 0
    trail = shop.type("audit", "show", "desk#1", "--json").json
    assert {one["source"] for one in trail if one["action"] == "linked"} == {"person:ops-2"}


def planned_writes(shop: Shop) -> int:
    counts: dict[str, int] = shop.type("plan", "show", "p-1", "--json").json["counts"]
    return counts["writes"]


def test_killed_in_the_middle_the_same_command_goes_on(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")
    shop.type("plan", "approve", "p-1")
    shop.pair.dev.switch("slow", after_s=0.1)
    home = str(Path(sdsync.__file__).resolve().parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "sdsync", "apply", "p-1"], cwd=shop.desk.folder,
        env={**os.environ, "PYTHONPATH": home}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()

    while states(shop.type("plan", "show", "p-1", "--json")).get("done", 0) < PAIRS // 3:
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate()
    watchdog.cancel()
    shop.pair.dev.switch("slow", on=False)
    done = states(shop.type("plan", "show", "p-1", "--json"))["done"]
    rest = shop.type("apply", "p-1", "--json")

    assert (out, err) == (b"", b""), "a pipe gets no bar"
    assert 0 < done < PAIRS
    assert rest.json["done"] == PAIRS - done
    assert states(shop.type("plan", "show", "p-1", "--json")) == {"done": PAIRS}
    shop.run()
    assert shop.type("status", "--json").json["syncs"][0]["shared"] == PAIRS
    assert len(subjects(shop)) == 2 * RECORDS


def test_a_record_that_changed_since_is_refused_and_told(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")
    shop.type("plan", "approve", "p-1", "--without", "2")
    shop.pair.dev.act("edit", by="malik", id="1", subject="another matter")

    ran = shop.type("apply", "p-1")

    assert ran.code == 3
    assert "10 joined, 1 refused, 0 left" in ran.out
    assert "refused  dev#1 changed since" in ran.out
    assert "> sdsync plan show p-1 --only refused" in ran.out
    assert "> sdsync connect escalations --by ext.order" in ran.out
    more = shop.type("connect", "escalations", "--by", "ext.order")
    assert " certain              2  " in more.out
    assert " joined already      10  " in more.out


def test_pairs_of_a_file_are_joined_and_its_mistakes_told_at_once(shop: Shop) -> None:
    file = shop.desk.folder / "pairs.csv"
    file.write_text("desk,dev\n1,1\ndesk#2,infra#2\n3,99\n4,4\n5,4\n", "utf-8")

    planned = shop.type("connect", "escalations", "--pairs", "pairs.csv")
    assert planned.code == 4, planned.err
    assert " certain              2  " in planned.out
    assert "dev#99 cannot be read: there is none" in " ".join(planned.out.split())

    file.write_text("desk,dve\n1\n", "utf-8")
    wrong = shop.type("connect", "escalations", "--pairs", "pairs.csv")
    assert wrong.code == 1
    assert 'pairs.csv:1:6: found "dve", expected desk or dev; did you mean "dev"?' in wrong.err


def test_a_guess_is_certain_only_where_two_things_agree(shop: Shop) -> None:
    planned = shop.type("connect", "escalations", "--guess")

    assert planned.code == 4, planned.err
    shown = shop.type("plan", "show", "p-1", "--json").json["lines"]
    certain = [one for one in shown if one["verdict"] == "certain"]
    assert [one["why"] for one in certain] == ["same title, written within a day"] * len(certain)
    assert {one["title"] for one in certain} >= {"disk 1 full", "backup 0 failed"}
    assert "disk 0 full" not in {one["title"] for one in certain}


def test_a_field_of_one_side_may_hold_the_number_of_the_other(shop: Shop) -> None:
    for number, said in ((1, "1"), (2, "infra#2"), (3, f"{shop.pair.dev.url}/issues/3")):
        shop.pair.desk.act("edit", id=str(number), CustomFields={"Order": said})

    planned = shop.type("connect", "escalations", "--by", "desk.CustomFields.Order")

    assert " certain              3  " in planned.out, planned.err
    wrong = shop.type("connect", "escalations", "--by", "ext.ordr")
    assert wrong.code == 1
    assert wrong.err == 'desk and dev have no rule for "ext.ordr"; did you mean "ext.order"?\n'


def test_old_tickets_are_let_in_by_a_plan_and_ambiguous_ones_are_not(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")
    shop.type("plan", "approve", "p-1")
    shop.type("apply", "p-1")
    shop.pair.desk.act("edit", id="15", Status="resolved")

    none = shop.type("backfill", "escalations", "--since", "30d")
    assert none.code == 0, none.out
    planned = shop.type("backfill", "escalations", "--since", "500d")
    assert planned.code == 4, planned.err
    assert " certain             15  would be born" in planned.out
    assert " ambiguous            2  " in planned.out
    shop.type("plan", "approve", "p-3")
    applied = shop.type("apply", "p-3")
    shop.run()

    assert applied.out.startswith("p-3  15 let in, 0 refused, 0 left\n")
    assert len(subjects(shop)) == 2 * RECORDS + 15
    wrong = shop.type("backfill", "escalations", "--since", "soon")
    assert wrong.code == 2


def test_a_backfill_mails_nobody_and_its_plan_says_what_waits_for_that(shop: Shop) -> None:
    shop.pair.desk.act("edit", id="16", Owner="malik")
    mails = shop.mails()

    planned = shop.type("backfill", "escalations", "--since", "500d")
    assert planned.code == 4, planned.err
    assert " certain             30  would be born" in planned.out
    assert " over budget          1  of these wait: their birth would mail whom" in planned.out
    assert " mail                 0  0 customers, 0 staff" in planned.out
    shop.type("plan", "approve", "p-1")
    shop.type("apply", "p-1")
    shop.run()

    assert len(subjects(shop)) == 2 * RECORDS + 29
    assert shop.mails() == mails
    assert "a machine's change would mail staff" in shop.type("dead", "list").out


def test_what_differs_after_a_join_is_levelled_as_one_side_has_it(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")
    shop.type("plan", "approve", "p-1")
    shop.type("apply", "p-1")
    shop.run()
    before, written, mails = subjects(shop), shop.written(), shop.mails()

    quiet = shop.type("level", "escalations", "--as", "desk")
    assert quiet.code == 3, quiet.err
    assert " ambiguous           12  not levelled: for a person" in quiet.out
    assert " mail                 0  0 customers, 0 staff" in quiet.out
    shop.may_mail("staff")
    planned = shop.type("level", "escalations", "--as", "desk")
    assert planned.code == 4, planned.err
    assert " certain             12  would be levelled: 18 fields" in planned.out
    assert " mail                12  0 customers, 12 staff" in planned.out
    assert planned.out.endswith("> sdsync plan approve p-3\n> sdsync apply p-3\n")
    shown = shop.type("plan", "show", "p-3", "--json").json["lines"]
    assert shown[0]["why"].startswith("dev title DISK 0 IS FULL → disk 0 full")
    shop.run()
    assert shop.written() == written
    shop.type("plan", "approve", "p-3")
    applied = shop.type("apply", "p-3")
    shop.run()

    assert applied.out == "p-3  12 levelled, 0 refused, 0 left\n> sdsync status\n", applied.err
    wrote = shop.written()[len(written) :]
    assert wrote == [one for one in wrote if one.startswith("PUT /issues/")]
    assert (len(wrote), shop.mails() - mails) == (PAIRS, PAIRS)
    titles = [f"disk {n} full" for n in range(PAIRS)]
    assert [one.subject for one in tickets_of(shop.pair).values()] == before[:RECORDS]
    assert [one.subject for one in issues_of(shop.pair).values()][:PAIRS] == titles
    nothing = shop.type("level", "escalations", "--as", "dev")
    assert nothing.code == 0, nothing.out
    wrong = shop.type("level", "escalations", "--as", "rt")
    assert (wrong.code, wrong.err) == (
        2, "escalations has no system rt; it has desk, dev\n> sdsync level escalations --as desk\n"
    )  # fmt: skip


def test_a_link_means_the_record_whose_page_it_is(shop: Shop) -> None:
    """Another product has an issue 1 too."""
    other = "https://code.example.org/team/thing/issues/1"
    shop.pair.desk.act("edit", id="1", CustomFields={"Order": other})
    page = f"{shop.pair.dev.url}/issues/2/"
    shop.pair.desk.act("edit", id="2", CustomFields={"Order": page})

    shop.type("connect", "escalations", "--by", "desk.CustomFields.Order")

    certain = shop.type("plan", "show", "p-1", "--only", "certain", "--json").json["lines"]
    assert [one["records"] for one in certain] == [["desk#2", "dev#2"]]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffdesk,dev\r\n1,1\r\n1,1\r\n\r\n",
        '"desk","dev"\n"desk#1","infra#1"\n',
        "dev,desk\n1,1\n",
    ],
)
def test_a_file_of_pairs_as_office_programs_write_it(shop: Shop, text: str) -> None:
    file = shop.desk.folder / "my pairs.csv"
    file.write_text(text, "utf-8", newline="")

    planned = shop.type("connect", "escalations", "--pairs", "my pairs.csv")

    assert " certain              1  " in planned.out, planned.err
    assert "connect escalations --pairs 'my pairs.csv'" in planned.out


@pytest.mark.parametrize(
    "hostile", ["01", "1/history", "../user/14", "1?x=1", "%31", "9" * 40, "\uff11"]
)
def test_a_pair_that_names_no_record_joins_nothing(shop: Shop, hostile: str) -> None:
    file = shop.desk.folder / "pairs.csv"
    for text in (f"desk,dev\n{hostile},1\n", f"desk,dev\n1,{hostile}\n"):
        file.write_text(text, "utf-8")
        planned = shop.type("connect", "escalations", "--pairs", "pairs.csv", "--json")

        assert planned.code in {1, 3}, planned.out
        assert planned.code == 1 or planned.json["counts"].get("certain", 0) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("desk,desk\n1,1\n", 'pairs.csv:1:6: found "desk" twice, expected two systems'),
        ("desk,jira\n1,1\n", 'pairs.csv:1:6: found "jira", expected desk or dev'),
        ("", "pairs.csv:1:1: found empty"),
        ("desk,dev\n" + "1,2\n" * 1_000_000, "more than 100,000 pairs"),
        ("desk,dev\n" + "1,2\n" * 3_000_000, "larger than 8,192 KiB"),
        ('desk,dev\n"1,2\n', "not valid CSV"),
    ],
)
def test_a_file_of_pairs_that_cannot_be_meant_is_refused(shop: Shop, text: str, told: str) -> None:
    (shop.desk.folder / "pairs.csv").write_text(text, "utf-8")

    ran = shop.type("connect", "escalations", "--pairs", "pairs.csv")

    assert ran.code == 1
    assert told in ran.err
    assert shop.type("plan", "list").out.startswith("there are no plans")


def test_a_plan_of_what_is_configured_no_more_is_refused_with_its_cure(shop: Shop) -> None:
    shop.type("connect", "escalations", "--by", "ext.order")
    shop.type("plan", "approve", "p-1")
    toml = shop.desk.toml.read_text("utf-8")
    shop.desk.toml.write_text(
        toml.replace("[systems.dev]", "[systems.dev2]").replace("dev.put", "dev2.put"), "utf-8"
    )
    renamed = shop.type("apply", "p-1")
    shop.desk.toml.write_text(toml.replace("escalations", "others"), "utf-8")
    gone = shop.type("apply", "p-1")

    assert (renamed.code, gone.code) == (1, 1)
    assert renamed.err == "escalations has no dev any more\n> sdsync plan drop p-1\n"
    assert "escalations is not configured any more" in gone.err


def test_a_plan_with_nothing_left_to_do_is_over(shop: Shop) -> None:
    file = shop.desk.folder / "pairs.csv"
    file.write_text("desk,dev\n1,1\n", "utf-8")
    shop.type("connect", "escalations", "--pairs", "pairs.csv")
    many = shop.type("plan", "approve", "p-1", "--without", "9" * 30)
    shop.type("plan", "approve", "p-1", "--without", "1")

    ran = shop.type("apply", "p-1")

    assert many.code == 2
    assert (ran.code, ran.out) == (0, "p-1: nothing of it waits\n")
    assert shop.type("plan", "show", "p-1", "--json").json["state"] == "applied"
