"""Held groups: conflicts and doubts that only a person can end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import GroupState, Hub, Json, Replica


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one side would have the group be."""

    system: str
    values: Mapping[str, Json]
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldLook:
    """One group of one record, with a candidate per side that has one."""

    hub_id: str
    title: str
    ref: str
    priority: int
    group: str
    since: datetime
    cause: str | None
    note: str | None
    candidates: Sequence[Candidate]
    present: Mapping[str, Json] = field(default_factory=dict)
    remedy: str | None = None  # the command that ends it, when it is no choice of a candidate


def listing(store: Store) -> list[HeldLook]:
    """Everything that is held; the worst first, then the oldest."""
    found: dict[tuple[str, str], list[tuple[Hub, Replica]]] = {}
    for hub, replica, group in store.held():
        found.setdefault((hub.id, group), []).append((hub, replica))
    remedies = {one.id: one.remedy for one in store.causes()}
    looks = [_look(group, members, remedies) for (_, group), members in found.items()]
    return sorted(looks, key=lambda one: (one.priority, one.since))


def matching(store: Store, hub_id: str | None, cause: str | None) -> list[HeldLook]:
    """What is held of one record, or under one cause."""
    return [
        one
        for one in listing(store)
        if one.hub_id == hub_id or (cause is not None and one.cause == cause)
    ]


def _look(
    group: str, members: list[tuple[Hub, Replica]], remedies: Mapping[str, str | None]
) -> HeldLook:
    members.sort(key=lambda one: one[1].groups[group].since)
    hub, first = members[0]
    row = first.groups[group]
    heads = [
        Candidate(replica.system, mine.head, mine.head_by, mine.head_at)
        for _, replica in members
        if (mine := replica.groups[group]).state is GroupState.HELD and mine.head is not None
    ]
    return HeldLook(
        hub_id=hub.id,
        title=str(hub.values.get("title") or "(no title)"),
        ref=f"{first.system}#{first.native_id or hub.id}",
        priority=hub.priority,
        group=group,
        since=row.since,
        cause=row.cause,
        note=row.note,
        candidates=tuple(heads),
        present={name: one for name, one in hub.values.items() if group_of(name) == group},
        remedy=remedies.get(row.cause or ""),
    )
