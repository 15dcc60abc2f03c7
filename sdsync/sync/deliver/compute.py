"""What a replica is to receive now: the next call, computed from hub and base.

Pure: the same function serves the dry run and the real one. It answers with one
thing to do; the runner does it, confirms, and asks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.config.vocabulary import FIELDS, PEER, TIES, group_of
from sdsync.connectors.contract import AddElement, Operation, Update
from sdsync.mappings.contract import Direction, Put
from sdsync.store.records import GroupState, IntentState, Json, Ref, Replica, ReplicaState
from sdsync.sync.branches import hit
from sdsync.sync.decide.contact import NOT_HERE, shows
from sdsync.sync.decide.spread import members
from sdsync.sync.deliver.desired import PEOPLE_KINDS, desired, surroundings
from sdsync.sync.deliver.lacking import lacking
from sdsync.sync.deliver.transitions import next_status
from sdsync.sync.draft import BLOCKED, Draft

#: A person or team that the system does not have (yet): asked again when its people are read anew.
NOBODY = "nobody there by that name"


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do now; ``until`` when something will be."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NeedLook:
    """The present values must be read before anything is written (law 3)."""


@dataclass(frozen=True, slots=True)
class Settle:
    """An intent is in doubt and its landing time is over: look for what it made."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A call was accepted and its product's job is to be asked what became of it (law 31)."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Send:
    """One call. ``fields`` are the intended canonical values (law 5)."""

    operation: Operation
    fields: dict[str, Json] = field(default_factory=dict)
    stepping: dict[str, Json] = field(default_factory=dict)
    intent_id: str | None = None
    element_id: str | None = None
    version: int = 0  # of the element, as it is sent
    audience: str | None = None
    human: bool = True
    named: AddElement | None = None  # the same in its author's name, if the product gives leave


Todo = Rest | NeedLook | Settle | Ask | Send


def dirty_fields(draft: Draft, replica: Replica) -> Iterator[str]:
    """Mapped, writable fields whose desired value is not the one last acknowledged."""
    mapping = draft.ctx.mapping(replica)
    for name, direction in mapping.fields.items():
        if direction is Direction.IN or name in replica.doubt or name not in replica.sent:
            continue
        group = group_of(name)
        if draft.state(replica, group) in BLOCKED:
            continue
        value = desired(draft, replica, name)
        if value == replica.sent[name] or draft.ctx.policy(draft.hub, group) == "each":
            continue
        if value is None and name not in draft.hub.versions:
            continue  # the hub knows nothing of it: nothing is ever blanked by that
        yield name


def compute_update(draft: Draft, replica: Replica, *, closing: bool) -> Send | None:
    """One update with every dirty field that may be written, or None.

    Args:
        closing: Whether the status may go to ``closed``: not before notes and
            files are placed (law 24).
    """
    patch: dict[str, Json] = {}
    fields: dict[str, Json] = {}
    stepping: dict[str, Json] = {}
    human = False
    steps = len(replica.trail)
    names = sorted(dirty_fields(draft, replica), key=PEER.__contains__)
    for name in sorted(names, key=TIES.__contains__):
        if name in TIES and patch:
            continue  # in a call of its own: a product may need several for it
        if name in replica.unproved:
            continue  # what was not read is not written over (laws 3, 9)
        value = desired(draft, replica, name)
        if name == "status" and value == "closed" and not closing:
            hit("law 24: closed is sent last")
            continue
        put = put_field(draft, replica, name, value)
        if put is None:
            continue
        values = dict(put.values)
        if name == "status":
            step = _step(draft, replica, values)
            if step is None:
                continue
            values, stepping = step
            deep_merge(
                values, draft.ctx.mapping(replica).entering(name, value, hub=draft.hub.values)
            )
        deep_merge(patch, values)
        fields[name] = value
        version = draft.hub.versions.get(name)
        human = human or (version.human if version else False)
        if replica.solo or (name in TIES and values):
            break
    if not patch and len(replica.trail) < steps:
        return compute_update(draft, replica, closing=closing)  # it stood there: on to the next
    if not patch or replica.native_id is None:
        return None
    ref = Ref(replica.system, replica.kind, replica.native_id)
    cas = draft.ctx.systems[replica.system].capabilities.compare_and_set
    update = Update(ref, patch, if_version=replica.etag if cas else None)
    return Send(update, fields=fields, stepping=stepping, human=human)


def put_field(draft: Draft, replica: Replica, name: str, value: Json) -> Put | None:
    """What writing the field takes; None when nothing is to be written.

    A value that the system already shows is acknowledged without a call
    (law 8); one that cannot be written parks its group, people apart: those
    are left alone with a fidelity note, never blanked.
    """
    mapping = draft.ctx.mapping(replica)
    gap = not_here(draft, replica, name)
    if gap:
        draft.fidelity(replica, name, gap)
        acknowledge(draft, replica, name, value)
        return None
    hub = surroundings(draft, replica)
    put = draft.put(mapping, name, value, seen=replica.seen, hub=hub)
    if put.cut:
        draft.fidelity(replica, name, put.cut)
    lacking = put.refused or (put.cut if not put.values else None)
    if lacking is not None and name in TIES:
        draft.fidelity(replica, name, lacking)
        acknowledge(draft, replica, name, value)
        return None
    if lacking is not None and FIELDS.get(name) in PEOPLE_KINDS:
        draft.fidelity(replica, name, lacking)
        draft.mark(replica, group_of(name), GroupState.DIFFERS, note=NOBODY)
        return None
    if put.refused is not None:
        park_refused(draft, replica, name, value, put)
        return None
    if not put.values:
        if name in TIES:  # a link without a word there is told though nothing is written
            _tell_lost(draft, replica, name, value)
        hit("law 8: projects already")
        acknowledge(draft, replica, name, value)
        return None
    return put


