"""The state of the house in one look: what needs somebody, systems, syncs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sdsync.cli.looks import accounts
from sdsync.cli.looks.accounts import AccountLook
from sdsync.cli.looks.dead import PaceLook, paced
from sdsync.cli.looks.lanes import lane_of
from sdsync.config.model import Config
from sdsync.ratelimit import view
from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Pause, WorkKey
from sdsync.sync.watch.needs import Around, Need, needs

#: Audit rows of the last day that are read at most; beyond it the counts say "at least".
DAY_ROWS = 20_000
_PAGE = 500
_ANSWERS = frozenset({"ok", "new", "throttled", "paused"})


@dataclass(frozen=True, slots=True)
class SystemLook:
    """One system. Ages in seconds; None where there is nothing to say."""

    name: str
    state: str
    seen_s: float | None
    waiting: int
    oldest_s: float | None
    budget: str
    next: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class SyncLook:
    """One sync. ``lag_s`` is the age of its oldest change that a person made and that waits."""

    name: str
    mode: str
    paused: bool
    shared: int
    lag_s: float
    lag_limit_s: float
    parked: int
    held: int
    born: int
    closed: int
    accounts: Sequence[AccountLook] = ()  # what it would have sent, while it observes


@dataclass(frozen=True, slots=True)
class StatusLook:
    """Everything that ``sdsync status`` tells."""

    at: datetime
    running: bool
    up_s: float | None
    store: str  # "ok" or what is wrong
    store_bytes: int | None
    config: str  # first digits of the digest of the file that is in force
    needs: Sequence[Need]
    systems: Sequence[SystemLook]
    syncs: Sequence[SyncLook]
    paced: Sequence[PaceLook] = ()


@dataclass(frozen=True, slots=True)
class House(Around):
    """What is known beside the store: the process and the files."""

    up_s: float | None = None
    store_bytes: int | None = None
    config_text: bytes = b""
    in_force: str = ""  # the digest of the settings that the process started with


def look(store: Store, config: Config, now: datetime, house: House) -> StatusLook:
    """Read the status. ``now`` is aware; costs as the troubles, not as the records."""
    pauses = store.pauses()
    return StatusLook(
        at=now,
        running=house.running,
        up_s=house.up_s,
        store="ok" if store.identity().suspect is None else "suspect",
        store_bytes=house.store_bytes,
        config=(house.in_force or hashlib.sha256(house.config_text).hexdigest())[:4],
        needs=needs(store, config, now, house),
        systems=_systems(store, config, pauses, now),
        syncs=_syncs(store, config, pauses, now),
        paced=paced(store, now),
    )


# -- systems -------------------------------------------------------------------------
def _systems(
    store: Store, config: Config, pauses: Sequence[Pause], now: datetime
) -> list[SystemLook]:
    counts = {lane: (waiting, oldest) for lane, waiting, oldest in store.work_counts()}
    paused = {one.scope for one in pauses}
    looks = []
    for name, system in config.systems.items():
        row = store.system(name)
        waiting, oldest = counts.get(name, (0, None))
        lane = lane_of(store, name, system, now)
        state = row.state if row.state not in ("ok", "new") else lane.state
        if row.state == "new" and lane.state == "ok":
            state = "new"
        if {"all", f"system:{name}"} & paused:
            state = "paused"
        looks.append(
            SystemLook(
                name=name,
                state=state,
                seen_s=_age(row.seen_at, now),
                waiting=waiting,
                oldest_s=_age(oldest, now),
                budget=lane.budget if state in _ANSWERS else "-",
                next=_next(store, name, lane, now),
                detail=row.detail,
            )
        )
    return looks


def _next(store: Store, name: str, lane: view.LaneView, now: datetime) -> str:
    """When the system is asked next, and for what."""
    if lane.next in ("again", "probe") and lane.next_in_s:
        return f"{lane.next} in {lane.next_in_s:.0f} s"
    poll = store.work(WorkKey(name, "poll", "feed"))
    due_at = poll.due_at if poll else store.next_due(name)
    if due_at is None:
        return "-"
    left_s = (due_at - now).total_seconds()
    word = "poll" if poll else "next"
    return f"{word} in {left_s:.0f} s" if left_s >= 1 else f"{word} now"


# -- syncs -----------------------------------------------------------------------------
def _syncs(store: Store, config: Config, pauses: Sequence[Pause], now: datetime) -> list[SyncLook]:
    counts: dict[str, dict[str, int]] = {}
    for counted, what, number in store.sync_counts():
        counts.setdefault(counted, {})[what] = number
    paused = {one.scope for one in pauses}
    day = _day(store, now)
    looks = []
    for name, sync in config.syncs.items():
        mine = counts.get(name, {})
        row = store.sync(name)
        mode = row.mode if row else sync.mode
        told = accounts.look(store, name, sync.systems) if mode == "observe" else ()
        looks.append(
            SyncLook(
                name=name,
                mode=mode,
                paused=bool({"all", f"sync:{name}"} & paused),
                shared=mine.get("shared", 0),
                lag_s=mine.get("lag_s", 0),
                lag_limit_s=min(config.lag.values()),
                parked=mine.get("parked", 0),
                held=mine.get("held", 0),
                born=day.get((name, "born"), 0),
                closed=day.get((name, "closed"), 0),
                accounts=tuple(told),
            )
        )
    return looks


def _day(store: Store, now: datetime) -> Mapping[tuple[str, str], int]:
    """(sync, born or closed) -> how many records in the last 24 hours."""
    marked = {
        (row.hub_id, what)
        for row in _rows_since(store, now - timedelta(days=1))
        if row.hub_id and (what := _counted(row))
    }
    counts: dict[tuple[str, str], int] = {}
    for hub_id, what in marked:
        share = store.share(hub_id)
        for sync in share.hub.syncs if share else ():
            counts[sync, what] = counts.get((sync, what), 0) + 1
    return counts


def _counted(row: AuditRow) -> str | None:
    if row.action == "born":
        return "born"
    return "closed" if row.field == "status" and row.after == "closed" else None


def _rows_since(store: Store, start: datetime) -> Iterator[AuditRow]:
    """Audit rows from ``start`` on, the newest DAY_ROWS at most."""
    last = store.last_audit_seq()
    seq = max(_seq_before(store, start, last), last - DAY_ROWS)
    while True:
        page = list(store.audit(after_seq=seq, limit=_PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        seq = page[-1].seq


def _seq_before(store: Store, start: datetime, last: int) -> int:
    """The ``seq`` after which rows are younger than ``start``: rows are in order of time."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        row = next(iter(store.audit(after_seq=middle, limit=1)), None)
        if row is None or row.at >= start:
            high = middle
        else:
            low = max(middle + 1, row.seq)
    return low


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else (now - at).total_seconds()
