"""The rows of a :class:`~sdsync.testing.memory_store.MemoryStore`, and a commit on them.

``check`` raises before anything is touched, ``apply`` cannot fail: together
they are all or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from sdsync.store.codec import canonical, decode, encode
from sdsync.store.contract import Stale
from sdsync.store.records import (
    Cause,
    Change,
    Json,
    LaneRow,
    LineState,
    MappingVersion,
    Pause,
    Plan,
    PlanLine,
    Share,
    Work,
    WorkKey,
)
from sdsync.store.semantics import (
    ENDED,
    LINES_OVER,
    SHELF,
    SHELVED_FROM,
    cause_clash,
    closed_first,
    first_ring,
    in_order,
    is_repeat,
    joined,
    moved,
    over_last,
    plan_number,
    repeated,
    rung_again,
    unique_keys,
)

T = TypeVar("T")
Key = tuple[str, ...]
Keys = dict[str, frozenset[Key]]  # per hub record
Found = tuple[str, str, str | bytes]


@dataclass(slots=True)
class State:
    """Everything committed. Values never change; ``Work`` is replaced.

    What ``keep`` made of a record is held as ``Any``: a document here, and what
    a subclass likes better elsewhere.
    """

    shares: dict[str, Any] = field(default_factory=dict)
    share_versions: dict[str, int] = field(default_factory=dict)
    unique: dict[Key, str] = field(default_factory=dict)
    keys_of: Keys = field(default_factory=dict)
    found: dict[Found, dict[str, None]] = field(default_factory=dict)
    found_of: dict[str, frozenset[Found]] = field(default_factory=dict)
    open_intents: dict[str, None] = field(default_factory=dict)  # hubs that have one
    troubled: dict[str, None] = field(default_factory=dict)  # hubs with a group row
    versions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    version_keys: dict[tuple[str, str, int], None] = field(default_factory=dict)
    audit: list[Any] = field(default_factory=list)
    audit_of: dict[str, tuple[int, ...]] = field(default_factory=dict)
    work: dict[str, dict[WorkKey, Work]] = field(default_factory=dict)
    digests: dict[tuple[str, str], None] = field(default_factory=dict)
    causes: dict[str, Any] = field(default_factory=dict)
    systems: dict[str, Any] = field(default_factory=dict)
    syncs: dict[str, Any] = field(default_factory=dict)
    pauses: dict[str, Any] = field(default_factory=dict)
    people: dict[tuple[str, str], Any] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    lanes: dict[str, Any] = field(default_factory=dict)
    plans: dict[int, Any] = field(default_factory=dict)
    plan_versions: dict[int, int] = field(default_factory=dict)
    plan_lines: dict[int, dict[int, Any]] = field(default_factory=dict)
    mappings: dict[tuple[str, int], Any] = field(default_factory=dict)
    alarms: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> State:
        """An independent copy; the values themselves are shared, being immutable."""
        twin = type(self)(**{one.name: getattr(self, one.name).copy() for one in fields(self)})
        twin.work = {lane: dict(rows) for lane, rows in self.work.items()}
        twin.found = {found: dict(hubs) for found, hubs in self.found.items()}
        twin.plan_lines = {plan: dict(rows) for plan, rows in self.plan_lines.items()}
        return twin

    def keep(self, record: object) -> Any:
        """What is held of a record: nothing that anybody else can change."""
        return encode(record)

    def give(self, kind: type[T], kept: Any) -> T:
        """The record that ``keep`` took, as the reader's own."""
        return decode(kind, kept)

    def put_lane(self, row: LaneRow) -> None:
        """Keep a lane's row."""
        self.lanes[row.lane] = self.keep(row)


def check(state: State, change: Change) -> Keys:
    """The unique keys of its shares; Stale when ``change`` would break a version or a key."""
    keys = _check_shares(state, change.shares)
    seen: set[tuple[str, str, int]] = set()
    for hub_id, row in change.versions:
        key = (hub_id, row.field, row.version)
        if key in state.version_keys or key in seen:
            raise Stale(f"version {row.version} of {row.field} of {hub_id} exists already")
        seen.add(key)
    _causes(state, change.causes)
    _check_plans(state, change.plans)
    _check_lines(state, change.plan_lines)
    _check_mappings(state, change.mappings)
    _check_seen(state, change)
    return keys


