"""Root types a command on a host whose daemon has an account of its own."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import sdsync
from tests.acceptance.conftest import Desk

DAEMON = 65534
DAEMON_NAME = "nobody"
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
for_all = pytest.mark.skipif(
    not all(
        one.stat().st_mode & stat.S_IXOTH
        for installed in (sys.prefix, sdsync.__file__)
        for one in Path(installed).resolve().parents
    ),
    reason="sdsync lies where the daemon's account may not look",
)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Where every account may look: pytest's own folder is root's."""
    with TemporaryDirectory() as folder:
        yield Path(folder).resolve()


def give(folder: Path, uid: int = DAEMON) -> None:
    """A folder and all in it belong to the daemon's account."""
    for one in (folder, *folder.rglob("*")):
        os.chown(one, uid, uid)


def roots(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.rglob("*") if one.stat().st_uid != DAEMON)


#: The interpreter may lie where only root reads: what a command imports comes first.
AS = f"""
import encodings.ascii, encodings.idna, importlib, os, pkgutil, sys
import sdsync
for one in pkgutil.walk_packages(sdsync.__path__, "sdsync."):
    if "migrations" not in one.name and not one.name.endswith("__main__"):
        importlib.import_module(one.name)
os.setgroups([]), os.setgid({DAEMON}), os.setuid({DAEMON})
from sdsync.cli import main
sys.exit(main(sys.argv[1:]))
"""


def as_daemon(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, typed by the daemon's account."""
    return subprocess.run(
        [sys.executable, "-c", AS, *words],
        cwd=desk.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@only_root
def test_what_root_makes_beside_the_store_belongs_to_the_daemon(desk: Desk) -> None:
    backups = desk.folder / "backups"
    backups.mkdir()
    give(desk.folder)
    (desk.folder / "sdsync.db").chmod(0o640)

    backup = desk.type("store", "backup", "backups", "--json").json["path"]
    assert desk.type("pause", "desk").code == 0
    assert desk.type("store", "restore", backup).code == 0
    assert desk.type("store", "trust").code == 0
    assert desk.type("audit", "anchor", "-o", "heads").code == 0

    assert roots(desk.folder) == []
    assert (desk.folder / "sdsync.db").stat().st_mode & 0o777 == 0o640


@only_root
def test_an_export_belongs_to_who_took_it_and_the_store_to_the_daemon(desk: Desk) -> None:
    desk.type("pause", "desk")  # so that there is something to seal
    give(desk.folder)

    assert desk.type("audit", "export", "-o", "out.jsonl").code == 0

    assert roots(desk.folder) == ["out.jsonl"]


@only_root
@for_all
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sdsync.db.witness", ("status",)),
        ("sdsync.db.lock", ("run",)),
    ],
)
def test_a_file_that_root_kept_is_told_with_its_remedy(
    desk: Desk, name: str, words: tuple[str, ...]
) -> None:
    give(desk.folder)
    file = desk.folder / name
    file.touch()
    file.chmod(0o600)
    os.chown(file, 0, 0)

    told = as_daemon(desk, *words)

    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        f"{file}: permission denied; it belongs to root, and you are {DAEMON_NAME}",
        f"> sudo chown {DAEMON_NAME} {file}",
    ]


@only_root
@for_all
def test_a_folder_where_only_root_may_write_is_told(desk: Desk) -> None:
    give(desk.folder)
    (desk.folder / "backups").mkdir()

    told = as_daemon(desk, "store", "backup", "backups")

    assert told.stderr.splitlines()[0] == (
        f"backups: permission denied; it belongs to root, and you are {DAEMON_NAME}"
    )
