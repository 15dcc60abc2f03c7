"""The night's retention: once a night, in the name of the file, and on where it was broken off."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sdsync.config.evidence import RetentionConfig
from sdsync.store.audit import TrailBroken
from sdsync.store.opening import open_store
from sdsync.store.records import PlanState
from sdsync.store.sql import SqlStore
from sdsync.sync.persons import retention
from sdsync.sync.plans import keeping
from sdsync.sync.watch.needs import Around, Need, needs
from tests.integration.store.builders import NOW
from tests.integration.store.conftest import KEY, FixedClock
from tests.integration.store.test_audit import fill, tamper
from tests.unit.cli import scenes

DAY_S = 86_400.0
NIGHTLY = RetentionConfig(audit_s=7 * DAY_S, plans_s=DAY_S, apply="nightly")


def night(days: int, hour: int = 3) -> datetime:
    return (NOW + timedelta(days=days)).replace(hour=hour)


def test_it_is_carried_out_once_a_night_and_only_where_the_file_says_so(sql: SqlStore) -> None:
    fill(sql, 20)
    sql.seal()
    by_hand = NIGHTLY.model_copy(update={"apply": "by hand"})
    assert retention.nightly(sql, by_hand, night(30)) is None
    assert retention.nightly(sql, RetentionConfig(apply="nightly"), night(30)) is None
    assert retention.nightly(sql, NIGHTLY, night(30, hour=12)) is None

    done = retention.nightly(sql, NIGHTLY, night(30))

    assert done is not None
    assert done.rows == {"audit": 19}
    assert retention.nightly(sql, NIGHTLY, night(30, hour=4)) is None
    assert retention.nightly(sql, NIGHTLY, night(31)) is not None
    (newest, *_) = sql.plans()
    assert (newest.by, newest.approved_by, newest.state) == (
        "sdsync.toml",
        "sdsync.toml",
        PlanState.APPLIED,
    )
    sql.seal()
    assert sql.verify().ok


def test_what_was_broken_off_goes_on_at_any_hour(sql: SqlStore) -> None:
    fill(sql, 20)
    sql.seal()
    plan = retention.make(sql, NIGHTLY, retention.FILE, night(30))

    done = retention.nightly(sql, NIGHTLY, night(30, hour=12))

    assert (done and done.plan) == plan.id
    (found,) = sql.plans()
    assert found.state is PlanState.APPLIED


def told(store: SqlStore) -> Need | None:
    """What the status says of retention."""
    found = needs(store, scenes.config(), night(400), Around(running=True))
    return next((one for one in found if one.key in ("retention", "trail")), None)


def test_a_clock_that_was_set_forward_takes_nothing_until_a_person_says_so(sql: SqlStore) -> None:
    fill(sql, 20)
    sql.seal()
    assert retention.nightly(sql, NIGHTLY, night(3)) is not None

    assert retention.nightly(sql, NIGHTLY, night(368)) is None

    assert sql.verify().cut == 0
    need = told(sql)
    assert need is not None
    assert need.text == (
        "retention p-2 waits: the last night was 365 days before: was the clock set forward?"
    )
    assert need.cure == "sdsync plan approve p-2"
    assert retention.nightly(sql, NIGHTLY, night(369)) is None  # nor the night after
    keeping.approve(sql, "p-2", "ops-2", night(369))
    assert retention.nightly(sql, NIGHTLY, night(369)) is None
    assert retention.apply(sql, "p-2", "ops-2", night(369)).rows["audit"] == 19
    assert told(sql) is None
    assert retention.nightly(sql, NIGHTLY, night(370)) is not None


def test_a_plan_of_a_wrong_clock_is_dropped_once_the_clock_is_right_again(sql: SqlStore) -> None:
    fill(sql, 20)
    sql.seal()
    assert retention.nightly(sql, NIGHTLY, night(3)) is not None
    assert retention.nightly(sql, NIGHTLY, night(368)) is None

    done = retention.nightly(sql, NIGHTLY, night(4))

    assert done is not None
    assert done.rows == {}
    assert sql.plan("p-2").state is PlanState.DROPPED  # type: ignore[union-attr]
    assert told(sql) is None


def test_a_plan_that_was_dropped_makes_the_next_night_no_usual_one(sql: SqlStore) -> None:
    fill(sql, 20)
    sql.seal()
    assert retention.nightly(sql, NIGHTLY, night(3)) is not None
    assert retention.nightly(sql, NIGHTLY, night(368)) is None
    keeping.drop(sql, "p-2", "ops-2", night(368))

    assert retention.nightly(sql, NIGHTLY, night(369)) is None

    assert "was the clock set forward?" in (need.text if (need := told(sql)) else "")


@pytest.mark.parametrize(("young", "waits"), [(10, True), (80, False)])
def test_the_first_night_with_new_settings_takes_no_more_than_half(
    sql: SqlStore, young: int, *, waits: bool
) -> None:
    fill(sql, 45)
    fill(sql, young, start=25 * 86_400)
    sql.seal()

    done = retention.nightly(sql, NIGHTLY, night(30))

    assert (done is None) is waits
    need = told(sql)
    assert (need is not None) is waits
    if need is not None:
        assert need.text == "retention p-1 waits: more than half of all audit"


def test_a_trail_that_is_not_whole_stays_and_the_status_says_so(tmp_path: Path) -> None:
    with closing(open_store(None, KEY, path=tmp_path, clock=FixedClock())) as store:
        fill(store, 20)
        store.seal()
        tamper(tmp_path, "UPDATE audit SET vals = NULL WHERE seq = 6")

        with pytest.raises(TrailBroken):
            retention.nightly(store, NIGHTLY, night(30))

        need = told(store)
        assert need is not None
        assert need.text.startswith(
            "retention p-1 takes nothing: the trail is not whole: record 6: what is sealed"
        )
        assert (need.cure, need.priority) == ("sdsync audit verify", 1)
        assert retention.nightly(store, NIGHTLY, night(31)) is None
        assert store.verify().cut == 0
