"""Places that were out of sight and came back: what the feed passed over is read again (law 41).

A feed leaves out a place that is archived, or that our account lost its right to,
without a word, and goes on to what changed elsewhere. What is known there is looked
at by the sweep; a new record is known to nobody. So the feed goes back to where it
stood when the place was last seen open. Weakness, stated: a place that is away and
back between two descriptions was never seen away.
"""

from __future__ import annotations

from sdsync.connectors.contract import Description
from sdsync.store.records import Json, SystemRow
from sdsync.sync.branches import hit

LOST = "lost"  # pairs of a place and the cursor from when it was last seen open, oldest first
STOOD = "stood"  # the cursor at the last description


def go_back(row: SystemRow, said: Description, before: Description | None) -> list[str]:
    """Set the cursor back for the places that are open again; returns their names.

    Args:
        row: The system's row; its ``info`` keeps what is out of sight, and since when.
        before: The last description that this process read; one of nobody's is none.
    """
    lost: list[list[Json]] = list(row.info.get(LOST) or ())
    open_now = {key for key, place in said.places.items() if not place.archived}
    away = {key for key, place in said.places.items() if place.archived}
    away |= (before.places.keys() if before else set()) - said.places.keys()
    back = [pair for pair in lost if pair[0] in open_now]
    new = away - {pair[0] for pair in lost}
    stood = row.info.get(STOOD)
    if stood is not None:
        lost += [[key, stood] for key in sorted(new)]
    if back:
        hit("law 41: a place came back")
        row.cursor = back[0][1]
    row.info = {**row.info, LOST: [one for one in lost if one not in back], STOOD: row.cursor}
    return [str(key) for key, _ in back]
