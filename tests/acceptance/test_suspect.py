"""A restored store says so, and a person may trust it."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from sdsync.config.load import load
from sdsync.server.single import AlreadyRunningError, only_instance
from sdsync.store.opening import open_store
from sdsync.store.sql import SqlStore
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop


def test_a_store_without_its_witness_is_suspect_until_trusted(desk: Desk) -> None:
    next(desk.folder.glob("*.witness")).unlink()

    told = desk.type("store", "verify")
    assert told.code == 3
    assert "sdsync store trust" in told.err
    assert "may not be the newest of its copies" in desk.type("status").out

    assert "epoch 2" in desk.type("store", "trust").out
    assert desk.type("store", "verify").code == 0
    assert "newest of its copies" not in desk.type("status").out
    assert desk.type("audit", "show", "--json").json[-1]["action"] == "trusted"


def test_a_backup_is_made_beside_the_running_daemon_and_put_back_when_it_is_down(
    desk: Desk,
) -> None:
    with only_instance(desk.folder / "sdsync.db"):
        made = desk.type("store", "backup")
        assert made.code == 0
        backup = Path(made.out.splitlines()[0])
        assert backup.parent == desk.folder
        assert made.out.splitlines()[-1] == f"> sdsync store restore {backup}"
        refused = desk.type("store", "restore", str(backup))
        assert (refused.code, refused.err.splitlines()[0]) == (
            1,
            "sdsync runs on this store; stop it first",
        )
        assert desk.type("store", "restore", str(backup), "--dry-run").code == 4
    assert desk.type("pause", "desk").code == 0

    assert desk.type("store", "restore", str(backup), "--dry-run").code == 4
    assert "desk is paused" in desk.type("status").out
    done = desk.type("store", "restore", str(backup))

    assert (done.code, done.out.splitlines()[-1]) == (0, "> sdsync run")
    assert len(list(desk.folder.glob("sdsync.db.before-*"))) == 1
    told = desk.type("store", "verify")
    assert (told.code, "by ops-2" in told.err) == (3, True)
    assert "newest of its copies: it came back from" in desk.type("status").out
    assert "is paused" not in desk.type("status").out
    assert desk.type("store", "trust").code == 0
    assert desk.type("store", "verify").code == 0


def test_a_folder_and_a_file_that_is_there(desk: Desk) -> None:
    (desk.folder / "backups").mkdir()

    first = desk.type("store", "backup", "backups", "--json").json
    again = desk.type("store", "backup", first["path"])

    assert Path(first["path"]).parent.name == "backups"
    assert again.code == 1
    assert again.err == (
        f"{first['path']} is there already\n> sdsync store backup backups: a new name there\n"
    )


def test_a_disk_that_is_not_mounted_is_no_file(desk: Desk) -> None:
    ran = desk.type("store", "backup", "mnt/backup")

    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        "mnt/backup is not there: a folder that is missing, or a disk that is not mounted",
    )
    assert ran.err.splitlines()[1].startswith("> mkdir -p mnt/backup; or name a file")
    assert not (desk.folder / "mnt").exists()
    assert desk.type("store", "backup", "mnt/copy.db").err == ("mnt is no folder\n> mkdir -p mnt\n")
    assert desk.type("store", "backup", "copy.db").code == 0


def test_two_names_of_one_store_have_one_lock_and_the_file_behind_them_gives_way(
    desk: Desk,
) -> None:
    real = desk.folder / "disk" / "real.db"
    real.parent.mkdir()
    (desk.folder / "sdsync.db").rename(real)
    (desk.folder / "sdsync.db").symlink_to(real)
    backup = desk.type("store", "backup", "--json").json["path"]

    with only_instance(real):
        assert desk.type("store", "restore", backup).err.startswith("sdsync runs on this store")
        with pytest.raises(AlreadyRunningError), only_instance(desk.folder / "sdsync.db"):
            pass
    done = desk.type("store", "restore", backup)

    assert done.code == 0, done
    assert (desk.folder / "sdsync.db").readlink() == real
    assert len(list(real.parent.glob("real.db.before-*"))) == 1
    assert desk.type("store", "trust").code == 0


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_of_a_backup_that_was_cut_off_an_older_one_is_named(desk: Desk, kept: float) -> None:
    backup = Path(desk.type("store", "backup", "--json").json["path"])
    os.truncate(backup, int(backup.stat().st_size * kept))

    refused = desk.type("store", "restore", str(backup))

    assert (refused.code, refused.err.startswith("the copy is ")) == (1, True)
    cure = f"> sdsync store restore FILE, an older backup: ls -l {desk.folder}"
    assert refused.err.splitlines()[-1] == cure


def test_what_is_to_be_put_back_is_looked_at_before_anybody_has_to_stop(desk: Desk) -> None:
    folder = desk.folder / "backups"
    folder.mkdir()
    with only_instance(desk.folder / "sdsync.db"):
        empty = desk.type("store", "restore", "backups")
        newest = Path(desk.type("store", "backup", "backups", "--json").json["path"])
        full = desk.type("store", "restore", "backups")
        absent = desk.type("store", "restore", "backups/none")
        strange = desk.type("store", "restore", "sdsync.toml", "--dry-run")

    assert empty.err == "backups is a folder\n> ls -l backups\n"
    assert full.err == (
        f"backups is a folder; its newest backup is {newest.name}\n"
        f"> sdsync store restore backups/{newest.name}\n"
    )
    assert absent.err == "backups/none is not there\n> ls -l backups\n"
    assert strange.err == "sdsync.toml is no backup of sdsync\n> ls -l .\n"


def test_a_store_of_another_user_is_said_to_be_theirs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = pwd.getpwuid(os.geteuid()).pw_name
    store = desk.folder / "store.db"
    store.mkdir()  # opens as little as a file that is shut does
    text = desk.toml.read_text(encoding="utf-8")
    desk.toml.write_text(f"store.url = 'sqlite:///{store}'\n{text}", encoding="utf-8")
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)

    told = desk.type("status")

    assert (told.code, told.err) == (
        1,
        (
            f"the store {store} belongs to {owner}, and you are #4000000\n"
            f"> sudo -u {owner} -- sdsync -c sdsync.toml …\n"
        ),
    )


def test_verify_names_what_is_not_sound(desk: Desk) -> None:
    store = open_store(None, None, path=desk.folder)
    store._writer.run(lambda tx: len(tx.link.command("DELETE FROM hubs")))
    store.close()

    told = desk.type("store", "verify")

    assert told.code == 1
    assert told.err.splitlines()[0] == "the store is not sound:"
    assert told.err.splitlines()[-1].startswith("> sdsync store restore")


def test_an_older_store_finds_by_the_shipped_packs_what_it_made_since(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, backup = empty_desk.folder / "sdsync.db", empty_desk.folder / "backup"
    with open_shop(empty_desk, monkeypatch) as shop:
        with closing(sqlite3.connect(file)) as now, closing(sqlite3.connect(backup)) as kept:
            now.backup(kept)
        ticket = shop.ticket("opened since the backup")
        shop.at_desk("note", ticket, Content="said since")
        issue = shop.issue(ticket)
        newest = shop.store
        assert isinstance(newest, SqlStore)
        newest.seal()  # which the witness sees
        newest.close()
        shutil.copyfile(backup, file)
        for its in ("-wal", "-shm"):
            file.with_name(file.name + its).unlink(missing_ok=True)

        store = open_store(None, None, path=empty_desk.folder, clock=shop.clock)
        assert store.identity().suspect
        engine = Engine(assemble(load(empty_desk.toml), store, clock=shop.clock, rand=Random(8)))
        engine.start()
        later = Shop(empty_desk, shop.pair, engine, shop.clock).run(600)

        assert store.identity().suspect is None
        assert later.issue(ticket) == issue
        bodies = [one.values["body"] for one in later.shown("dev", issue).notes]
        assert sum("said since" in str(one) for one in bodies) == 1
        for system in engine.core.systems.values():
            system.close()
        store.close()
