"""Work and lanes: what is dirty, who drives, whose bell rang. Runs in the writer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from sdsync.store import tables
from sdsync.store.codec import (
    encode,
    instant,
    instant_or_none,
    load,
    micros,
    micros_or_none,
)
from sdsync.store.dialect import Link, Row
from sdsync.store.records import Change, Json, LaneRow, Work, WorkKey
from sdsync.store.semantics import (
    SHELF,
    SHELVED_FROM,
    first_ring,
    is_repeat,
    repeated,
    rung_again,
)
from sdsync.store.statements import Statement, insert_if_new, upsert
from sdsync.store.vault import Vault, row_id
from sdsync.store.writer import Tx

_work, _lanes = tables.work, tables.lanes
_is_key = tuple(_work.c[name] == bindparam("k_" + name) for name in ("lane", "kind", "target"))
_all = select(*_work.columns)
_in_lane = _work.c.lane == bindparam("lane")

WORK_OF = Statement(_all.where(*_is_key))
WORK_TO_CHANGE = Statement(_all.where(*_is_key).with_for_update())
WORK_NEW = insert_if_new(_work, ("lane", "kind", "target"))
WORK_RUNG = Statement(
    update(_work)
    .where(*_is_key)
    .values(
        {
            name: bindparam(name)
            for name in ("priority", "since", "due_at", "deadline_at", "generation", "doc")
        }
    )
)
FINISHED = Statement(delete(_work).where(*_is_key, _work.c.generation == bindparam("k_generation")))
ORDERLY = Statement(update(_work).where(*_is_key).values(starts=0))
_shelf = {"shelved": micros(SHELVED_FROM), "shelf": SHELF // timedelta(microseconds=1)}
POSTPONED = Statement(
    update(_work)
    .where(*_is_key, _work.c.due_at < bindparam("shelved"))
    .values(starts=0, due_at=bindparam("due_at"))
)
#: Both instants by as much, so that its order is known when it comes back.
SHELVED = Statement(
    update(_work)
    .where(
        *_is_key,
        _work.c.generation == bindparam("k_generation"),
        _work.c.due_at < bindparam("shelved"),
    )
    .values(
        starts=0,
        due_at=_work.c.due_at + bindparam("shelf"),
        deadline_at=_work.c.deadline_at + bindparam("shelf"),
    )
)
UNSHELVED = Statement(
    update(_work)
    .where(_work.c.due_at >= bindparam("shelved"))
    .values(
        due_at=_work.c.due_at - bindparam("shelf"),
        deadline_at=_work.c.deadline_at - bindparam("shelf"),
    )
)
STARTED = Statement(update(_work).where(*_is_key).values(starts=_work.c.starts + 1))
#: In the order of its index. The sum keeps planners from the index of due instants,
#: which needs a sort.
_due = (
    _all.where(_in_lane, _work.c.due_at + 0 <= bindparam("now"))
    .order_by(_work.c.deadline_at, _work.c.kind, _work.c.target)
    .limit(bindparam("count"))
)
DUE = Statement(_due)
#: A row that another process claims is passed over.
DUE_TO_CLAIM = Statement(_due.with_for_update(skip_locked=True))
OPEN = Statement(_all.where(_in_lane, _work.c.starts > 0).order_by(_work.c.kind, _work.c.target))
DUE_OF_KIND = Statement(
    select(func.count()).where(
        _in_lane, _work.c.kind == bindparam("kind"), _work.c.due_at <= bindparam("now")
    )
)
NEXT_DUE = Statement(
    select(_work.c.target, _work.c.due_at)
    .where(_in_lane, _work.c.due_at < bindparam("shelved"))
    .order_by(_work.c.due_at)
    .limit(bindparam("count"))
)

LANE_OF = Statement(select(*_lanes.columns).where(_lanes.c.lane == bindparam("lane")))
LANE_TO_CHANGE = Statement(
    select(*_lanes.columns).where(_lanes.c.lane == bindparam("lane")).with_for_update()
)
LANE_NEW = insert_if_new(_lanes, ("lane",))
LANE_PUT = upsert(_lanes)


def write(link: Link, change: Change, known: Collection[int], vault: Vault) -> None:
    """The work of a change: finished and postponed first, so that a ring counts anew."""
    for key, generation in change.finished:
        if link.run(FINISHED, {**_key(key), "k_generation": generation}) == 0:
            link.run(ORDERLY, _key(key))
    for key, due_at in change.postponed:
        link.run(POSTPONED, {**_key(key), "due_at": micros(due_at), **_shelf})
    for key, generation in change.shelved:
        if link.run(SHELVED, {**_key(key), "k_generation": generation, **_shelf}) == 0:
            link.run(ORDERLY, _key(key))
    if change.resumed:  # what another pause holds goes back to it
        link.run(UNSHELVED, _shelf)
    told = repeated(change.events, known)
    for one in change.ring:
        _ring(link, one, vault, repeat=is_repeat(one, told))


def _ring(link: Link, new: Work, vault: Vault, *, repeat: bool) -> None:
    columns = _columns(first_ring(new), vault)
    while link.run(WORK_NEW, columns) == 0 and not repeat:
        found = link.row(WORK_TO_CHANGE, _key(new.key))
        if found is None:  # finished by another process in between: it is new after all
            continue
        merged = _columns(rung_again(read_work(found, vault), new), vault)
        kept = {name: merged[name] for name in merged if name not in ("lane", "kind", "target")}
        del kept["starts"]
        link.run(WORK_RUNG, {**kept, **_key(new.key)})
        return


def claim(
    tx: Tx, vault: Vault, lane: str, *, now: datetime, busy: frozenset[str], limit: int
) -> list[Work]:
    """Due work of the lane in claim order, each with one more start."""
    rows = free(tx.link, lane, now=now, busy=busy, limit=limit, statement=DUE_TO_CLAIM)
    taken = [read_work(one, vault) for one in rows]
    tx.link.many(STARTED, [_key(one.key) for one in taken])
    for one in taken:
        one.starts += 1
    return taken


def next_due(link: Link, lane: str, busy: frozenset[str] = frozenset()) -> datetime | None:
    """When work of the lane is due next: a few steps of an index, however much waits."""
    count = 1 + len(busy)
    while True:
        rows = link.rows(NEXT_DUE, {"lane": lane, "shelved": _shelf["shelved"], "count": count})
        due = next((one[1] for one in rows if one[0] not in busy), None)
        if due is not None or len(rows) < count:
            return instant_or_none(due)
        count *= 2


def free(
    link: Link,
    lane: str,
    *,
    now: datetime,
    busy: frozenset[str],
    limit: int,
    statement: Statement = DUE,
) -> list[Row]:
    """Rows of due work that nobody of this process is at, in claim order."""
    count = limit + len(busy)
    while True:
        rows = link.rows(statement, {"lane": lane, "now": micros(now), "count": count})
        found = [one for one in rows if one[2] not in busy]
        if len(found) >= limit or len(rows) < count:
            return found[:limit]
        count *= 2


def read_work(row: Row, vault: Vault) -> Work:
    """A row of the work table as a record."""
    lane, kind, target, priority, since, due_at, deadline_at, generation, starts, doc = row
    hint: dict[str, Json] = {}
    if doc is not None:
        hint = load(vault.cipher.open("work", row_id(lane, kind, target), doc))
    return Work(
        key=WorkKey(lane, kind, target),
        priority=priority,
        since=instant(since),
        due_at=instant(due_at),
        deadline_at=instant(deadline_at),
        generation=generation,
        starts=starts,
        hint=hint,
    )


def _columns(work: Work, vault: Vault) -> dict[str, Any]:
    key = work.key
    row = row_id(key.lane, key.kind, key.target)
    return {
        "lane": key.lane,
        "kind": key.kind,
        "target": key.target,
        "priority": work.priority,
        "since": micros(work.since),
        "due_at": micros(work.due_at),
        "deadline_at": micros(work.deadline_at),
        "generation": work.generation,
        "starts": work.starts,
        "doc": vault.cipher.seal("work", row, encode(work.hint)) if work.hint else None,
    }


def _key(key: WorkKey) -> dict[str, Any]:
    return {"k_lane": key.lane, "k_kind": key.kind, "k_target": key.target}


def read_lane(row: Row | None, lane: str, vault: Vault) -> LaneRow:
    """A row of the lanes table as a record; a new record when there is none."""
    if row is None:
        return LaneRow(lane)
    _, holder, lease_until, fence, rung, doc = row
    checkpoint = {} if doc is None else load(vault.cipher.open("lanes", lane, doc))
    until = instant_or_none(lease_until)
    return LaneRow(lane, holder, until, fence, bool(rung), checkpoint)


def lane_to_change(tx: Tx, lane: str, vault: Vault) -> LaneRow:
    """The lane's row, locked until the commit where several processes write."""
    found = tx.link.row(LANE_TO_CHANGE, {"lane": lane})
    if found is None:
        tx.link.run(LANE_NEW, _lane_columns(LaneRow(lane), vault))
        found = tx.link.row(LANE_TO_CHANGE, {"lane": lane})
    return read_lane(found, lane, vault)


def put_lane(tx: Tx, row: LaneRow, vault: Vault) -> None:
    """Keep a lane's row."""
    tx.link.run(LANE_PUT, _lane_columns(row, vault))


def _lane_columns(row: LaneRow, vault: Vault) -> dict[str, Any]:
    kept = row.checkpoint
    return {
        "lane": row.lane,
        "holder": row.holder,
        "lease_until": micros_or_none(row.lease_until),
        "fence": row.fence,
        "rung": int(row.rung),
        "checkpoint": vault.cipher.seal("lanes", row.lane, encode(kept)) if kept else None,
    }
