"""Every line of the tail is an audit row, and no row's text is obeyed by a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from sdsync.config.clock import SystemClock
from sdsync.server.tail import WIDEST, Tail, line
from sdsync.store.records import AuditRow, Change
from sdsync.testing.memory_store import MemoryStore

AT = datetime(2026, 3, 29, 3, 7, 12, tzinfo=UTC)


def row(**fields: object) -> AuditRow:
    values: dict[str, object] = {"at": AT, "action": "written", "source": "dev", "system": "desk"}
    return AuditRow(**{**values, **fields})  # type: ignore[arg-type]  # of a test


def test_a_row_on_one_line() -> None:
    told = line(row(ref="desk#4711", text="Status open", duration_ms=190), UTC)

    assert told == "03:07:12 desk   desk#4711  written: Status open  < dev  190 ms"


def test_a_row_without_text_tells_action_and_field() -> None:
    assert "parked environment" in line(row(action="parked", field="environment"), UTC)


def test_nothing_in_a_row_moves_the_cursor() -> None:
    told = line(row(text="\x1b[2J\r\nfake line\x07\u202e" + "x" * 500), UTC)

    assert told.isprintable()
    assert len(told) == WIDEST


def test_the_tail_reads_on_and_repeats_nothing() -> None:
    store = MemoryStore(SystemClock())
    store.commit(Change(audit=[row(text="old")]))
    tail = Tail(store, zone=UTC)

    store.commit(Change(audit=[row(text=f"new {number}") for number in range(450)]))
    told = list(tail.lines())

    assert len(told) == 450
    assert "new 0" in told[0]
    assert "new 449" in told[-1]
    assert not list(tail.lines())
