"""The writer: grouped, in order, intake first; full disks, crashes, several processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sdsync.store import dialect as dialects
from sdsync.store import working
from sdsync.store.contract import Stale, StoreFull
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change, SystemRow
from sdsync.store.sql import SqlStore
from sdsync.store.statements import Statement
from tests.integration.store.builders import NOW, event, look, share
from tests.integration.store.conftest import KEY, FixedClock


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(None, KEY, path=tmp_path, clock=FixedClock())
    yield opened
    opened.close()


@contextmanager
def writer_busy(store: SqlStore) -> Iterator[None]:
    """Hold the writer in a function of work until the block ends."""
    entered, leave = threading.Event(), threading.Event()

    def wait(_: object) -> None:
        entered.set()
        leave.wait()

    holder = threading.Thread(target=lambda: store._writer.run(wait))
    holder.start()
    entered.wait()
    try:
        yield
    finally:
        leave.set()
        holder.join()


def test_who_is_alone_writes_in_its_own_thread_and_others_do_not(sqlite: SqlStore) -> None:
    by: list[str] = []

    def note(_: object) -> None:
        by.append(threading.current_thread().name)

    def ask() -> None:
        sqlite._writer.run(note)

    ask()  # of the main thread, which may be interrupted
    alone = threading.Thread(target=ask, name="alone")
    alone.start()
    alone.join()
    with writer_busy(sqlite):
        waiting = in_threads(ask, ask)
        while len(sqlite._writer._work) < 2:
            threading.Event().wait(0.001)
    for one in waiting:
        one.join()

    assert by == ["sdsync-writer", "alone", "sdsync-writer", "sdsync-writer"]


def in_threads(*functions: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=one) for one in functions]
    for one in threads:
        one.start()
    return threads


def queued(store: SqlStore) -> int:
    return len(store._writer._intake) + len(store._writer._work)


def wait_until(ready: Callable[[], bool]) -> None:
    """Let other threads go on until the condition holds; the suite's timeout bounds it."""
    while not ready():
        os.sched_yield()


def test_intake_goes_before_work_that_waits_longer(sqlite: SqlStore) -> None:
    note = Change(audit=[AuditRow(NOW, "work", "desk")])
    webhook = Change(events=[event()], ring=[look()], audit=[AuditRow(NOW, "intake", "desk")])

    with writer_busy(sqlite):
        threads = in_threads(lambda: sqlite.commit(note))
        wait_until(lambda: queued(sqlite) == 1)
        threads += in_threads(lambda: sqlite.commit(webhook))
        wait_until(lambda: queued(sqlite) == 2)
    for one in threads:
        one.join()

    assert [one.action for one in sqlite.audit()] == ["intake", "work"]


def test_a_failure_in_a_group_is_one_caller_s(sql: SqlStore) -> None:
    outcomes: list[str] = []

    def commit(n: int, **changes: Any) -> None:
        row = AuditRow(NOW, f"n{n}", "desk")
        bad = [share(1)] if n % 2 else []
        try:
            sql.commit(Change(shares=bad, systems=[SystemRow(f"s{n}")], audit=[row]))
            outcomes.append("done")
        except Stale:
            outcomes.append("stale")

    sql.commit(Change(shares=[share(1)]))
    with writer_busy(sql):
        threads = in_threads(*(lambda n=n: commit(n) for n in range(6)))
        wait_until(lambda: queued(sql) == 6)
    for one in threads:
        one.join()

    assert sorted(outcomes) == ["done"] * 3 + ["stale"] * 3
    assert {one.action for one in sql.audit()} == {"n0", "n2", "n4"}


def test_closing_commits_what_waits(tmp_path: Path) -> None:
    store = open_store(None, KEY, path=tmp_path)
    with writer_busy(store):
        threads = in_threads(
            *(lambda n=n: store.commit(Change(systems=[SystemRow(f"s{n}", state="ok")]))
              for n in range(40))
        )  # fmt: skip
        wait_until(lambda: queued(store) == 40)
        closing_thread = in_threads(store.close)
    for one in threads + closing_thread:
        one.join()

    again = open_store(None, KEY, path=tmp_path)
    assert [again.system(f"s{n}").state for n in range(40)] == ["ok"] * 40
    again.close()


