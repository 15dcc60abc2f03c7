"""Edits that a write of ours covered before any look had shown them (law 3).

Between the read before a write and the write itself, a product that compares no
versions lets us write over a person. Where its history tells, the edit is merged as
if a look had stood between the two: it wins and is written back, or loses and is
told. Where there is no history, nobody can know: that is the connector's ``window``.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import FieldChange
from sdsync.mappings.contract import Unmapped
from sdsync.store.records import GroupState, Json, Replica
from sdsync.sync.branches import hit
from sdsync.sync.decide.edits import Edit, Look, edit_by, view
from sdsync.sync.decide.merge import GroupMerge
from sdsync.sync.decide.spread import members
from sdsync.sync.draft import Draft


def merge_covered(
    draft: Draft, replica: Replica, name: str, look: Look, current: dict[str, Json]
) -> None:
    """Decide the edit that our write of the field covered, if history tells of one.

    Called while the base is still that from before the write; what our write made of
    the field becomes its base afterwards.
    """
    line = _covered(draft, replica, name, look, current)
    if line is None:
        return
    hit("law 3: an edit in the window")
    ctx, mapping = draft.ctx, draft.ctx.mapping(replica)
    native = _with(replica.seen, line.path, line.new)
    value, old = view(mapping, name, native, ctx), view(mapping, name, replica.seen, ctx)
    if isinstance(value, Unmapped):
        draft.audit(
            "overruled",
            source=replica.system,
            replica=replica,
            field=name,
            actor=line.actor,
            why="written over before it was seen; no rule knows its value",
            before=line.new,
            after=draft.hub.values.get(name),
        )
        return
    edit = edit_by(line, name, None if isinstance(old, Unmapped) else old, value, replica, ctx)
    group = group_of(name)
    shown = _shown(draft, replica, edit, native)
    GroupMerge(draft, replica, group, {name: edit}, shown, native).decide()
    if draft.state(replica, group) is GroupState.DIFFERS:
        draft.mark(replica, group, GroupState.DIRTY)  # it was kept, but our write stands there


def _covered(
    draft: Draft, replica: Replica, name: str, look: Look, current: dict[str, Json]
) -> FieldChange | None:
    """Somebody's line of history right before ours, of a value that no look has shown.

    Only where history speaks the record's own words: some products tell numbers there,
    or nothing, and a value that was read wrongly would be worse than a lost one.
    """
    mapping, account = draft.ctx.mapping(replica), draft.ctx.systems[replica.system].account
    paths = mapping.paths(name)
    lines = [line for line in look.native.history or () if line.path in paths]
    if name not in replica.sent or len(lines) < 2:
        return None
    theirs, ours = lines[-2:]
    if ours.actor != account or theirs.actor in (None, account) or theirs.automatic:
        return None

    def footprint(value: Json) -> Json:
        return mapping.extract(name, _with(replica.seen, ours.path, value))

    known = footprint(ours.new) == mapping.extract(name, current)
    joined = footprint(ours.old) == footprint(theirs.new)
    unseen = footprint(theirs.new) != mapping.extract(name, replica.seen)
    return theirs if known and joined and unseen else None


def _shown(draft: Draft, replica: Replica, edit: Edit, native: dict[str, Json]) -> dict[str, Json]:
    """The whole group as it stood when the edit was made (law 10)."""
    shown: dict[str, Json] = {edit.field: edit.new}
    for field in members(group_of(edit.field)):
        if field in replica.sent and field != edit.field:
            value = view(draft.ctx.mapping(replica), field, native, draft.ctx)
            if not isinstance(value, Unmapped):
                shown[field] = value
    return shown


def _with(native: Mapping[str, Json], path: str, value: Json) -> dict[str, Json]:
    """The native values with another one at a path."""
    top, _, rest = path.partition(".")
    if not rest:
        return {**native, top: value}
    inner = native.get(top)
    return {**native, top: {**(inner if isinstance(inner, Mapping) else {}), rest: value}}
