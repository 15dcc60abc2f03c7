"""Two shops with a past are joined, watched for a while, and switched on.

    make real ARGS="tests/real/test_what_exists.py"      400 records, 150 pairs, 200 edits
    SDSYNC_REAL_RECORDS=5000 make real ARGS=…            5,000 records
    SDSYNC_REAL_PAIRS=20 make real ARGS=…                fewer pairs, sooner over

In ``.ci/run`` there are fewer pairs and edits, and all the rest is the same.

SDSYNC_REAL_SEED chooses what stands there; a failing one is printed. The fixtures are
the stages of the way, each on the one before: ``shop``, ``joined``, ``watched``, ``live``.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

import pytest

from sdsync.config.load import load
from sdsync.connectors.contract import Listed, Lists, NativeRecord
from sdsync.mappings.contract import Unmapped
from sdsync.store.opening import open_store
from sdsync.sync.assemble import assemble
from sdsync.sync.decide.edits import proved
from tests.real.busy import BUSY, NAMES, Busy, busy, in_rt, worded
from tests.real.conftest import Product
from tests.real.inside import LONG_S
from tests.real.rig import until
from tests.real.shops import SYNC, Shop, opened
from tests.real.tables import Row, Stand
from tests.real.years import FIELD, OPEN, PAIRS, PROJECT, QUEUE, RIVALS

pytestmark = pytest.mark.real

SEED = int(os.environ.get("SDSYNC_REAL_SEED", "20261122"))
BY = f"desk.CustomFields.{FIELD}"
PEER = "sdsync peer"
#: Who is who is no question of the packs: a customer need not be known to both.
PEOPLE = {"owner_person", "reporter", "watchers"}
STAFF_WAITS, CUSTOMERS_WAIT = "a machine's change would mail staff", "would mail customers"


@pytest.fixture(scope="module")
def shop(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    print(f"SDSYNC_REAL_SEED={SEED}")
    made = opened(request_tracker, redmine, SEED, tmp_path_factory.mktemp("sdsync"))
    yield made
    made.agent.leaves()
    made.developer.leaves()


# -- what stands there --------------------------------------------------------------------
def test_check_is_clean_and_no_value_of_the_years_is_unmapped(
    shop: Shop, request_tracker: Product, redmine: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RT_TOKEN", request_tracker.token)
    monkeypatch.setenv("REDMINE_KEY", redmine.token)
    checked = shop.daemon.type("check", "--live")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert shop.daemon.type("mappings", "check").returncode == 0

    strange = Counter[str]()
    store = open_store(None, None, path=shop.daemon.folder)
    core = assemble(load(shop.daemon.toml), store)
    for name, place in (("desk", QUEUE), ("dev", PROJECT)):
        system = core.systems[name]
        seen = 0
        connector = system.connect()
        connector.describe()
        for record in listed(connector, place):
            mapping, seen = system.mappings["ticket"], seen + 1
            for one in mapping.fields.keys() - PEOPLE:
                if proved(mapping, one, record):
                    value = mapping.get(one, record.values, core.people)
                    strange[f"{name} {one} {value}"] += isinstance(value, Unmapped)
        assert seen == len(shop.years.tickets if name == "desk" else shop.years.issues)
        connector.close()
    store.close()
    assert +strange == Counter()


def listed(connector: object, place: str) -> Iterator[NativeRecord]:
    assert isinstance(connector, Lists)
    after: str | None = ""
    while after is not None:
        page = connector.records(place, after)
        assert isinstance(page, Listed), page
        yield from page.records
        after = page.after


# -- joined -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def observed(shop: Shop) -> Iterator[Shop]:
    """It observes, and knows what is old and who is who."""
    shop.daemon.start()
    until(shop.daemon.watches)
    yield shop
    print(shop.daemon.type("status").stdout)
    assert shop.daemon.stop() == 0


@dataclass(frozen=True)
class Stage:
    """What stood in both products before a stage of the way and after it."""

    before: Stand
    after: Stand


@dataclass(frozen=True)
class Joined(Stage):
    """``done``: lines of the plan that were done when it was killed; ``rest`` did the others."""

    plan: Row
    done: int
    rest: Row


@pytest.fixture(scope="module")
def joined(observed: Shop) -> Joined:
    """By a plan; the command that carries it out is killed with -9 on its way."""
    shop = observed
    before = shop.holds()
    plan = shop.told("connect", SYNC, "--by", BY, code=4)
    early = shop.daemon.type("apply", plan["id"])
    assert (early.returncode, early.stderr.splitlines()[0]) == (1, f"{plan['id']} is not approved")
    assert shop.told("plan", "approve", plan["id"])["approved_by"]

    with shop.daemon.begins("apply", plan["id"]) as killed:
        until(partial(shop.under_way, plan["id"], killed), within_s=LONG_S)
        killed.send_signal(signal.SIGKILL)
        assert killed.communicate(timeout=LONG_S)[1] == "", "a pipe gets no bar"
    done = shop.done_of(plan["id"])
    rest = shop.told("apply", plan["id"])
    return Joined(before, shop.holds(), plan, done, rest)


def test_pairs_are_joined_as_planned_without_a_write_or_a_mail(shop: Shop, joined: Joined) -> None:
    counts = joined.plan["counts"]
    assert (counts["certain"], counts["ambiguous"]) == (PAIRS, RIVALS)
    assert counts["alone"] == len(shop.years.alone)
    assert counts["fields that differ"] >= PAIRS // 2
    assert (counts["mails to customers"], counts["mails to staff"]) == (0, 0)
    assert (joined.rest["done"], joined.rest["refused"]) == (PAIRS - joined.done, [])
    assert joined.rest["left"] == 0

    assert joined.after == joined.before, "a duplicate, or a value written over"
    assert shop.mailed() == Counter()
    (sync,) = shop.told("status", code=None)["syncs"]
    assert (sync["shared"], sync["born"], sync["parked"], sync["held"]) == (PAIRS, 0, 0, 0)
    linked = [row for row in shop.daemon.audit() if row["action"] == "linked"]
    assert Counter((row["system"], row["ref"].rpartition("#")[2]) for row in linked) == Counter(
        [("desk", one) for one in shop.years.pairs]
        + [("dev", one) for one in shop.years.pairs.values()]
    )
    assert shop.told("apply", joined.plan["id"])["done"] == 0, "a repeat does nothing"


def test_what_is_in_doubt_is_held_and_shown(shop: Shop, joined: Joined) -> None:
    assert [one for one in shop.years.rivals if shop.shares(one)] == [], "they are nobody's"
    page = shop.daemon.type("plan", "show", joined.plan["id"], "--only", "ambiguous").stdout
    assert max(map(len, page.splitlines())) <= 80
    assert page.count(" ambiguous  desk#") == RIVALS


# -- watched, then live -------------------------------------------------------------------
@dataclass(frozen=True)
class Watched(Stage):
    """Edits while it observed, and its account of what they would send, by system."""

    busy: Busy
    told: Row
    account: Mapping[str, Row]


@pytest.fixture(scope="module")
def watched(shop: Shop, joined: Joined) -> Watched:
    """It observes what people edit, until it knows all of it."""
    work = busy(shop.years.pairs, joined.after, Random(SEED))
    work.works(shop.desk, shop.dev)
    before = shop.holds()
    for ticket, words in work.notes.items():
        until(partial(shop.knows, ticket, words), within_s=LONG_S)
    told = shop.told("live", SYNC, code=4)
    account = {one["system"]: one["all"] for one in told["accounts"]}
    return Watched(before, shop.holds(), work, told, account)


def test_who_watches_writes_and_mails_nothing(shop: Shop, watched: Watched) -> None:
    assert len(watched.busy.desk) + len(watched.busy.dev) == 10 * BUSY
    assert watched.after == watched.before
    assert shop.mailed() == Counter()
    assert watched.told["records"] == PAIRS
    assert {one["create"] for one in watched.told["sides"].values()} == {0}


@pytest.fixture(scope="module")
def live(shop: Shop, watched: Watched) -> Stage:
    """It writes what it told, and nothing else."""
    shop.told("live", SYNC, "--yes")

    def keys() -> None:
        shown = shop.holds().desk
        assert [one for one in shop.years.pairs if PEER not in shown[one]] == []

    until(partial(shop.rests, keys), within_s=LONG_S)
    return Stage(watched.after, shop.holds())


def test_edits_follow_both_ways(shop: Shop, watched: Watched, live: Stage) -> None:
    waits: list[str] = []
    for ticket, said in watched.busy.last.items():
        row, issue = live.after.desk[ticket], live.after.dev[shop.years.pairs[ticket]]
        here = {one: worded(one, row) for one in NAMES}
        there = {one: in_rt(one, issue[theirs]) for one, theirs in NAMES.items()}
        if ticket in watched.busy.resolved and here["Status"] != "resolved":
            assert here.pop("Status") == live.before.desk[ticket]["Status"]
            waits.append(ticket)
        assert here == {one: said[one] for one in here}, (row, issue, live.before.desk[ticket])
        assert there == said, (row, issue, live.before.desk[ticket])
    assert sum(one["records"] for one in shop.waits(CUSTOMERS_WAIT)) == len(waits)


def test_what_nobody_touched_stays(shop: Shop, watched: Watched, live: Stage) -> None:
    (desk, dev), before = live.after, live.before
    assert (desk.keys(), dev.keys()) == (before.desk.keys(), before.dev.keys())
    for ticket in desk.keys() - watched.busy.last.keys():
        assert (PEER in desk[ticket]) == (ticket in shop.years.pairs)
        assert {**desk[ticket], PEER: ""} == {**before.desk[ticket], PEER: ""}
    quiet = dev.keys() - {shop.years.pairs[one] for one in watched.busy.last}
    assert {one: dev[one] for one in quiet} == {one: before.dev[one] for one in quiet}


@pytest.mark.usefixtures("live")
def test_going_live_mails_what_the_account_said(shop: Shop, watched: Watched) -> None:
    customers, staff, waits = (
        sum(one[name] for one in watched.account.values())
        for name in ("customers", "staff", "over_budget")
    )
    assert (customers, staff > 0) == (0, True)
    until(partial(shop.has_mailed, Counter(staff=staff)))
    assert sum(one["records"] for one in shop.waits()) == waits


# -- let in -------------------------------------------------------------------------------
@pytest.mark.usefixtures("live")
def test_a_backfill_and_its_replay_bear_and_mail_what_the_plan_said(shop: Shop) -> None:
    """Left out, ``mail`` lets a machine mail nobody; then staff, and what waits is replayed."""
    (here, there), mails = shop.holds(), shop.mailed()
    open_ = {one for one in shop.years.alone if here[one]["Status"] in OPEN}
    quiet = {one for one in open_ if here[one]["owned_by"] == "Nobody"}
    doubtful = [one for one in shop.years.rivals if here[one]["Status"] in OPEN]

    plan = shop.applied("backfill", "--since", "30d")
    counts = plan["counts"]
    assert (counts["certain"], counts.get("ambiguous", 0)) == (len(open_), len(doubtful))
    assert counts["joined already"] == PAIRS
    assert counts["over the mail budget"] == len(open_ - quiet)
    assert (counts["mails to customers"], counts["mails to staff"]) == (0, 0)
    until(partial(shop.rests, partial(born, shop, there, quiet)), within_s=LONG_S)
    assert shop.mailed() == mails
    assert shop.holds().desk.keys() == here.keys()

    (cause,) = (one["id"] for one in shop.waits(STAFF_WAITS))
    with shop.daemon.toml.open("a", encoding="utf-8") as file:
        file.write('mail = "staff"\n')
    assert shop.daemon.stop() == 0
    shop.daemon.start()
    assert shop.told("dead", "replay", cause)["records"] == len(open_ - quiet)
    until(partial(shop.rests, partial(born, shop, there, open_)), within_s=LONG_S)

    assert counts["waiting mails to staff"] > 0
    wanted = mails + Counter(staff=counts["waiting mails to staff"])
    until(partial(shop.has_mailed, wanted))
    assert shop.told("apply", plan["id"])["done"] == 0, "a repeat does nothing"
    assert [one["shared"] for one in shop.told("status", code=None)["syncs"]] == [
        PAIRS + len(open_)
    ]
    shop.has_mailed(wanted)


def born(shop: Shop, before: Mapping[str, Row], wanted: set[str]) -> None:
    """Exactly these tickets have an issue that was not there before."""
    new = [one for key, one in shop.holds().dev.items() if key not in before]
    # Each shows its ticket: "#4711 https://rt.example.org/Ticket/Display.html?id=4711".
    shown = (str(one.get(PEER, "")).rpartition("=")[2] for one in new)
    assert Counter(shown) == Counter(wanted)
