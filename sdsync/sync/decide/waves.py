"""Records that go in number: a wave is held before it closes anything (law 41).

One deletion is somebody's work. Many within an hour are more often a place that
went dark, a lost right or a broken script, and nobody wants them closed elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.store.contract import Store
from sdsync.store.records import GroupRow, GroupState, Replica
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, cause_id, digest
from sdsync.sync.model import FEW, Wave

WINDOW = timedelta(hours=1)
LOOK_AGAIN = timedelta(hours=1)
EXISTENCE = "existence"


def wave_of(store: Store, system: str, now: datetime) -> Wave:
    """What the store knows of a system's wave; asked only when something is gone."""
    gone = store.gone_since(system, now - WINDOW)
    is_open = store.cause(_fingerprint(system)) is not None
    return Wave(gone, store.known(system) if gone >= FEW else 0, is_open)


def held_back(draft: Draft, replica: Replica) -> bool:
    """Hold a record that is gone with too many others, all of a system as one cause.

    It is read again each hour: what was only dark comes back by itself.
    """
    most = draft.ctx.setting(draft.hub, "delete_limit", 20)
    percent = draft.ctx.setting(draft.hub, "delete_limit_percent", 10.0)
    if not draft.ctx.wave(replica.system).over(most, percent):
        return False
    if draft.state(replica, EXISTENCE) is not GroupState.HELD:
        hit("law 41: a wave is held")
        _hold(draft, replica)
    draft.look(replica, due=draft.ctx.now + LOOK_AGAIN)
    return True


def _hold(draft: Draft, replica: Replica) -> None:
    system = replica.system
    text = f"more records of {system} are gone than may go within an hour; nothing was closed"
    cause = draft.cause("held", system, _about(system), text)
    cause.remedy = f"sdsync held release {cause.id}"
    replica.groups[EXISTENCE] = GroupRow(GroupState.HELD, draft.ctx.now, cause=cause.id, note=text)
    draft.audit("held", source="sdsync", replica=replica, field=EXISTENCE, why=cause.id, text=text)


def ended(replica: Replica) -> None:
    """The record is readable: it was not gone."""
    if of_wave(replica):
        del replica.groups[EXISTENCE]


def of_wave(replica: Replica) -> bool:
    """Whether the record is held because it went with too many others."""
    row = replica.groups.get(EXISTENCE)
    return row is not None and row.cause == cause_id(_fingerprint(replica.system))


def _about(system: str) -> list[str]:
    return ["wave", system]


def _fingerprint(system: str) -> str:
    return digest(["held", _about(system)])
