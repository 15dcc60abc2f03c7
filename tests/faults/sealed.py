"""The store's encryption: wrong and renewed keys, documents that were cut, changed, moved."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path

from sdsync.store.crypto import Cipher, KeyProblem, Unreadable
from sdsync.store.opening import open_store
from sdsync.store.records import Change, SyncRow, SystemRow
from sdsync.store.writer import StoreDamaged
from tests.faults.frame import Trial, fault
from tests.integration.store.builders import NOW, share

ROWS = 20
#: What becomes of the document of a row, by the name of another row.
DAMAGE = (
    "(SELECT doc FROM systems WHERE system = '{0}')", "(SELECT doc FROM syncs WHERE sync = '{0}')",
    "substr(doc, 1, length(doc) - 1)", "substr(doc, 1, 20)", "CAST(doc || x'00' AS BLOB)",
    "zeroblob(90)",
)  # fmt: skip


@fault("S14", "keys that are wrong or renewed, documents cut, changed, moved: each is found")
def sealed(trial: Trial) -> None:
    _documents(trial)
    keys = [base64.b64encode(trial.dice.randbytes(32)).decode() for _ in range(trial.of(3, 12))]
    _rows(trial, keys[0])
    for old, new in pairwise(keys):
        _renewed(trial, old, new)


def _documents(trial: Trial) -> None:
    """Each by itself: a changed bit, a length, another row, table or key."""
    key, other = trial.dice.randbytes(32), trial.dice.randbytes(32)
    cipher = Cipher([key])
    for number in range(trial.of(300, 50_000)):
        plain, row = trial.dice.randbytes(trial.dice.randrange(200)), str(number)
        whole = cipher.seal("hubs", row, plain)
        changed, at = bytearray(whole), trial.dice.randrange(len(whole))
        changed[at] ^= 1 << trial.dice.randrange(8)
        opened = {
            "changed": partial(cipher.open, "hubs", row, bytes(changed)),
            "cut": partial(cipher.open, "hubs", row, whole[:at]),
            "of another row": partial(cipher.open, "hubs", f"{row}1", whole),
            "of another table": partial(cipher.open, "replicas", row, whole),
            "of another key": partial(Cipher([other]).open, "hubs", row, whole),
        }
        for what, tried in opened.items():
            trial.count(what)
            trial.must(_refused(tried), f"document {row}, {what}, was opened")
        trial.must(cipher.open("hubs", row, whole) == plain, f"document {row} did not open")


def _refused(tried: Callable[[], object]) -> bool:
    try:
        tried()
    except (Unreadable, KeyProblem, StoreDamaged):
        return True
    return False


def _rows(trial: Trial, key: str) -> None:
    """Of a store: rows that were changed behind its back, and a key that is not its own."""
    names = [f"s{n}" for n in range(ROWS)]
    store = open_store(None, key, path=trial.folder)
    rows = [SystemRow(one, state="changed") for one in names]
    store.commit(Change(systems=rows, syncs=[SyncRow(one, NOW, "live") for one in names]))
    store.close()
    for _ in range(trial.of(12, 400)):
        name, other = trial.dice.sample(names, 2)
        damage = trial.dice.choice(DAMAGE).format(other)
        (sound,) = _execute(trial.folder, f"SELECT doc FROM systems WHERE system = '{name}'")[0]
        _execute(trial.folder, f"UPDATE systems SET doc = {damage} WHERE system = '{name}'")
        store = open_store(None, key, path=trial.folder)
        trial.count("rows")
        trial.must(_refused(partial(store.system, name)), f"{name} = {damage}: it was read")
        told = any(name in one for one in store.examine(anchored=False).problems)
        trial.must(told, f"{name} = {damage}: verify does not name it")
        store.close()
        _execute(trial.folder, f"UPDATE systems SET doc = ? WHERE system = '{name}'", sound)
    wrong = base64.b64encode(trial.dice.randbytes(32)).decode()
    opened = partial(open_store, None, wrong, path=trial.folder)
    trial.must(_refused(opened), "a key that is not its own opened the store")


def _execute(folder: Path, statement: str, *values: bytes) -> list[tuple[bytes, ...]]:
    with closing(sqlite3.connect(folder / "sdsync.db")) as link, link:
        return link.execute(statement, values).fetchall()


def _renewed(trial: Trial, old: str, new: str) -> None:
    """A key is renewed while the store is read and written; then the old one opens nothing."""
    store, written = open_store(None, f"{new} {old}", path=trial.folder), list[int]()

    def meanwhile(_table: str, _rows: int) -> None:
        number = trial.counts["writes meanwhile"]
        store.commit(Change(shares=[share(number)]))
        written.append(number)
        trial.count("writes meanwhile")
        trial.must(store.system("s1").state == "changed", "a row was not readable meanwhile")

    report = store.reseal(meanwhile)
    trial.count("rows under a new key", sum(report.rows.values()))
    trial.must(not report.left and written, f"{report.left} rows are left: {report.problems}")
    store.close()
    trial.must(_refused(partial(open_store, None, old, path=trial.folder)), "the old key opens it")
    store = open_store(None, new, path=trial.folder)
    whole = all(store.share(f"hub-{number}") is not None for number in written)
    trial.must(whole, "what was written meanwhile is gone")
    trial.must(store.examine(anchored=False).ok, "it is not sound under the new key")
    store.close()
