"""A restored store says so, and a person may trust it."""

from __future__ import annotations

from pathlib import Path

from sdsync.server.single import only_instance
from sdsync.store.opening import open_store
from tests.acceptance.conftest import Desk


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
    assert again.err.splitlines()[0].endswith(" is there already")


def test_verify_names_what_is_not_sound(desk: Desk) -> None:
    store = open_store(None, None, path=desk.folder)
    store._writer.run(lambda tx: len(tx.link.command("DELETE FROM hubs")))
    store.close()

    told = desk.type("store", "verify")

    assert told.code == 1
    assert told.err.splitlines()[0] == "the store is not sound:"
    assert told.err.splitlines()[-1].startswith("> sdsync store restore")
