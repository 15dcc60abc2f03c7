"""What a mapping file that is not in force yet would make of what is parked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdsync.cli.looks.target import would
from sdsync.config.vocabulary import members_of
from sdsync.store.contract import Store
from sdsync.store.records import Cause, GroupState, Json

if TYPE_CHECKING:
    from sdsync.mappings.contract import Mapping as FieldMapping
    from sdsync.mappings.contract import People


@dataclass(frozen=True, slots=True)
class OutcomeLook:
    """What so many records would get in one field; ``would`` is None where ``why`` says why not."""

    field: str
    records: int
    would: Json
    why: str | None


@dataclass(frozen=True, slots=True)
class MendedLook:
    """One cause under the mended mapping; what most records would get comes first."""

    cause: str
    system: str
    text: str
    records: int
    outcomes: Sequence[OutcomeLook]


def parked(store: Store, mended: Mapping[str, FieldMapping], people: People) -> list[MendedLook]:
    """Each cause in the systems of these mappings. No system is asked; the worst first."""
    causes = [one for one in store.causes() if one.kind == "parked" and one.system in mended]
    causes.sort(key=lambda one: (one.priority, one.since))
    looks = (_look(store, one, mended[one.system], people) for one in causes)
    return [one for one in looks if one.outcomes]


def _look(store: Store, cause: Cause, mapping: FieldMapping, people: People) -> MendedLook:
    hubs, found = set[str](), Counter[tuple[str, str, str | None]]()
    values: dict[str, Json] = {}
    for hub, replica, group in store.cause_members(cause.id):
        if replica.groups[group].state is not GroupState.PARKED:
            continue
        hubs.add(hub.id)
        names = [name for name in members_of(group) if name in mapping.fields]
        for one in would(names, hub, replica.seen, mapping, people):
            if one.would != one.now or one.why:
                shown = repr(one.would)
                values[shown] = one.would
                found[one.field, shown, one.why] += 1
    outcomes = [
        OutcomeLook(field, records, values[shown], why)
        for (field, shown, why), records in found.most_common()
    ]
    return MendedLook(cause.id, cause.system, cause.text, len(hubs), outcomes)
