"""Damage is named as damage, whatever the driver calls what it finds there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sdsync.store.crypto import Unreadable
from sdsync.store.dialect import dialect_for
from sdsync.store.opening import files_of, open_store, upgrade_files
from sdsync.store.records import AuditRow, Change
from sdsync.store.writer import StoreDamaged

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with closing(open_store(None, None, path=tmp_path)) as store:
        store.commit(Change(audit=[AuditRow(NOW, "edited", "desk")]))
    return tmp_path / "sdsync.db"


def test_text_that_is_none(database: Path) -> None:
    with closing(sqlite3.connect(database)) as link, link:
        link.execute("UPDATE audit SET source = CAST(x'69ff43' AS TEXT)")

    with (
        closing(open_store(None, None, path=database.parent)) as store,
        pytest.raises(StoreDamaged, match="UTF-8"),
    ):
        list(store.audit())


def test_an_instant_that_is_none(database: Path) -> None:
    with closing(sqlite3.connect(database)) as link, link:
        link.execute("UPDATE audit SET at = 9223372036854775807")

    with (
        closing(open_store(None, None, path=database.parent)) as store,
        pytest.raises(Unreadable, match="in place of an instant"),
    ):
        list(store.audit())


def test_a_first_page_of_another_format(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(44)  # the schema's format, 4 at most: sqlite.org/fileformat2.html
        file.write(b"\0\0\0\x09")

    with pytest.raises(StoreDamaged):
        open_store(None, None, path=database.parent)


def bent(database: Path, name: str, was: str, now: str) -> None:
    """Change what the file says of a table or an index, as damage does: behind SQLite's back."""
    with closing(sqlite3.connect(database)) as link, link:
        link.execute("PRAGMA writable_schema = ON")
        done = link.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ?1, ?2)"
            " WHERE name = ?3 AND instr(sql, ?1) > 0",
            (was, now, name),
        )
        assert done.rowcount == 1


@pytest.mark.parametrize(
    ("name", "was", "now", "place"),
    [
        ("alembic_version", "version_num", "vers9on_num", "alembic_version.version_num"),
        ("meta", "value BLOB", "valve BLOB", "meta.value"),
        ("people", "doc BLOB", "dok BLOB", "people.doc"),
        ("audit", "hub_id TEXT", "hub_id TEX", "audit.hub_id is not there as TEXT"),
        ("audit", "at BIGINT NOT NULL", "at BIGINT     NULL", "audit.at"),
        ("systems", "PRIMARY KEY (system)", "PRIMARY KEY (doc)", "systems.system"),
        ("ix_intents_open", "ended = 0", "ended = 8", "index ix_intents_open of intents"),
        ("hubs", "CREATE TABLE", "CREATE TABEL", "malformed"),
    ],
)
def test_a_schema_that_is_not_the_one_that_was_made(
    database: Path, name: str, was: str, now: str, place: str
) -> None:
    bent(database, name, was, now)

    with pytest.raises(StoreDamaged, match=place) as told:
        open_store(None, None, path=database.parent)

    assert str(database) in str(told.value)
    assert "restore the newest backup" in str(told.value)


@pytest.mark.parametrize(
    ("deed", "place"),
    [
        ("ALTER TABLE meta RENAME TO meat", "there is no table meta"),
        ("ALTER TABLE hubs RENAME TO hobs", "hubs.id"),
        ("DROP INDEX uq_intents_mark", "uq_intents_mark"),
        ("UPDATE alembic_version SET version_num = '0x04'", "'0x04' is no form"),
        ("DELETE FROM alembic_version", "'' is no form"),
    ],
)
def test_a_store_that_lost_what_it_was_made_with(database: Path, deed: str, place: str) -> None:
    with closing(sqlite3.connect(database)) as link, link:
        link.execute(deed)

    with pytest.raises(StoreDamaged, match=place):
        open_store(None, None, path=database.parent)


def test_a_view_in_the_place_of_a_table(database: Path) -> None:
    with closing(sqlite3.connect(database)) as link, link:
        link.execute("ALTER TABLE people RENAME TO others")
        link.execute("CREATE VIEW people AS SELECT * FROM others")

    with pytest.raises(StoreDamaged, match=r"schema: people\.doc"):
        open_store(None, None, path=database.parent)


def test_an_upgrade_leaves_a_damaged_schema_alone(database: Path) -> None:
    bent(database, "meta", "value BLOB", "valve BLOB")
    before = database.read_bytes()

    with pytest.raises(StoreDamaged, match=r"meta\.value.*\n.*restore the newest backup"):
        upgrade_files(files_of(None, database.parent))

    assert database.read_bytes() == before


def test_what_a_newer_program_added_is_no_damage(database: Path) -> None:
    with closing(sqlite3.connect(database)) as link, link:
        link.execute("UPDATE alembic_version SET version_num = '9001'")
        link.execute("ALTER TABLE people ADD COLUMN nick TEXT")
        link.execute("CREATE TABLE nicks (id TEXT)")
        link.execute("DROP INDEX ix_audit_gone")
        link.execute("CREATE INDEX ix_audit_gone ON audit (at)")

    open_store(None, None, path=database.parent).close()


def test_a_mistake_of_the_program_is_no_damage(database: Path) -> None:
    dialect = dialect_for(files_of(None, database.parent).url)

    with closing(dialect.connect()) as link, pytest.raises(sqlite3.OperationalError) as raised:
        link.command("SELECT no_such_column FROM meta")

    assert dialect.trouble(raised.value) is None
