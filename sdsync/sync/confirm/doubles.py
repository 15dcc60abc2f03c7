"""Second bearers of what we made once: counted each night, and never adopted (law 30).

A call that somebody on the way repeated makes two things of one intent, long after
the answer was confirmed. Each intent is counted in the night after it was made, by
its mark or, for notes and files, by what hangs on its record. Weakness, stated:
records of a product without marks are only counted while they are in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sdsync.connectors.contract import Connector, Find, Found, Handle, NativeElement, NativeRecord
from sdsync.connectors.failures import Forbidden, Missing, Rejected
from sdsync.store.records import Change, Intent, Ref, Replica, Share, Work
from sdsync.sync.branches import hit
from sdsync.sync.confirm.settling import DOUBLES, KEEP, TOLD
from sdsync.sync.core import Core
from sdsync.sync.decide.elements import placed_ids
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.policy import is_failure, lane_trouble
from sdsync.sync.systems import System

NIGHT_H = 3  # UTC
AT_ONCE = 10  # intents in one visit; then others of the lane have their turn
#: Younger intents may still be in doubt, and their doubles may still land.
OLD_ENOUGH = timedelta(hours=1)
TROUBLE_AGAIN = timedelta(minutes=5)
TRIES = 3  # of one record that alone cannot be read; then the others have their turn
MARKED = frozenset({Handle.OWN_ID, Handle.STRONG_MARK, Handle.LAGGING_MARK})
#: Answers that speak of the one thing asked for: the count goes on without it.
OF_ONE = (Missing, Forbidden, Rejected)


class Doubles:
    """The nightly count of one engine's systems; it goes on where it stopped."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def count(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Count some intents of the system, and come again: at once, or next night."""
        core, now = self._core, self._core.clock.now()
        after, due = str(work.hint.get("after") or ""), next_night(now)
        tries = int(work.hint.get("tries") or 0)
        upto = f"{int((now - OLD_ENOUGH).timestamp() * 1000):011x}"
        found = core.store.made(system.name, after=after, upto=upto, limit=AT_ONCE)
        for hub_id, intent_id in found:
            if not self._one(system, connector, hub_id, intent_id, meter):
                tries += lane_trouble(meter.worst) is None
                if tries < TRIES:
                    due = now + TROUBLE_AGAIN
                    break
            after, tries = intent_id, 0
        else:
            due = now if len(found) == AT_ONCE else due
        again = core.work_for(system.name, "count", work.key.target, due=due, priority=5)
        again.hint = {"after": after, "tries": tries}
        core.store.commit(Change(finished=[(work.key, work.generation)], ring=[again]))

    def _one(
        self, system: System, connector: Connector, hub_id: str, intent_id: str, meter: Meter
    ) -> bool:
        """Count the bearers of one intent; False when the system could not be asked."""
        share = self._core.store.share(hub_id)
        intents = share.intents if share else []
        intent = next((one for one in intents if one.id == intent_id), None)
        if share is None or intent is None or intent.native_id is None:
            return True
        replica = share.replica(intent.replica_id)
        if replica.native_id is None:
            return True
        home = meter.note(connector.fetch(Ref(replica.system, replica.kind, replica.native_id)))
        if is_failure(home):
            return isinstance(home, OF_ONE)
        found: Sequence[NativeRecord | NativeElement] | None
        if intent.element_id is not None:
            found = _copies(Draft(share, self._core.context()), intent, home)
        else:
            found = self._bearers(system, connector, intent, replica, meter)
        if found:
            self._tell(share, intent, home, found)
        return found is not None

    def _bearers(
        self, system: System, connector: Connector, intent: Intent, replica: Replica, meter: Meter
    ) -> list[NativeRecord] | None:
        """Other records with the intent's mark that our account made; None: could not be asked."""
        if system.capabilities.create[intent.kind].handle not in MARKED:
            return []
        since = intent.started_at or self._core.clock.now()
        found = meter.note(connector.find(Find(intent.kind, intent.place, intent.mark, since)))
        if not isinstance(found, Found):
            return [] if isinstance(found, OF_ONE) else None
        others = [one for one in found.native_ids if one != replica.native_id]
        read = [
            meter.note(connector.fetch(Ref(replica.system, replica.kind, one))) for one in others
        ]
        ours = [one for one in read if isinstance(one, NativeRecord) and one.ours]
        return [one for one in ours if one.ref.id in others]

    def _tell(
        self,
        share: Share,
        intent: Intent,
        home: NativeRecord,
        found: Sequence[NativeRecord | NativeElement],
    ) -> None:
        """Open a dead letter with what a person should do about the others."""
        hit("law 30: doubles counted at night")
        hub_id, intent_id = share.hub.id, intent.id

        def make() -> Change | None:
            fresh = self._core.store.share(hub_id)
            if fresh is None:
                return None
            draft = Draft(fresh, self._core.context())
            replica = fresh.replica(intent.replica_id)
            if draft.state(replica, DOUBLES) in TOLD:
                return None
            text = told(replica, intent.kind, home, found)
            draft.park(replica, DOUBLES, text, about=["doubles", intent_id])
            return draft.change

        self._core.commit(make)


def told(
    replica: Replica,
    kind: str,
    home: NativeRecord,
    found: Sequence[NativeRecord | NativeElement],
) -> str:
    """What is there twice, and the plan: keep the one that people touched, else the older."""
    records = [one for one in found if isinstance(one, NativeRecord)]
    if not records:
        count = len(found) + 1
        return f"{replica.system} {home.key} shows one {kind} of ours {count} times; {KEEP}"
    names = ", ".join(one.key for one in records)
    everyone = [home, *records]
    touched = [one for one in everyone if _touched(one)]
    keep = touched[0] if touched else min(everyone, key=lambda one: one.created_at)
    why = "people touched it" if touched else "the older"
    rest = ", ".join(one.key for one in everyone if one is not keep)
    return (
        f"{replica.system} holds {names} beside {home.key}, made by one intent; "
        f"plan: keep {keep.key} ({why}), close {rest} there"
    )


def _touched(native: NativeRecord) -> bool:
    """Whether people wrote on it: a note that is not ours, or a change by somebody else."""
    if any(not one.ours for one in (*(native.notes or ()), *(native.attachments or ()))):
        return True
    changes = native.history or ()
    return any(one.actor not in (None, native.created_by) and not one.automatic for one in changes)


def _copies(draft: Draft, intent: Intent, home: NativeRecord) -> list[NativeElement]:
    """Notes or files of ours on the record that are linked to nothing and equal the intent's."""
    natives = home.elements(intent.kind) or ()
    placed = next((one for one in natives if one.native_id == intent.native_id), None)
    if placed is None:
        return []
    linked = placed_ids(draft, draft.share.replica(intent.replica_id), intent.kind)
    return [
        one
        for one in natives
        if (one.ours or one.author == intent.author)
        and one.native_id not in linked
        and dict(one.values) == dict(placed.values)
    ]


def next_night(now: datetime) -> datetime:
    """The next instant at which the systems are counted."""
    tonight = now.replace(hour=NIGHT_H, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)
