"""Where wars between automations end (law 18)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.store.records import FieldVersion, Hub, Json
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, digest

WINDOW = timedelta(minutes=10)
RETURNS = 3  # times that a field may come back to an earlier value in the window
NOTES = 10  # notes that may cross systems on one record in the window
HOPS = 8  # times that our own chain may go on


def war(hub: Hub, version: FieldVersion, now: datetime) -> str | None:
    """Who fights over a field, once it returned too often without a person; else None.

    Records the version in the hub's ``flips``; a person's change clears them.
    """
    flips = [row for row in hub.flips.get(version.field, []) if _at(row) > now - WINDOW]
    if version.human:
        hub.flips[version.field] = []
        return None
    mine = digest(version.value)
    flips.append([mine, now.isoformat(), version.source, version.changed_by])
    hub.flips[version.field] = flips[-40:]
    earlier = [row[0] for row in flips[:-1]]
    returns = sum(
        1 for at, row in enumerate(flips) if row[0] in earlier[:at] and flips[at - 1][0] != row[0]
    )
    if returns < RETURNS:
        return None
    hit("law 18: war ended")
    return " and ".join(sorted({str(row[2]) for row in flips}))


def too_many_notes(draft: Draft, created: list[datetime]) -> bool:
    """Whether more notes crossed systems in the window than people write."""
    recent = [at for at in created if at > draft.ctx.now - WINDOW]
    if len(recent) <= NOTES:
        return False
    hit("law 18: loop suspected")
    return True


def _at(row: list[Json]) -> datetime:
    return datetime.fromisoformat(str(row[1]))
