"""A store's key is rotated: new rows take the new one, old ones stay readable, and follow."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdsync.store import resealing
from sdsync.store.crypto import KeyProblem, key_id
from sdsync.store.opening import open_store
from sdsync.store.records import (
    Alarm,
    Change,
    MappingVersion,
    Pause,
    PersonRow,
    Plan,
    PlanLine,
    Ref,
    Share,
    SyncRow,
    SystemRow,
    Verdict,
    WorkKey,
)
from sdsync.store.sql import SqlStore
from tests.integration.store.builders import NOW, after, event, look, share
from tests.unit.cli import scenes

OLD, NEW = (base64.b64encode(one * 32).decode() for one in (b"o", b"n"))
BOTH = f"{NEW} {OLD}"
Opening = Callable[[str], SqlStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens the same store with any key; one at a time."""
    url = request.getfixturevalue("database") if request.param == "postgresql" else None
    opened: list[SqlStore] = []

    def one(key: str) -> SqlStore:
        close(opened)
        opened.append(open_store(url, key, path=tmp_path))
        return opened[-1]

    yield one
    close(opened)


def close(opened: list[SqlStore]) -> None:
    while opened:
        opened.pop().close()


def fill(store: SqlStore) -> None:
    """A row in every table that has encrypted ones."""
    scenes.fill(store)
    work = look("7")
    work.hint = {"kind": "ticket"}
    store.commit(
        Change(
            shares=[share(9)],
            events=[event()],
            ring=[work],
            blobs=[("file-1", b"content " * 1000)],
            pauses=[Pause("all", NOW, "ann")],
            people=[PersonRow("desk", "7", "ann")],
            systems=[SystemRow("desk")],
            syncs=[SyncRow("escalations", NOW, "live")],
            plans=[Plan("p-1", "connect", "escalations", "ann", NOW, "--guess")],
            plan_lines=[PlanLine("p-1", 1, Verdict.ALONE, [Ref("desk", "ticket", "7")])],
            mappings=[MappingVersion("dev-ticket", 1, "a41f", NOW, "extends: nothing", "ann")],
            alarms=[Alarm("a1", "held", "held", "told", "cure", None, 1, 2, NOW, NOW)],
        )
    )
    store.lease("desk", "me", now=NOW, until=after(60))
    store.release("desk", "me", {"rate": 3})
    store.seal()


def readable(store: SqlStore) -> bool:
    """Whether everything opens, of every kind of row."""
    assert store.blob("file-1") == b"content " * 1000
    assert store.lane("desk").checkpoint == {"rate": 3}
    work = store.work(WorkKey("desk", "look", "7"))
    assert work is not None
    assert work.hint == {"kind": "ticket"}
    assert [one.scope for one in store.pauses()] == ["all"]
    assert list(store.audit(limit=100))
    assert [one.id for one in store.plans()] == ["p-1"]
    assert [one.refs[0].id for one in store.plan_lines("p-1")] == ["7"]
    assert [one.by for one in store.mapping_versions("dev-ticket")] == ["ann"]
    assert [one.text for one in store.alarms()] == ["told"]
    return store.examine().ok


def test_a_new_key_encrypts_new_rows_and_old_ones_stay_readable(opening: Opening) -> None:
    fill(opening(OLD))

    store = opening(BOTH)
    store.commit(Change(shares=[share(10)]))

    assert readable(store)
    assert store.key_id == key_id(b"n" * 32).hex()
    with pytest.raises(KeyProblem, match="put the old key behind"):
        opening(NEW)


def test_after_reencryption_the_old_key_is_not_needed(opening: Opening) -> None:
    fill(opening(OLD))

    report = opening(BOTH).reseal()

    assert not report.left
    assert all(report.rows[name] for name in ("hubs", "blobs", "inbox", "audit.words", "lanes"))
    store = opening(NEW)
    assert readable(store)
    assert store.share("hub-9") is not None
    assert not sum(store.reseal().rows.values()), "nothing is left to do"


def test_a_run_that_was_broken_off_goes_on_with_what_is_left(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opening(OLD)
    fill(store)
    for n in range(20, 40):
        store.commit(Change(shares=[share(n)]))
    whole = len(list(store.hubs(limit=100)))
    small = [one for one in resealing.SEALED if one.name == "hubs"]
    monkeypatch.setattr(resealing, "SEALED", [_by(one, 3) for one in small])
    store, batches = opening(BOTH), []
    run = store._writer.run

    def dying(function: object) -> object:
        batches.append(function)
        if len(batches) == 4:
            raise KeyboardInterrupt
        return run(function)  # type: ignore[arg-type]

    monkeypatch.setattr(store._writer, "run", dying)
    with pytest.raises(KeyboardInterrupt):
        store.reseal()

    assert readable(opening(BOTH))
    again = opening(BOTH).reseal()
    assert again.rows["hubs"] == whole - 3 * 3


def test_a_row_that_does_not_open_stays_and_is_named(opening: Opening) -> None:
    fill(opening(OLD))
    store = opening(BOTH)
    link = store._dialect.connect()
    link.command("UPDATE pauses SET doc = (SELECT doc FROM syncs)")
    link.close()

    report = store.reseal()

    assert report.left == 1
    assert report.problems == [
        "pauses all: the stored document was changed, or moved from another row"
    ]
    with pytest.raises(KeyProblem):
        opening(NEW)


def test_a_row_that_is_written_meanwhile_keeps_what_was_written(opening: Opening) -> None:
    fill(opening(OLD))
    store = opening(BOTH)

    def meanwhile(name: str, _rows: int) -> None:
        if name == "hubs":
            store.commit(Change(shares=[_renamed(store)]))

    store.reseal(meanwhile)

    found = opening(NEW).share("hub-9")
    assert found is not None
    assert found.hub.values["title"] == "renamed"


def _renamed(store: SqlStore) -> Share:
    found = store.share("hub-9")
    assert found is not None
    found.hub.values["title"] = "renamed"
    return found


def _by(one: resealing.Sealed, batch: int) -> resealing.Sealed:
    return resealing.Sealed(one.table, one.column, one.binds, one.name, batch)
