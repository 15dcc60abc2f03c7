"""The state of the house in one look: what needs somebody, systems, syncs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sdsync.cli.looks import accounts, dead, refs
from sdsync.cli.looks.accounts import AccountLook
from sdsync.cli.looks.lanes import lane_of
from sdsync.config.model import Config, SystemConfig
from sdsync.ratelimit import view
from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Cause, Pause, SystemRow, WorkKey

#: Audit rows of the last day that are read at most; beyond it the counts say "at least".
DAY_ROWS = 20_000
_PAGE = 500
#: A system that answers again within this needs nobody.
AWAY_S = 60
_ANSWERS = frozenset({"ok", "new", "throttled", "paused"})


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person, with the command that cures it."""

    id: str | None
    text: str
    records: int
    since: datetime | None
    priority: int
    place: str | None
    cure: str
    mapping: dead.MappingLook | None = None


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


@dataclass(frozen=True, slots=True)
class House:
    """What is known beside the store: the process and the files."""

    running: bool = False
    up_s: float | None = None
    store_bytes: int | None = None
    config_text: bytes = b""
    in_force: str = ""  # the digest of the settings that the process started with
    edited: Sequence[str] = ()  # files that changed since the process started
    broker: str = ""  # what the broker does not do


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
        needs=sorted(_needs(store, config, pauses, now, house), key=lambda one: one.priority),
        systems=_systems(store, config, pauses, now),
        syncs=_syncs(store, config, pauses, now),
    )


# -- what needs somebody ---------------------------------------------------------
def _needs(
    store: Store, config: Config, pauses: Sequence[Pause], now: datetime, house: House
) -> Iterator[Need]:
    if not house.running:
        yield Need(None, "sdsync is not running", 0, None, 1, None, "sdsync run")
    if house.edited:
        text = f"{', '.join(house.edited)} changed since sdsync started, which runs on as before"
        yield Need(None, text, 0, None, 2, None, "sdsync check, then restart sdsync")
    if house.broker:
        text = f"broker: {house.broker}; nothing is lost"
        yield Need(None, text, 0, None, 4, None, "look at broker.url (sdsync config)")
    if (reason := store.identity().suspect) is not None:
        text = f"the store may not be the newest of its copies: {reason}"
        cured = "none: it ends once every system was read; sooner: sdsync store trust"
        yield Need(None, text, 0, None, 2, None, cured)
    causes = sorted(store.causes(), key=lambda one: one.since)
    needs = [(cause, _cause(store, cause)) for cause in causes]
    # A cause whose last record went on is over, even before somebody closes its row.
    yield from (need for cause, need in needs if need.records or cause.kind == "system")
    told = {cause.system for cause in causes if cause.kind == "system"}
    for name, system in config.systems.items():
        if name not in told:
            yield from _system(name, system, store.system(name), now)
    yield from (_pause(store, one) for one in pauses)


def _pause(store: Store, pause: Pause) -> Need:
    """A record is told by the name that people know it by."""
    kind, _, name = pause.scope.partition(":")
    share = store.share(name) if kind == "record" else None
    shown = refs.name_of(share) if share else pause.scope
    reason = f": {pause.reason}" if pause.reason else ""
    text = f"{shown} is paused by {pause.by}{reason}"
    scope = shown if share else name or pause.scope
    return Need(None, text, 0, pause.since, 3, None, f"sdsync resume {scope}")


def _cause(store: Store, cause: Cause) -> Need:
    records, _ = dead.counted(store, cause.id)
    if cause.kind == "system":
        cured = cause.remedy or f"sdsync check --live {cause.system}"
    elif cause.kind == "held":
        cured = cause.remedy or f"sdsync held show {cause.id}"
    else:
        cured = f"sdsync dead show {cause.id}"
    place = dead.spot(cause.place)
    return Need(cause.id, cause.text, records, cause.since, cause.priority, place, cured,
                dead.blamed(store, cause))  # fmt: skip


def _system(name: str, config: SystemConfig, row: SystemRow, now: datetime) -> Iterator[Need]:
    if row.state == "unauthorised":
        token = config.token or "the token"
        text = f"{name} refuses our credential; what waits for it is not lost"
        cured = f"renew {token}, then it drains by itself"
    elif row.state == "misconfigured":
        text = f"{name} is not what the configuration says" + (
            f": {row.detail}" if row.detail else ""
        )
        cured = "sdsync check --live"
    elif row.state == "unreachable" and (_age(row.state_since, now) or 0) > AWAY_S:
        text = f"{name} does not answer; what waits for it is not lost"
        cured = f"curl -sS {config.url}"
    else:
        return
    yield Need(None, text, 0, row.state_since, 2, None, cured)


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
