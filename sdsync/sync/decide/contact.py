"""Fields without a base: first contact, unmapped values, changed mappings (laws 7, 11)."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.config.vocabulary import FIELDS, TIES, group_of
from sdsync.mappings.contract import Unmapped
from sdsync.mappings.paths import ABSENT, parse_path
from sdsync.store.records import FieldVersion, GroupState, Json, Replica
from sdsync.sync.branches import hit
from sdsync.sync.decide.edits import Edit, Look, edit_of
from sdsync.sync.decide.spread import spread
from sdsync.sync.deliver.desired import PEOPLE_KINDS, desired
from sdsync.sync.draft import BLOCKED, Draft
from sdsync.sync.model import Context

UNMAPPED = "unmapped"
#: How a fidelity note says that a record or its place has no such field.
NOT_HERE = " does not exist "


def has_base(paths: object, replica: Replica) -> bool:
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


def unmapped(
    draft: Draft, replica: Replica, field: str, found: Unmapped, current: dict[str, Json]
) -> None:
    """A value that no rule knows is shown and never guessed; it is told once."""
    mapping = draft.ctx.mapping(replica)
    if FIELDS.get(field) in (*PEOPLE_KINDS, "team"):
        told = f"{found.value} is nobody that sdsync knows"
        draft.fidelity(replica, field, told, shown=found.value)
        return
    if field in TIES:
        draft.fidelity(replica, field, f"{found.value} is not shared; it stays where it is")
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
        replica,
        group_of(field),
        text,
        about=["unmapped", found.path, found.value],
        place=found.place,
        remedy=f"sdsync mappings check {replica.system}",
    )


def mapped_again(draft: Draft, replica: Replica, field: str) -> None:
    """The value is one that the mapping knows: an earlier *unmapped* is over."""
    if field == "parent":  # what was a stranger is none any more
        replica.fidelity = [one for one in replica.fidelity if one.field != field]
    row = replica.groups.get(group_of(field))
    if row and row.state is GroupState.PARKED and (row.note or "").startswith(UNMAPPED):
        draft.audit("known", source=replica.system, replica=replica, field=field, before=row.note)
        draft.mark(replica, group_of(field), GroupState.DIRTY)
        draft.deliver(replica)


def shows(replica: Replica, path: str) -> bool:
    """Whether the record showed this native path when it was read last, empty or not."""
    return parse_path(path).read(replica.seen) is not ABSENT


def went_missing(draft: Draft, replica: Replica, field: str) -> None:
    """The record has no such field any more: nobody emptied it, so nothing is carried."""
    known = replica.sent.get(field) not in (None, [])
    if known and not _told_missing(replica, field):
        path = draft.ctx.mapping(replica).paths(field)[0]
        draft.fidelity(replica, field, f"{path}{NOT_HERE}on {replica.key} as it is now")


def came_back(replica: Replica, field: str) -> bool:
    """Whether the record shows a field that it did not have: there is no base for it (law 11)."""
    if not _told_missing(replica, field):
        return False
    replica.fidelity = [one for one in replica.fidelity if one.field != field]
    return True


def _told_missing(replica: Replica, field: str) -> bool:
    return any(one.field == field and NOT_HERE in one.text for one in replica.fidelity)


def without_strangers(replica: Replica, field: str, value: Json) -> Json:
    """What was seen of a set of people or links, as it was merged then.

    Who was a stranger then was left out of *sent*: nobody ever read them. Known now,
    they came with an edit that is decided now, like a single person's who was unmapped.
    Only additions: who is no longer known did not leave the record.
    """
    if FIELDS.get(field) not in ("people", "links") or not isinstance(value, list):
        return value
    sent = replica.sent.get(field)
    met = set(sent) if isinstance(sent, list) else set()
    old = [one for one in value if one in met]
    if old != value:
        hit("law 9: a stranger became known")
    return old


def edited_since_birth(
    draft: Draft, replica: Replica, field: str, value: Json, look: Look
) -> Edit | None:
    """A person's edit of a field that our create left out, made before our first look.

    What a product sets by itself at birth is none, nor is what an older rule never read;
    and where no history tells whose it is, it is a first contact like any other.
    """
    if replica.joined_at is not None or replica.system == draft.hub.birth_system:
        return None
    if replica.seen_mapping not in ("", draft.ctx.mapping(replica).version):
        return None
    empty: Json = [] if isinstance(value, list) else None
    if value == empty:
        return None
    edit = edit_of(field, empty, value, replica, look, draft.ctx)
    if edit.actor is None or edit.reaction:
        return None
    hit("law 5: edited between birth and first look")
    return edit


def first_contact(
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
            if replica.seen_mapping == mapping.version:
                # Not a new rule: an earlier read did not prove the field. Now the others get it.
                spread(draft, group, but=replica)
        replica.sent[field] = value
        return
    whole = desired(draft, replica, field) if field in TIES else hub.values.get(field)
    put = draft.put(mapping, field, whole, seen=current, hub=hub.values)
    if value == whole or (not put.values and put.refused is None and put.cut is None):
        hit("law 11: adopted")
        replica.sent[field] = whole
        return
    if replica.joined_at is None and whole not in (None, []) and ctx.policy(hub, group) != "each":
        replica.sent[field] = value  # we bore it: what was held back then follows now
        if value not in (None, []):
            _tell(draft, replica, field, value, "overruled", "set before our first look")
        if draft.state(replica, group) not in BLOCKED:
            draft.mark(replica, group, GroupState.DIRTY)
        draft.deliver(replica)
        return
    hit("law 11: agrees to differ")
    replica.sent[field] = value
    if draft.state(replica, group) is not GroupState.HELD and ctx.policy(hub, group) != "each":
        draft.mark(replica, group, GroupState.DIFFERS, note="first contact")
        _tell(draft, replica, field, value, "differs", "first contact")


def _tell(draft: Draft, replica: Replica, field: str, value: Json, action: str, why: str) -> None:
    draft.audit(
        action,
        source=replica.system,
        replica=replica,
        field=field,
        why=why,
        before=value,
        after=draft.hub.values.get(field),
    )


def _born(field: str, value: Json, replica: Replica, look: Look, ctx: Context) -> FieldVersion:
    at = min(ctx.ours(replica.system, look.native.created_at), look.began_at)
    return FieldVersion(
        field=field,
        version=1,
        value=value,
        source=replica.system,
        source_ref=replica.native_id,
        changed_lo=at,
        changed_hi=look.began_at,
        changed_by=look.native.created_by,
        human=ctx.humans(replica.system, look.native.created_by),
    )


def mapping_changed(
    draft: Draft,
    replica: Replica,
    current: dict[str, Json],
    shown: dict[str, Json],
    edits: dict[str, Edit],
) -> None:
    """A mapping change is not an edit: what it alone would alter awaits a plan (law 7)."""
    mapping = draft.ctx.mapping(replica)
    before, gaps = replica.seen_mapping, replica.sent.keys() & set(replica.unproved)
    if not before or not gaps:  # what this read does not prove is compared at a later one (law 9)
        replica.seen_mapping = mapping.version
    if not before or before == mapping.version:
        return
    for field, value in shown.items():
        group = group_of(field)
        if field in edits or group in replica.groups:
            continue
        whole = draft.hub.values.get(field)
        if replica.sent.get(field) != whole:
            continue  # it was dirty anyway
        put = draft.put(mapping, field, whole, seen=current, hub=draft.hub.values)
        if put.values and value != whole:
            hit("law 7: awaiting plan")
            replica.sent[field] = value  # what it shows under the new mapping
            draft.mark(replica, group, GroupState.AWAITING_PLAN, note="mapping changed")
