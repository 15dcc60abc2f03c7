"""How a person steers: what runs, what is shared, and how far the store is trusted.

Each command is one commit with an audit row in it. The running daemon notices by itself;
none of these needs it to run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Change,
    Pause,
    Share,
    SyncRow,
)
from sdsync.sync.decide.ending import end, is_ended
from sdsync.sync.persons.by_hand import (
    Refused,
    change_share,
    commit,
    find,
    told,
    wake,
)

if TYPE_CHECKING:
    from sdsync.store.resealing import ResealReport
    from sdsync.store.sql import SqlStore


def pause(store: Store, scope: str, by: str, reason: str | None, now: datetime) -> None:
    """Stop writing in a scope; capture goes on.

    Args:
        scope: "all", "system:X", "sync:X", "tenant:X" or "record:HUB".
    """
    row = AuditRow(now, "paused", f"person:{by}", actor=by, why=reason, text=scope)
    store.commit(Change(pauses=[Pause(scope, now, by, reason)], audit=[row]))


def resume(store: Store, scope: str, by: str, now: datetime) -> None:
    """End a pause, and ring what waited: one commit.

    Raises:
        Refused: Nothing has this scope paused, or somebody paused it anew meanwhile.
    """
    pause = next((one for one in store.pauses() if one.scope == scope), None)
    if pause is None:
        raise Refused(f'"{scope}" is not paused; sdsync status lists the pauses')
    row = AuditRow(now, "resumed", f"person:{by}", actor=by, text=scope)
    change = Change(resumed=[scope], audit=[row], saw_pauses={scope: pause})
    try:
        commit(store, change)
    except Stale:
        told = f'"{scope}" is another pause by now, or none'
        raise Refused(f"{told}; sdsync status says by whom, sdsync resume ends it") from None
    for lane, _, _ in store.work_counts():
        store.ring(lane)


def trust(store: Store, by: str, now: datetime) -> int:
    """Take a suspect store for the true one (law 32); its new epoch.

    A running daemon lets go what waited at its next look at any feed.
    """
    known = store.identity()
    told = AuditRow(now, "trusted", f"person:{by}", actor=by, text=known.suspect or "")
    epoch = store.new_epoch().epoch
    store.commit(Change(audit=[told]))
    return epoch


def reencrypt(
    store: SqlStore, by: str, now: datetime, *, told: Callable[[str, int], None]
) -> ResealReport:
    """Encrypt with the current key what an older one did, and note who asked for it."""
    report = store.reseal(told)
    text = f"{sum(report.rows.values())} rows with key {report.key}"
    row = AuditRow(now, "reencrypted", f"person:{by}", actor=by, text=text)
    store.commit(Change(audit=[row]))
    return report


def resync(store: Store, ref: str, by: str, now: datetime) -> None:
    """Read every side of a record again and deliver what is missing."""
    share = find(store, ref)
    change = Change(audit=[told("resync", share.hub, None, by, now)])
    for replica in share.replicas:
        wake(change, share.hub, replica, now)
    commit(store, change)


def unlink(store: Store, ref: str, by: str, now: datetime) -> None:
    """End the sharing of a record; nothing is deleted on any side.

    What waits for it is let go. Its records are followed no more and let in by nothing,
    until a person links them.

    Raises:
        Refused: It was parted before.
    """
    share = find(store, ref)

    def part(fresh: Share, change: Change) -> None:
        if is_ended(fresh):
            raise Refused(f"{ref} is parted already; sdsync link {ref} SYSTEM#ID joins it anew")
        end(fresh)
        change.audit.append(told("unlinked", fresh.hub, None, by, now, text=ref))

    change_share(store, share.hub.id, part)


def go_live(store: Store, sync: str, by: str, now: datetime) -> None:
    """Note that a sync may write from now on, and ring all that waits for it."""
    _set_mode(store, sync, "live", by, now)
    after = ""
    while hubs := store.hubs(sync=sync, after=after, limit=200):
        for hub in hubs:
            share = store.share(hub.id)
            change = Change()
            for replica in share.replicas if share else ():
                wake(change, hub, replica, now)
            commit(store, change)
        after = hubs[-1].id


def go_observe(store: Store, sync: str, by: str, now: datetime) -> None:
    """Stop writing for a sync; everything else goes on (law 56)."""
    _set_mode(store, sync, "observe", by, now)


def _set_mode(store: Store, sync: str, mode: str, by: str, now: datetime) -> None:
    row = store.sync(sync) or SyncRow(sync, now, mode)
    row.mode = mode
    told = AuditRow(now, mode, f"person:{by}", actor=by, text=sync)
    store.commit(Change(syncs=[row], audit=[told]))
