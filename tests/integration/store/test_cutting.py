"""What retention takes, what it leaves, and that the trail which is left still proves itself."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sdsync.store import proof
from sdsync.store.anchors import append
from sdsync.store.audit import TrailBroken
from sdsync.store.cutting import BATCH, KINDS
from sdsync.store.exporting import Wanted
from sdsync.store.opening import open_store
from sdsync.store.records import Cause, Change, FieldVersion, Plan, PlanLine, PlanState, Verdict
from sdsync.store.sql import SqlStore
from tests.integration.store.builders import NOW, after, event
from tests.integration.store.conftest import KEY, FixedClock
from tests.integration.store.test_audit import fill, tamper


def forget(store: SqlStore, kind: str, seconds: float) -> int:
    """Remove what is older; how much that was, which has to be what was counted."""
    counted = store.expired(kind, after(seconds))
    gone = sum(store.forget(kind, after(seconds), "p-1", NOW))
    assert gone == counted
    assert store.expired(kind, after(seconds)) == 0
    return gone


# -- the trail ------------------------------------------------------------------------------
def test_a_cut_trail_is_whole_and_goes_on(sql: SqlStore, tmp_path: Path) -> None:
    fill(sql, BATCH + 20)
    sql.seal()
    noted = sql.anchor(NOW)
    assert noted is not None
    append(tmp_path / "heads", noted[1])

    assert forget(sql, "audit", BATCH + 10) == BATCH + 10

    report = sql.verify()
    assert (report.problem, report.cut, report.records) == (None, BATCH + 10, BATCH + 20)
    fill(sql, 5, start=BATCH + 20)
    sql.seal()
    assert sql.verify().records == BATCH + 25
    assert sql.identity().suspect is None
    assert sql.check_anchors(tmp_path / "heads").ok
    assert forget(sql, "audit", BATCH + 22) == 12
    assert sql.verify().cut == BATCH + 22
    assert sql.check_anchors(tmp_path / "heads").ok  # older than what is left
    done = sql.export_audit(tmp_path / "out", Wanted("ops-2", NOW))
    found = proof.examine(done.path)
    assert (found.ok, found.first, found.head["cut"]["plan"]) == (True, BATCH + 23, "p-1")


def test_the_newest_sealed_record_and_what_is_not_sealed_stay(sql: SqlStore) -> None:
    assert forget(sql, "audit", 1000) == 0
    fill(sql, 5)
    assert forget(sql, "audit", 1000) == 0
    sql.seal()
    fill(sql, 2, start=5)

    assert forget(sql, "audit", 1000) == 4

    assert sql.seal() == 2
    report = sql.verify()
    assert (report.ok, report.cut, report.records) == (True, 4, 7)


def test_an_older_witness_of_another_host_is_no_reason_for_suspicion(tmp_path: Path) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 5)
        store.seal()
        witness = next(tmp_path.glob("*.witness"))
        old = witness.read_bytes()
        fill(store, 10, start=5)
        store.seal()
        forget(store, "audit", 9)
        witness.write_bytes(old)

        assert store.identity().suspect is None
        assert store.verify().ok


CHECKPOINT = (
    "UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), '{}', '{}') AS BLOB) "
    "WHERE name = 'audit_cut'"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE seq = 7",
        "UPDATE audit SET source = 'nobody' WHERE seq = 7",
        "DELETE FROM meta WHERE name = 'audit_cut'",
        CHECKPOINT.format('"seq":6', '"seq":7'),
        CHECKPOINT.format("p-1", "p-2"),
        CHECKPOINT.format("{", "x"),
        "UPDATE audit SET seq = 3 WHERE seq = 7",
    ],
)
def test_law_53_a_cut_trail_hides_nothing(tmp_path: Path, statement: str) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 10)
        store.seal()
        forget(store, "audit", 6)
        assert store.verify().ok

        tamper(tmp_path, statement)

        assert not store.verify().ok


@pytest.mark.parametrize("kind", ["audit", "values"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET vals = NULL WHERE seq = 6",
        "UPDATE audit SET words = NULL WHERE seq = 6",
        "UPDATE audit SET vals = zeroblob(80) WHERE seq = 6",
        "UPDATE audit SET source = 'nobody' WHERE seq = 6",
        "DELETE FROM audit WHERE seq = 6",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq < 7",
    ],
)
def test_law_53_what_was_tampered_with_is_not_cut_off(
    tmp_path: Path, kind: str, statement: str
) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 10)
        store.seal()
        tamper(tmp_path, statement)
        found = store.verify()
        kept = list(store.audit(after_seq=7))

        with pytest.raises(TrailBroken, match=f"record {found.first_bad}: "):
            list(store.forget(kind, after(8), "p-1", NOW))

        assert store.verify() == found
        assert list(store.audit(after_seq=7)) == kept


def test_what_is_younger_than_what_goes_is_not_looked_at(tmp_path: Path) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 10)
        store.seal()
        tamper(tmp_path, "UPDATE audit SET source = 'nobody' WHERE seq = 9")

        assert forget(store, "values", 5) == 5
        assert forget(store, "audit", 5) == 5

        assert store.verify().first_bad == 9


def test_a_run_that_was_killed_leaves_a_whole_trail_and_the_next_goes_on(tmp_path: Path) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 2 * BATCH + 50)
        store.seal()
        next(store.forget("audit", after(10_000), "p-1", NOW))  # and no further batch
        assert store.verify().cut == BATCH
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        assert forget(store, "audit", 10_000) == BATCH + 49
        assert store.verify().ok
        assert (store.free_bytes() or 0) > 0


# -- the rest -------------------------------------------------------------------------------
def test_values_go_and_who_changed_what_stays(sql: SqlStore) -> None:
    fill(sql, 10)
    sql.seal()
    rows = [
        ("hub-1", FieldVersion("title", n, f"v{n}", "desk", None, after(n), after(n)))
        for n in range(BATCH + 10)
    ]
    sql.commit(Change(versions=rows))

    assert forget(sql, "values", 5) == 5 + 5

    kept = list(sql.audit())
    assert [one.before for one in kept] == [None] * 5 + [5, 6, 7, 8, 9]
    assert [one.text for one in kept] == [f"t{n}" for n in range(10)]
    assert min(one.version for one in sql.versions("hub-1")) == 5
    assert sql.verify().ok
    assert forget(sql, "values", BATCH * 2) == 5 + BATCH + 5


def test_only_causes_that_are_closed_go(sql: SqlStore) -> None:
    closed = Cause("a01", "parked", "dev", "f1", "told", after(0), closed_at=after(1))
    later = Cause("a02", "parked", "dev", "f2", "told", after(0), closed_at=after(9))
    sql.commit(Change(causes=[closed, later, Cause("a03", "parked", "dev", "f3", "", after(0))]))

    assert forget(sql, "letters", 5) == 1

    assert {one.id for one in sql.causes(open_only=False)} == {"a02", "a03"}


def test_plans_go_that_are_over_but_not_the_newest_nor_one_of_joins(sql: SqlStore) -> None:
    states = [*PlanState, PlanState.APPLIED]
    for n, state in enumerate(states, 1):
        for kind, number in (("level", n), ("connect", n + 20)):
            plan = Plan(f"p-{number}", kind, "s", "ops-2", after(0), "", state)
            lines = [PlanLine(plan.id, i, Verdict.ALONE, []) for i in range(1, 4)]
            sql.commit(Change(plans=[plan], plan_lines=lines))

    gone = forget(sql, "plans", 5)

    left = {one.id: one.state for one in sql.plans()}
    assert gone == 4
    assert {one for one, state in left.items() if state is PlanState.APPLIED} == {"p-24", "p-26"}
    assert PlanState.DROPPED not in left.values()
    assert sql.plan_lines("p-4") == []
    assert len(sql.plan_lines("p-24")) == 3


def test_events_go_by_when_they_came(sql: SqlStore) -> None:
    sql.commit(Change(events=[replace(event(f"d{n}"), received_at=after(n)) for n in range(10)]))

    assert forget(sql, "events", 4) == 4
    assert sql.examine().rows["inbox"] == 6


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_an_empty_store_goes(sql: SqlStore, kind: str) -> None:
    assert forget(sql, kind, timedelta(days=1).total_seconds()) == 0
