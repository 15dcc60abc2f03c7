"""Law 32: a store that was restored or cloned asks before it makes and waits before it writes."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sdsync.connectors.contract import AddElement, Create, Update
from sdsync.connectors.failures import Transient
from sdsync.store.backups import back_up, put_back
from sdsync.store.dialect import SqliteDialect
from sdsync.store.opening import files_of, open_store
from sdsync.store.records import Change
from sdsync.store.sql import SqlStore
from sdsync.sync.persons import commands, recovery
from sdsync.sync.persons.recovery import Replay
from tests.laws.people import HOME, Ticket
from tests.laws.rig import AWAY, House, shared

KEY = "q" * 43 + "="  # 32 bytes in base64
FILE = "sdsync.db"


def on_disk(house: House, folder: Path) -> SqlStore:
    """Let the house go on with the store that lies in a folder."""
    folder.mkdir(exist_ok=True)
    store = open_store(None, KEY, path=folder, clock=house.clock)
    store.crash = lambda: store  # type: ignore[attr-defined]
    house.store = store
    house.start()
    return store


def ended(store: SqlStore) -> None:
    """End a process in order."""
    store.seal()
    store.close()


def backed_up(house: House, folder: Path, backup: Path) -> tuple[SqlStore, Ticket]:
    """A store that goes on after a copy of its file was taken, and what is shared in both."""
    store = on_disk(house, folder)
    ticket = shared(house, "before")
    ended(store)
    shutil.copyfile(folder / FILE, backup)
    return on_disk(house, folder), ticket


def restored(house: House, folder: Path, backup: Path) -> SqlStore:
    """Put yesterday's file in the place of today's."""
    for file in folder.glob(f"{FILE}-*"):
        file.unlink()
    shutil.copyfile(backup, folder / FILE)
    return on_disk(house, folder)


def test_law_32_a_restored_store_makes_nothing_twice(tmp_path: Path) -> None:
    house, folder, backup = House(started=False), tmp_path / "house", tmp_path / "backup"
    store = on_disk(house, folder)
    old = shared(house, "before")
    ended(store)
    shutil.copyfile(folder / FILE, backup)

    store = on_disk(house, folder)
    new = house.run(30).desk.open("after")
    old.note("written after the backup", internal=True)
    house.run()
    old.set({"Subject": "retitled"})
    house.run()
    copies = [one.record.id for one in house.dev.tickets]
    assert len(copies) == 2
    ended(store)

    store = restored(house, folder, backup)
    assert "the witness saw" in (store.identity().suspect or "")
    before = len(house.dev.sent)
    house.run(600)

    assert [one.record.id for one in house.dev.tickets] == copies
    assert not [one for one in house.dev.sent[before:] if isinstance(one, Create | AddElement)]
    assert new.copy("dev")["subject"] == "after"
    assert old.copy("dev").bodies == ["written after the backup"]
    assert old.copy("dev")["subject"] == "retitled"
    assert store.identity().suspect is None  # every cursor has passed the restore point
    assert house.told("trusted")

    new.note("goes on", internal=True)
    new.set({"Subject": "goes on"})
    house.run()
    assert new.copy("dev")["subject"] == "goes on"
    assert new.copy("dev").bodies == ["goes on"]
    ended(store)


def test_law_32_what_was_moved_since_the_backup_is_made_no_second_time(tmp_path: Path) -> None:
    """Two of one title, so that their peers alone tell which is whose."""
    house, folder, backup = House(started=False), tmp_path / "house", tmp_path / "backup"
    store, _ = backed_up(house, folder, backup)
    tickets = [house.run(30).desk.open("after") for _ in range(2)]
    house.run(60)
    copies = {one.ref.id: one.copy("dev").record for one in tickets}
    for record in copies.values():
        house.dev.product.move(record, "attic", by=house.dev.who("bob"))
    house.run()
    ended(store)

    store = restored(house, folder, backup)
    house.run(900)

    assert len(house.dev.tickets) == 3
    assert {one.ref.id: one.copy("dev").record for one in tickets} == copies
    ended(store)


def test_law_32_what_comes_late_after_a_restore_is_made_no_second_time(tmp_path: Path) -> None:
    """It could not be read until the store was trusted again."""
    house, folder, backup = House(started=False), tmp_path / "house", tmp_path / "backup"
    store, _ = backed_up(house, folder, backup)
    ticket = house.run(30).desk.open("after")
    house.run(60)
    copy = ticket.copy("dev").record
    ended(store)

    ticket.record.forbidden = True
    store = restored(house, folder, backup)
    house.run(300)
    assert store.identity().suspect is None
    ticket.record.forbidden = False
    house.run(7200)

    assert ticket.copy("dev").record is copy
    assert len(house.dev.tickets) == 2
    ended(store)


def test_law_32_a_backup_of_a_clock_that_was_ahead_is_not_trusted_for_it(tmp_path: Path) -> None:
    house, folder = House(("desk", "dev", "board"), started=False), tmp_path / "house"
    store = on_disk(house, folder)
    ticket = shared(house, "one")
    rows = [store.system(name) for name in house.systems]
    for row in rows:
        row.feed_ok_at = house.clock.now() + timedelta(hours=2)
    store.commit(Change(systems=rows))
    ended(store)
    shutil.copytree(folder, tmp_path / "clone")

    house.board.down(3600)
    store = on_disk(house, tmp_path / "clone")
    ticket.set({"Subject": "waits"})
    house.run(300)

    assert store.identity().suspect is not None
    assert ticket.group("dev", "title") == "awaiting plan"
    house.run(7200)
    assert store.identity().suspect is None
    assert ticket.copy("dev")["subject"] == "waits"
    ended(store)


@pytest.mark.parametrize("policy", ["finish", "freeze", "unlink"])
def test_law_32_what_left_its_scope_since_the_backup_is_followed_as_ever(
    policy: str, tmp_path: Path
) -> None:
    house = House(sync={"on_leave": policy}, started=False)
    folder, backup = tmp_path / "house", tmp_path / "backup"
    store, _ = backed_up(house, folder, backup)
    ticket = house.run(30).desk.open("after")
    house.run(60)
    copy = ticket.copy("dev").record
    ticket.move(AWAY["desk"])
    house.run()
    ended(store)

    store = restored(house, folder, backup)
    house.run(900)
    assert store.identity().suspect is None
    assert len(ticket.told("left")) == 1
    ticket.note("goes on", internal=True)
    house.run(300)
    assert (copy.notes != []) is (policy == "finish")
    ticket.move(HOME["desk"])
    house.run(300)

    assert (copy.notes != []) is (policy != "unlink")
    assert len(house.dev.tickets) == 2
    ended(store)


def test_law_32_a_record_of_which_a_stranger_says_that_it_was_taken_does_not_enter(
    tmp_path: Path,
) -> None:
    house, folder = House(started=False), tmp_path / "house"
    store, _ = backed_up(house, folder, tmp_path / "backup")
    ticket = house.run(30).desk.open("never taken", place=AWAY["desk"])
    house.dev.open("by a person", **{"custom_fields.Peer": ticket.record.id})
    house.run(60)
    ended(store)

    store = restored(house, folder, tmp_path / "backup")
    house.run(900)

    assert not ticket.shared
    ended(store)


def test_law_32_a_clone_writes_no_field_until_every_system_was_read(tmp_path: Path) -> None:
    house = House(("desk", "dev", "board"), started=False)
    store = on_disk(house, tmp_path / "house")
    ticket, other = shared(house, "one"), shared(house, "other")
    ended(store)
    shutil.copytree(tmp_path / "house", tmp_path / "clone")

    house.board.down(3600)
    store = on_disk(house, tmp_path / "clone")
    assert "copy" in (store.identity().suspect or "")
    ticket.set({"Subject": "waits"})
    other.set({"Subject": "named"})
    house.run(300)

    assert [one for one in house.dev.sent if isinstance(one, Update)] == []
    assert ticket.group("dev", "title") == "awaiting plan"
    (cause,) = store.causes()
    assert {hub.id for hub, _, _ in store.cause_members(cause.id)} == {ticket.hub.id, other.hub.id}
    assert "suspect" in (getattr(ticket.row("dev", "title"), "note", None) or "")

    recovery.replay(store, Replay(f"desk#{other.record.id}"), "ann", house.clock.now())
    house.run(300)
    assert other.copy("dev")["subject"] == "named"
    assert ticket.copy("dev")["subject"] == "one"

    house.run(3600)
    assert ticket.copy("dev")["subject"] == ticket.copy("board")["title"] == "waits"
    assert store.identity().suspect is None
    assert not store.causes()
    ended(store)


def test_law_32_a_store_put_back_waits_though_the_witness_agrees(tmp_path: Path) -> None:
    """Nothing was sealed since the backup, and a file system gives old numbers to new files."""
    house = House(("desk", "dev", "board"), started=False)
    folder, backup = tmp_path / "house", tmp_path / "backup"
    store = on_disk(house, folder)
    ticket = shared(house, "one")
    ended(store)
    back_up(files_of(None, folder), KEY, backup)
    put_back(files_of(None, folder), KEY, backup, by="ann", now=house.clock.now())
    with closing(open_store(None, KEY, path=folder, clock=house.clock)) as opened:
        said = opened._witness.read()
        assert said is not None
        opened._witness.write(said)

    house.board.down(3600)
    store = on_disk(house, folder)
    ticket.set({"Subject": "waits"})
    house.run(300)
    assert [one for one in house.dev.sent if isinstance(one, Update)] == []
    assert ticket.group("dev", "title") == "awaiting plan"

    house.run(3600)
    assert ticket.copy("dev")["subject"] == "waits"
    assert store.identity().suspect is None
    ended(store)


def test_law_32_tables_that_a_server_made_anew_are_a_copy_on_every_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after pg_restore: a host that is new to the store has no witness that could tell."""
    tables = ["made"]
    monkeypatch.setattr(SqliteDialect, "home", lambda _self, _link: tables[-1])
    with closing(open_store(None, KEY, path=tmp_path)) as store:
        store._witness.path = tmp_path / "host" / "sdsync.store.witness"
        store._witness.path.parent.mkdir()
        assert store.identity().suspect is None

        tables.append("put back")

        assert store.identity().suspect is not None
        store.new_epoch()
        assert store.identity().suspect is None


