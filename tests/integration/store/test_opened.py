"""``examine`` opens every sealed row, and finds which one does not open or is not found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdsync.store import opened, tables
from sdsync.store.crypto import Cipher, key_id
from sdsync.store.records import Change, SystemRow
from sdsync.store.resealing import SEALED, Sealed
from sdsync.store.sql import SqlStore
from sdsync.store.writer import Tx
from tests.integration.store.builders import share
from tests.integration.store.test_resealing import BOTH, Opening, fill, opening

__all__ = ["opening"]  # the fixture
#: The trail has tests of its own; of the others the scene has no row.
WITHOUT = (tables.audit, tables.attempts, tables.versions)
SYSTEMS = [one for one in SEALED if one.table is tables.systems]


def run(store: SqlStore, text: str) -> None:
    def change(tx: Tx) -> None:
        tx.link.command(text)

    store._writer.run(change)


@pytest.mark.parametrize(
    "one", [one for one in SEALED if one.table not in WITHOUT], ids=lambda one: str(one.name)
)
def test_the_row_that_was_changed_is_named_whichever_it_is(opening: Opening, one: Sealed) -> None:
    """The last one: a sample of the first would not show it."""
    store = opening(BOTH)
    fill(store)
    keys = [key.name for key in one.table.primary_key]
    order = ", ".join(f"{key} DESC" for key in keys)
    newest = f"SELECT {', '.join(keys)} FROM {one.name} WHERE {one.column} IS NOT NULL"
    assert store.examine().problems == ()

    run(
        store,
        f"UPDATE {one.name} SET {one.column} = substr({one.column}, 1, 50)"
        f" WHERE ({', '.join(keys)}) IN ({newest} ORDER BY {order} LIMIT 1)",
    )

    (problem,) = store.examine().problems
    assert problem.startswith(f"{one.name} ")


def test_a_row_of_a_key_that_is_not_at_hand_is_named(opening: Opening) -> None:
    store = opening(BOTH)
    store.commit(Change(systems=[SystemRow("desk")]))
    sealed = Cipher([b"x" * 32]).seal("systems", "desk", b"{}").hex()
    literal = f"X'{sealed}'" if store._dialect.name == "sqlite" else f"'\\x{sealed}'"

    run(store, f"UPDATE systems SET doc = {literal}")

    (problem,) = store.examine().problems
    assert problem.startswith(f"systems desk: sealed with key {key_id(b'x' * 32).hex()}, at hand: ")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE hub_values SET digest = substr(digest, 2) WHERE field = 'title'",
        "UPDATE hub_values SET kind = 'other' WHERE field = 'title'",
        "UPDATE hub_values SET field = 'other' WHERE field = 'title'",
        "DELETE FROM hub_values WHERE field = 'title'",
    ],
)
def test_a_value_by_which_a_record_is_not_found_is_named(opening: Opening, damage: str) -> None:
    store = opening(BOTH)
    store.commit(Change(shares=[share(n) for n in range(3)]))
    assert store.examine().problems == ()

    run(store, damage)

    found = store.examine().problems
    assert (
        len([one for one in found if one.endswith(" title: not the digest of the hub's value")])
        == 3
    )


def test_of_a_whole_column_that_does_not_open_some_are_named(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opening(BOTH)
    store.commit(Change(systems=[SystemRow(str(n)) for n in range(9)]))
    run(store, "UPDATE systems SET doc = substr(doc, 1, 60)")

    assert len(store.examine().problems) == 9
    monkeypatch.setattr(opened, "NAMED", 3)
    monkeypatch.setattr(opened, "_PAGES", [opened._Pages(replace(one, batch=2)) for one in SYSTEMS])
    assert len(store.examine().problems) == 4
