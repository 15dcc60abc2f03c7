"""Finding the records that must say that they wait, however many others there are (law 48)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sdsync.store.records import Change, Hub, SystemRow
from sdsync.sync.core import Core
from sdsync.sync.draft import Draft
from sdsync.sync.systems import System
from sdsync.sync.watch.telling import SAID_AFTER, say_that_it_waits

PAGE = 200
#: Records of a sync that one visit looks at: 10 ms for those that were told, 1 s where none was.
A_VISIT = 1_000
Key = tuple[datetime, str]
FIRST: Key = (datetime.fromtimestamp(0, UTC), "")


@dataclass(slots=True)
class Place:
    """How far the records of one sync that were born in one system were looked at."""

    #: All before were looked at once they had waited long enough: what is new begins here.
    fresh: Key = FIRST
    #: Where the round is that looks at all of them again: their system was away, say.
    round: Key = FIRST


class Waiting:
    """One process's search; a fresh process begins it anew.

    Both the newest and all others have their turn: those that were told, or cannot be
    told now, delay nobody by more than the visits that they fill.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._places: dict[tuple[str, str], Place] = {}

    def tell(self, system: System) -> bool:
        """Records born here whose change is long on its way say so; False: there are more.

        Only those that a live sync shares: observing, nothing is delivered, and every
        change would wait for ever (law 56).
        """
        syncs = [one.name for one in self._core.context().syncs.values() if one.mode == "live"]
        ended = [self._of_sync(system.name, one) for one in syncs]  # each has its turn
        return all(ended)

    def _of_sync(self, system: str, sync: str) -> bool:
        place = self._places.setdefault((system, sync), Place())
        until = self._core.clock.now() - SAID_AFTER
        place.fresh, left = self._walk(system, sync, place.fresh, until, A_VISIT)
        if left:
            place.fresh = max(place.fresh, (until, ""))
            place.round, left = self._walk(system, sync, place.round, until, left)
        if left:
            place.round = FIRST
        return left > 0

    def _walk(
        self, system: str, sync: str, after: Key, until: datetime, most: int
    ) -> tuple[Key, int]:
        """Look at ``most`` records at most; the last of them, and how many more it could be."""
        while most:
            limit = min(PAGE, most)
            found = self._core.store.undelivered(
                system, sync, after=after, before=until, limit=limit
            )
            self._say(found)
            most -= len(found)
            after = _key(found[-1]) if found else after
            if len(found) < limit:
                break
        return after, most

    def _say(self, found: Sequence[Hub]) -> None:
        silent = [one.id for one in found if one.told_at is None]
        core = self._core
        rows = {name: core.store.system(name) for name in core.systems} if silent else {}
        for hub_id in silent:
            core.commit(partial(self._said, hub_id, rows))

    def _said(self, hub_id: str, rows: dict[str, SystemRow]) -> Change | None:
        share = self._core.store.share(hub_id)
        if share is None:
            return None
        draft = Draft(share, self._core.context())
        return draft.change if say_that_it_waits(draft, rows) else None


def _key(hub: Hub) -> Key:
    assert hub.human_at is not None
    return hub.human_at, hub.id
