"""Joining two records that people made, each on its own: one hub record, and nothing written.

First contact has no base (law 11): what is equal is adopted, what is not agrees to differ,
and notes and files that are there count as seen. Both records must have been read whole,
and both looks are merged at once, the side of birth first; a look of the other side alone
would find a hub record without values, and everything would differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import Audience, NativeRecord, Operation
from sdsync.mappings.contract import Mapping
from sdsync.store.contract import Store
from sdsync.store.records import (
    GroupState,
    Hub,
    IntentState,
    Json,
    Ref,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.sync.audiences import apart
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.observe import absorb
from sdsync.sync.decide.scope import PRIORITIES, attach, join, tenant_of, walled
from sdsync.sync.deliver.attempt import compute
from sdsync.sync.deliver.compute import Send
from sdsync.sync.deliver.mailing import over_mail_budget
from sdsync.sync.deliver.others import create_in_doubt
from sdsync.sync.draft import Draft, digest
from sdsync.sync.model import Context

#: Why a difference stays: nobody is mailed for a join (law 47).
WOULD_MAIL = "its write would mail somebody for a join"
PEER_FIELDS = frozenset({"peer_key", "peer_url"})
#: A system in which the replica is one of these lacks the record.
FREE = frozenset({ReplicaState.UNBORN, ReplicaState.UNLINKED})
IN_DOUBT = frozenset({IntentState.STARTED, IntentState.PENDING, IntentState.HELD})

Notifies = Callable[[str, Operation], Audience]
"""Whom an operation at a system would mail."""


def shown(native: NativeRecord, mapping: Mapping) -> str:
    """What a line of a plan assumes of a record (law 44): its place and what mappings read."""
    kept = mapping.keep(native.values)
    return digest([native.ref.id, native.place, native.state, kept, sorted(native.unknown)])


def joined(ctx: Context, sync: str, born: Look, other: Look, *, by: str, why: str) -> Draft:
    """A new hub record of two records that are nobody's yet; ``born`` is the side of birth."""
    native = born.native
    hub = Hub(
        id=ctx.new_id(),
        kind=native.ref.kind,
        syncs=[sync],
        correlation=str(native.ref),
        birth_system=native.ref.system,
        created_at=ctx.now,
    )
    draft = Draft(Share(hub), ctx)
    replica = attach(draft, native, joined_at=ctx.now)
    absorb(draft, replica, born)
    hub.priority = PRIORITIES.get(str(hub.values.get("priority")), 3)
    hub.tenant = tenant_of(draft, replica)
    draft.audit("linked", source=f"person:{by}", replica=replica, actor=by, why=why)
    joined_to(draft, other, by=by, why=why)
    hub.human_at = None  # nothing of it is on its way
    return draft


def joined_to(draft: Draft, look: Look, *, by: str, why: str) -> None:
    """Link a record that is nobody's yet to a hub record that lacks its system."""
    replica = join(draft, look, why=why, by=by)
    for intent in draft.share.intents:
        if intent.replica_id == replica.id and intent.element_id is None:
            intent.state, intent.content = IntentState.ABANDONED, {}  # it need not be made


def obstacle(store: Store, share: Share, native: NativeRecord, ctx: Context) -> str | None:
    """Why a record that is nobody's cannot be linked to this hub record, else None."""
    system = native.ref.system
    if share.hub.state != "open":
        return f"{_name(share)} is {share.hub.state}; link a record that is open"
    there = share.at(system)
    if there is not None and there.state not in FREE:
        name = _name(share, but=there)
        parts = f"sdsync unlink {name} parts them"
        return f"{name} is joined with {system}#{there.native_id} already; {parts}"
    if there is not None and any(
        one.replica_id == there.id and one.element_id is None and one.state in IN_DOUBT
        for one in share.intents
    ):
        return f"a record of {_name(share)} is being made in {system} just now; try again later"
    if walled(share, native, ctx):
        return f"{native.ref} lies in a place of another tenant than {_name(share)}"
    return unfit(store, native)


def unfit(store: Store, native: NativeRecord) -> str | None:
    """Why nothing can be made of this record by hand, else None."""
    ref = native.ref
    if native.state != "live":
        return f"{ref} is {native.state}"
    if native.ours and create_in_doubt(store, ref.system, ref.kind, native.place, but=""):
        return f"{ref} may be what sdsync is making just now"
    return None


def walls_between(born: NativeRecord, other: NativeRecord, ctx: Context) -> str | None:
    """Why two records of places of different tenants cannot be joined (law 49), else None."""
    here, there = (ctx.systems[one.ref.system].tenants.get(one.place) for one in (born, other))
    return f"they belong to two tenants, {here} and {there}" if apart(here, there) else None


def as_if_live(ctx: Context) -> Context:
    """The world in which every sync writes: what a join leaves to be written shows at once."""
    syncs = {name: replace(one, mode="live") for name, one in ctx.syncs.items()}
    return replace(ctx, syncs=syncs)


def quieten(draft: Draft, notifies: Notifies, former: frozenset[Json] = frozenset()) -> list[Send]:
    """What a join alone would still write: the other side's key, where its field is empty.

    Whatever else would be written, stands where something stands, or mails somebody, is
    not: its group differs, until somebody edits it or replays the record (laws 11, 47).

    Args:
        former: Keys and links of records that it was parted from: these stand there because
            sdsync wrote them, and are written over.
    """
    sends: list[Send] = []
    for replica in draft.share.replicas:
        while isinstance(todo := compute(draft, replica, looked=True), Send):
            loud = over_mail_budget(draft, todo, notifies(replica.system, todo.operation))
            wrong = [one for one in todo.fields if loud or not _is_free(replica, one, former)]
            if not wrong:
                sends.append(todo)
                break
            for name in wrong:
                note = WOULD_MAIL if loud else "first contact"
                draft.mark(replica, group_of(name), GroupState.DIFFERS, note=note)
    return sends


def _is_free(replica: Replica, field: str, former: frozenset[Json]) -> bool:
    """Whether the field is one that shows the other side, and shows nobody of now."""
    return field in PEER_FIELDS and replica.sent.get(field) in (None, "", *former)


def differing(draft: Draft) -> list[str]:
    """Fields that agree to differ because of this draft, in order."""
    return sorted(
        {one.field for one in draft.change.audit if one.action == "differs" and one.field}
    )


def unreadable(draft: Draft) -> list[str]:
    """What of the two records no mapping knows, in the words of its cause."""
    return sorted({one.text for one in draft.change.audit if one.action == "parked"})


def replica_of(share: Share, ref: Ref) -> Replica | None:
    """The share's replica with this native id."""
    return next(
        (
            one
            for one in share.replicas
            if (one.system, one.native_id) == (ref.system, ref.id) and one.kind == ref.kind
        ),
        None,
    )


def _name(share: Share, *, but: Replica | None = None) -> str:
    """What people call it: by its side of birth, if that is not the replica spoken of."""
    birth = share.at(share.hub.birth_system)
    sides = [one for one in (birth, *share.replicas) if one and one is not but and one.native_id]
    return f"{sides[0].system}#{sides[0].native_id}" if sides else share.hub.id