def test_law_32_what_waited_goes_on_when_a_person_trusted_the_store_meanwhile() -> None:
    house = House(("desk", "dev", "board"))
    ticket = shared(house)
    house.store = house.store.copy()
    house.board.down(36_000)
    ticket.set({"Subject": "waits"})
    house.start().run(60)
    assert ticket.group("dev", "title") == "awaiting plan"

    commands.trust(house.store, "ann", house.clock.now())  # and nobody runs
    house.start().run(120)

    assert ticket.copy("dev")["subject"] == "waits"
    assert not house.store.causes()


def test_law_32_what_waits_when_the_store_is_trusted_is_looked_up_all_the_same(
    tmp_path: Path,
) -> None:
    house, folder, backup = House(started=False), tmp_path / "house", tmp_path / "backup"
    store, old = backed_up(house, folder, backup)
    house.run(30).desk.open("after")
    old.note("written after the backup", internal=True)
    house.run()
    copies = [one.record.id for one in house.dev.tickets]
    ended(store)

    store = restored(house, folder, backup)
    commands.pause(store, "system:dev", "ann", None, house.clock.now())
    house.run(600)
    assert store.identity().suspect is None
    ended(store)
    store = on_disk(house, folder)
    commands.resume(store, "system:dev", "ann", house.clock.now())
    house.run(600)

    assert [one.record.id for one in house.dev.tickets] == copies
    assert old.copy("dev").bodies == ["written after the backup"]
    ended(store)


