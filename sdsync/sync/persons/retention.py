"""Retention as plans: counted, approved by a name, carried out batch by batch (law 40)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sdsync.config.evidence import RetentionConfig
from sdsync.config.units import render_duration
from sdsync.store.audit import TrailBroken
from sdsync.store.contract import Stale
from sdsync.store.records import Change, LineState, Plan, PlanLine, PlanState, Verdict
from sdsync.store.sql import SqlStore
from sdsync.sync.plans import keeping
from sdsync.sync.plans.applying import check, close
from sdsync.sync.watch.nights import BROKEN, reason
from sdsync.sync.watch.nights import FILE as FILE
from sdsync.sync.watch.nights import KIND as KIND

ALL = "the store"
#: Local hours in which a night's plan is made, and how long ago the last one was.
NIGHT, APART = range(2, 5), timedelta(hours=20)
#: Longer than over a long weekend nobody switches sdsync off; what seems longer may be a
#: wall clock that was set forward.
GAP = timedelta(days=4)
#: So few of a kind may always go; of more no more than half, the first time with these settings.
FEW = 20
_END = datetime.max.replace(tzinfo=UTC)
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
        TrailBroken: What would go of the trail is not as it was written: this and what
            comes after it stays.
    """
    plan = keeping.found(store, plan_id)
    check(plan)
    done = Forgotten(plan_id)
    for line in keeping.lines(store, plan_id, state=LineState.WAITING):
        name, before = line.title, datetime.fromisoformat(line.seen[_BEFORE])
        done.rows[name] = 0
        try:
            for rows in store.forget(name, before, plan_id, now):
                done.rows[name] += rows
                told(name, done.rows[name])
        except TrailBroken as broken:
            _put_off(store, {line.n: f"{BROKEN}: {broken}"}, [line])
            raise
        line.state, line.told, line.done_at = LineState.DONE, "", now
        text = f"{name} before {before:%Y-%m-%d %H:%M} UTC: {done.rows[name]}"
        row = keeping.told("forgot", plan, by, now, text)
        with suppress(Stale):  # two who carry it out say so once
            store.commit(Change(plan_lines=[line], audit=[row]))
    close(store, plan_id, by, now)
    done.free_bytes = store.free_bytes()
    return done


def nightly(store: SqlStore, config: RetentionConfig, now: datetime) -> Forgotten | None:
    """Make and carry out the plan of a night, or go on with one; None: nothing is due.

    What is no usual night waits for a person, who approves and applies its plan.

    Args:
        now: Aware; its zone tells what night is.
    """
    if config.apply != "nightly" or not config.kept():
        return None
    utc = now.astimezone(UTC)
    ours = [one for one in store.plans() if one.kind == KIND and one.by == FILE]
    newest = ours[0] if ours else None
    ahead = newest is not None and newest.at > utc  # a clock that was wrong made it
    if newest is not None and newest.state is PlanState.OPEN and ahead:
        newest = keeping.drop(store, newest.id, FILE, utc)
    if newest is None or newest.state not in (PlanState.OPEN, PlanState.APPROVED):
        due = newest is None or ahead or utc - newest.at >= APART
        if not due or now.hour not in NIGHT:
            return None
        newest = make(store, config, FILE, utc)
    if reason(store, newest):
        return None
    if newest.state is PlanState.OPEN:
        lines = list(keeping.lines(store, newest.id, state=LineState.WAITING))
        if why := _unusual(store, newest, lines):
            _put_off(store, why, lines)
            return None
        newest = keeping.approve(store, newest.id, FILE, utc)
    return apply(store, newest.id, FILE, utc)


def _unusual(store: SqlStore, plan: Plan, lines: Sequence[PlanLine]) -> dict[int, str]:
    """Why a person should look at it first, by line.

    A night takes what has aged since the last one. Since when that was is measured from one
    that was carried out: a plan that was dropped took nothing.
    """
    last = next(
        (one for one in store.plans() if one.kind == KIND and one.state is PlanState.APPLIED), None
    )
    if last is not None and plan.at - last.at > GAP:
        days = (plan.at - last.at).days
        told = f"the last night was {days} days before: was the clock set forward?"
        return {one.n: told for one in lines}
    if last is not None and last.how == plan.how:
        return {}
    return {one.n: f"more than half of all {one.title}" for one in lines if _is_most(store, one)}


def _is_most(store: SqlStore, line: PlanLine) -> bool:
    rows = store.expired(line.title, datetime.fromisoformat(line.seen[_BEFORE]))
    return rows > FEW and store.expired(line.title, _END, enough=2 * rows) < 2 * rows


def _put_off(store: SqlStore, why: Mapping[int, str], lines: Sequence[PlanLine]) -> None:
    """Say on its lines why a plan waits for a person."""
    for one in lines:
        one.told = why.get(one.n, "")
    store.commit(Change(plan_lines=list(lines)))
