"""A product that came back from its own backup (law 32).

Its records show again what they showed once, and nobody did that: it is no edit. Of each
record the first read since tells what went back; that waits for a plan, as does what the
product has lost. Who edits anything there afterwards is heard as ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import NativeElement, NativeRecord
from sdsync.store.records import (
    AuditRow,
    Change,
    Element,
    GroupRow,
    GroupState,
    IntentState,
    Json,
    Pause,
    Placement,
    PlacementState,
    Ref,
    Replica,
    ReplicaState,
    SystemRow,
)
from sdsync.sync.branches import hit
from sdsync.sync.decide.edits import Look, proved
from sdsync.sync.decide.waves import EXISTENCE
from sdsync.sync.draft import Draft
from sdsync.sync.model import Context

#: Why a group awaits a plan, and why an element is not placed.
RESTORED = "its product was restored"
#: When that was noticed, in what is kept of the system.
AT = "restored_at"
#: A product's clock may be as much ahead of ours and count as exact.
SLACK = timedelta(seconds=5)
SURELY = timedelta(minutes=5)  # no difference of clocks that comes and goes
_ENDED = frozenset({ReplicaState.MERGED, ReplicaState.UNLINKED})
_KEPT = frozenset({GroupState.HELD, GroupState.PARKED, GroupState.DIRTY, GroupState.IN_DOUBT})


# -- the system --------------------------------------------------------------------------
def restored_at(row: SystemRow) -> datetime | None:
    """When the product was last noticed to be restored; None: never."""
    told = row.info.get(AT)
    return datetime.fromisoformat(str(told)) if told else None


def distrust(change: Change, row: SystemRow, why: str, now: datetime) -> None:
    """Write nothing there until a person is sure; what it shows is no edit.

    It counts on from its backup, so its feed is read from now on: the row is the caller's.
    """
    scope, name = f"system:{row.system}", row.system
    row.cursor, row.info = None, {**row.info, AT: now.isoformat()}
    change.pauses.append(Pause(scope, now, "sdsync", why))
    cure = f"sdsync resume {scope} once you are sure"
    change.audit.append(AuditRow(now, "paused", "sdsync", system=name, why=why, text=cure))


def last_read(ctx: Context, replica: Replica) -> datetime | None:
    """When the record was read last, if its product was restored since; else None."""
    since = ctx.systems[replica.system].restored_at
    read_at = replica.seen_at
    return read_at if since is not None and read_at is not None and read_at < since else None


def proves_too_little(draft: Draft, replica: Replica, look: Look) -> bool:
    """Whether the first look since leaves open what else went back: it is asked again.

    Taken for read, the record would show the rest later, as if somebody had just changed it.
    """
    if last_read(draft.ctx, replica) is None:
        return False
    mapping = draft.ctx.mapping(replica)
    kinds = {one.id: one.kind for one in draft.share.elements}
    placed = {kinds[one.element_id] for one in draft.share.placements
              if one.replica_id == replica.id and one.native_id is not None}  # fmt: skip
    return any(look.native.elements(kind) is None for kind in placed) or any(
        name in mapping.fields and not proved(mapping, name, look.native) for name in replica.sent
    )


# -- what went back ------------------------------------------------------------------------
def wait_for_plan(draft: Draft, replica: Replica, shown: dict[str, tuple[Json, Json]]) -> None:
    """Fields that went back without anybody's doing differ from the hub until a plan.

    Args:
        shown: Field -> what it showed before, and what it shows now.
    """
    for field, (before, now) in shown.items():
        group = group_of(field)
        hit("law 32: what went back with its product is no edit")
        draft.audit("went_back", source=replica.system, replica=replica, field=field,
                    why=RESTORED, before=before, after=now)  # fmt: skip
        # What was on its way goes there all the same: it is newer than any backup.
        if draft.state(replica, group) in _KEPT:
            draft.deliver(replica)
        else:
            _await(draft, replica, group)


def _await(draft: Draft, replica: Replica, group: str) -> None:
    system = replica.system
    text = f"{system} was restored from a backup: what went back in it waits for a plan"
    cause = draft.cause("restored", system, system, text, remedy=_remedy(draft, system))
    row = GroupRow(GroupState.AWAITING_PLAN, draft.ctx.now, cause=cause.id, note=RESTORED)
    replica.groups[group] = row


def _remedy(draft: Draft, system: str) -> str | None:
    for sync in draft.ctx.policies(draft.hub):
        other = next((one for one in sync.systems if one != system), None)
        if other is not None and system in sync.systems:
            return remedy(sync.name, other)
    return None


def remedy(sync: str, as_system: str) -> str:
    """The command that plans what becomes of it."""
    return f"sdsync level {sync} --as {as_system} --restored"


def waits(replica: Replica) -> list[str]:
    """The groups that went back and wait, the record's existence not among them."""
    return [
        group
        for group, row in replica.groups.items()
        if row.state is GroupState.AWAITING_PLAN and row.note == RESTORED and group != EXISTENCE
    ]


# -- what is lost --------------------------------------------------------------------------
def lose(draft: Draft, replica: Replica) -> None:
    """The record was born after the backup: nobody deleted it, and it waits for a plan.

    It gives up its id, which its product gives to another from now on.
    """
    hub, name = draft.hub, str(Ref(replica.system, replica.kind, replica.native_id or ""))
    replica.aliases = [one for one in replica.aliases if one != replica.native_id]
    replica.native_id = None
    if hub.correlation == name:
        hub.correlation = f"{name} until {hub.id}"  # its name is free
    if hub.state == "open" and replica.state not in _ENDED:
        hit("law 32: a record that a restored product has lost is not deleted")
        replica.state = ReplicaState.MISSING
        _await(draft, replica, EXISTENCE)
        draft.audit("lost", source=replica.system, replica=replica, why=RESTORED, text=name)


