"""Which mapping was in force when, by whom, and a wrong one taken back."""

from __future__ import annotations

import os
import pwd
from datetime import timedelta
from typing import Any

import pytest

from sdsync.cli import newfile
from sdsync.cli.session import Session
from sdsync.config.load import load
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from sdsync.testing.simulated.clock import VirtualClock
from tests.acceptance.conftest import Desk
from tests.unit.cli import scenes

ME = pwd.getpwuid(os.getuid()).pw_name
RIGHT = """\
fields:
  environment:
    at: custom_fields.Environment
    table: { prod: prod, stage: stage }
"""
WRONG = RIGHT.replace("prod: prod", "prod: prod2")


class House:
    """A folder, its mapping file, and starts of sdsync in it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.at = desk, scenes.NOW - timedelta(days=1)
        self.file = desk.folder / "mappings" / "dev-ticket.yaml"
        self.file.parent.mkdir()

    def start(self, text: str | None = None) -> None:
        """Edit the file, where that is said, and start sdsync an hour later."""
        if text is not None:
            self.file.write_text(text, encoding="utf-8")
        self.at += timedelta(hours=1)
        store = open_store(None, None, path=self.desk.folder)
        clock = VirtualClock(self.at)
        Engine(assemble(load(self.desk.toml), store, clock=clock)).start()
        store.close()

    def history(self, mapping: str = "dev-ticket") -> Any:
        (found,) = self.desk.type("mappings", "history", mapping, "--json").json
        return found

    def versions(self) -> list[tuple[int, str | None, str]]:
        return [(one["number"], one["by"], one["what"]) for one in self.history()["versions"]]

    def rows(self, action: str) -> list[AuditRow]:
        store = open_store(None, None, path=self.desk.folder)
        found = [one for one in store.audit(limit=1000) if one.action == action]
        store.close()
        return found


@pytest.fixture
def house(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(desk)
    half_past = timedelta(minutes=30)
    monkeypatch.setattr(Session, "now", property(lambda _: made.at + half_past))
    return made


def test_each_start_that_reads_something_else_is_a_version(house: House) -> None:
    house.start()
    house.start()
    house.start(RIGHT)
    house.start(WRONG)

    assert house.versions() == [
        (3, ME, "1 line came, 1 went"),
        (2, ME, "4 lines came, 0 went"),
        (1, None, "the first that was seen"),
    ]
    assert [(one.system, one.actor, one.text) for one in house.rows("activated")] == [
        ("dev", ME, "dev-ticket v2"),
        ("dev", ME, "dev-ticket v3"),
    ]
    told = house.desk.type("mappings", "history", "dev-ticket", "--diff", "3")
    assert told.out == (
        "-    table: { prod: prod, stage: stage }\n+    table: { prod: prod2, stage: stage }\n"
    )


def test_a_wrong_mapping_is_taken_back_by_name(house: House) -> None:
    house.start(RIGHT)
    house.start(WRONG)

    told = house.desk.type("mappings", "rollback", "dev-ticket")

    assert told.code == 0
    assert house.file.read_text(encoding="utf-8") == RIGHT
    assert told.out.splitlines()[0].startswith(f"mappings/dev-ticket.yaml is v1 by {ME}, ")
    assert told.out.splitlines()[1:] == [
        "-    table: { prod: prod2, stage: stage }",
        "+    table: { prod: prod, stage: stage }",
        "v2 is in force until it is reloaded",
        "> sdsync reload",
        "> sdsync remap escalations",
    ]
    waiting = house.history()
    assert (waiting["edited"], waiting["put_back"]["by"]) == (True, "ops-2")
    listed = house.desk.type("mappings", "history", "dev-ticket")
    assert listed.code == 4
    assert listed.out.splitlines()[-2:] == [
        "! mappings/dev-ticket.yaml is v1 again by ops-2: in force once it is reloaded",
        "> sdsync reload",
    ]
    assert list(house.file.parent.iterdir()) == [house.file]  # what went is in the history

    house.start()

    assert house.versions()[0] == (3, "ops-2", "v1 again")
    assert not house.history()["edited"]
    assert [(one.source, one.text) for one in house.rows("put_back")] == [
        ("person:ops-2", "dev-ticket v1 again")
    ]


def test_rolled_back_twice_it_goes_further_back_and_never_forth(house: House) -> None:
    house.start(oldest := RIGHT.replace("stage", "test"))
    house.start(RIGHT)
    house.start(WRONG)

    for _ in range(2):
        house.desk.type("mappings", "rollback", "dev-ticket")
        house.start()

    assert house.file.read_text(encoding="utf-8") == oldest
    assert [one[2] for one in house.versions()[:2]] == ["v1 again", "v2 again"]
    last = house.desk.type("mappings", "rollback", "dev-ticket")
    assert (last.code, last.err.splitlines()[0]) == (
        1,
        "the file of dev-ticket was no other before",
    )
    assert house.desk.type("mappings", "rollback", "dev-ticket", "--to", "3").code == 0
    assert house.file.read_text(encoding="utf-8") == WRONG


def test_the_same_again_before_the_start_does_nothing_more(house: House) -> None:
    house.start(RIGHT)
    house.start(WRONG)
    house.desk.type("mappings", "rollback", "dev-ticket")

    again = house.desk.type("mappings", "rollback", "dev-ticket")

    assert again.code == 0
    assert again.out.splitlines()[-2].endswith(" already")
    assert again.out.splitlines()[-1] == "> sdsync reload"
    assert len(house.rows("put_back")) == 1


def test_what_stood_there_and_was_never_in_force_is_kept_beside(house: House) -> None:
    house.start(RIGHT)
    house.start(WRONG)
    house.file.write_text("# half of a mend\n" + WRONG, encoding="utf-8")

    told = house.desk.type("mappings", "rollback", "dev-ticket", "--json").json

    kept = house.desk.folder / told["kept"]
    assert kept.read_text(encoding="utf-8") == "# half of a mend\n" + WRONG
    assert house.file.read_text(encoding="utf-8") == RIGHT
    read = house.desk.type("mappings", "check").out
    assert read.startswith("mappings of desk, dev: no problem\n")  # nobody reads it as one


def test_back_before_there_was_a_file_takes_it_away(house: House) -> None:
    house.start()
    house.start(WRONG)

    house.desk.type("mappings", "rollback", "dev-ticket")
    house.start()

    assert not house.file.exists()
    assert house.versions()[0] == (3, "ops-2", "v1 again")


def test_a_dry_run_changes_nothing(house: House) -> None:
    house.start(RIGHT)
    house.start(WRONG)

    told = house.desk.type("mappings", "rollback", "dev-ticket", "--dry-run")

    assert (told.code, told.out.splitlines()[-1]) == (
        4,
        "> sdsync mappings rollback dev-ticket --to 1",
    )
    assert house.file.read_text(encoding="utf-8") == WRONG
    assert not house.rows("put_back")


def test_a_version_that_reads_no_more_is_not_put_back(house: House) -> None:
    toml = house.desk.toml.read_text(encoding="utf-8")
    house.desk.toml.write_text(f'{toml}[tables]\nenvs = "envs.csv"\n', encoding="utf-8")
    (house.desk.folder / "envs.csv").write_text("name,word\nprod,Prod\n", encoding="utf-8")
    house.start(RIGHT.replace("{ prod: prod, stage: stage }", "envs.word"))
    house.desk.toml.write_text(toml, encoding="utf-8")
    house.start(WRONG)

    told = house.desk.type("mappings", "rollback", "dev-ticket")

    assert told.code == 1
    assert "mappings/dev-ticket.yaml:4" in told.err
    assert house.file.read_text(encoding="utf-8") == WRONG
    assert not house.rows("put_back")


def _dies(*_: object, **__: object) -> None:
    raise OSError("the disk is gone")


def test_a_rollback_that_died_before_the_file_was_written_is_nobodys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.start(RIGHT)
    house.start(WRONG)
    real = newfile.write
    monkeypatch.setattr(newfile, "write", _dies)
    with pytest.raises(OSError, match="gone"):
        house.desk.type("mappings", "rollback", "dev-ticket")
    monkeypatch.setattr(newfile, "write", real)

    house.start(WRONG.replace("prod2", "prod3"))
    house.start(RIGHT)  # by hand, long after

    assert [one[:2] for one in house.versions()[:2]] == [(4, ME), (3, ME)]


@pytest.mark.parametrize("name", ["prod-ticket", "dev", "../dev-ticket"])
def test_a_mapping_that_is_none_is_told_with_those_that_are(house: House, name: str) -> None:
    told = house.desk.type("mappings", "rollback", name)

    assert told.code == 2
    assert "dev-ticket" in told.err
