"""The night's retention: once a night, in the name of the file, and on where it was broken off."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.config.evidence import RetentionConfig
from sdsync.store.records import PlanState
from sdsync.store.sql import SqlStore
from sdsync.sync.persons import retention
from tests.integration.store.builders import NOW
from tests.integration.store.test_audit import fill

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
