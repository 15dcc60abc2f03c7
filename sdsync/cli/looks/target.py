"""What stands in the target now, beside what sdsync would write there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli.looks.native import value_at
from sdsync.config.vocabulary import members_of
from sdsync.store.records import Hub, Json, Replica

if TYPE_CHECKING:
    from sdsync.cli.asking import Asking, Silent
    from sdsync.mappings.contract import Mapping as FieldMapping
    from sdsync.mappings.contract import People


@dataclass(frozen=True, slots=True)
class WouldLook:
    """One field in the product's own words.

    ``would`` is what a write now carries; None with ``why``: it cannot be written;
    equal to ``now``: nothing would be.
    """

    field: str
    path: str
    now: Json
    would: Json
    why: str | None = None


@dataclass(frozen=True, slots=True)
class TargetLook:
    """One parked group at its target.

    ``live``: as it stands there now. Else ``silent`` says why not, and it is as it was at
    ``seen_at``.
    """

    live: bool
    silent: str | None
    seen_at: datetime | None
    fields: Sequence[WouldLook]


def compare(
    asking: Asking,
    hub: Hub,
    replica: Replica,
    group: str,
    mapping: FieldMapping,
    people: People,
) -> TargetLook | None:
    """Read the record there and compare; None when it was never born, or has no such fields."""
    from sdsync.cli.asking import Silent

    names = [name for name in members_of(group) if name in mapping.fields]
    if replica.native_id is None or not names:
        return None
    answer = asking.record(replica)
    if isinstance(answer, Silent):
        fields = would(names, hub, replica.seen, mapping, people)
        return TargetLook(False, answer.why, replica.seen_at, list(fields))
    shown = mapping.keep(answer.values)
    return TargetLook(True, None, None, list(would(names, hub, shown, mapping, people)))


def would(
    names: Sequence[str],
    hub: Hub,
    shown: Mapping[str, Json],
    mapping: FieldMapping,
    people: People,
) -> Iterator[WouldLook]:
    """Each of the fields beside ``shown``, the record's native values; no system is asked."""
    from sdsync.mappings.contract import Direction

    for name in names:
        value = hub.values.get(name)
        if mapping.fields[name] is Direction.IN or (value is None and name not in hub.versions):
            continue  # never written there
        put = mapping.put(name, value, seen=shown, hub=hub.values, people=people)
        for path in mapping.paths(name):
            now = value_at(shown, path)
            if put.refused is not None:
                yield WouldLook(name, path, now, None, put.refused)
            else:
                would = value_at(put.values, path) if put.values else now
                yield WouldLook(name, path, now, would, put.cut)


def moved(
    asking: Asking, replica: Replica, group: str, mapping: FieldMapping, people: People
) -> Mapping[str, Json] | Silent:
    """What the record shows now in fields that sdsync saw otherwise; nothing: all as seen.

    Native values are compared, as inbound does (law 1); a field that this read does not
    prove has not moved.
    """
    from sdsync.cli.asking import Silent
    from sdsync.mappings.contract import UNKNOWN, Unmapped
    from sdsync.sync.decide.edits import proved

    answer = asking.record(replica)
    if isinstance(answer, Silent):
        return answer
    shown, found = mapping.keep(answer.values), dict[str, Json]()
    for name in members_of(group):
        if name not in mapping.fields or not proved(mapping, name, answer):
            continue
        if mapping.extract(name, shown) != mapping.extract(name, replica.seen):
            view = mapping.get(name, shown, people)
            if view is UNKNOWN:
                continue  # a person stands where the team would
            found[name] = view.value if isinstance(view, Unmapped) else view
    return found