def park_refused(draft: Draft, replica: Replica, name: str, value: Json, put: Put) -> None:
    """Park the group of a value that the mapping cannot say in the system."""
    team = FIELDS.get(name) == "team"
    table = f"name it in the table of systems.{replica.system}.teams, then sdsync reload"
    draft.park(
        replica,
        group_of(name),
        f"{replica.system} cannot hold {name}: {put.refused}",
        about=["put", name, value],
        place=put.place,
        remedy=table if team else None,
    )


def _tell_lost(draft: Draft, replica: Replica, name: str, value: Json) -> None:
    hub, mapping = surroundings(draft, replica), draft.ctx.mapping(replica)
    whole = mapping.put(name, value, seen={}, hub=hub, people=draft.ctx.people)
    if whole.cut:
        draft.fidelity(replica, name, whole.cut)


def not_here(draft: Draft, replica: Replica, name: str) -> str | None:
    """Why the field has no home in the replica's place (a custom field of others), else None.

    What the record itself showed is there: a place may tell of less than all.
    """
    place = draft.ctx.systems[replica.system].places.get(replica.place or "")
    if place is None or not place.fields:
        return None
    custom = [path for path in place.fields if "." in path]
    for path in draft.ctx.mapping(replica).paths(name):
        # A place that tells of no custom field at all may be one that cannot tell yet.
        if "." in path and custom and path not in custom and not shows(replica, path):
            return f'{path}{NOT_HERE}in "{place.key}"'
    return None


def acknowledge(draft: Draft, replica: Replica, name: str, value: Json) -> None:
    """The system shows this value already: the base moves without a call."""
    replica.sent[name] = value
    if name == "status" and replica.trail:
        replica.trail = replica.trail[1:]
    group = group_of(name)
    if not set(dirty_fields(draft, replica)).intersection(members(group)):
        draft.mark(replica, group, GroupState.IN_STEP)


def _step(
    draft: Draft, replica: Replica, values: dict[str, Json]
) -> tuple[dict[str, Json], dict[str, Json]] | None:
    """The next legal transition towards the wanted status; None when there is no way."""
    mapping = draft.ctx.mapping(replica)
    (path,) = mapping.paths("status")[:1] or ("status",)
    wanted, present = values.get(path), replica.seen.get(path)
    if wanted is None:
        return values, {}
    place = draft.ctx.systems[replica.system].places.get(replica.place or "")
    step = next_status(
        str(present),
        str(wanted),
        allowed=replica.allowed_status,
        graph=place.transitions if place else None,
    )
    if step is None:
        allowed = ", ".join(replica.allowed_status or ()) or "nothing"
        draft.park(
            replica,
            "outcome",
            f'{replica.system} allows no way from "{present}" to "{wanted}": '
            + (lacking(draft, replica, path, wanted) or f"our account may set {allowed}"),
            about=["transition", present, wanted],
            place=draft.rule_place(replica, ["status"]),
            remedy=f"sdsync check --live {replica.system}",
        )
        return None
    if step == wanted:
        return values, {}
    hit("transition path: step")
    shown = dict(replica.seen) | {path: step}
    return {path: step}, {"status": mapping.extract("status", shown)}


def deep_merge(target: dict[str, Json], patch: Mapping[str, Json]) -> None:
    """Lay a nested patch over ``target``; inner tables are joined, not replaced."""
    for key, value in patch.items():
        inner = target.get(key)
        if isinstance(value, Mapping) and isinstance(inner, dict):
            deep_merge(inner, value)
        else:
            target[key] = dict(value) if isinstance(value, Mapping) else value


def waits_in_doubt(draft: Draft, replica: Replica) -> Rest | Ask | Settle | None:
    """What an open doubt of this replica asks for first: nothing is repeated before it."""
    for attempt in draft.share.attempts:
        if attempt.replica_id == replica.id and attempt.handle is not None:
            if draft.ctx.now < attempt.deadline_at:
                return Rest(attempt.deadline_at)
            return Ask(attempt.id)
    for intent in draft.share.intents:
        if intent.replica_id != replica.id or intent.state not in (
            IntentState.STARTED,
            IntentState.PENDING,
        ):
            continue
        if intent.may_land_until is not None and draft.ctx.now < intent.may_land_until:
            hit("law 27: waits until it landed")
            return Rest(intent.may_land_until)
        return Settle(intent.id)
    return None


def writable(draft: Draft, replica: Replica) -> bool:
    """Whether anything may be written to the replica at all."""
    if not draft.live or draft.hub.state == "unlinked":
        return False
    return replica.state in (ReplicaState.LIVE, ReplicaState.UNBORN)
