"""Opening: new, again, with the wrong key, damaged, foreign, old; restored and cloned."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sdsync.store import tables
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import dialect_for
from sdsync.store.opening import files_of, open_store
from sdsync.store.records import AuditRow, Change, Plan, SyncRow, SystemRow
from sdsync.store.sql import SqlStore
from sdsync.store.upgrading import WrongStore, upgrade
from sdsync.store.writer import StoreClosed, StoreDamaged
from tests.integration.store.builders import NOW, look, share
from tests.integration.store.conftest import KEY

OTHER = base64.b64encode(b"o" * 32).decode()


def reopened(path: Path, key: str | None = None, *, check: bool = True) -> SqlStore:
    return open_store(None, key, path=path, check=check)


def file_of(path: Path) -> Path:
    return path / "sdsync.db"


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file_of(path))) as link, link:
        for one in statements:
            link.execute(one)


def test_a_new_store_makes_its_files_for_its_owner_alone(tmp_path: Path) -> None:
    reopened(tmp_path).close()

    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("sdsync.db", "sdsync.db.key", "sdsync.db.witness"), 0o600)


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    store = reopened(tmp_path)
    store.commit(Change(shares=[share()], ring=[look()]))
    first = store.identity()
    store.close()

    again = reopened(tmp_path)

    assert again.share("hub-1") is not None
    assert again.identity() == first
    assert first.suspect is None
    again.close()


def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    store = reopened(tmp_path)
    store.close()

    with pytest.raises(StoreClosed):
        store.commit(Change())


def test_the_wrong_key_is_refused(tmp_path: Path) -> None:
    reopened(tmp_path, KEY).close()

    with pytest.raises(KeyProblem, match="does not open with this key"):
        reopened(tmp_path, OTHER)


def test_a_missing_key_file_is_not_made_anew(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    (tmp_path / "sdsync.db.key").unlink()

    with pytest.raises(KeyProblem, match="put it back"):
        reopened(tmp_path)


def test_a_key_file_that_others_read_is_refused(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    (tmp_path / "sdsync.db.key").chmod(0o640)

    with pytest.raises(KeyProblem, match="chmod 600"):
        reopened(tmp_path)


def test_a_key_is_rotated_by_putting_the_new_one_in_front(tmp_path: Path) -> None:
    store = reopened(tmp_path, KEY)
    store.commit(Change(systems=[SystemRow("old")], audit=[AuditRow(NOW, "born", "desk")]))
    store.seal()
    store.close()

    both = reopened(tmp_path, f"{OTHER}\n{KEY}")
    both.commit(Change(systems=[SystemRow("new")]))

    assert both.system("old") == SystemRow("old")
    assert both.verify().ok
    both.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE systems SET doc = substr(doc, 1, 20) WHERE system = 'a'",
        "UPDATE systems SET doc = substr(doc, 1, length(doc) - 1) WHERE system = 'a'",
        "UPDATE systems SET doc = (SELECT doc FROM systems WHERE system = 'b') WHERE system = 'a'",
        "UPDATE systems SET doc = (SELECT doc FROM syncs) WHERE system = 'a'",
        "UPDATE systems SET doc = zeroblob(90) WHERE system = 'a'",
    ],
)
def test_cut_changed_and_swapped_rows_do_not_open(tmp_path: Path, damage: str) -> None:
    store = reopened(tmp_path)
    systems = [SystemRow("a"), SystemRow("b")]
    store.commit(Change(systems=systems, syncs=[SyncRow("a", NOW, "live")]))
    execute(tmp_path, damage)

    with pytest.raises(Unreadable, match="systems a"):
        store.system("a")
    assert any("systems a" in one for one in store.examine().problems)
    store.close()


def test_rows_that_point_at_nothing_are_reported(tmp_path: Path) -> None:
    store = reopened(tmp_path)
    store.commit(Change(shares=[share()]))
    assert store.examine().ok

    execute(tmp_path, "DELETE FROM hubs")

    problems = store.examine().problems
    assert "replicas: 2 rows whose hub_id does not exist" in problems
    store.close()


def test_a_file_that_is_no_database_is_refused_and_left(tmp_path: Path) -> None:
    file_of(tmp_path).write_bytes(b"not a database at all" * 500)

    with pytest.raises(StoreDamaged, match="restore the newest backup"):
        reopened(tmp_path)

    assert file_of(tmp_path).read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("length", [0, 4096])
def test_a_damaged_page_is_found_at_start(tmp_path: Path, length: int) -> None:
    store = reopened(tmp_path)
    store.commit(Change(shares=[share(n) for n in range(50)]))
    store.close()
    with file_of(tmp_path).open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if length:
            file.seek(size // 2 // 4096 * 4096)
            file.write(b"\xff" * length)
        else:
            file.truncate(size // 2)

    with pytest.raises(StoreDamaged, match="restore the newest backup"):
        reopened(tmp_path)


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE hubs (id TEXT)")

    with pytest.raises(WrongStore, match="another program"):
        reopened(tmp_path)


def test_law_43_an_older_form_asks_for_an_upgrade(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    execute(tmp_path, "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(WrongStore, match="sdsync store upgrade"):
        reopened(tmp_path)


def test_law_43_a_newer_store_says_whom_it_serves(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    execute(tmp_path, "UPDATE alembic_version SET version_num = '9003'")
    reopened(tmp_path).close()

    execute(tmp_path, "UPDATE meta SET value = CAST('9002' AS BLOB) WHERE name = 'serves'")

    with pytest.raises(WrongStore, match="serves programs from form 9002"):
        reopened(tmp_path)


def test_an_upgrade_of_a_store_that_is_new_enough_changes_nothing(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    before = file_of(tmp_path).read_bytes()

    assert upgrade(files_of(None, tmp_path).url) == tables.REVISION

    assert file_of(tmp_path).read_bytes() == before


def test_law_43_a_store_without_plans_is_upgraded_and_keeps_what_it_holds(tmp_path: Path) -> None:
    reopened(tmp_path, KEY).close()
    made = _form(tmp_path)
    for table in ("plans", "plan_lines", "mapping_versions", "alarms"):
        execute(tmp_path, f"DROP TABLE {table}")
    execute(tmp_path, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(WrongStore, match="sdsync store upgrade"):
        reopened(tmp_path, KEY)

    upgrade(files_of(None, tmp_path).url)

    assert _form(tmp_path) == made
    store = reopened(tmp_path, KEY)
    plan = Plan("p-1", "connect", "escalations", "ann", NOW, "--guess")
    store.commit(Change(plans=[plan]))
    assert store.plan("p-1") == replace(plan, version=1)
    store.close()


def test_a_new_store_is_made_as_the_migrations_make_it(tmp_path: Path) -> None:
    (tmp_path / "migrated").mkdir()
    reopened(tmp_path, KEY).close()
    upgrade(files_of(None, tmp_path / "migrated").url)

    made, migrated = (_form(path) for path in (tmp_path, tmp_path / "migrated"))

    assert made == migrated


def _form(path: Path) -> set[object]:
    """All that was declared, in whatever order, and what stands in the tables from birth."""
    with closing(sqlite3.connect(file_of(path))) as link:
        return {
            *link.execute("SELECT name, sql FROM sqlite_master"),
            *link.execute("SELECT version_num FROM alembic_version"),
            *link.execute("SELECT value FROM meta WHERE name = 'serves'"),
        }


def test_a_new_database_is_made_as_the_migrations_make_it(database: str, tmp_path: Path) -> None:
    open_store(database, KEY, path=tmp_path).close()
    with psycopg.connect(database, autocommit=True) as link:
        made = _declared(link)
        link.execute("DROP SCHEMA public CASCADE")
        link.execute("CREATE SCHEMA public")
        upgrade(database)

        assert _declared(link) == made


def _declared(link: psycopg.Connection) -> set[object]:
    columns = "table_name, column_name, data_type, collation_name, is_nullable, column_default"
    return {
        *link.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"),
        *link.execute(
            f"SELECT {columns} FROM information_schema.columns WHERE table_schema = 'public'"
        ),
        *link.execute("SELECT version_num FROM alembic_version"),
        *link.execute("SELECT value FROM meta WHERE name = 'serves'"),
    }


def test_law_32_a_restored_store_is_suspect_until_told(tmp_path: Path) -> None:
    store = reopened(tmp_path)
    store.close()
    shutil.copy(file_of(tmp_path), tmp_path / "backup")
    store = reopened(tmp_path)
    store.commit(Change(audit=[AuditRow(NOW, "born", "desk")]))
    store.seal()
    store.close()
    shutil.copy(tmp_path / "backup", file_of(tmp_path))

    restored = reopened(tmp_path)
    assert "the witness saw 1 sealed" in (restored.identity().suspect or "")
    restored.commit(Change(audit=[AuditRow(NOW, "edited", "desk")]))
    restored.seal()
    assert restored.identity().suspect is not None

    accepted = restored.new_epoch()

    assert accepted.epoch == 2
    assert restored.identity() == accepted
    assert restored.verify().ok
    restored.close()


def test_law_32_a_clone_without_its_witness_is_suspect(tmp_path: Path) -> None:
    reopened(tmp_path).close()
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("sdsync.db", "sdsync.db.key"):
        shutil.copy2(tmp_path / name, clone / name)

    cloned = reopened(clone)

    assert "witness file is missing" in (cloned.identity().suspect or "")
    cloned.close()


def test_law_32_a_host_that_is_new_to_a_shared_store_is_not_suspect(tmp_path: Path) -> None:
    """On a server no file lies beside the witness, and each host has a witness of its own."""
    store = reopened(tmp_path)
    store._witness.path = tmp_path / "host" / "sdsync.store.witness"
    store._witness.path.parent.mkdir()

    assert store.identity().suspect is None
    store.commit(Change(audit=[AuditRow(NOW, "born", "desk")]))
    store.seal()
    said = store._witness.read()
    assert said is not None
    assert said.seq == 1

    other = store.new_epoch()  # by another host
    store._witness.write(said)
    assert store.identity() == other
    store.close()


def test_law_32_a_restored_store_stays_suspect_when_it_has_written_more(tmp_path: Path) -> None:
    store = reopened(tmp_path)
    store.close()
    shutil.copy(file_of(tmp_path), tmp_path / "backup")
    store = reopened(tmp_path)
    store.commit(Change(audit=[AuditRow(NOW, "born", "desk")]))
    store.seal()
    store.close()
    shutil.copy(tmp_path / "backup", file_of(tmp_path))

    restored = reopened(tmp_path)
    restored.commit(Change(audit=[AuditRow(NOW, "edited", "desk")] * 3))
    restored.seal()

    assert "not the one that the witness saw" in (restored.identity().suspect or "")
    restored.close()


def test_law_32_a_store_beside_another_s_witness_is_suspect(tmp_path: Path) -> None:
    reopened(tmp_path, KEY).close()
    other = tmp_path / "other"
    other.mkdir()
    reopened(other, KEY).close()
    shutil.copy(other / "sdsync.db.witness", tmp_path / "sdsync.db.witness")

    store = reopened(tmp_path, KEY)

    assert store.identity().suspect is not None
    store.close()


def test_two_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    first = reopened(tmp_path)
    second = reopened(tmp_path)
    first.commit(Change(systems=[SystemRow("a")]))

    assert second.system("a") == SystemRow("a")
    assert second.identity() == first.identity()
    first.close()
    second.close()


def test_an_address_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"store\.url: 'mysql'"):
        open_store("mysql://x/y", None, path=tmp_path)


def test_the_key_of_a_store_on_a_server_lies_beside_the_settings(tmp_path: Path) -> None:
    files = files_of("postgresql://sdsync@db.example.org/sdsync", tmp_path)

    assert (files.database, files.key) == (None, tmp_path / "sdsync.store.key")


def test_every_commit_is_synced_in_full(tmp_path: Path) -> None:
    link = dialect_for(files_of(None, tmp_path).url).connect()

    settings = [link.command(f"PRAGMA {one}")[0][0] for one in ("journal_mode", "synchronous")]
    link.close()

    assert settings == ["wal", 2]
