"""What a sync that only observes would send, were it live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sdsync.cli.looks import accounts
from sdsync.cli.looks.accounts import AccountLook
from sdsync.config.vocabulary import PEER, group_of
from sdsync.store.contract import Store
from sdsync.store.records import GroupState, PlacementState, Replica, ReplicaState, Share

_PAGE = 500
EXAMPLES = 5
#: States that a write does not end: a person or a plan does.
_STAYS = frozenset(
    {GroupState.DIFFERS, GroupState.AWAITING_PLAN, GroupState.HELD, GroupState.PARKED}
)


@dataclass(slots=True)
class SideBacklog:
    """What would be sent to one system."""

    system: str
    create: int = 0
    update: int = 0
    notes: int = 0
    files: int = 0
    worklogs: int = 0
    fields: dict[str, int] = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """Notes, files and worklogs together."""
        return self.notes + self.files + self.worklogs


@dataclass(frozen=True, slots=True)
class Backlog:
    """What would be sent, by system. ``examples`` are (sign, system, title)."""

    sync: str
    mode: str
    records: int
    sides: Mapping[str, SideBacklog]
    examples: Sequence[tuple[str, str, str]]
    accounts: Sequence[AccountLook] = ()


def look(store: Store, sync: str, systems: Iterable[str] = ()) -> Backlog:
    """Count what differs between hub records and what was last sent; nothing is sent or read.

    Args:
        systems: Those of the sync, for what the last account tells of mails.
    """
    row = store.sync(sync)
    sides: dict[str, SideBacklog] = {}
    examples: list[tuple[str, str, str]] = []
    records, after = 0, ""
    while page := store.hubs(sync=sync, after=after, limit=_PAGE):
        for hub in page:
            share = store.share(hub.id)
            if share is None or hub.state == "unlinked":
                continue
            records += 1
            for replica in share.replicas:
                sign = _count(sides, share, replica)
                if sign and len(examples) < EXAMPLES:
                    examples.append((sign, replica.system, str(hub.values.get("title") or "")))
        after = page[-1].id
    told = tuple(accounts.look(store, sync, systems))
    return Backlog(sync, row.mode if row else "observe", records, sides, examples, told)


def _count(sides: dict[str, SideBacklog], share: Share, replica: Replica) -> str:
    """Add one replica; "+" would be made, "~" would be changed, "" stays."""
    side = sides.setdefault(replica.system, SideBacklog(replica.system))
    kinds = {one.id: one.kind for one in share.elements if one.deleted_at is None}
    for place in share.placements:
        if place.replica_id == replica.id and place.state is PlacementState.PENDING:
            side.notes += kinds.get(place.element_id) == "note"
            side.files += kinds.get(place.element_id) == "attachment"
            side.worklogs += kinds.get(place.element_id) == "worklog"
    if replica.state is ReplicaState.UNBORN:
        side.create += 1
        return "+"
    if replica.state is not ReplicaState.LIVE:
        return ""
    changed = [
        name
        for name, value in replica.sent.items()
        if name not in PEER and share.hub.values.get(name) != value and not _stays(replica, name)
    ]
    for name in changed:
        side.fields[name] = side.fields.get(name, 0) + 1
    side.update += bool(changed)
    return "~" if changed else ""


def _stays(replica: Replica, name: str) -> bool:
    row = replica.groups.get(group_of(name))
    return row is not None and row.state in _STAYS