def _check_shares(state: State, shares: Iterable[Share]) -> Keys:
    mine: Keys = {}
    new: set[Key] = set()
    for share in shares:
        hub = share.hub
        if hub.id in mine or state.share_versions.get(hub.id, 0) != hub.version:
            raise Stale(f"{hub.id} changed since it was loaded")
        keys = list(unique_keys(share))
        mine[hub.id] = frozenset(keys)
        if len(mine[hub.id]) != len(keys) or not new.isdisjoint(keys):
            raise Stale(f"a key of {hub.id} twice in one change")
        new.update(keys)
    for hub_id, all_keys in mine.items():
        for key in all_keys - state.keys_of.get(hub_id, frozenset()):
            owner = state.unique.get(key)
            if owner is not None and owner not in mine:
                raise Stale(f"{key} belongs to {owner}")
    return mine


def _causes(state: State, causes: Sequence[Cause]) -> dict[str, Cause]:
    """All causes as they would be afterwards; Stale when two would be open as one."""
    if not causes:
        return {}
    after = {one.id: one for one in (state.give(Cause, kept) for kept in state.causes.values())}
    for one in closed_first(causes):
        if one.id in after and cause_clash(after[one.id], one):
            raise Stale(f"cause {one.id} is another one by now")
        after[one.id] = joined(after.get(one.id), one, _pointing(state, one.id))
    now_open = [one.fingerprint for one in after.values() if one.closed_at is None]
    if len(now_open) != len(set(now_open)):
        raise Stale("a cause with this fingerprint is open already")
    return after


def _pointing(state: State, cause: str) -> set[str]:
    """The states of the groups that point at a cause."""
    shares = (state.give(Share, state.shares[hub_id]) for hub_id in state.troubled)
    return {
        row.state
        for share in shares
        for one in share.replicas
        for row in one.groups.values()
        if row.cause == cause
    }


def _check_plans(state: State, plans: Sequence[Plan]) -> None:
    after = dict(state.plan_versions)
    for one in plans:
        number = plan_number(one.id)
        if after.get(number, 0) != one.version:
            raise Stale(f"plan {number} changed since it was loaded")
        after[number] = one.version + 1


def _check_lines(state: State, lines: Sequence[PlanLine]) -> None:
    after: dict[tuple[int, int], LineState] = {}
    for one in over_last(lines):
        key = plan_number(one.plan_id), one.n
        kept = state.plan_lines.get(key[0], {}).get(key[1])
        now = after.get(key, kept and state.give(PlanLine, kept).state)
        if one.state in LINES_OVER and now is not LineState.WAITING:
            raise Stale(f"line {one.n} of {one.plan_id} waits no more")
        after[key] = one.state


def _check_mappings(state: State, versions: Sequence[MappingVersion]) -> None:
    taken = set(state.mappings)
    for one in versions:
        if one.n and (one.mapping, one.n) in taken:
            raise Stale(f"{one.mapping} has a version {one.n} by now")
        taken.add((one.mapping, one.n))


def _check_seen(state: State, change: Change) -> None:
    for scope, seen in change.saw_pauses.items():
        kept = state.pauses.get(scope)
        if (None if kept is None else state.give(Pause, kept)) != seen:
            raise Stale(f"the pause of {scope} is another by now")
    for cause in change.saw_open:
        kept = state.causes.get(cause)
        if kept is None or state.give(Cause, kept).closed_at is not None:
            raise Stale(f"cause {cause} was closed meanwhile")


def apply(state: State, change: Change, keys: Keys) -> None:
    """Write a change that ``check`` let through."""
    causes = _causes(state, change.causes)  # before the groups: these join what pointed so far
    found = {one.hub.id: _found(one) for one in change.shares}
    for share in change.shares:
        _forget(state, share.hub.id, keys[share.hub.id], found[share.hub.id])
    for share in change.shares:
        _put_share(state, share, keys[share.hub.id], found[share.hub.id])
    for hub_id, version in change.versions:
        state.versions[hub_id] = (*state.versions.get(hub_id, ()), state.keep(version))
        state.version_keys[hub_id, version.field, version.version] = None
    for row in change.audit:
        state.audit.append(state.keep(row))
        if row.hub_id is not None:
            state.audit_of[row.hub_id] = (*state.audit_of.get(row.hub_id, ()), len(state.audit))
    _apply_work(state, change)
    _apply_rest(state, change, causes)


def found_by(value: Json) -> str | bytes:
    """A value as a key; text is its own, since most values are text."""
    return value if isinstance(value, str) else canonical(value)


