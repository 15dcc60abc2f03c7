"""Merging one look at a record: the heart of *decide*."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sdsync.config.vocabulary import group_of
from sdsync.mappings.contract import Direction, Unmapped
from sdsync.store.records import FieldVersion, GroupState, Json, Replica, ReplicaState
from sdsync.sync.branches import hit
from sdsync.sync.confirm.doubt import settle_doubt
from sdsync.sync.decide.contact import (
    came_back,
    edited_since_birth,
    first_contact,
    has_base,
    mapped_again,
    mapping_changed,
    unmapped,
    went_missing,
    without_strangers,
)
from sdsync.sync.decide.edits import Edit, Look, absent, edit_of, hides, proved, told_since, view
from sdsync.sync.decide.elements import absorb_elements
from sdsync.sync.decide.mending import fought_over
from sdsync.sync.decide.merge import GroupMerge
from sdsync.sync.decide.orders import obey_tags
from sdsync.sync.decide.restored import last_read, wait_for_plan
from sdsync.sync.decide.rules import run_rules
from sdsync.sync.decide.spread import OWNER_SILENT, members, spread
from sdsync.sync.draft import BLOCKED, Draft


def too_old(draft: Draft, replica: Replica, look: Look) -> bool:
    """Whether the read must be asked again (law 4).

    It began before our last write there ended, or is older than the base. A product that
    was restored counts on from its backup: there a smaller version is no older read.
    """
    written = replica.confirmed_at
    stale = (
        (written is not None and look.began_at < written)
        or (replica.seen_at is not None and look.began_at < replica.seen_at)
        or (
            look.native.ref.id == replica.native_id  # another record counts for itself
            and went_back(replica.etag, look.native.version)
            and last_read(draft.ctx, replica) is None
        )
    )
    if stale:
        hit("law 4: old read dropped")
    return stale


def went_back(known: str | None, shown: str | None) -> bool:
    """Whether a counting version is smaller than the one seen: a lagging copy answered."""
    if known is None or shown is None or not (known.isdecimal() and shown.isdecimal()):
        return False
    return int(shown) < int(known)


def absorb(draft: Draft, replica: Replica, look: Look) -> None:
    """Merge what the look shows into the share.

    The caller has made sure that the read is not too old, that the answered id
    is the one asked for, and that no call of ours to this replica is out.
    """
    current = draft.ctx.mapping(replica).keep(look.native.values)
    read_at = last_read(draft.ctx, replica)
    obey_tags(draft, replica, look)
    settle_doubt(draft, replica, look, current)
    shown, edits, unread, bare = _compare(draft, replica, look, current)
    back = {}
    if read_at is not None:
        told = partial(told_since, replica=replica, look=look, ctx=draft.ctx, since=read_at)
        back = _gone_back(draft, replica, current, shown, edits, told)
    _remember(draft, replica, look, known_part(current, replica.seen, unread))
    _decide_groups(draft, replica, current, shown, edits)
    for field in bare:
        _show_again(draft, replica, field)
    _owner_is_back(draft, replica, current, shown)
    mapping_changed(draft, replica, current, shown, edits)
    wait_for_plan(draft, replica, back)
    absorb_elements(draft, replica, look, read_at)
    run_rules(draft)


def _remember(draft: Draft, replica: Replica, look: Look, current: dict[str, Json]) -> None:
    """Move *seen*, and what is known of the record beside its fields."""
    native = look.native
    replica.seen = known_part(current, replica.seen, native.unknown)
    replica.previous_look_at, replica.seen_at = replica.seen_at, look.began_at
    replica.last_ok_at = draft.ctx.now
    replica.not_found_at = None
    mapping = draft.ctx.mapping(replica)
    replica.unproved = [name for name in mapping.fields if not proved(mapping, name, native)]
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
    if native.place != replica.place:
        if replica.place:
            told = f"{replica.place} -> {native.place}"
            draft.audit("relocated", source=replica.system, replica=replica, text=told)
        draft.deliver(replica)  # what lies there may be read by more people now
    replica.url, replica.place = native.url, native.place
    replica.linked = sorted(native.linked)


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
) -> tuple[dict[str, Json], dict[str, Edit], frozenset[str], frozenset[str]]:
    """What every proved field shows, which of them somebody changed, and the paths
    whose value no rule knows: they stay unseen, so that a rule finds the change later.
    Last the fields that show nothing since what stood in their place is gone."""
    ctx, mapping = draft.ctx, draft.ctx.mapping(replica)
    remapped = bool(replica.seen_mapping) and replica.seen_mapping != mapping.version
    shown: dict[str, Json] = {}
    edits: dict[str, Edit] = {}
    unread: set[str] = set()
    bare: set[str] = set()
    for field, direction in mapping.fields.items():
        if field in replica.doubt or not proved(mapping, field, look.native):
            continue
        if field in replica.sent and absent(mapping, field, look.native.values):
            went_missing(draft, replica, field)
            continue
        value = view(mapping, field, current, ctx)
        if isinstance(value, Unmapped):
            unmapped(draft, replica, field, value, current)
            unread |= set(mapping.paths(field))
            continue
        if hides(mapping, field, current, ctx):
            replica.sent.setdefault(field, draft.hub.values.get(field))
            continue
        first = (
            field not in replica.sent
            or came_back(replica, field)
            or (remapped and not has_base(mapping.paths(field), replica))
        )
        if first and direction is Direction.OUT:
            replica.sent[field] = value  # ours alone to write: what stands there is no edit
            draft.deliver(replica)
            continue
        edit = edited_since_birth(draft, replica, field, value, look) if first else None
        if edit is not None:
            replica.sent[field], shown[field], edits[field] = edit.old, value, edit
            continue
        if first:
            first_contact(draft, replica, field, value, current, look)
            continue
        mapped_again(draft, replica, field)
        if value is None and hides(mapping, field, replica.seen, ctx):
            bare.add(field)
            continue
        shown[field] = value
        old = value
        if mapping.extract(field, current) != mapping.extract(field, replica.seen):
            old = view(mapping, field, replica.seen, ctx)
            old = replica.sent.get(field) if isinstance(old, Unmapped) else old
        old = without_strangers(replica, field, old)
        if old != value and direction is not Direction.OUT:
            edits[field] = edit_of(field, old, value, replica, look, ctx)
        elif old != value and not fought_over(draft, replica, field, value, look):
            replica.sent[field] = value  # ours to write: delivered again
            draft.deliver(replica)
    return shown, edits, frozenset(unread), frozenset(bare)


def _gone_back(
    draft: Draft,
    replica: Replica,
    current: dict[str, Json],
    shown: dict[str, Json],
    edits: dict[str, Edit],
    told: Callable[[str], bool],
) -> dict[str, tuple[Json, Json]]:
    """Take out what nobody changed since the last read: the product went back (law 32).

    Args:
        told: Whether the product's history tells of a change since.
    """
    mapping, back = draft.ctx.mapping(replica), {}
    for field, edit in list(edits.items()):
        same = mapping.extract(field, current) == mapping.extract(field, replica.seen)
        if same or told(field):
            continue
        del edits[field], shown[field]
        whole = draft.hub.values.get(field)
        put = draft.put(mapping, field, whole, seen=current, hub=draft.hub.values)
        is_hubs = not put.values and put.refused is None and put.cut is None
        replica.sent[field] = whole if is_hubs else edit.new
        if not is_hubs and draft.ctx.policy(draft.hub, group_of(field)) != "each":
            back[field] = (edit.old, edit.new)
    return back


def _show_again(draft: Draft, replica: Replica, field: str) -> None:
    """What stood in the field's place is gone: it has to be shown, and nobody emptied it."""
    group = group_of(field)
    carried = draft.ctx.policy(draft.hub, group) != "each"
    if draft.hub.values.get(field) is None or not carried:
        return
    replica.sent[field] = None
    if draft.state(replica, group) not in BLOCKED:
        draft.mark(replica, group, GroupState.DIRTY)
    draft.deliver(replica)


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
                        field=field,
                        version=draft.next_version(field),
                        value=shown[field],
                        source=replica.system,
                        source_ref=replica.native_id,
                        changed_lo=at,
                        changed_hi=at,
                    )
                )
                draft.audit(
                    "edited",
                    source=replica.system,
                    replica=replica,
                    field=field,
                    why="the owner is back",
                    before=before,
                    after=shown[field],
                )
                replica.sent[field] = shown[field]
                changed = True
        if changed:
            spread(draft, group, but=replica)
