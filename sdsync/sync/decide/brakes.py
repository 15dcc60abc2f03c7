"""Where wars between automations end (law 18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sdsync.store.records import FieldVersion, Hub, Json
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, digest

WINDOW = timedelta(minutes=10)
RETURNS = 3  # times that a field may come back to an earlier value in the window
TURNS = 12  # changes in a row by which two systems may undo each other in the window
NOTES = 10  # notes that may cross systems on one record in the window
HOPS = 8  # times that our own chain may go on


def war(hub: Hub, version: FieldVersion, now: datetime) -> str | None:
    """Who fights over a field, once it returned too often without a person; else None.

    Records the version in the hub's ``flips``; a person's change begins the count anew.
    But whoever undoes the other side's change by turns, faster than people can, is none,
    whatever the account is called: scripts often act under a person's.
    """
    flips = [row for row in hub.flips.get(version.field, []) if _at(row) > now - WINDOW]
    mine = digest(version.value)
    flips.append([mine, now.isoformat(), version.source, version.changed_by, version.human])
    hub.flips[version.field] = flips[-40:]
    alone = _since_a_person(flips)
    returns = sum(
        1
        for at, row in enumerate(alone)
        if alone[at - 1][0] != row[0] and row[0] in [one[0] for one in alone[:at]]
    )
    fighters = alone if returns >= RETURNS else _by_turns(flips)
    if not fighters:
        return None
    hit("law 18: war ended")
    return " and ".join(sorted({str(row[2]) for row in fighters}))


def _since_a_person(flips: Sequence[list[Json]]) -> Sequence[list[Json]]:
    last = max((at for at, row in enumerate(flips) if _by_hand(row)), default=-1)
    return flips[last + 1 :]


def _by_hand(row: list[Json]) -> bool:
    return bool(row[4:] and row[4])  # rows of older programs are machines' alone


def _by_turns(flips: Sequence[list[Json]]) -> Sequence[list[Json]]:
    """The last changes, when two systems put the same two values back in turn."""
    last = flips[-TURNS:]
    if len(last) < TURNS:
        return []
    moves = [(row[0], _system(row)) for row in last]
    (value, system), (other_value, other) = moves[:2]
    turns = value != other_value and system != other
    return last if turns and all(move == moves[at % 2] for at, move in enumerate(moves)) else []


def too_many_notes(draft: Draft, created: list[datetime]) -> bool:
    """Whether more notes crossed systems in the window than people write."""
    recent = [at for at in created if at > draft.ctx.now - WINDOW]
    if len(recent) <= NOTES:
        return False
    hit("law 18: loop suspected")
    return True


def _system(row: list[Json]) -> str:
    return str(row[2]).removeprefix("reaction:")


def _at(row: list[Json]) -> datetime:
    return datetime.fromisoformat(str(row[1]))
