"""Backups of a PostgreSQL store: its own tools make them and put them back; suspect then."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change
from tests.integration.store import postgres
from tests.integration.store.builders import NOW, share
from tests.integration.store.conftest import KEY

BORN = Change(shares=[share()], audit=[AuditRow(NOW, "born", "desk")])
EDITED = Change(audit=[AuditRow(NOW, "edited", "desk")])


def _tool(name: str, *words: str) -> None:
    """As ``docs/how-to/restore-a-backup.md`` calls it."""
    programs = postgres.binaries()
    assert programs is not None
    subprocess.run([programs / name, *words], check=True, capture_output=True)


def test_law_32_what_pg_restore_puts_back_is_whole_and_suspect(
    database: str, tmp_path: Path
) -> None:
    dump = tmp_path / "sdsync.dump"
    with closing(open_store(database, KEY, path=tmp_path)) as store:
        store.commit(BORN)
        store.seal()
        # While it runs: the copy is of one instant.
        _tool("pg_dump", "--format=custom", f"--file={dump}", database)
        store.commit(EDITED)
        store.seal()

    _tool("pg_restore", "--clean", "--if-exists", f"--dbname={database}", str(dump))

    with closing(open_store(database, KEY, path=tmp_path)) as restored:
        assert [one.action for one in restored.audit()] == ["born"]
        assert "the witness saw 2 sealed" in (restored.identity().suspect or "")
        restored.new_epoch()
        assert restored.identity().suspect is None
        assert restored.verify().ok
        assert not restored.examine().problems


@pytest.mark.parametrize("same", [True, False], ids=["the same database", "another one"])
def test_law_32_what_pg_restore_puts_back_is_suspect_on_a_host_that_is_new_too(
    database: str, tmp_path: Path, same: bool
) -> None:
    """No witness lies there, so nothing on the host tells what the dump has forgotten."""
    dump, host = tmp_path / "sdsync.dump", tmp_path / "host"
    host.mkdir()
    with closing(open_store(database, KEY, path=tmp_path)) as store:
        store.commit(BORN)
        store.seal()
        _tool("pg_dump", "--format=custom", f"--file={dump}", database)
    with closing(open_store(database, KEY, path=host)) as shared:
        assert shared.identity().suspect is None
    target = database
    if not same:
        target = f"{database}_copy"
        _tool("createdb", f"--maintenance-db={database}", target.rpartition("/")[2])

    _tool("pg_restore", "--clean", "--if-exists", f"--dbname={target}", str(dump))

    with closing(open_store(target, KEY, path=host)) as restored:
        assert "are a copy" in (restored.identity().suspect or "")
        restored.seal()
        assert restored.identity().suspect is not None
        restored.new_epoch()
        assert restored.identity().suspect is None


def test_law_32_a_store_of_an_older_program_is_vouched_for_by_its_witness(
    database: str, tmp_path: Path
) -> None:
    host = tmp_path / "host"
    host.mkdir()
    with closing(open_store(database, KEY, path=tmp_path)) as store:
        store.commit(BORN)
        store.seal()
        store._writer.run(
            lambda tx: len(tx.link.command("DELETE FROM meta WHERE name = 'home' RETURNING 1"))
        )

        with closing(open_store(database, KEY, path=host)) as shared:
            assert shared.identity().suspect is not None
            assert store.identity().suspect is None
            store.commit(EDITED)
            store.seal()
            assert shared.identity().suspect is None
