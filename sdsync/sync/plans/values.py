"""What became of the values that a plan wrote: theirs still, on their way, or somebody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.store.records import GroupState, Json, Plan, Ref, Replica, Wrote
from sdsync.sync.decide.edits import view
from sdsync.sync.decide.joining import replica_of
from sdsync.sync.deliver.desired import surroundings
from sdsync.sync.draft import Draft
from sdsync.sync.plans.scene import Scene
from sdsync.sync.plans.sending import short

#: A group in one of these waits for something else than an undo.
_ELSEWHERE = frozenset({GroupState.HELD, GroupState.PARKED, GroupState.PAUSED, GroupState.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class Value:
    """A value that nobody changed since a plan decided it."""

    replica: Replica
    ref: Ref
    field: str
    target: Json  # what stood there, as today's mapping reads it
    hub: Json  # the hub's value before the plan
    went_out: bool  # it stands there; else what stood there before does
    is_to_do: bool  # False: it is as before, and nothing is on its way


def of_group(
    draft: Draft, scene: Scene, plan: Plan, group: str, wrote: Sequence[Wrote]
) -> list[Value] | str:
    """The values of one group, which is set back whole or not at all (law 10)."""
    for replica in draft.share.replicas:
        row = replica.groups.get(group)
        if row is not None and row.state in _ELSEWHERE:
            cure = f": sdsync dead show {row.cause}" if row.state is GroupState.PARKED else ""
            return f"{replica.system} {group} is {row.state}{cure}"
    found = [_value(draft, scene, plan, group, one) for one in wrote]
    return next((one for one in found if isinstance(one, str)), None) or [
        one for one in found if isinstance(one, Value)
    ]


def _value(draft: Draft, scene: Scene, plan: Plan, group: str, wrote: Wrote) -> Value | str:
    name, told = wrote.field, f"{wrote.ref} {wrote.field}"
    replica = replica_of(draft.share, wrote.ref)
    if replica is None or name not in replica.sent:
        return f"{told}: the record is no copy any more, or shows no such field"
    if name in replica.doubt:
        return f"{told} is being written just now"
    target = _target(draft, scene, plan, replica, wrote)
    if target is UNKNOWN:
        return f"{told}: today's mapping does not know what stood there"
    mapping, shows = draft.ctx.mapping(replica), replica.sent[name]
    native = mapping.extract(name, replica.seen)
    decided = draft.hub.values.get(name) == wrote.after
    if shows == target or native == mapping.extract(name, wrote.shown):
        waits = decided and draft.state(replica, group) is GroupState.DIRTY
        return Value(replica, wrote.ref, name, target, wrote.hub, went_out=False, is_to_do=waits)
    if decided and (shows == wrote.after or native == mapping.extract(name, wrote.left)):
        return Value(replica, wrote.ref, name, target, wrote.hub, went_out=True, is_to_do=True)
    return f"{told} shows {short(shows)}{_whose(draft, name, wrote)}"


def _target(draft: Draft, scene: Scene, plan: Plan, replica: Replica, wrote: Wrote) -> Json:
    """What stood there; under another mapping than the plan's it is read anew (law 7)."""
    mapping = draft.ctx.mapping(replica)
    if plan.mappings.get(replica.system) == scene.readers[replica.system].mapping.version:
        return wrote.before
    around = surroundings(draft, replica)
    put = draft.put(mapping, wrote.field, wrote.hub, seen=wrote.shown, hub=around)
    if not put.values and put.refused is None and put.cut is None:
        return wrote.hub  # it still projects to what stood there (law 8)
    read = view(mapping, wrote.field, wrote.shown, draft.ctx)
    return UNKNOWN if isinstance(read, Unmapped) else read


def _whose(draft: Draft, name: str, wrote: Wrote) -> str:
    """Who changed it, and when, as far as that is known."""
    version = draft.hub.versions.get(name)
    if version is None or version.value == wrote.after:
        return " by now"
    people, actor = draft.ctx.people, version.changed_by
    key = people.key(version.source, actor) if actor else None
    who = (people.display(key) if key else actor) or "somebody"
    source = version.source.removeprefix("person:")
    where = f" in {source}" if source in draft.ctx.systems else ""
    return f", by {who}{where} {version.changed_hi:%Y-%m-%d %H:%M}Z"
