"""What every command of a person is made of: find the record, change it, wake who acts on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sdsync.ratelimit import urgency
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Change,
    FieldVersion,
    Hub,
    Json,
    Ref,
    Replica,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)
from sdsync.sync.contents import let_go
from sdsync.sync.decide.spread import remember_clock
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
    let_go(store, change)
    store.commit(change)
    for lane in {work.key.lane for work in change.ring}:
        store.ring(lane)


def wake(change: Change, hub: Hub, replica: Replica, due: datetime) -> None:
    """Read the replica again, then deliver what it lacks; not before ``due``."""
    if replica.native_id is not None and replica.state is not ReplicaState.MERGED:
        ring(change, replica.system, "look", replica.native_id, hub, due, {"kind": replica.kind})
    if replica.state in (ReplicaState.LIVE, ReplicaState.UNBORN):
        ring(change, replica.system, "deliver", replica.id, hub, due, {})


def ring(
    change: Change,
    lane: str,
    kind: str,
    target: str,
    hub: Hub,
    due: datetime,
    hint: dict[str, Json],
) -> None:
    """Have work done from ``due`` on, as urgent as its record is; ``target`` as in its ``WorkKey``.

    It waits since it is due: what a person spread over time is not late before.
    """
    deadline = urgency.deadline(due, hub.priority, OBJECTIVES)
    change.ring.append(
        Work(WorkKey(lane, kind, target), hub.priority, due, due, deadline, hint=hint)
    )


def decree(
    share: Share,
    change: Change,
    values: Mapping[str, Json],
    by: str,
    now: datetime,
    *,
    action: str,
    replica: Replica | None = None,
) -> None:
    """Make these the hub's values, as a change of this person; each has its audit row."""
    hub = share.hub
    for field, value in values.items():
        before = hub.values.get(field)
        version = FieldVersion(
            field, next_version(hub, field), value, f"person:{by}", None, now, now, by
        )
        hub.values[field], hub.versions[field] = value, version
        change.versions.append((hub.id, version))
        change.audit.append(
            told(action, hub, replica, by, now, field=field, before=before, after=value)
        )
        if field == "status":
            remember_clock(share, replica, before, value)
    hub.human_at = hub.human_at or now


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
    why: str | None = None,
) -> AuditRow:
    """The audit row of a person's deed; ``replica`` None: it is about the hub record itself."""
    return AuditRow(
        at=now,
        action=action,
        source=f"person:{by}",
        hub_id=hub.id,
        actor=by,
        text=text,
        why=why,
        field=field,
        system=replica.system if replica else None,
        ref=replica.key if replica else None,
        before=before,
        after=after,
    )
