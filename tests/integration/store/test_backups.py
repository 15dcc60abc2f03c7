"""Backups of a SQLite store: made while it runs, read whole, put back, and suspect then."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from sdsync.store import alone, backups, tables
from sdsync.store.alone import InUse
from sdsync.store.backups import BackupProblem, back_up, put_back
from sdsync.store.crypto import KeyProblem
from sdsync.store.opening import StoreFiles, files_of, open_store
from sdsync.store.records import AuditRow, Change
from sdsync.store.sql import SqlStore
from tests.integration.store.builders import NOW, share
from tests.integration.store.conftest import KEY


@pytest.fixture
def files(tmp_path: Path) -> StoreFiles:
    return files_of(None, tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Runs, and has something in it."""
    with closing(open_store(None, None, path=tmp_path)) as running:
        running.commit(Change(shares=[share()], audit=[AuditRow(NOW, "born", "desk")]))
        running.seal()
        yield running


def copies(folder: Path) -> list[str]:
    usual = {"", ".key", ".witness", "-wal", "-shm"}
    return sorted(
        one.name for one in folder.iterdir() if one.name.removeprefix("sdsync.db") not in usual
    )


def written(folder: Path, number: int = 1) -> None:
    """What happens after the backup."""
    with closing(open_store(None, None, path=folder)) as store:
        store.commit(Change(audit=[AuditRow(NOW, "edited", "desk")] * number))
        store.seal()