def is_lost(replica: Replica) -> bool:
    """Whether its restored product does not have it."""
    row = replica.groups.get(EXISTENCE)
    return row is not None and row.note == RESTORED


def gives_numbers_anew(ctx: Context, replica: Replica, native: NativeRecord) -> bool:
    """Whether a record was made long after our last read of the one that had its id."""
    read_at = replica.seen_at
    if read_at is None or native.ref.id != replica.native_id:
        return False
    return ctx.ours(replica.system, native.created_at) > read_at + SURELY


def takes_its_number(ctx: Context, replica: Replica, native: NativeRecord) -> bool:
    """Whether another record was made under its id: a restored product counts on from its backup.

    What was made after our last read of a record cannot be that record.
    """
    read_at = last_read(ctx, replica)
    if read_at is None or native.ref.id != replica.native_id:
        return False
    return ctx.ours(replica.system, native.created_at) > read_at + SLACK


def lose_element(draft: Draft, replica: Replica, element: Element, place: Placement) -> None:
    """It was placed after the backup: nobody removed it, and it waits for a plan."""
    hit("law 32: a note that a restored product has lost is not removed")
    if place.state is PlacementState.PLACED:
        place.state, place.note = PlacementState.UNPLACEABLE, RESTORED
        draft.audit("lost", source=replica.system, replica=replica, field=f"{element.kind}s",
                    why=RESTORED, text=place.native_id or "")  # fmt: skip
        if _can_come_again(replica, element):
            group = f"{element.kind}s"
            if draft.state(replica, group) not in _KEPT:
                _await(draft, replica, group)
            place.cause = replica.groups[group].cause
    place.native_id, place.seen_digest = None, ""


def revert_element(draft: Draft, replica: Replica, element: Element, place: Placement) -> None:
    """It shows an older text, which nobody wrote: our copy waits for a plan."""
    hit("law 32: a note that went back is not edited")
    draft.audit("went_back", source=replica.system, replica=replica, field=f"{element.kind}s",
                why=RESTORED, text=place.native_id or "")  # fmt: skip
    if element.source != replica.system and place.note is None:
        place.note = RESTORED
        if draft.state(replica, f"{element.kind}s") not in _KEPT:
            _await(draft, replica, f"{element.kind}s")


def is_anothers(ctx: Context, replica: Replica, native: NativeElement, read_at: datetime) -> bool:
    """Whether a note or file made after our last read bears the number of one that is lost."""
    return ctx.ours(replica.system, native.created_at) > read_at + SLACK


def is_newer(ctx: Context, replica: Replica, native: NativeElement, read_at: datetime) -> bool:
    """Whether somebody edited it since our last read."""
    at = native.edited_at
    return at is not None and ctx.ours(replica.system, at) + SLACK >= read_at


def _can_come_again(replica: Replica, element: Element) -> bool:
    """Whether sdsync has it whole: of a file or worklog its own product had the only original."""
    gone = element.deleted_at is not None
    return not gone and (element.kind == "note" or element.source != replica.system)


# -- what a plan makes of it -----------------------------------------------------------------
def bear_again(draft: Draft, replica: Replica) -> None:
    """Have a lost record made once more, where it was, with all that hung on it."""
    replica.state, replica.native_id, replica.etag = ReplicaState.UNBORN, None, None
    replica.sent, replica.seen, replica.seen_mapping = {}, {}, ""
    replica.doubt, replica.stepping, replica.trail, replica.groups = {}, {}, [], {}
    replica.seen_at = replica.previous_look_at = replica.confirmed_at = None
    replica.not_found_at = replica.joined_at = replica.worklogs_since = None
    draft.share.attempts = [one for one in draft.share.attempts if one.replica_id != replica.id]
    for intent in draft.share.intents:
        if intent.replica_id == replica.id:
            intent.state, intent.content = IntentState.ABANDONED, {}
    by_id = {one.id: one for one in draft.share.elements}
    for place in draft.share.placements:
        if place.replica_id != replica.id or place.state is PlacementState.GONE:
            continue
        again = _can_come_again(replica, by_id[place.element_id])
        place.state = PlacementState.PENDING if again else PlacementState.UNPLACEABLE
        place.native_id, place.seen_digest, place.sent_version = None, "", 0
        place.cause, place.note = None, None if again else RESTORED
    draft.deliver(replica)


def write_again(draft: Draft, replica: Replica) -> int:
    """Have our copies that show an older text edited once more; how many."""
    found = [
        place
        for place in draft.share.placements
        if place.replica_id == replica.id
        and place.note == RESTORED
        and place.state is PlacementState.PLACED
    ]
    for place in found:
        place.note, place.sent_version = None, 0
    return len(found)


def part(draft: Draft, replica: Replica) -> None:
    """A lost record stays lost: what is left of it goes on without."""
    replica.state, replica.groups, replica.doubt = ReplicaState.UNLINKED, {}, {}
    left = [one for one in draft.share.replicas if one.state is not ReplicaState.UNLINKED]
    if len(left) < 2:
        draft.hub.state = "unlinked"
    draft.audit("unlinked", source=replica.system, replica=replica, why=RESTORED)
