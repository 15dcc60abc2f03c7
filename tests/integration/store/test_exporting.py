"""The trail leaves the store whole, says what does not fit, and is held against its anchors."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import tracemalloc
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from sdsync.server.anchors import AnchorChore
from sdsync.store import proof
from sdsync.store.anchors import append, compare
from sdsync.store.exporting import ExportProblem, Wanted
from sdsync.store.opening import open_store
from sdsync.store.plainfiles import FileProblem
from sdsync.store.proof import Signer
from sdsync.store.sql import SqlStore
from tests.integration.store.builders import NOW, after
from tests.integration.store.conftest import KEY, FixedClock
from tests.integration.store.test_audit import fill, tamper

SIGNER = Signer("key", lambda line: line)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(one) for one in path.read_bytes().splitlines()]


def wanted(**more: object) -> Wanted:
    return Wanted("ops-2", NOW, **more)  # type: ignore[arg-type]  # of any field


def test_the_whole_trail(sql: SqlStore, tmp_path: Path) -> None:
    fill(sql, 2_300)  # more than two pages

    done = sql.export_audit(tmp_path / "out", wanted())

    head, *rows, end = lines(done.path)
    assert (done.records, done.first, done.last, done.unsound) == (2_300, 1, 2_300, 0)
    assert (head["by"], head["store"]) == ("ops-2", sql.identity().store_id)
    assert [one["seq"] for one in rows] == list(range(1, 2_301))
    assert (rows[4]["text"], rows[4]["before"], rows[4]["after"]) == ("t4", 4, 5)
    assert "seal_before" in rows[0]
    assert "seal_before" not in rows[1]
    assert end["end"] == {"records": 2_300, "first": 1, "last": 2_300, "left_out": 0}
    found = proof.examine(done.path)
    assert (found.ok, found.records) == (True, 2_300)
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("since", "until", "records"),
    [(3, 7, [4, 5, 6, 7]), (None, 2, [1, 2]), (8, None, [9, 10]), (20, None, []), (None, 0, [])],
)
def test_a_time(
    sql: SqlStore, tmp_path: Path, since: int | None, until: int | None, records: list[int]
) -> None:
    fill(sql, 10)
    part = wanted(
        since=None if since is None else after(since), until=None if until is None else after(until)
    )

    done = sql.export_audit(tmp_path / "out", part)

    assert [one["seq"] for one in lines(done.path)[1:-1]] == records
    assert proof.examine(done.path).ok


def test_one_record_with_what_was_left_out_between(sql: SqlStore, tmp_path: Path) -> None:
    fill(sql, 10)

    done = sql.export_audit(tmp_path / "out", wanted(hub_id="hub-1", record="desk#1"))

    rows = lines(done.path)[1:-1]
    assert [one["seq"] for one in rows] == [2, 5, 8]
    assert all("seal_before" in one for one in rows)
    found = proof.examine(done.path)
    assert (found.ok, found.records, found.left_out, done.left_out) == (True, 3, 4, 4)


def test_values_stay_out_where_that_is_said_and_erased_ones_are_gone(
    sql: SqlStore, tmp_path: Path
) -> None:
    fill(sql, 3)
    sql.erase_audit([2], values_only=False)

    spare = lines(sql.export_audit(tmp_path / "spare", wanted(values=False)).path)
    full = lines(sql.export_audit(tmp_path / "full", wanted()).path)

    assert not any("before" in one or "after" in one for one in spare)
    assert (full[2]["text"], "before" in full[2], "before" in full[1]) == ("(erased)", False, True)
    assert proof.examine(tmp_path / "full").ok


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE audit SET source = 'nobody' WHERE seq = 7", 7),
        ("UPDATE audit SET words = zeroblob(80) WHERE seq = 7", 7),
        ("UPDATE audit SET words = NULL WHERE seq = 7", 7),
        ("UPDATE audit SET vals = NULL WHERE seq = 7", 7),
        ("UPDATE audit_seals SET chain = zeroblob(32) WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 7", 8),
    ],
)
def test_what_was_tampered_with_in_the_store_is_exported_and_says_so(
    tmp_path: Path, statement: str, seq: int
) -> None:
    store = open_store(None, KEY, path=tmp_path, clock=FixedClock())
    with closing(store):
        fill(store, 10)
        store.seal()
        tamper(tmp_path, statement)

        store.export_audit(tmp_path / "out", wanted())

        found = proof.examine(tmp_path / "out")
        assert any(f"record {seq}" in one.told for one in found.flaws)
        assert {one.kind for one in found.flaws} <= {"unsound", "missing"}


def test_nothing_is_written_over_and_a_file_that_cannot_be_made_is_told(
    sql: SqlStore, tmp_path: Path
) -> None:
    fill(sql, 3)
    (tmp_path / "out").write_text("mine")

    with pytest.raises(ExportProblem, match="is there already"):
        sql.export_audit(tmp_path / "out", wanted())
    with pytest.raises(FileProblem, match="no such file"):
        sql.export_audit(tmp_path / "nowhere" / "out", wanted())
    (tmp_path / "other.sig").write_text("mine")
    with pytest.raises(ExportProblem, match="without its file"):
        sql.export_audit(tmp_path / "other", wanted())

    assert (tmp_path / "out").read_text() == "mine"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", ["out", "out.sig", "out.part", "out.sig.part"])
@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing"])
def test_no_link_is_followed(sql: SqlStore, tmp_path: Path, name: str, there: bool) -> None:
    """Who may write in the folder names no other file for whoever exports."""
    fill(sql, 3)
    other = tmp_path / "other"
    if there:
        other.write_text("mine")
    (tmp_path / name).symlink_to(other)

    refused = nullcontext() if name.endswith(".part") else pytest.raises(ExportProblem, match=name)
    with refused:
        sql.export_audit(tmp_path / "out", wanted(), SIGNER)

    assert other.exists() is there
    assert not there or other.read_text() == "mine"


def test_a_name_that_was_taken_meanwhile_is_not_written_over(sql: SqlStore, tmp_path: Path) -> None:
    fill(sql, 3)

    def sign(line: bytes) -> bytes:
        (tmp_path / "out").write_text("mine")
        return line

    with pytest.raises(ExportProblem, match="out is there already"):
        sql.export_audit(tmp_path / "out", wanted(), Signer("key", sign))

    assert [one.name for one in tmp_path.glob("out*")] == ["out"]
    assert (tmp_path / "out").read_text() == "mine"


def test_an_export_that_stops_anywhere_leaves_nothing_that_looks_whole(
    sql: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sql, 3)
    seen: list[list[str]] = []
    link = os.link

    def named(part: Path, path: Path) -> None:
        seen.append(sorted(one.name for one in tmp_path.glob("out*")))
        link(part, path)

    monkeypatch.setattr(os, "link", named)

    sql.export_audit(tmp_path / "out", wanted(), SIGNER)

    assert seen == [["out.part", "out.sig.part"], ["out.part", "out.sig"]]
    assert sorted(one.name for one in tmp_path.glob("out*")) == ["out", "out.sig"]


def test_memory_does_not_grow_with_the_trail(tmp_path: Path) -> None:
    """Four times the records: what waits to be collected varies, and not by four."""
    peaks = []
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        for n in range(2):
            fill(store, (3_000, 9_000)[n])
            tracemalloc.start()
            store.export_audit(tmp_path / f"out-{n}", wanted())
            assert proof.examine(tmp_path / f"out-{n}").ok
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] < peaks[0] * 2


# -- anchors ------------------------------------------------------------------------------
def anchored(store: SqlStore, path: Path, seconds: float) -> None:
    store.seal()
    noted = store.anchor(after(seconds))
    assert noted is not None
    append(path, noted[1])


def test_a_trail_that_grew_fits_its_anchors(sql: SqlStore, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    assert sql.anchor(NOW) is None
    for n in range(3):
        fill(sql, 5)
        anchored(sql, heads, n)

    report = sql.check_anchors(heads)

    assert (report.ok, report.lines, report.newest) == (True, 3, 15)


def test_a_cut_tail_is_found_by_who_kept_a_head(tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 10)
        anchored(store, heads, 0)
        tamper(tmp_path, "DELETE FROM audit WHERE seq > 6", "DELETE FROM audit_seals WHERE seq > 6")

        report = store.check_anchors(heads)

    at = NOW.isoformat(timespec="seconds")
    assert report.problems == [
        f"record 7 is missing: the anchor of {at} saw records up to 10",
    ]


def test_a_chain_made_anew_is_found_though_store_and_witness_agree(tmp_path: Path) -> None:
    heads, database = tmp_path / "heads", tmp_path / "sdsync.db"
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 10)
        anchored(store, heads, 0)
        with closing(sqlite3.connect(database)) as link, link:
            link.execute("UPDATE audit SET source = 'nobody' WHERE seq = 7")
            link.execute("DELETE FROM audit_seals")
        next(tmp_path.glob("*.witness")).unlink()
        store.seal()
        store.new_epoch()  # whoever has the store's key can do all this
        assert store.verify().ok

        report = store.check_anchors(heads)

    assert ["the chain was made anew" in one for one in report.problems] == [True]


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", b'{"at":1}\n', b"\xff\n", b"[1]\n", b"0\n"])
def test_what_is_no_anchor_is_told(sql: SqlStore, tmp_path: Path, line: bytes) -> None:
    (tmp_path / "heads").write_bytes(line)

    assert not sql.check_anchors(tmp_path / "heads").ok


def test_an_anchor_with_another_number_was_not_made_with_the_key(
    sql: SqlStore, tmp_path: Path
) -> None:
    heads = tmp_path / "heads"
    fill(sql, 5)
    anchored(sql, heads, 0)
    heads.write_bytes(heads.read_bytes().replace(b'"seq":5', b'"seq":4'))

    assert sql.check_anchors(heads).problems[0] == "line 1: no anchor that this store's key made"


def test_a_line_that_was_broken_off_costs_no_other(sql: SqlStore, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    fill(sql, 5)
    anchored(sql, heads, 0)
    heads.write_bytes(heads.read_bytes() * 2 + b'{"at":')
    anchored(sql, heads, 1)

    report = sql.check_anchors(heads)

    assert (report.lines, report.problems) == (3, ["line 3: no anchor that this store's key made"])


def test_an_export_is_held_against_anchors_without_the_store(sql: SqlStore, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    fill(sql, 5)
    anchored(sql, heads, -5)
    sql.export_audit(tmp_path / "out", wanted())
    text = heads.read_bytes()

    assert proof.examine(tmp_path / "out", compare(heads)).ok
    heads.write_bytes(text.replace(b'"head":"', b'"head":"0'))
    told = proof.examine(tmp_path / "out", compare(heads)).flaws[0].told
    assert told.startswith("record 5 is not the one that the anchor of 2026-03-01T11:59:55")
    heads.write_bytes(text.replace(b'"seq":5', b'"seq":9'))
    told = proof.examine(tmp_path / "out", compare(heads)).flaws[0].told
    assert told.endswith("exported, the trail ended with record 5")
    heads.write_bytes(text.replace(b'"store":"', b'"store":"0'))
    assert "of another store" in proof.examine(tmp_path / "out", compare(heads)).flaws[0].told


def test_the_daemon_notes_what_is_new_and_bears_a_place_that_is_away(
    sql: SqlStore, tmp_path: Path
) -> None:
    heads = tmp_path / "elsewhere" / "heads"
    chore = AnchorChore(sql, heads, FixedClock())
    chore.note()
    fill(sql, 5)
    chore.note()  # not mounted
    assert chore.trouble() == f"{heads}: no such file or directory"
    heads.parent.mkdir()

    chore.note()
    assert chore.trouble() is None
    chore.note()
    fill(sql, 5, start=5)
    chore.note()

    report = sql.check_anchors(heads)
    assert (report.ok, report.lines, report.newest) == (True, 2, 10)
    shutil.rmtree(heads.parent)
    chore.note()  # nothing is new, and the place is away
    assert chore.trouble() is not None
