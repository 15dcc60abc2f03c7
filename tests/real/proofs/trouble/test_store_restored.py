"""sdsync's store comes back from a backup; what was done since is neither lost nor made twice."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.real.proofs.trouble.mixed import Mix
from tests.real.proofs.trouble.world import CHANGES, House, Record
from tests.real.rig import Daemon, until

pytestmark = pytest.mark.real

#: Keeps the store of a daemon that runs; what it returns puts it back under one that does not.
Keep = Callable[[Daemon, Path], Callable[[], object]]


def by_its_own_commands(daemon: Daemon, folder: Path) -> Callable[[], object]:
    """As the page on backups says."""
    made = daemon.told("store", "backup", str(folder))

    def put_back() -> None:
        done = daemon.type("store", "restore", made["path"])
        assert done.returncode == 0, done.stderr

    return put_back


def behind_its_back(daemon: Daemon, folder: Path) -> Callable[[], object]:
    """The database's file is kept by SQLite, and copied over the one that is there."""
    file, kept = daemon.folder / "sdsync.db", folder / "kept.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(kept)) as copy:
        source.backup(copy)

    def put_back() -> None:
        for its in ("-wal", "-shm"):
            file.with_name(file.name + its).unlink(missing_ok=True)
        shutil.copyfile(kept, file)

    return put_back


@pytest.mark.parametrize("keep", [by_its_own_commands, behind_its_back])
def test_what_was_done_since_the_backup_is_neither_lost_nor_made_twice(
    house: House, keep: Keep, tmp_path: Path
) -> None:
    daemon, mix = house.daemon, Mix(house, "shop", house.born("shop", 3))
    house.arrive(mix.records)
    put_back = keep(daemon, tmp_path)
    said = trusts(house)
    mix.works(CHANGES)
    house.arrive(mix.records)
    until(lambda: house.in_step(mix.records))
    stood = history(house, mix.records)

    assert daemon.stop() == 0
    put_back()
    told = daemon.type("store", "verify")
    assert told.returncode == 3, told.stdout
    assert "may not be the newest of its copies" in told.stderr
    assert "may not be the newest of its copies" in daemon.type("status").stdout
    daemon.start()

    until(lambda: is_trusted(house, said))
    house.arrive(mix.records)
    until(lambda: house.in_step(mix.records))
    assert house.letters() == []
    assert history(house, mix.records) == stood  # sdsync had nothing to write
    assert daemon.type("store", "verify").returncode == 0

    mix.works(3)
    house.arrive(mix.records)
    until(lambda: house.in_step(mix.records))
    assert house.letters() == []


def trusts(house: House) -> list[str]:
    """How often the store was suspect, and trusted again."""
    with closing(house.store()) as store:
        rows = [one.action for one in store.audit(limit=1_000_000)]
    return [one for one in rows if one in ("suspect", "trusted")]


def is_trusted(house: House, before: list[str]) -> None:
    """Since a daemon started on the old one, every system was read."""
    assert trusts(house)[len(before) :] == ["suspect", "trusted"]


def history(house: House, records: list[Record]) -> dict[str, list[str]]:
    """Whatever happened to each ticket and issue, and who did it."""
    told = {}
    for one in records:
        rows = house.agent.history(one.ticket)
        told[f"desk#{one.ticket}"] = [f"{row['id']} {row['Type']}" for row in rows]
        issue = house.dev.issue(one.issue)
        told[f"dev#{one.issue}"] = [
            f"{row['id']} {row['user']['name']} {row['details']}" for row in issue["journals"]
        ] + [str(row["id"]) for row in issue["attachments"]]
    return told
