"""The person at 3 a.m. and the dead letters: see, take, mend, replay, let be."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sdsync.store.opening import open_store
from sdsync.store.records import Change, Share
from tests.acceptance.conftest import Desk
from tests.unit.cli import scenes


def test_who_is_on_it_is_seen_by_everybody(desk: Desk) -> None:
    taken = desk.type("dead", "take", "7f")
    assert (taken.code, taken.out) == (
        0,
        "7f3 is with ops-2\nit was with ops-core\n> sdsync dead show 7f3\n",
    )
    assert "  ops-2  dev refuses" in desk.type("dead", "list").out

    assert desk.type("dead", "assign", "7f3", "ops core").code == 0
    assert desk.type("dead", "list", "--json").json["causes"][0]["owner"] == "ops core"

    assert desk.type("dead", "assign", "7f3", "nobody").code == 0
    listed = desk.type("dead", "list").out
    assert "  nobody  dev refuses" in listed
    assert "> sdsync dead take 7f3" in listed
    trail = desk.type("audit", "show").out
    assert "assigned by ops-2: ops core" in trail
    assert "assigned by ops-2: nobody" in trail


def test_who_takes_what_a_colleague_is_on_is_told_since_when(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.type("dead", "assign", "7f3", "ops-core").code == 0
    assert desk.type("dead", "take", "7f3").code == 0

    monkeypatch.setenv("SUDO_USER", "ops-3")
    taken = desk.type("dead", "take", "7f3")
    again = desk.type("dead", "take", "7f3")

    assert re.fullmatch(
        r"7f3 is with ops-3\nit was with ops-2 since \d\d:\d\d\n> sdsync dead show 7f3\n", taken.out
    )
    assert again.out == "7f3 is with ops-3\n> sdsync dead show 7f3\n"


def test_who_took_what_is_held_is_seen_by_everybody(desk: Desk) -> None:
    assert "OWNER" not in desk.type("held", "list").out

    assert desk.type("dead", "take", "9a1").code == 0

    listed = desk.type("held", "list").out
    assert "  OWNER  TITLE" in listed
    assert "  ops-2  printer" in listed


@pytest.mark.parametrize("name", ["\x1b[2J" * 30, "x" * 81])
def test_an_owner_is_a_name(desk: Desk, name: str) -> None:
    ran = desk.type("dead", "assign", "7f3", name)

    assert ran.code == 1
    assert "an owner is a name" in ran.err


def test_what_is_dropped_is_told_first_and_then_differs(desk: Desk) -> None:
    without = desk.type("dead", "drop", "7f3")
    assert without.code == 2

    dry = desk.type("dead", "drop", "7f3", "--reason", "prod2 is gone soon", "--dry-run")
    assert dry.code == 4
    assert dry.out == (
        "1 field group would differ from now on\n"
        " dev#882  db01: disk full                                     environment in dev\n"
        "> sdsync dead drop 7f3 --reason 'prod2 is gone soon'\n"
    )
    assert desk.type("dead", "list", "--json").json["causes"]

    assert desk.type("dead", "drop", "7f3", "--reason", "prod2 is gone soon").code == 0
    assert desk.type("dead", "list").out.startswith("nothing is parked")
    traced = desk.type("trace", "desk#4711").out
    assert "dropped by ops-2: environment: prod2 is gone soon" in traced
    assert desk.type("dead", "replay", "desk#4711").out == "nothing is parked for desk#4711\n"


def test_a_replay_names_its_time_range_and_its_rate(desk: Desk) -> None:
    dry = desk.type("dead", "replay", "all", "--since", "1970-01-02", "--rate", "2/h", "-n")
    assert dry.code == 4
    assert "1 field group would be tried again, the last at " in dry.out
    assert "> sdsync dead replay all --since 1970-01-02 --rate 2/h\n" in dry.out

    none = desk.type("dead", "replay", "all", "--until", "1970-01-02")
    assert (none.code, none.out) == (0, "nothing is parked for all in that time\n")
    wrong = desk.type("dead", "replay", "all", "--since", "soon")
    assert wrong.code == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rate", "0"], "write a rate such as 20/min"),
        (["--rate", "-1"], "write a rate such as 20/min"),
        (["--rate", "abc"], "write a rate such as 20/min"),
        (["--rate", ""], "--rate is empty; nothing was done. Records per time: 20/min"),
        (["--since", ""], "--since is empty; nothing was done. Only what was parked since: 02:14"),
        (["--since", "1h", "--until", "2h"], "nothing was done. Write --since 4h --until 2h"),
    ],
)
def test_a_replay_that_means_nothing_does_nothing(
    desk: Desk, options: list[str], told: str
) -> None:
    ran = desk.type("dead", "replay", "all", *options)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert desk.type("dead", "list", "--json").json["causes"][0]["records"] == 1


def test_what_is_on_its_way_is_said_and_asks_for_nobody(desk: Desk) -> None:
    assert desk.type("dead", "replay", "7f3", "--rate", "1/h").code == 0

    listed = desk.type("dead", "list")
    assert listed.code == 0
    assert "7f3  1 record on the way again" in listed.out
    again = desk.type("dead", "replay", "7f3")
    assert (again.code, again.out) == (0, "nothing is parked for 7f3\n")
    assert "environment  P1" in desk.type("dead", "show", "7f3", "--offline").out


def test_a_paced_replay_is_seen_hurried_and_stopped(desk: Desk) -> None:
    store = open_store(None, None, path=desk.folder)
    for n in range(5, 10):
        made = scenes.disk_full()
        hub = replace(made.hub, id=f"h{n}", correlation=f"desk#{n}", versions={})
        replicas = [
            replace(one, id=f"{one.id}{n}", hub_id=hub.id, native_id=f"9{n}", key=None, url=None)
            for one in made.replicas
        ]
        store.commit(Change(shares=[Share(hub, replicas)]))
    store.close()
    assert desk.type("dead", "replay", "7f3", "--rate", "20/h").code == 0

    for words in (["status"], ["dead", "list"]):
        told = desk.type(*words).out
        assert re.search(r"7f3  5 records on the way again, about 20/h, the last at \d\d", told)
        assert "all at once" in told
        assert "> sdsync dead replay 7f3 --at-once\n" in told
        assert "stop, until sdsync resume dev" in told
        assert "> sdsync pause dev\n" in told
    again = desk.type("dead", "replay", "7f3")
    assert again.out.startswith("nothing is parked for 7f3")
    assert "5 records on the way again, about 20/h" in again.out

    both = desk.type("dead", "replay", "7f3", "--at-once", "--rate", "20/h")
    assert (both.code, both.err) == (2, "--at-once and --rate exclude each other\n")

    dry = desk.type("dead", "replay", "7f3", "--at-once", "--dry-run")
    assert (dry.code, dry.out.splitlines()[0]) == (4, "5 field groups would be tried again")
    hurried = desk.type("dead", "replay", "7f3", "--at-once")
    assert hurried.out.startswith("5 field groups will be tried again\n")
    assert "about" not in desk.type("dead", "list").out
    assert desk.type("dead", "replay", "7f3").out == "nothing is parked for 7f3\n"


def test_what_is_held_is_no_dead_letter_and_says_so(desk: Desk) -> None:
    held = desk.type("dead", "show", "desk#4712", "--offline")
    assert (held.code, held.out) == (
        3,
        "nothing is parked for desk#4712; held: status (outcome)\n> sdsync held show desk#4712\n",
    )

    cause = desk.type("dead", "show", "9a1", "--offline")
    assert "1 record   " in cause.out
    assert "held, not parked" in cause.out
    assert cause.out.endswith("> sdsync held show 9a1\n")
    assert "dead replay" not in cause.out


def test_a_refused_value_may_be_given_by_hand(desk: Desk) -> None:
    shown = desk.type("dead", "show", "7f3", "--offline")

    assert shown.out.endswith("> sdsync dead edit dev#882 environment=VALUE\n")


def test_one_record_is_shown_by_its_own_name(desk: Desk) -> None:
    shown = desk.type("dead", "show", "infra#882", "--offline", "--json")

    assert [one["cause"]["id"] for one in shown.json] == ["7f3"]