def test_a_store_that_runs_is_copied_at_one_instant(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    to = tmp_path / "copy"

    made = back_up(files, None, to)
    store.commit(Change(audit=[AuditRow(NOW, "edited", "desk")]))
    store.seal()

    assert (made.path, made.records, made.newest_at) == (to, 1, NOW)
    assert made.size == to.stat().st_size
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert copies(tmp_path) == ["copy"]  # one file: nothing beside it belongs to it


def test_what_is_not_yet_in_the_file_is_in_the_backup(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    """A commit stands in the log at first; a copied file would lack it."""
    assert (tmp_path / "sdsync.db-wal").stat().st_size

    back_up(files, None, tmp_path / "copy")

    with closing(sqlite3.connect(tmp_path / "copy")) as link:
        assert link.execute("SELECT count(*) FROM hubs").fetchone() == (1,)


def test_another_file_is_never_written_over(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    (tmp_path / "copy").write_text("letters")

    with pytest.raises(BackupProblem, match="is there already"):
        back_up(files, None, tmp_path / "copy")

    assert (tmp_path / "copy").read_text() == "letters"


def test_a_store_that_is_not_sound_makes_no_backup(files: StoreFiles, tmp_path: Path) -> None:
    open_store(None, None, path=tmp_path).close()
    written(tmp_path)
    with closing(sqlite3.connect(tmp_path / "sdsync.db")) as link, link:
        link.execute("UPDATE audit SET action = 'born'")

    with pytest.raises(BackupProblem, match="does not fit the chain"):
        back_up(files, None, tmp_path / "copy")

    assert copies(tmp_path) == []


def test_a_disk_that_is_full_leaves_nothing(
    store: SqlStore, files: StoreFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, to: Path) -> None:
        to.write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backups, "_copy", full)

    with pytest.raises(BackupProblem, match="disk is full"):
        back_up(files, None, tmp_path / "copy")

    assert copies(tmp_path) == []


def test_what_a_killed_backup_left_is_in_nobodys_way(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    (tmp_path / "copy.part").write_bytes(b"half")

    back_up(files, None, tmp_path / "copy")

    assert copies(tmp_path) == ["copy"]


def test_law_32_a_store_that_came_back_is_suspect_until_told(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    """Also where the witness agrees: nothing was sealed since, and the file has its number."""
    back_up(files, None, tmp_path / "copy")
    store.close()
    put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    with closing(open_store(None, None, path=tmp_path)) as restored:
        said = restored._witness.read()
        assert said is not None
        restored._witness.write(said)  # of the file that lies there now
        assert (restored.identity().suspect or "").startswith("it came back from copy, by ann")
        assert restored.share("hub-1") is not None
        (_, row) = restored.audit()
        assert (row.action, row.actor, row.text) == ("restored", "ann", "copy")

        accepted = restored.new_epoch()

        assert restored.identity() == accepted
        assert (accepted.epoch, accepted.suspect) == (2, None)


def test_what_stood_there_is_kept_and_may_come_back_itself(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    written(tmp_path, 3)

    first = put_back(files, None, tmp_path / "copy", by="ann", now=NOW)
    assert first.backup.records == 1
    assert first.kept is not None
    with closing(open_store(None, None, path=tmp_path)) as restored:
        assert restored.last_audit_seq() == 2  # what it held, and that it came back

    second = put_back(files, None, first.kept, by="ann", now=NOW.replace(year=2027))

    assert second.backup.records == 4
    with closing(open_store(None, None, path=tmp_path)) as again:
        assert again.last_audit_seq() == 5
        assert again.examine(anchored=False).problems == ()


def test_the_log_of_the_old_store_is_not_read_into_the_new_one(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    """A killed daemon leaves its log; SQLite would play it over whatever file is there."""
    back_up(files, None, tmp_path / "copy")
    store.commit(Change(audit=[AuditRow(NOW, "edited", "desk")]))
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("sdsync.db", "sdsync.db-wal", "sdsync.db.key", "sdsync.db.witness"):
        shutil.copy2(tmp_path / name, killed / name)

    done = put_back(files_of(None, killed), None, tmp_path / "copy", by="ann", now=NOW)

    assert done.kept is not None
    assert not (killed / "sdsync.db-wal").exists()
    with closing(open_store(None, None, path=killed)) as restored:
        assert [one.action for one in restored.audit()] == ["born", "restored"]
    back = put_back(files_of(None, killed), None, done.kept, by="ann", now=NOW.replace(year=2027))
    assert back.backup.records == 2  # nothing of the old one is lost either


#: Opens a file as sqlite3 does, until its input ends.
OTHER = """
import sqlite3, sys
link = sqlite3.connect(sys.argv[1])
link.execute("SELECT * FROM meta").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def opened_by_another(database: Path) -> Iterator[str]:
    with Popen([sys.executable, "-c", OTHER, database], stdin=PIPE, stdout=PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        yield f"process {other.pid} ("
        other.communicate()


@pytest.mark.parametrize("which", ["sdsync.db", "elsewhere"])
def test_what_another_process_has_open_neither_gives_way_nor_comes_back(
    store: SqlStore, files: StoreFiles, tmp_path: Path, which: str
) -> None:
    """What it writes would go into the file that is gone, or is copied half."""
    back_up(files, None, tmp_path / "elsewhere")
    store.close()
    with closing(sqlite3.connect(tmp_path / "elsewhere")) as link:
        link.execute("PRAGMA journal_mode = WAL")  # as a store that somebody has open
    before = (tmp_path / "sdsync.db").stat().st_ino

    with opened_by_another(tmp_path / which) as who, pytest.raises(InUse) as refused:
        put_back(files, None, tmp_path / "elsewhere", by="ann", now=NOW)

    assert str(refused.value).startswith(f"{tmp_path / which} is open in {who}")
    assert (tmp_path / "sdsync.db").stat().st_ino == before
    put_back(files, None, tmp_path / "elsewhere", by="ann", now=NOW)


def test_where_no_system_tells_who_has_it_open_it_gives_way_no_more(
    store: SqlStore, files: StoreFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "PATIENCE_S", 0.0)
    back_up(files, None, tmp_path / "copy")
    before = (tmp_path / "sdsync.db").stat().st_ino
    store.commit(Change(audit=[AuditRow(NOW, "edited", "desk")]))

    with pytest.raises(InUse, match="is open in another process"):
        put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    assert (tmp_path / "sdsync.db").stat().st_ino == before
    assert [one.action for one in store.audit()] == ["born", "edited"]


def test_nobody_writes_into_a_store_that_gives_way(
    store: SqlStore, files: StoreFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    told: list[str] = []

    def late(database: Path, now: datetime) -> Path:
        with closing(sqlite3.connect(database, timeout=0)) as link:
            with pytest.raises(sqlite3.OperationalError) as refused:
                link.execute("DELETE FROM meta")
            told.append(str(refused.value))
        return give_way(database, now)

    give_way = backups._give_way
    monkeypatch.setattr(backups, "_give_way", late)

    put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    assert told == ["database is locked"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "copy is no backup of sdsync"),
        (b"letters" * 999, "copy is no backup of sdsync"),
        (b"SQLite format 3\0" + b"letters" * 999, "damaged|not a database"),
        (None, "copy is not there"),
    ],
)
def test_what_is_no_backup_is_refused_and_nothing_changes(
    store: SqlStore, files: StoreFiles, tmp_path: Path, content: bytes | None, said: str
) -> None:
    store.close()
    before = (tmp_path / "sdsync.db").read_bytes()
    if content is not None:
        (tmp_path / "copy").write_bytes(content)

    with pytest.raises(BackupProblem, match=said):
        put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    assert (tmp_path / "sdsync.db").read_bytes() == before
    assert copies(tmp_path) == ([] if content is None else ["copy"])


def test_a_damaged_backup_is_refused(store: SqlStore, files: StoreFiles, tmp_path: Path) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    with (tmp_path / "copy").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xa5" * 4096 * 4)

    with pytest.raises(BackupProblem, match=r"damaged|not sound"):
        put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    with closing(open_store(None, None, path=tmp_path)) as untouched:
        assert untouched.identity().suspect is None


def test_a_backup_of_another_key_does_not_open(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()

    with pytest.raises(KeyProblem):
        put_back(files, KEY, tmp_path / "copy", by="ann", now=NOW)

    assert copies(tmp_path) == ["copy"]


def test_the_store_itself_is_no_backup(store: SqlStore, files: StoreFiles, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "link").symlink_to(tmp_path / "sdsync.db")

    with pytest.raises(BackupProblem, match="is the store itself"):
        put_back(files, None, tmp_path / "link", by="ann", now=NOW)


def test_a_dry_run_only_reads(store: SqlStore, files: StoreFiles, tmp_path: Path) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    written(tmp_path)

    told = put_back(files, None, tmp_path / "copy", by="ann", now=NOW, dry_run=True)

    assert (told.backup.records, told.kept) == (1, None)
    with closing(open_store(None, None, path=tmp_path)) as untouched:
        assert untouched.last_audit_seq() == 2
        assert untouched.identity().suspect is None
    assert copies(tmp_path) == ["copy"]


def test_where_the_store_was_lost_the_backup_stands_alone(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    for name in ("sdsync.db", "sdsync.db.witness"):
        (tmp_path / name).unlink()

    done = put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    assert done.kept is None
    with closing(open_store(None, None, path=tmp_path)) as restored:
        assert restored.identity().suspect is not None


def test_a_backup_of_an_older_form_is_brought_to_this_one(
    store: SqlStore, files: StoreFiles, tmp_path: Path
) -> None:
    back_up(files, None, tmp_path / "copy")
    store.close()
    with closing(sqlite3.connect(tmp_path / "copy")) as link, link:
        link.execute("DROP TABLE mapping_versions")
        link.execute("DROP TABLE alarms")
        link.execute("UPDATE alembic_version SET version_num = '0002'")
    before = (tmp_path / "copy").read_bytes()

    put_back(files, None, tmp_path / "copy", by="ann", now=NOW)

    assert (tmp_path / "copy").read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "sdsync.db")) as link:
        form = link.execute("SELECT version_num FROM alembic_version").fetchone()
    assert form == (tables.REVISION,)


def test_a_server_has_tools_of_its_own(tmp_path: Path) -> None:
    files = files_of("postgresql://nobody@127.0.0.1/none", tmp_path)

    with pytest.raises(BackupProblem, match="pg_dump"):
        back_up(files, None, tmp_path / "copy")
