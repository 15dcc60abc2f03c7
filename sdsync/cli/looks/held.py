"""Held groups: conflicts and doubts that only a person can end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.cli.looks.people import People
from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import Cause, GroupRow, Hub, Json, Replica


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
    owner: str | None = None  # who took its cause


def listing(store: Store) -> list[HeldLook]:
    """Everything that is held; the worst first, then the oldest."""
    found: dict[tuple[str, str], list[tuple[Hub, Replica]]] = {}
    for hub, replica, group in store.held():
        found.setdefault((hub.id, group), []).append((hub, replica))
    causes, people = {one.id: one for one in store.causes()}, People(store)
    looks = [_look(group, members, causes, people) for (_, group), members in found.items()]
    return sorted(looks, key=lambda one: (one.priority, one.since))


def matching(store: Store, hub_id: str | None, cause: str | None) -> list[HeldLook]:
    """What is held of one record, or under one cause."""
    return [
        one
        for one in listing(store)
        if one.hub_id == hub_id or (cause is not None and one.cause == cause)
    ]


def heads(look: HeldLook) -> dict[str, Mapping[str, Json]]:
    """By system what its candidate is: what somebody saw who chooses now."""
    return {one.system: one.values for one in look.candidates}


def _look(
    group: str,
    members: list[tuple[Hub, Replica]],
    causes: Mapping[str, Cause],
    people: People,
) -> HeldLook:
    hub = members[0][0]
    # Where it was born comes first: that is the name by which people know it.
    members.sort(key=lambda one: (one[1].system != hub.birth_system, one[1].system))
    first, row = members[0][1], members[0][1].groups[group]
    cause = causes.get(row.cause or "")
    candidates = [
        _candidate(hub, replica, replica.groups[group], people)
        for _, replica in members
        if replica.groups[group].head is not None
    ]
    return HeldLook(
        hub_id=hub.id,
        title=str(hub.values.get("title") or "(no title)"),
        ref=f"{first.system}#{first.native_id or hub.id}",
        priority=hub.priority,
        group=group,
        since=min(one.groups[group].since for _, one in members),
        cause=row.cause,
        note=row.note,
        candidates=tuple(candidates),
        present={name: one for name, one in hub.values.items() if group_of(name) == group},
        remedy=cause.remedy if cause else None,
        owner=(cause.owner or None) if cause else None,
    )


def _candidate(hub: Hub, replica: Replica, row: GroupRow, people: People) -> Candidate:
    """A head; one that only is what the hub holds is of whoever gave the hub its value."""
    values, by, at, source = row.head or {}, row.head_by, row.head_at, replica.system
    last = max(
        (hub.versions[name] for name in values if name in hub.versions),
        key=lambda one: one.changed_hi,
        default=None,
    )
    if by is None and last is not None and all(values[n] == hub.values.get(n) for n in values):
        by, at, source = last.changed_by, last.changed_hi, last.source
    return Candidate(replica.system, values, people.name(source, by) if by else None, at)
