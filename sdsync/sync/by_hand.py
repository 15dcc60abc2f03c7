"""What every command of a person is made of: find the record, change it, wake who acts on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sdsync.ratelimit import urgency
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Change,
    Hub,
    Json,
    Ref,
    Replica,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)
from sdsync.sync.model import OBJECTIVES


class Refused(Exception):  # noqa: N818 - named as the thing that happened
    """A command that cannot be carried out; the text says why and what to do instead."""


def find(store: Store, text: str) -> Share:
    """The share that ``desk#4711`` names, by id or by key.

    Raises:
        Refused: No shared record has that name.
    """
    system, _, name = text.partition("#")
    for native_id in (name, name.rpartition("#")[2]):
        share = store.share_of(Ref(system, "ticket", native_id))
        if share is not None:
            return share
    raise Refused(f"no shared record is called {text}; it may not be in any take yet")


def change_share(store: Store, hub_id: str, make: Callable[[Share, Change], None]) -> None:
    """Load, change and commit a share; again when somebody was faster."""
    for _ in range(10):
        share = store.share(hub_id)
        if share is None:
            raise Refused(f"no hub record {hub_id}")
        change = Change(shares=[share])
        make(share, change)
        try:
            commit(store, change)
        except Stale:
            continue
        return
    raise Refused("the record changes faster than the command can be carried out; try again")


def commit(store: Store, change: Change) -> None:
    """Commit, and wake the lanes of a running daemon (law 34)."""
    store.commit(change)
    for lane in {work.key.lane for work in change.ring}:
        store.ring(lane)


def wake(change: Change, hub: Hub, replica: Replica, now: datetime) -> None:
    """Read the replica again, then deliver what it lacks."""
    if replica.native_id is not None and replica.state is not ReplicaState.MERGED:
        ring(change, replica.system, "look", replica.native_id, hub, now, {"kind": replica.kind})
    if replica.state in (ReplicaState.LIVE, ReplicaState.UNBORN):
        ring(change, replica.system, "deliver", replica.id, hub, now, {})


def ring(
    change: Change,
    lane: str,
    kind: str,
    target: str,
    hub: Hub,
    now: datetime,
    hint: dict[str, Json],
) -> None:
    """Have work done now, as urgent as its record is; ``target`` as in its ``WorkKey``."""
    deadline = urgency.deadline(now, hub.priority, OBJECTIVES)
    change.ring.append(
        Work(WorkKey(lane, kind, target), hub.priority, now, now, deadline, hint=hint)
    )


def next_version(hub: Hub, field: str) -> int:
    """The number that a new value of the field gets."""
    present = hub.versions.get(field)
    return present.version + 1 if present else 1


def told(
    action: str,
    hub: Hub,
    replica: Replica | None,
    by: str,
    now: datetime,
    *,
    text: str = "",
    field: str | None = None,
    before: Json = None,
    after: Json = None,
) -> AuditRow:
    """The audit row of a person's deed; ``replica`` None: it is about the hub record itself."""
    return AuditRow(
        at=now,
        action=action,
        source=f"person:{by}",
        hub_id=hub.id,
        actor=by,
        text=text,
        field=field,
        system=replica.system if replica else None,
        ref=replica.key if replica else None,
        before=before,
        after=after,
    )
