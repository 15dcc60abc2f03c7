"""Redmine comes back from a backup; what it lost is made once more, and the desk stays as it is.

It is a Redmine of its own: its whole database goes back, and with it what any other test made.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sdsync.connectors.contract import NEWEST
from sdsync.store.records import Ref, ReplicaState
from sdsync.sync.decide.restored import restored_at
from tests.real.conftest import Product
from tests.real.inside import LONG_S
from tests.real.proofs.trouble.conftest import lived_in
from tests.real.proofs.trouble.door import Door, Way
from tests.real.proofs.trouble.mixed import Mix
from tests.real.proofs.trouble.world import CHANGES, House, Keys, Record
from tests.real.rig import until

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Backup:
    """What Redmine's administrator keeps of it: its database, and the files of issues."""

    redmine: Product
    folder: Path

    @property
    def _home(self) -> Path:
        return Path(self.redmine.facts["DATA_DIR"])

    @property
    def _files(self) -> Path:
        return self._home / "app/instances/default/files"

    def keep(self) -> None:
        """At night, beside the product that runs."""
        with (
            closing(sqlite3.connect(self._home / "redmine.db")) as source,
            closing(sqlite3.connect(self.folder / "redmine.db")) as copy,
        ):
            source.backup(copy)
        shutil.copytree(self._files, self.folder / "files")

    def put_back(self) -> None:
        """While the product is down."""
        self.redmine.turn("down")
        self._home.joinpath("redmine.db-journal").unlink(missing_ok=True)
        shutil.copyfile(self.folder / "redmine.db", self._home / "redmine.db")
        shutil.rmtree(self._files)
        shutil.copytree(self.folder / "files", self._files)
        self.redmine.turn("up")


@pytest.fixture
def own_door(own_redmine: Product) -> Iterator[Door]:
    with Door(own_redmine.base_url) as door:
        yield door


@pytest.fixture
def own_house(
    request_tracker: Product, own_redmine: Product, own_door: Door, tmp_path: Path
) -> Iterator[House]:
    keys = Keys(tmp_path / "desk", tmp_path / "dev")
    folder = tmp_path / "sdsync"
    folder.mkdir()
    # Redmine mails its staff of new issues, which a plan does when it is allowed to.
    told = 'mail = "staff"'
    with lived_in(request_tracker, own_redmine, own_door, keys, folder, sync=told) as house:
        yield house


def test_what_redmine_lost_is_made_once_more_and_the_desk_stays_as_it_is(
    own_house: House, own_door: Door, tmp_path: Path
) -> None:
    house, door = own_house, own_door
    mix = Mix(house, "shop", house.born("shop", 3))
    house.arrive(mix.records)
    backup = Backup(house.redmine, tmp_path)
    backup.keep()
    old = {one.issue for one in mix.records}
    mix.works(CHANGES)
    mix.records += [house.opens("shop") for _ in range(NEWEST + 1)]
    house.arrive(mix.records)
    until(lambda: house.in_step(mix.records))
    away(house, door)
    door.turn(Way.OPEN)
    until(lambda: tells_its_newest(house, mix.records))

    away(house, door)
    backup.put_back()
    stranger = house.dev.opens("opened before sdsync was back", project=f"shop-{house.run}")
    assert stranger in {one.issue for one in mix.records} - old  # the number of one that is lost
    for _ in range(3):
        house.change(mix.alive(), name="shop")
    stood = at_desk(house, mix.records)
    door.turn(Way.OPEN)
    until(lambda: is_paused(house))
    status = house.daemon.type("status").stdout
    assert "is paused by sdsync: its newest records are gone" in " ".join(status.split())
    assert "> sdsync resume dev" in status
    assert house.numbers("shop") == {*old, stranger}

    plan = "level", "shop", "--as", "desk", "--restored"
    assert house.daemon.told("resume", "dev")["plans"] == [f"sdsync {' '.join(plan)}"]
    until(lambda: is_read_again(house, mix.records))
    planned = told(house, *plan)
    print(house.daemon.type("plan", "show", planned["id"]).stdout)
    assert house.daemon.type("plan", "approve", planned["id"]).returncode == 0
    done = told(house, "apply", planned["id"])
    assert (done["refused"], done["left"]) == ([], 0), done

    shown = [one for one in mix.records if one.merged_into is None]
    house.arrive(shown)
    until(lambda: house.in_step(shown))
    assert house.letters() == []
    assert at_desk(house, mix.records) == stood
    assert house.dev.issue(stranger)["journals"] == []
    assert "was restored" not in house.daemon.type("status").stdout

    mix.works(3)
    house.arrive(shown)


def told(house: House, *words: str) -> Any:
    """What a command says that reads or writes every record: as long as the products take."""
    return json.loads(house.daemon.type(*words, "--json", within_s=LONG_S).stdout)


def away(house: House, door: Door) -> None:
    """Nobody listens there, and it is noticed."""
    door.turn(Way.REFUSED)
    until(lambda: house.is_now("dev", "unreachable"))


def tells_its_newest(house: House, records: list[Record]) -> None:
    """Who was away says who it is, and what it has."""
    newest = max(int(one.issue) for one in records)
    with closing(house.store()) as store:
        assert store.system("dev").info["newest"][:1] == [str(newest)]


def is_paused(house: House) -> None:
    """By sdsync itself."""
    with closing(house.store()) as store:
        assert [(one.scope, one.by) for one in store.pauses()] == [("system:dev", "sdsync")]


def is_read_again(house: House, records: list[Record]) -> None:
    """Each copy was read since, or is known to be lost."""
    with closing(house.store()) as store:
        since = restored_at(store.system("dev"))
        assert since is not None
        for one in records:
            share = store.share_of(Ref("desk", "ticket", one.ticket))
            assert share is not None, one
            for copy in share.replicas:
                if copy.system != "dev" or copy.state is ReplicaState.MERGED:
                    continue  # nobody asks for the ticket of what was merged away
                if copy.native_id is not None:
                    assert copy.seen_at is not None
                    assert copy.seen_at >= since, one


def at_desk(house: House, records: list[Record]) -> dict[str, Any]:
    """Whatever happened to each ticket, but that a field of ours names its issue."""
    return {
        one.ticket: [row for row in house.agent.history(one.ticket) if row["Type"] != "CustomField"]
        for one in records
    }