def _found(share: Share) -> frozenset[Found]:
    """By which values the hub record is found."""
    return frozenset(
        (share.hub.kind, name, found_by(value))
        for name, value in share.hub.values.items()
        if value is not None
    )


def _forget(state: State, hub_id: str, keys: frozenset[Key], found: frozenset[Found]) -> None:
    """Drop the entries of the hub record that will not hold any more."""
    for key in state.keys_of.get(hub_id, frozenset()) - keys:
        state.unique.pop(key, None)
    for one in state.found_of.get(hub_id, frozenset()) - found:
        del state.found[one][hub_id]
        if not state.found[one]:
            del state.found[one]


def _put_share(state: State, share: Share, keys: frozenset[Key], found: frozenset[Found]) -> None:
    kept = in_order(share)
    hub = kept.hub = replace(share.hub, version=share.hub.version + 1)
    state.shares[hub.id] = state.keep(kept)
    state.share_versions[hub.id] = hub.version
    for key in keys - state.keys_of.get(hub.id, frozenset()):
        state.unique[key] = hub.id
    for one in found - state.found_of.get(hub.id, frozenset()):
        state.found.setdefault(one, {})[hub.id] = None
    state.keys_of[hub.id], state.found_of[hub.id] = keys, found
    _flag(state.open_intents, hub.id, any(one.state not in ENDED for one in share.intents))
    _flag(state.troubled, hub.id, any(one.groups for one in share.replicas))


def _flag(flags: dict[str, None], hub_id: str, wanted: bool) -> None:
    if wanted:
        flags[hub_id] = None
    else:
        flags.pop(hub_id, None)


def _apply_work(state: State, change: Change) -> None:
    known = set()
    for index, event in enumerate(change.events):
        if (event.system, event.digest) in state.digests:
            known.add(index)
        state.digests[event.system, event.digest] = None
    for key, generation in change.finished:
        rows = state.work.get(key.lane, {})
        old = rows.get(key)
        if old is not None and old.generation == generation:
            del rows[key]
        elif old is not None:
            rows[key] = replace(old, starts=0)
    for key, due_at in change.postponed:
        rows = state.work.get(key.lane, {})
        if key in rows and rows[key].due_at < SHELVED_FROM:
            rows[key] = replace(rows[key], due_at=due_at, starts=0)
    for key, generation in change.shelved:
        rows = state.work.get(key.lane, {})
        old = rows.get(key)
        if old is not None:
            free = old.generation == generation and old.due_at < SHELVED_FROM
            rows[key] = replace(moved(old, SHELF) if free else old, starts=0)
    if change.resumed:
        for rows in state.work.values():
            on_shelf = [one for one in rows.values() if one.due_at >= SHELVED_FROM]
            rows.update((one.key, moved(one, -SHELF)) for one in on_shelf)
    told = repeated(change.events, known)
    for work in change.ring:
        rows = state.work.setdefault(work.key.lane, {})
        old = rows.get(work.key)
        if old is None:
            rows[work.key] = first_ring(work)
        elif not is_repeat(work, told):
            rows[work.key] = rung_again(old, work)


def _apply_rest(state: State, change: Change, causes: dict[str, Cause]) -> None:
    state.causes.update(
        (name, state.keep(causes[name])) for name in {one.id: None for one in change.causes}
    )
    state.systems.update((one.system, state.keep(one)) for one in change.systems)
    state.syncs.update((one.sync, state.keep(one)) for one in change.syncs)
    for scope in change.resumed:
        state.pauses.pop(scope, None)
    state.pauses.update((one.scope, state.keep(one)) for one in change.pauses)
    state.people.update(((one.system, one.native_id), state.keep(one)) for one in change.people)
    for element_id in change.dropped_blobs:
        state.blobs.pop(element_id, None)
    state.blobs.update(change.blobs)
    for plan in change.plans:
        number = plan_number(plan.id)
        state.plans[number] = state.keep(replace(plan, version=plan.version + 1))
        state.plan_versions[number] = plan.version + 1
    for line in over_last(change.plan_lines):
        state.plan_lines.setdefault(plan_number(line.plan_id), {})[line.n] = state.keep(line)
    state.mappings.update(((one.mapping, one.n), state.keep(one)) for one in change.mappings)
    state.alarms.update((one.id, state.keep(one)) for one in change.alarms)