def test_a_full_disk_refuses_and_recovers_without_restart(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.commit(Change(systems=[SystemRow("a")]))
    connect = dialects.SqliteDialect.connect
    limit = "PRAGMA max_page_count = 1"  # SQLite takes it as: no page more than there is

    def cramped(self: dialects.SqliteDialect) -> dialects.Link:
        link = connect(self)
        link.command(limit)
        return link

    sqlite._writer.run(lambda tx: tx.link.command(limit))
    monkeypatch.setattr(dialects.SqliteDialect, "connect", cramped)
    big = [(f"file-{n}", os.urandom(100_000)) for n in range(5)]
    for _ in range(2):
        with pytest.raises(StoreFull):
            sqlite.commit(Change(blobs=big, audit=[AuditRow(NOW, "born", "desk")]))

    monkeypatch.undo()
    sqlite.commit(Change(blobs=big, audit=[AuditRow(NOW, "born", "desk")]))

    assert sqlite.blob("file-4") == big[4][1]
    assert sqlite.last_audit_seq() == 1


def test_a_store_that_turned_read_only_refuses_and_recovers(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = dialects.SqliteDialect.connect

    def read_only(self: dialects.SqliteDialect) -> dialects.Link:
        link = connect(self)
        link.command("PRAGMA query_only = ON")
        return link

    sqlite._writer.run(lambda tx: tx.link.command("PRAGMA query_only = ON"))
    monkeypatch.setattr(dialects.SqliteDialect, "connect", read_only)
    with pytest.raises(StoreFull):
        sqlite.commit(Change(systems=[SystemRow("a", state="ok")]))

    monkeypatch.undo()
    sqlite.commit(Change(systems=[SystemRow("a", state="ok")]))

    assert sqlite.system("a").state == "ok"


CHILD = """
import sys
from pathlib import Path
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change, SystemRow
from tests.integration.store.builders import NOW
from tests.integration.store.conftest import KEY

store = open_store(None, KEY, path=Path(sys.argv[1]))
for n in range(1_000_000):
    row = AuditRow(NOW, "edited", "desk", text=str(n))
    store.commit(Change(systems=[SystemRow("last", cursor=n)], audit=[row]))
    print(n, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 333])
def test_law_33_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path, acknowledged: int) -> None:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        last = [int(child.stdout.readline()) for _ in range(acknowledged)][-1]
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
    told = int(rest[-1]) if rest else last

    store = open_store(None, KEY, path=tmp_path)

    cursor = store.system("last").cursor
    assert cursor in (told, told + 1)
    assert store.last_audit_seq() == cursor + 1
    assert [int(one.text) for one in store.audit(limit=2000)] == list(range(cursor + 1))
    store.seal()
    assert store.examine().ok
    store.close()


def test_two_processes_write_the_same_store(sql: SqlStore, tmp_path: Path) -> None:
    other = open_store(_url(sql), KEY, path=tmp_path, clock=FixedClock())

    def commit(store: SqlStore, name: str) -> None:
        for n in range(25):
            row = AuditRow(NOW, "edited", name)
            store.commit(Change(ring=[look(str(n), name)], audit=[row]))
            store.commit(Change(ring=[look("shared")]))

    for one in in_threads(
        *(lambda s=s, n=n: commit(s, n) for s, n in ((sql, "a"), (other, "b"), (sql, "c")))
    ):
        one.join()

    assert [one.seq for one in other.audit()] == list(range(1, 76))
    first, row = look("shared"), other.work(look("shared").key)
    assert row is not None
    assert row.generation % 1_000_000 == (first.due_at.microsecond + 74)
    assert sql.seal() + other.seal() == 75
    assert sql.verify().ok
    other.close()


def _url(store: SqlStore) -> str:
    return store._dialect.engine.url.render_as_string(hide_password=False)


def test_two_claimers_share_nothing(sql: SqlStore, tmp_path: Path) -> None:
    other = open_store(_url(sql), KEY, path=tmp_path)
    sql.commit(Change(ring=[look(str(n)) for n in range(10)]))

    def claim(store: SqlStore) -> list[str]:
        taken = store.claim("desk", now=NOW, busy=frozenset(), limit=5)
        done = [(one.key, one.generation) for one in taken]
        store.commit(Change(finished=done))
        return [one.key.target for one in taken]

    assert sorted(claim(sql) + claim(other)) == [str(n) for n in range(10)]
    other.close()


class Counted:
    """Counts what reaches the driver."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements = 0
        self.rows = 0
        for name in ("run", "rows", "many"):
            self._count(monkeypatch, name, getattr(dialects.Link, name))

    def _count(self, monkeypatch: pytest.MonkeyPatch, name: str, real: Callable[..., Any]) -> None:
        def counting(link: object, statement: object, params: Any = None) -> Any:
            result = real(link, statement, params)
            self.statements += 1
            self.rows += len(result) if isinstance(result, list) else 1
            return result

        monkeypatch.setattr(dialects.Link, name, counting)


def test_law_42_a_claim_costs_as_what_it_takes(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for size in (10, 1000):
        sqlite.commit(Change(ring=[look(f"{size}-{n}") for n in range(size)]))
        with monkeypatch.context() as patch:
            counted = Counted(patch)
            sqlite.claim("desk", now=NOW, busy=frozenset(), limit=5)
            costs.append((counted.statements, counted.rows))

    assert costs[0] == costs[1]


def test_law_42_a_claim_follows_its_index_and_sorts_nothing(sqlite: SqlStore) -> None:
    ready = sqlite._dialect.prepared(working.DUE)
    path = sqlite._dialect.engine.url.database
    with closing(sqlite3.connect(str(path))) as link:
        plan = link.execute(
            f"EXPLAIN QUERY PLAN {ready.text}",
            {**ready.constants, "lane": "desk", "now": 1, "count": 5},
        ).fetchall()

    assert [one[3] for one in plan] == ["SEARCH work USING INDEX ix_work_lane (lane=?)"]


def test_only_rows_that_changed_are_written(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.commit(Change(shares=[share()]))
    read = sqlite.share("hub-1")
    assert read is not None
    written: list[str] = []
    real = dialects.Link.many

    def noting(link: dialects.Link, statement: Statement, params: Any) -> None:
        if params:
            written.append(sqlite._dialect.prepared(statement).text.split(" SET")[0])
        real(link, statement, params)

    monkeypatch.setattr(dialects.Link, "many", noting)
    read.elements[0].values["body"] = "edited"
    sqlite.commit(Change(shares=[read]))

    assert written == ["UPDATE elements"]


def test_an_idle_lane_and_a_rung_bell_cost_no_commit(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.ring("desk")

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the writer was asked")

    monkeypatch.setattr(sqlite._writer, "run", refuse)

    assert sqlite.claim("desk", now=NOW, busy=frozenset(), limit=5) == []
    assert not sqlite.ring("desk")
    assert not sqlite.unring("dev")


def test_swapped_native_ids_are_written(sql: SqlStore) -> None:
    sql.commit(Change(shares=[share(1), share(2)]))
    one, two = sql.share("hub-1"), sql.share("hub-2")
    assert one is not None
    assert two is not None
    one.replicas[0].native_id, two.replicas[0].native_id = "2", "1"

    sql.commit(Change(shares=[one, two]))

    again = sql.share("hub-1")
    assert again is not None
    assert again.replicas[0].native_id == "2"


def test_a_broken_connection_is_replaced(database: str, tmp_path: Path) -> None:
    store = open_store(database, KEY, path=tmp_path)
    store.commit(Change(systems=[SystemRow("a", state="ok")]))
    assert store.system("a").state == "ok"

    with psycopg.connect(database, autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    store.commit(Change(systems=[SystemRow("b", state="ok")]))

    assert store.system("b").state == "ok"
    store.close()


def test_a_server_that_is_away_refuses_and_recovers(database: str, tmp_path: Path) -> None:
    store = open_store(database, KEY, path=tmp_path)
    real = store._dialect.engine
    away = dialects.PostgresDialect("postgresql://sdsync@127.0.0.1:9/none")
    store._writer.run(lambda tx: tx.link.command("SELECT 1"))

    store._dialect.engine = away.engine
    with psycopg.connect(database, autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(StoreFull, match="cannot be reached"):
        store.commit(Change(systems=[SystemRow("b", state="ok")]))
    with pytest.raises(StoreFull, match="cannot be reached"):
        store.system("b")

    store._dialect.engine = real
    store.commit(Change(systems=[SystemRow("b", state="ok")]))
    assert store.system("b").state == "ok"
    store.close()
