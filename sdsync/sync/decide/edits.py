"""What changed at one replica since it was last seen: *current* against *seen* (law 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sdsync.config.vocabulary import FIELDS
from sdsync.connectors.contract import FieldChange, NativeRecord
from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.mappings.paths import ABSENT, parse_path
from sdsync.store.records import Json, Replica
from sdsync.sync.decide.intervals import Interval, between, told
from sdsync.sync.model import Context, SystemView


@dataclass(frozen=True, slots=True)
class Edit:
    """A field that somebody changed at a replica.

    ``reaction``: the product or an automation under our own account did it, so
    it has the lowest rank (law 20). ``human`` is True when unknown (law 18).
    """

    field: str
    old: Json
    new: Json
    when: Interval
    actor: str | None = None
    human: bool = True
    reaction: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """One read of a record: what was shown, and when the read began."""

    native: NativeRecord
    began_at: datetime


def proved(mapping: FieldMapping, field: str, native: NativeRecord) -> bool:
    """Whether this read proves the field's value; else it is unknown, never empty (law 9)."""
    return not native.unknown or not any(
        path == gap or path.startswith(f"{gap}.")
        for path in mapping.paths(field)
        for gap in native.unknown
    )


def absent(mapping: FieldMapping, field: str, native: Mapping[str, Json]) -> bool:
    """Whether the record has no such field: not in its place, or not as what it is now.

    That is no empty value, and nobody took one away. Only a field within a table that
    was read can be missed: ``CustomFields.Room`` where there are ``CustomFields``.
    """
    return any(_lacks(path, native) for path in mapping.paths(field))


def _lacks(text: str, native: Mapping[str, Json]) -> bool:
    if "." not in text:
        return False
    path = parse_path(text)
    within = len(path.segments) > 1 and path.segments[0].name in native
    return within and path.read(native) is ABSENT


def view(
    mapping: FieldMapping, field: str, native: Mapping[str, Json], ctx: Context
) -> Json | Unmapped:
    """The canonical value that the native one shows; Unmapped when no rule knows it."""
    shown = mapping.get(field, native, ctx.people, ctx.names)
    if FIELDS.get(field) == "people" and isinstance(shown, list):
        ours = {
            ctx.people.key(name, one.account) for name, one in ctx.systems.items() if one.account
        }
        return [one for one in shown if one not in ours]  # products add us to what we touch
    return None if shown is UNKNOWN else shown


def hides(mapping: FieldMapping, field: str, native: Mapping[str, Json], ctx: Context) -> bool:
    """Whether something else stands where the record would show the field.

    A product with one assignee shows a person or a team: of the other it tells nothing.
    """
    if FIELDS.get(field) != "team" or not any(_values(mapping.extract(field, native))):
        return False
    return mapping.get(field, native, ctx.people, ctx.names) is UNKNOWN


def _values(extract: Json) -> Iterable[Json]:
    return extract.values() if isinstance(extract, Mapping) else ()


def edit_of(field: str, old: Json, new: Json, replica: Replica, look: Look, ctx: Context) -> Edit:
    """Who changed the field and when, from the product's history where it tells."""
    system = ctx.systems[replica.system]
    change = _last_change(system.mappings[replica.kind].paths(field), replica, look, system)
    if change is None:
        return Edit(field, old, new, between(replica.seen_at, look.began_at))
    return edit_by(change, field, old, new, replica, ctx)


def told_since(field: str, replica: Replica, look: Look, ctx: Context, since: datetime) -> bool:
    """Whether the product's history tells of a change of the field since then."""
    system = ctx.systems[replica.system]
    change = _last_change(system.mappings[replica.kind].paths(field), replica, look, system)
    if change is None:
        return False
    resolution_s = system.capabilities.stamp_resolution_s
    when = told(change.at, offset_s=system.clock_offset_s, resolution_s=resolution_s)
    return when.hi >= since


def edit_by(
    change: FieldChange, field: str, old: Json, new: Json, replica: Replica, ctx: Context
) -> Edit:
    """The edit that a line of the product's history tells of."""
    system = ctx.systems[replica.system]
    reaction = change.automatic or (change.actor is not None and change.actor == system.account)
    return Edit(
        field,
        old,
        new,
        told(
            change.at,
            offset_s=system.clock_offset_s,
            resolution_s=system.capabilities.stamp_resolution_s,
        ),
        actor=change.actor,
        human=not reaction and ctx.humans(replica.system, change.actor),
        reaction=reaction,
    )


def _last_change(
    paths: object, replica: Replica, look: Look, system: SystemView
) -> FieldChange | None:
    """The newest line of history that speaks of one of the paths, if it is a new line."""
    if look.native.history is None or not isinstance(paths, list | tuple | frozenset | set):
        return None
    for line in reversed(look.native.history):
        if line.path in paths:
            return line
    return None
