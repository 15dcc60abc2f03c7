"""Merging one look at a record: the heart of *decide*."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sdsync.config.vocabulary import FIELDS, group_of
from sdsync.mappings.contract import Direction, Unmapped
from sdsync.store.records import FieldVersion, GroupState, Json, Replica, ReplicaState
from sdsync.sync.branches import hit
from sdsync.sync.desired import PEOPLE_KINDS, desired
from sdsync.sync.draft import Draft
from sdsync.sync.edits import Edit, Look, edit_of, proved, view
from sdsync.sync.elements import absorb_elements
from sdsync.sync.merge import OWNER_SILENT, GroupMerge, members, spread
from sdsync.sync.model import Context
from sdsync.sync.verdict import Verdict, verdict

UNMAPPED = "unmapped"


def too_old(replica: Replica, look: Look) -> bool:
    """Whether the read must be asked again (law 4).

    It began before our last write there ended, or is older than the base.
    """
    written = replica.confirmed_at
    stale = (
        (written is not None and look.began_at < written)
        or (replica.seen_at is not None and look.began_at < replica.seen_at)
        or _went_back(replica.etag, look.native.version)
    )
    if stale:
        hit("law 4: old read dropped")
    return stale


def _went_back(known: str | None, shown: str | None) -> bool:
    """Whether a counting version is smaller than the one already seen: a lagging replica answered."""
    if known is None or shown is None or not (known.isdecimal() and shown.isdecimal()):
        return False
    return int(shown) < int(known)


def absorb(draft: Draft, replica: Replica, look: Look) -> None:
    """Merge what the look shows into the share.

    The caller has made sure that the read is not too old, that the answered id
    is the one asked for, and that no call of ours to this replica is out.
    """
    current = draft.ctx.mapping(replica).keep(look.native.values)
    settle_doubt(draft, replica, look, current)
    shown, edits = _compare(draft, replica, look, current)
    _remember(draft, replica, look, current)
    _decide_groups(draft, replica, current, shown, edits)
    _owner_is_back(draft, replica, current, shown)
    _mapping_changed(draft, replica, current, shown, edits)
    absorb_elements(draft, replica, look)


def _remember(draft: Draft, replica: Replica, look: Look, current: dict[str, Json]) -> None:
    """Move *seen*, and what is known of the record beside its fields."""
    native = look.native
    replica.seen = known_part(current, replica.seen, native.unknown)
    replica.previous_look_at, replica.seen_at = replica.seen_at, look.began_at
    replica.last_ok_at = draft.ctx.now
    replica.not_found_at = None
    replica.etag = native.version
    replica.allowed_status = (
        list(native.allowed_status) if native.allowed_status is not None else None
    )
    if replica.state in (ReplicaState.MISSING, ReplicaState.OUT_OF_REACH):
        replica.state = ReplicaState.LIVE
        draft.audit("back", source=replica.system, replica=replica, text="readable again")
        draft.deliver(replica)
    if native.key != replica.key:
        if replica.key:
            replica.aliases = [*replica.aliases, replica.key][-10:]
        replica.key = native.key
        for other in draft.share.replicas:
            if other is not replica:
                draft.deliver(other)  # it shows this key in its peer field
    replica.url, replica.place = native.url, native.place


def known_part(
    current: Mapping[str, Json], seen: Mapping[str, Json], unknown: frozenset[str]
) -> dict[str, Json]:
    """What was read, and the old part where this read proves nothing (law 9)."""
    merged = dict(current)
    for gap in unknown:
        hit("law 9: unknown kept")
        top, _, rest = gap.partition(".")
        if not rest:
            merged.pop(top, None)
            if top in seen:
                merged[top] = seen[top]
            continue
        old, new = seen.get(top), dict(merged.get(top) or {})
        new.pop(rest, None)
        if isinstance(old, Mapping) and rest in old:
            new[rest] = old[rest]
        merged[top] = new
    return merged


def _compare(
    draft: Draft, replica: Replica, look: Look, current: dict[str, Json]
) -> tuple[dict[str, Json], dict[str, Edit]]:
    """What every proved field shows, and which of them somebody changed."""
    ctx, mapping = draft.ctx, draft.ctx.mapping(replica)
    remapped = bool(replica.seen_mapping) and replica.seen_mapping != mapping.version
    shown: dict[str, Json] = {}
    edits: dict[str, Edit] = {}
    for field, direction in mapping.fields.items():
        if field in replica.doubt or not proved(mapping, field, look.native):
            continue
        value = view(mapping, field, current, ctx)
        if isinstance(value, Unmapped):
            _unmapped(draft, replica, field, value, current)
            continue
        first = field not in replica.sent or (remapped and not _has(mapping.paths(field), replica))
        if first and direction is Direction.OUT:
            replica.sent[field] = value  # ours alone to write: what stands there is no edit
            draft.deliver(replica)
            continue
        if first:
            _first_contact(draft, replica, field, value, current, look)
            continue
        _mapped_again(draft, replica, field)
        shown[field] = value
        if mapping.extract(field, current) == mapping.extract(field, replica.seen):
            continue
        old = view(mapping, field, replica.seen, ctx)
        old = replica.sent.get(field) if isinstance(old, Unmapped) else old
        if old != value and direction is not Direction.OUT:
            edits[field] = edit_of(field, old, value, replica, look, ctx)
        elif old != value:
            replica.sent[field] = value  # ours to write: delivered again
            draft.deliver(replica)
    return shown, edits


def _has(paths: object, replica: Replica) -> bool:
    """Whether *seen* holds the paths that a changed rule now reads."""
    if not isinstance(paths, list | tuple):
        return False
    return all(_find(replica.seen, path) is not None for path in paths)


def _find(native: Mapping[str, Json], path: str) -> Json:
    top, _, rest = path.partition(".")
    value = native.get(top)
    if rest:
        return value.get(rest) if isinstance(value, Mapping) else None
    return value


def _unmapped(
    draft: Draft, replica: Replica, field: str, found: Unmapped, current: dict[str, Json]
) -> None:
    """A value that no rule knows is shown and never guessed; it is told once."""
    mapping = draft.ctx.mapping(replica)
    if FIELDS.get(field) in PEOPLE_KINDS:
        draft.fidelity(replica, field, f"{found.value} is nobody that sdsync knows")
        return
    row = replica.groups.get(group_of(field))
    if row and row.note and row.note.startswith(UNMAPPED):
        return
    if field in replica.sent and mapping.extract(field, current) == mapping.extract(
        field, replica.seen
    ):
        return
    hit("unmapped value shown")
    text = f'{UNMAPPED}: {replica.system} shows {found.path} "{found.value}", which no rule knows'
    draft.park(
        replica, group_of(field), text, about=["unmapped", found.path, found.value],
        place=found.place, remedy=f"sdsync mappings check {replica.system}",
    )  # fmt: skip


def _mapped_again(draft: Draft, replica: Replica, field: str) -> None:
    """The value is one that the mapping knows: an earlier *unmapped* is over."""
    row = replica.groups.get(group_of(field))
    if row and row.state is GroupState.PARKED and (row.note or "").startswith(UNMAPPED):
        draft.mark(replica, group_of(field), GroupState.DIRTY)
        draft.deliver(replica)


def _first_contact(
    draft: Draft, replica: Replica, field: str, value: Json, current: dict[str, Json], look: Look
) -> None:
    """No base: equal values adopt silently, unequal ones agree to differ (law 11)."""
    hub, ctx, group = draft.hub, draft.ctx, group_of(field)
    mapping = ctx.mapping(replica)
    if field not in hub.versions and replica.system == hub.birth_system:
        if value in (None, []):
            hub.values.setdefault(field, value)
        else:
            draft.set_value(_born(field, value, replica, look, ctx))
        replica.sent[field] = value
        return
    whole = hub.values.get(field)
    put = mapping.put(field, whole, seen=current, hub=hub.values, people=ctx.people)
    if value == whole or (not put.values and put.refused is None and put.cut is None):
        hit("law 11: adopted")
        replica.sent[field] = whole
        return
    if replica.joined_at is None and whole not in (None, []) and ctx.policy(hub, group) != "each":
        replica.sent[field] = value  # we bore it: what was held back then follows now
        draft.mark(replica, group, GroupState.DIRTY)
        draft.deliver(replica)
        return
    hit("law 11: agrees to differ")
    replica.sent[field] = value
    if draft.state(replica, group) is not GroupState.HELD and ctx.policy(hub, group) != "each":
        draft.mark(replica, group, GroupState.DIFFERS, note="first contact")


def _born(
    field: str, value: Json, replica: Replica, look: Look, ctx: Context
) -> FieldVersion:
    at = min(ctx.ours(replica.system, look.native.created_at), look.began_at)
    return FieldVersion(
        field=field, version=1, value=value, source=replica.system,
        source_ref=replica.native_id, changed_lo=at, changed_hi=look.began_at,
        changed_by=look.native.created_by,
    )  # fmt: skip


def _decide_groups(
    draft: Draft,
    replica: Replica,
    current: dict[str, Json],
    shown: dict[str, Json],
    edits: dict[str, Edit],
) -> None:
    groups: dict[str, dict[str, Edit]] = {}
    for field, edit in edits.items():
        groups.setdefault(group_of(field), {})[field] = edit
    for group, mine in groups.items():
        hit("law 10: group decided")
        of_group = {field: shown[field] for field in members(group) if field in shown}
        GroupMerge(draft, replica, group, mine, of_group, current).decide()


def _owner_is_back(
    draft: Draft, replica: Replica, current: dict[str, Json], shown: dict[str, Json]
) -> None:
    """An owner that was silent is read again: its value wins (law 13)."""
    for group, row in list(replica.groups.items()):
        if row.state is not GroupState.PAUSED or row.note != OWNER_SILENT:
            continue
        hit("law 13: owner is back")
        draft.mark(replica, group, GroupState.IN_STEP)
        changed = False
        for field in members(group):
            if field in shown and shown[field] != draft.hub.values.get(field):
                before = draft.hub.values.get(field)
                at = draft.ctx.now
                draft.set_value(
                    FieldVersion(
                        field=field, version=draft.next_version(field), value=shown[field],
                        source=replica.system, source_ref=replica.native_id,
                        changed_lo=at, changed_hi=at,
                    )
                )  # fmt: skip
                draft.audit(
                    "edited", source=replica.system, replica=replica, field=field,
                    why="the owner is back", before=before, after=shown[field],
                )  # fmt: skip
                replica.sent[field] = shown[field]
                changed = True
        if changed:
            spread(draft, group, but=replica)


def _mapping_changed(
    draft: Draft,
    replica: Replica,
    current: dict[str, Json],
    shown: dict[str, Json],
    edits: dict[str, Edit],
) -> None:
    """A mapping change is not an edit: what it alone would alter awaits a plan (law 7)."""
    mapping, ctx = draft.ctx.mapping(replica), draft.ctx
    before, replica.seen_mapping = replica.seen_mapping, mapping.version
    if not before or before == mapping.version:
        return
    for field, value in shown.items():
        group = group_of(field)
        if field in edits or group in replica.groups:
            continue
        whole = draft.hub.values.get(field)
        if replica.sent.get(field) != whole:
            continue  # it was dirty anyway
        put = mapping.put(field, whole, seen=current, hub=draft.hub.values, people=ctx.people)
        if put.values and value != whole:
            hit("law 7: awaiting plan")
            draft.mark(replica, group, GroupState.AWAITING_PLAN, note="mapping changed")


def settle_doubt(draft: Draft, replica: Replica, look: Look, current: dict[str, Json]) -> None:
    """Judge the fields of a write whose outcome was unknown (law 5)."""
    if not replica.doubt:
        return
    landing = _lands_until(draft, replica)
    for field, intended in list(replica.doubt.items()):
        match verdict(draft, replica, field, intended, look, current):
            case Verdict.UNKNOWN:
                continue
            case Verdict.OURS | Verdict.RESHAPED:
                hit("law 5: doubt was ours")
                _ours(draft, replica, field, intended, current)
            case Verdict.STEP:
                hit("law 5: step of a transition")
                _ours(draft, replica, field, None, current)
            case Verdict.UNTOUCHED if look.began_at < landing:
                hit("law 27: may still land")
                draft.deliver(replica, due=landing)
                continue
            case Verdict.UNTOUCHED:
                hit("law 5: not applied")
                replica.doubt.pop(field)
                draft.mark(replica, group_of(field), GroupState.DIRTY)
                draft.deliver(replica)
            case _:
                hit("law 5: an edit in doubt")
                replica.doubt.pop(field)
                draft.mark(replica, group_of(field), GroupState.DIRTY)
        replica.stepping.pop(field, None)
    if not replica.doubt:
        draft.share.attempts = [one for one in draft.share.attempts if one.replica_id != replica.id]


def _ours(
    draft: Draft, replica: Replica, field: str, intended: Json, current: dict[str, Json]
) -> None:
    """The system shows what we wrote: the base moves for this field alone (law 2)."""
    replica.doubt.pop(field)
    mapping = draft.ctx.mapping(replica)
    for path in mapping.paths(field):
        copy_path(path, current, replica.seen)
    if intended is not None or field not in replica.stepping:
        replica.sent[field] = intended
        if replica.trail and field == "status" and replica.trail[0] == intended:
            replica.trail = replica.trail[1:]
    confirm_state(draft, replica, group_of(field))


def confirm_state(draft: Draft, replica: Replica, group: str) -> None:
    """In step when every field of the group was acknowledged, else still dirty."""
    behind = any(
        field in replica.doubt or desired(draft, replica, field) != replica.sent[field]
        for field in members(group)
        if field in replica.sent
    )
    draft.mark(replica, group, GroupState.DIRTY if behind else GroupState.IN_STEP)
    if behind:
        draft.deliver(replica)


def copy_path(path: str, source: Mapping[str, Json], target: dict[str, Json]) -> None:
    """Take one native path over, when the source has it."""
    top, _, rest = path.partition(".")
    if not rest:
        if top in source:
            target[top] = source[top]
        return
    inner = source.get(top)
    if isinstance(inner, Mapping) and rest in inner:
        target[top] = {**(target.get(top) or {}), rest: inner[rest]}


def _lands_until(draft: Draft, replica: Replica) -> datetime:
    system = draft.ctx.systems[replica.system]
    landing = max((one.landing_s for one in system.capabilities.create.values()), default=0.0)
    starts = [one.deadline_at for one in draft.share.attempts if one.replica_id == replica.id]
    if not starts:
        return datetime.min.replace(tzinfo=UTC)  # judged before: nothing of ours is on its way
    return max(starts) + timedelta(seconds=landing)
