"""What the store for simulation has beyond the contract: crash, copy, a full disk."""

from __future__ import annotations

import pytest

from sdsync.store.contract import StoreFull
from sdsync.store.records import Change, SystemRow, Work
from sdsync.testing.memory_store import Crashed, MemoryStore
from tests.integration.store.builders import NOW, look, share


def test_a_crash_keeps_what_was_committed_and_ends_the_old_store() -> None:
    store = MemoryStore()
    store.commit(Change(shares=[share()], ring=[look()]))

    after = store.crash()

    assert after.share("hub-1") is not None
    assert after.claim("desk", now=NOW, busy=frozenset(), limit=1)
    with pytest.raises(Crashed):
        store.commit(Change())
    with pytest.raises(Crashed):
        store.share("hub-1")


def test_a_copy_goes_on_by_itself() -> None:
    store = MemoryStore()
    store.commit(Change(shares=[share(1)], ring=[look("1")]))
    copy = store.copy()

    store.commit(Change(shares=[share(2)], ring=[look("2")]))

    assert copy.share("hub-2") is None
    assert copy.find_hubs("ticket", "tags", ["env:prod"]) == ["hub-1"]
    assert [one.key.target for one in _claim(copy)] == ["1"]
    assert [one.key.target for one in _claim(store)] == ["1", "2"]
    assert [one.starts for one in _claim(copy)] == [2]


def test_law_32_a_copy_is_suspect_until_told() -> None:
    store = MemoryStore()

    restored = store.copy()

    assert store.identity().suspect is None
    assert restored.identity().suspect is not None
    assert restored.new_epoch() == restored.identity()
    assert (restored.identity().epoch, restored.identity().suspect) == (2, None)


def _claim(store: MemoryStore) -> list[Work]:
    return list(store.claim("desk", now=NOW, busy=frozenset(), limit=9))


def test_a_full_disk_refuses_every_write() -> None:
    store = MemoryStore()
    store.commit(Change(systems=[SystemRow("a", state="ok")]))
    store.full = True

    with pytest.raises(StoreFull):
        store.commit(Change(systems=[SystemRow("a")]))
    with pytest.raises(StoreFull):
        store.ring("desk")

    assert store.system("a").state == "ok"
    store.full = False
    store.commit(Change(systems=[SystemRow("a", state="throttled")]))
    assert store.commits == 2
