"""Retention as plans: counted, approved by a name, carried out batch by batch (law 40)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sdsync.config.evidence import RetentionConfig
from sdsync.config.units import render_duration
from sdsync.store.contract import Stale
from sdsync.store.records import Change, LineState, Plan, PlanLine, PlanState, Verdict
from sdsync.store.sql import SqlStore
from sdsync.sync.plans import keeping
from sdsync.sync.plans.applying import check, close

KIND, ALL = "retention", "the store"
#: Whose name stands under a plan of the night.
FILE = "sdsync.toml"
#: Local hours in which a night's plan is made, and how long ago the last one was.
NIGHT, APART = range(2, 5), timedelta(hours=20)
_BEFORE = "before"

Told = Callable[[str, int], None]


@dataclass(slots=True)
class Forgotten:
    """What a run removed, by kind. ``free_bytes`` are inside the database's file."""

    plan: str
    rows: dict[str, int] = field(default_factory=dict)
    free_bytes: int | None = None


def make(store: SqlStore, config: RetentionConfig, by: str, now: datetime) -> Plan:
    """Count what is kept longer than the settings say; nothing is removed."""
    kept = config.kept()
    how = ", ".join(f"{name} {render_duration(seconds)}" for name, seconds in kept.items())
    plan = keeping.numbered(store, Plan("", KIND, ALL, by, now, how))
    lines = []
    for n, (name, seconds) in enumerate(kept.items(), 1):
        before = now - timedelta(seconds=seconds)
        rows = plan.counts[name] = store.expired(name, before)
        state = LineState.WAITING if rows else LineState.NOTED
        verdict = Verdict.CERTAIN if rows else Verdict.LEFT_OUT
        plan.counts[verdict.value] = plan.counts.get(verdict.value, 0) + 1
        line = PlanLine(plan.id, n, verdict, [], state, title=name, why=render_duration(seconds))
        line.seen = {_BEFORE: before.isoformat()}
        lines.append(line)
    plan.state = PlanState.OPEN
    row = keeping.told("planned", plan, by, now, f"{KIND} {how}")
    store.commit(Change(plans=[plan], plan_lines=lines, audit=[row]))
    return keeping.found(store, plan.id)


def apply(
    store: SqlStore, plan_id: str, by: str, now: datetime, told: Told = lambda _what, _rows: None
) -> Forgotten:
    """Remove what an approved plan counted, and no more; broken off, the next run goes on.

    Args:
        told: Called after each batch with the kind and the rows so far.

    Raises:
        Refused: Nobody approved the plan, or it was dropped.
    """
    plan = keeping.found(store, plan_id)
    check(plan)
    done = Forgotten(plan_id)
    for line in keeping.lines(store, plan_id, state=LineState.WAITING):
        name, before = line.title, datetime.fromisoformat(line.seen[_BEFORE])
        done.rows[name] = 0
        for rows in store.forget(name, before, plan_id, now):
            done.rows[name] += rows
            told(name, done.rows[name])
        line.state, line.done_at = LineState.DONE, now
        text = f"{name} before {before:%Y-%m-%d %H:%M} UTC: {done.rows[name]}"
        row = keeping.told("forgot", plan, by, now, text)
        with suppress(Stale):  # two who carry it out say so once
            store.commit(Change(plan_lines=[line], audit=[row]))
    close(store, plan_id, by, now)
    done.free_bytes = store.free_bytes()
    return done


def nightly(store: SqlStore, config: RetentionConfig, now: datetime) -> Forgotten | None:
    """Make and carry out the plan of a night, or go on with one; None: nothing is due.

    Args:
        now: Aware; its zone tells what night is.
    """
    if config.apply != "nightly" or not config.kept():
        return None
    utc = now.astimezone(UTC)
    ours = [one for one in store.plans() if one.kind == KIND and one.by == FILE]
    newest = ours[0] if ours else None
    if newest is None or newest.state not in (PlanState.OPEN, PlanState.APPROVED):
        due = newest is None or now - newest.at >= APART
        if not due or now.hour not in NIGHT:
            return None
        newest = make(store, config, FILE, utc)
    if newest.state is PlanState.OPEN:
        newest = keeping.approve(store, newest.id, FILE, utc)
    return apply(store, newest.id, FILE, utc)
