"""Law 53: whatever is done to the audit trail, ``verify`` finds it and names the record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change
from sdsync.store.sql import SqlStore
from tests.integration.store.builders import NOW, after
from tests.integration.store.conftest import KEY, FixedClock


def fill(store: SqlStore, count: int, start: int = 0) -> None:
    rows = [
        AuditRow(after(n), "edited", "desk", f"hub-{n % 3}", text=f"t{n}", before=n, after=n + 1)
        for n in range(start, start + count)
    ]
    store.commit(Change(audit=rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[SqlStore]:
    opened = open_store(None, KEY, path=folder, clock=FixedClock())
    yield opened
    opened.close()


def tamper(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "sdsync.db")) as link, link:
        for one in statements:
            link.execute(one)


def test_a_whole_chain_verifies(sql: SqlStore) -> None:
    fill(sql, 20)
    assert sql.seal() == 20
    fill(sql, 5, start=20)

    report = sql.verify()

    assert report.ok
    assert (report.records, report.sealed, report.erased) == (25, 20, 0)
    assert sql.seal() == 5
    assert sql.seal() == 0
    assert sql.verify(deep=False).sealed == 25


def test_long_trails_are_sealed_and_verified_in_pages(sql: SqlStore) -> None:
    fill(sql, 10_050)

    assert sql.seal() == 10_050
    assert sql.verify().ok


def test_an_empty_trail_verifies(sql: SqlStore) -> None:
    assert sql.seal() == 0
    assert sql.verify().ok


INSERT_A_COPY = (
    "INSERT INTO audit SELECT 7, at, action, source, hub_id, system, ref, field, "
    "duration_ms, digest, words, vals FROM audit WHERE seq = 3"
)
SWAP = (
    "UPDATE audit SET seq = -1 WHERE seq = 7",
    "UPDATE audit SET seq = 7 WHERE seq = 8",
    "UPDATE audit SET seq = 8 WHERE seq = -1",
)
SWAP_SEALS = tuple(one.replace("audit", "audit_seals") for one in SWAP)


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["UPDATE audit SET source = 'nobody' WHERE seq = 7"], 7),
        (["UPDATE audit SET at = at + 1 WHERE seq = 1"], 1),
        (["UPDATE audit SET duration_ms = 1 WHERE seq = 12"], 12),
        (["UPDATE audit SET digest = zeroblob(64) WHERE seq = 7"], 7),
        (["UPDATE audit_seals SET chain = zeroblob(32) WHERE seq = 7"], 7),
        (["DELETE FROM audit_seals WHERE seq = 7"], 7),
        (["DELETE FROM audit WHERE seq = 7"], 7),
        (["DELETE FROM audit WHERE seq = 1"], 1),
        (
            [
                "DELETE FROM audit WHERE seq = 7",
                "UPDATE audit SET seq = seq - 1 WHERE seq > 7",
                "DELETE FROM audit_seals WHERE seq = 20",
            ],
            7,
        ),
        (
            [
                "UPDATE audit SET seq = seq + 1000 WHERE seq >= 7",
                "UPDATE audit SET seq = seq - 999 WHERE seq > 1000",
                INSERT_A_COPY,
            ],
            7,
        ),
        (SWAP, 7),
        ((*SWAP, *SWAP_SEALS), 7),
        (["DELETE FROM audit WHERE seq > 15"], 16),
        (["DELETE FROM audit WHERE seq > 15", "DELETE FROM audit_seals WHERE seq > 15"], 16),
        (["DELETE FROM audit", "DELETE FROM audit_seals"], 1),
        (["DELETE FROM audit_seals"], 1),
        (["UPDATE audit SET words = zeroblob(80) WHERE seq = 7"], 7),
        (["UPDATE audit SET vals = words WHERE seq = 7"], 7),
        (["UPDATE audit SET vals = NULL WHERE seq = 7"], 7),
        (["UPDATE audit SET words = NULL WHERE seq = 7"], 7),
        (["UPDATE audit SET words = NULL, vals = NULL"], 1),
        (["UPDATE audit SET vals = zeroblob(32) WHERE seq = 7"], 7),
        (["UPDATE audit SET words = (SELECT words FROM audit WHERE seq = 3) WHERE seq = 7"], 7),
    ],
)
def test_law_53_tampering_is_found_at_its_first_record(
    store: SqlStore, folder: Path, statements: list[str], first_bad: int
) -> None:
    fill(store, 20)
    store.seal()

    tamper(folder, *statements)

    report = store.verify()
    assert not report.ok
    assert report.first_bad == first_bad
    assert report.problem is not None
    assert report.problem.startswith(f"record {first_bad}: ")


@pytest.mark.parametrize("part", ["words", "vals"])
def test_law_53_the_mark_of_an_erased_part_fits_its_own_record_alone(
    store: SqlStore, folder: Path, part: str
) -> None:
    fill(store, 10)
    store.seal()
    store.erase_audit([3], values_only=False)
    assert store.verify().ok

    tamper(folder, f"UPDATE audit SET {part} = (SELECT {part} FROM audit WHERE seq = 3)"
                   " WHERE seq = 7")  # fmt: skip

    assert store.verify(deep=False).first_bad == 7


def test_an_erasure_makes_nothing_lawful_that_was_tampered_with(
    store: SqlStore, folder: Path
) -> None:
    fill(store, 10)
    store.seal()
    tamper(folder, "UPDATE audit SET words = NULL, vals = zeroblob(80) WHERE seq = 7")

    store.erase_audit([7], values_only=False)

    assert store.verify().first_bad == 7


def test_a_chain_made_anew_with_another_key_is_found(store: SqlStore, folder: Path) -> None:
    fill(store, 5)
    store.seal()
    forged = folder / "forged"
    forged.mkdir()
    other = open_store(None, None, path=forged)
    fill(other, 5)
    other.seal()
    other.close()
    path = forged / "sdsync.db"

    with closing(sqlite3.connect(folder / "sdsync.db")) as link:
        link.execute("ATTACH ? AS forged", (str(path),))
        for table in ("audit", "audit_seals"):
            link.execute(f"DELETE FROM {table}")
            link.execute(f"INSERT INTO {table} SELECT * FROM forged.{table}")
        link.commit()

    assert store.verify().first_bad == 1


def test_a_cut_tail_is_not_covered_by_new_records(store: SqlStore, folder: Path) -> None:
    fill(store, 10)
    store.seal()
    tamper(folder, "DELETE FROM audit WHERE seq > 5", "DELETE FROM audit_seals WHERE seq > 5")

    fill(store, 10)
    store.seal()

    report = store.verify()
    assert report.first_bad == 10
    assert "the chain was made anew" in (report.problem or "")


def test_a_missing_or_forged_witness_is_told(store: SqlStore, folder: Path) -> None:
    fill(store, 3)
    store.seal()
    witness = folder / "sdsync.db.witness"
    said = json.loads(witness.read_text())

    witness.write_text(json.dumps({**said, "seq": 1}))
    assert "signed by another" in (store.verify().problem or "")
    witness.unlink()
    assert "is missing" in (store.verify().problem or "")


def test_erased_values_leave_the_chain_whole(sql: SqlStore) -> None:
    fill(sql, 5)
    sql.seal()

    sql.erase_audit([2])
    sql.erase_audit([4], values_only=False)

    rows = {one.seq: one for one in sql.audit()}
    assert (rows[2].before, rows[2].after, rows[2].text) == (None, None, "t1")
    assert (rows[4].before, rows[4].text, rows[4].source) == (None, "(erased)", "desk")
    report = sql.verify()
    assert report.ok
    assert report.erased == 2


def test_nothing_private_lies_in_the_clear(store: SqlStore, folder: Path) -> None:
    secret = "hunter2-hunter2"
    row = AuditRow(NOW, "edited", "desk", actor=secret, why=secret, text=secret, before=secret)

    store.commit(Change(audit=[row]))
    store.seal()
    store.close()

    for path in folder.iterdir():
        assert secret.encode() not in path.read_bytes()


def test_audit_numbers_have_no_gaps_after_a_refused_commit(sql: SqlStore) -> None:
    fill(sql, 2)
    stale = Change(versions=[], audit=[AuditRow(NOW, "edited", "desk")])
    bad = AuditRow(NOW, "edited", "desk", duration_ms=2**70)
    with pytest.raises(Exception, match=r"(?i)int|range|large"):
        sql.commit(Change(audit=[bad]))

    sql.commit(stale)

    assert [one.seq for one in sql.audit()] == [1, 2, 3]
