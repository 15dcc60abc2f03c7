"""Damage is named as damage, whatever the driver calls what it finds there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sdsync.store.crypto import Unreadable
from sdsync.store.opening import open_store
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
