"""Why a record that somebody typed is not shared, as far as the store can tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sdsync.cli.words import instant
from sdsync.config.model import Config
from sdsync.store.contract import Store
from sdsync.store.records import WorkKey

_ANSWERS = frozenset({"ok", "new"})


def why(store: Store, config: Config, text: str, now: datetime) -> str | None:
    """What is known of ``text``, in one sentence; None when it names no record of a system.

    Args:
        store: Where feeds, pauses and work stand.
        config: What may enter from where.
        text: ``SYSTEM#ID``, as typed; no share has that name.
        now: Aware; its zone is the reader's.
    """
    system, _, number = text.partition("#")
    if system not in config.systems or not number:
        return None
    takes = [
        (name, sync.take[system]) for name, sync in config.syncs.items() if system in sync.take
    ]
    if not takes:
        return f"{text} is not shared: nothing enters from {system}, no sync takes from it"
    if trouble := next(_troubles(store, config, system, now), None):
        return f"{text} is not shared yet: {trouble}"
    if store.work(WorkKey(system, "look", number.rpartition("#")[2])) is not None:
        return f"{text} is not shared yet: it waits to be read"
    reasons = _reasons(store, config, system, [name for name, _ in takes], now)
    told = "; ".join(f"{name} takes {expression}" for name, expression in takes)
    return f"{text} is not shared: {reasons}\n{told}"


def _troubles(store: Store, config: Config, system: str, now: datetime) -> Iterator[str]:
    """What keeps the whole system from being read."""
    row = store.system(system)
    scopes = {one.scope for one in store.pauses()}
    if scopes & {"all", f"system:{system}"}:
        yield f"{system} is paused"
    if row.state not in _ANSWERS:
        seen = f", it answered last at {instant(row.seen_at, now)}" if row.seen_at else ""
        yield f"{system} is {row.state}{seen}"
    poll = store.work(WorkKey(system, "poll", "feed"))
    if row.watched_since is None:
        yield f"{system} was not read yet"
    elif poll is not None and (now - poll.due_at).total_seconds() > config.systems[system].poll_s:
        yield f"{system} should have been read at {instant(poll.due_at, now)}"


def _reasons(store: Store, config: Config, system: str, syncs: list[str], now: datetime) -> str:
    """What remains: only the product knows how old it is and where it lies."""
    watched = store.system(system).watched_since
    rows = [one for one in map(store.sync, syncs) if one is not None]
    starts = [max(one.activated_at, watched or one.activated_at) for one in rows]
    older = f"older than {instant(min(starts), now)}" if starts else "older than the sync"
    poll = store.work(WorkKey(system, "poll", "feed"))
    read = ""
    if poll is not None:
        at = poll.due_at - timedelta(seconds=config.systems[system].poll_s)
        read = f" ({system} was read at {instant(at, now)})"
    return f"{older}, in no take, or not read yet{read}"
