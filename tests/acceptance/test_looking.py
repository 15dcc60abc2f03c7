"""What an ops engineer types to see what is, and what comes back."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tests.acceptance.conftest import Desk

LOOKS = (
    ["status"],
    ["trace", "desk#4711"],
    ["dead", "list"],
    ["dead", "show", "7f3", "--offline"],
    ["held", "list"],
    ["held", "show", "desk#4712"],
)


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_what_needs_somebody_ends_in_three_and_in_a_command(desk: Desk, words: list[str]) -> None:
    ran = desk.type(*words)

    assert ran.code == 3, ran.err
    assert "> sdsync " in ran.out
    assert not ran.err


@pytest.mark.parametrize(
    "words", [*LOOKS, ["audit", "show"], ["config"], ["version"]], ids=" ".join
)
def test_every_look_is_json_on_request(desk: Desk, words: list[str]) -> None:
    ran = desk.type(*words, "--json")

    assert ran.json


@pytest.mark.parametrize("words", [*LOOKS, ["audit", "show"], ["config"]], ids=" ".join)
def test_a_pipe_gets_bare_lines_of_eighty_columns(desk: Desk, words: list[str]) -> None:
    ran = desk.type(*words)

    assert "\x1b" not in ran.out
    assert all(len(one) <= 80 for one in ran.out.splitlines())


def test_colours_are_the_named_ones_that_every_terminal_chooses(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    coloured = desk.type("status").out

    assert "\x1b[1m" in coloured
    assert "38;2;" not in coloured
    assert "38;5;" not in coloured


def test_no_color_wins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b" not in desk.type("status").out


@pytest.mark.parametrize("name", ["desk#4711", "dev#882", "infra#882", "dev#infra#882", "h1"])
def test_a_record_goes_by_every_name_that_people_use(desk: Desk, name: str) -> None:
    assert "db01: disk full" in desk.type("trace", name).out


def test_an_unknown_record_is_said_with_the_names_that_are_possible(desk: Desk) -> None:
    ran = desk.type("trace", "infra#1")

    assert ran.code == 1
    assert ran.err.startswith('no shared record is called "infra#1"; write SYSTEM#ID,')


def test_a_record_that_is_not_shared_is_told_why_not(desk: Desk) -> None:
    ran = desk.type("trace", "dev#1")

    assert ran.code == 1
    assert ran.err == (
        "dev#1 is not shared: nothing enters from dev, no sync takes from it\n> sdsync status\n"
    )


def test_the_audit_trail_is_whole(desk: Desk) -> None:
    ran = desk.type("audit", "verify")

    assert ran.code == 0
    assert ran.out == "the trail is whole: 5 records, 5 sealed, 0 erased\n"


def test_a_store_that_was_never_made_is_not_made_by_looking(empty_desk: Desk) -> None:
    ran = empty_desk.type("status")

    assert ran.code == 1
    assert "sdsync did not run here yet" in ran.err
    assert "> sdsync run" in ran.err
    assert not (empty_desk.folder / "sdsync.db").exists()


def test_a_command_that_only_looks_waits_for_no_writer(desk: Desk) -> None:
    with contextlib.closing(sqlite3.connect(desk.folder / "sdsync.db")) as other:
        other.execute("BEGIN IMMEDIATE")

        ran = desk.type("dead", "list")

    assert ran.code == 3
    assert "7f3" in ran.out


def test_what_goes_wrong_is_json_where_json_was_asked_for(desk: Desk) -> None:
    ran = desk.type("trace", "desk#99", "--json")

    said = ran.json
    assert ran.code == 1
    assert said["error"].startswith("desk#99 is not shared")
    assert said["cure"] == "sdsync status"


def test_a_store_of_a_newer_program_is_left_alone(desk: Desk) -> None:
    with contextlib.closing(sqlite3.connect(desk.folder / "sdsync.db")) as link:
        link.execute("UPDATE alembic_version SET version_num = '9999'")
        link.execute("UPDATE meta SET value = CAST('9998' AS BLOB) WHERE name = 'serves'")
        link.commit()

    for words in (["status"], ["store", "upgrade"], ["store", "verify"]):
        ran = desk.type(*words)
        assert ran.code == 1
        assert "install the newer sdsync" in ran.err


def test_a_store_of_an_older_program_asks_for_one_command_and_keeps_what_it_holds(
    desk: Desk,
) -> None:
    with contextlib.closing(sqlite3.connect(desk.folder / "sdsync.db")) as link:
        link.executescript("DROP TABLE alarms; UPDATE alembic_version SET version_num = '0003'")

    asked = desk.type("status")
    assert asked.code == 1
    assert asked.err == "the store has an older form; run: sdsync store upgrade\n"

    assert desk.type("store", "upgrade").code == 0
    assert desk.type("store", "verify").code == 0
    assert '"db01: disk full"' in desk.type("trace", "desk#4711").out
