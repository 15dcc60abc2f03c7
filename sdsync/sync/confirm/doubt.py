"""Fields of a write whose outcome was unknown, judged from a later look (law 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sdsync.config.vocabulary import group_of
from sdsync.mappings.contract import Unmapped
from sdsync.store.records import GroupState, Json, Replica
from sdsync.sync.branches import hit
from sdsync.sync.confirm.verdict import Verdict, verdict
from sdsync.sync.decide.edits import Look, view
from sdsync.sync.decide.spread import members
from sdsync.sync.decide.window import merge_covered
from sdsync.sync.deliver.compute import deep_merge
from sdsync.sync.deliver.desired import desired
from sdsync.sync.draft import BLOCKED, Draft


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
                merge_covered(draft, replica, field, look, current)
                _ours(draft, replica, field, intended, current)
            case Verdict.STEP:
                hit("law 5: step of a transition")
                merge_covered(draft, replica, field, look, current)
                stepped(draft, replica, field, current)
                _ours(draft, replica, field, replica.sent[field], current)
            case Verdict.UNTOUCHED if field not in replica.sent:
                _empty_since_birth(draft, replica, field, current)
            case Verdict.UNTOUCHED if look.began_at < landing:
                hit("law 27: may still land")
                draft.deliver(replica, due=landing)
                continue
            case Verdict.UNTOUCHED:
                hit("law 5: not applied")
                replica.doubt.pop(field)
                _behind(draft, replica, field)
                draft.deliver(replica)
            case Verdict.REVERTED:
                hit("law 5: written and put back")
                replica.doubt.pop(field)
                overridden(draft, replica, field, intended)
            case _ if field not in replica.sent:
                hit("law 5: edited before our first look")
                replica.doubt.pop(field)
                overridden(draft, replica, field, intended)
            case _:
                hit("law 5: an edit in doubt")
                replica.doubt.pop(field)
                _behind(draft, replica, field)
        replica.stepping.pop(field, None)
    if not replica.doubt:
        draft.share.attempts = [one for one in draft.share.attempts if one.replica_id != replica.id]


def _behind(draft: Draft, replica: Replica, field: str) -> None:
    """Still to be written, unless what a person is to end holds it (law 40)."""
    group = group_of(field)
    if draft.state(replica, group) not in BLOCKED:
        draft.mark(replica, group, GroupState.DIRTY)


def _empty_since_birth(
    draft: Draft, replica: Replica, field: str, current: dict[str, Json]
) -> None:
    """We bore it with a value and find none, or the product's own: ignored then, or put back since.

    Nobody can tell, so neither is overwritten: they agree to differ.
    """
    hit("law 5: empty since its birth")
    replica.doubt.pop(field)
    shown = view(draft.ctx.mapping(replica), field, current, draft.ctx)
    replica.sent[field] = None if isinstance(shown, Unmapped) else shown
    why = "empty since its birth" if shown in (None, []) else "not taken at its birth"
    draft.mark(replica, group_of(field), GroupState.DIFFERS, note=why)
    draft.audit(
        "differs",
        source=replica.system,
        replica=replica,
        field=field,
        why=why,
        before=replica.sent[field],
        after=draft.hub.values.get(field),
    )


def _ours(
    draft: Draft, replica: Replica, field: str, intended: Json, current: dict[str, Json]
) -> None:
    """The system shows what we wrote: the base moves for this field alone (law 2)."""
    replica.doubt.pop(field)
    mapping = draft.ctx.mapping(replica)
    for path in mapping.paths(field):
        copy_path(path, current, replica.seen)
    replica.sent[field] = intended
    if replica.trail and field == "status" and replica.trail[0] == intended:
        replica.trail = replica.trail[1:]
    if draft.state(replica, group_of(field)) is not GroupState.HELD:
        confirm_state(draft, replica, group_of(field))


def stepped(draft: Draft, replica: Replica, field: str, current: dict[str, Json]) -> None:
    """A step of a way is what we sent: should the hub go back to its start, so does the record."""
    shown = view(draft.ctx.mapping(replica), field, current, draft.ctx)
    replica.sent[field] = None if isinstance(shown, Unmapped) else shown


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


def overridden(draft: Draft, replica: Replica, name: str, intended: Json) -> None:
    """Another value than sent: the base is what we wrote, and what it shows instead
    goes through merge as a change."""
    replica.sent[name] = intended
    mapping = draft.ctx.mapping(replica)
    # On the base from before the write: on nothing, a value that was emptied changes nothing.
    put = draft.put(mapping, name, intended, seen=replica.seen, hub=draft.hub.values)
    deep_merge(replica.seen, put.values)