def test_law_32_a_merge_into_a_record_that_the_store_forgot_is_a_merge() -> None:
    house = House()
    loser = shared(house, "disk full")
    backup = house.store.copy()
    survivor = shared(house, "db01 is down")
    twin, copy = loser.copy("dev"), survivor.copy("dev")
    house.desk.product.merge(loser.record, survivor.record, by=house.desk.who("ann"))
    house.run(300)
    assert len(twin.record.notes) == 1

    house.store = backup
    house.start().run(600)

    assert survivor.copy("dev").record.id == copy.record.id
    assert len(house.dev.tickets) == 2
    assert [one.body.count("Duplicate of") for one in twin.record.notes] == [1]
    survivor.note("goes on", internal=True)
    house.run()
    assert copy.bodies == ["goes on"]
    assert house.store.identity().suspect is None
    assert not house.store.causes()


def test_law_32_the_newest_edit_wins_although_the_store_is_suspect() -> None:
    """What waits is merged as ever: an older edit does not win because the newer one waits."""
    house = House(("desk", "dev", "board"))
    ticket = shared(house)
    house.store = house.store.copy()
    house.board.down(3600)
    copy = ticket.copy("dev")
    copy.set({"subject": "older"}, by="bob")
    house.clock.advance(60)
    ticket.set({"Subject": "newer"})
    house.dev.line.instead["fetch"] = lambda _: Transient("500")
    house.start().run(20)
    assert ticket.group("dev", "title") == "awaiting plan"

    del house.dev.line.instead["fetch"]
    house.run(7200)

    assert ticket["Subject"] == copy["subject"] == ticket.copy("board")["title"] == "newer"


def test_law_32_a_mark_tells_which_store_made_it() -> None:
    house = House()
    ticket = shared(house)
    known = house.store.identity()

    mark = str(ticket.copy("dev")["custom_fields.Mark"])

    assert mark.endswith(f"-{known.store_id}.{known.epoch}")
