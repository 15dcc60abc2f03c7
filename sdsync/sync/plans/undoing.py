"""A plan that takes back what a plan did (laws 7, 44): it is seen, approved and applied itself.

A value is set back where it still is what the plan wrote; what somebody changed since is
theirs, and is told with whose it is. The hub takes the value back as source
``undo:PLAN``, and what a mail told is told: neither mails nor notes come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sdsync.config.vocabulary import group_of
from sdsync.store.contract import Store
from sdsync.store.records import (
    Change,
    FieldVersion,
    GroupState,
    Json,
    LineState,
    Plan,
    PlanLine,
    PlanState,
    Verdict,
    Wrote,
)
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.spread import RECEIVING, members
from sdsync.sync.draft import Draft
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.persons.reviving import revive
from sdsync.sync.plans import parting, values
from sdsync.sync.plans.connecting import seen_as, whole
from sdsync.sync.plans.costs import count_fields, count_reads, count_writes
from sdsync.sync.plans.keeping import Pen, begin, found, lines
from sdsync.sync.plans.levelling import REMAP
from sdsync.sync.plans.scene import Scene
from sdsync.sync.plans.sending import WRITES, Before, Sending, absorbed, as_approved, sending
from sdsync.sync.plans.values import Value

UNDO = "undo"
AS_BEFORE = "it is as it was before"
UNKNOWN = "nothing is kept of what stood there"


# -- making -----------------------------------------------------------------------------
def planned(scene: Scene, plan_id: str) -> Plan:
    """Plan to take back what a plan did, as far as it went.

    Raises:
        Refused: Lines of it still wait, it did nothing, or it parted what a plan joined.
    """
    plan = found(scene.store, plan_id)
    if why := obstacle(scene.store, plan):
        raise Refused("; ".join(why))
    pen = begin(scene, UNDO, plan.id)
    for number, line in enumerate(lines(scene.store, plan.id, state=LineState.DONE), start=1):
        scene.told("compared", number, 0)
        _line(pen, plan, line)
    for whom in ("customers", "staff"):
        if mails := plan.counts.get(f"mails to {whom}", 0):
            pen.count(f"mails that stay with {whom}", mails)
    certain = pen.plan.counts.get(Verdict.CERTAIN.value, 0)
    count_reads(pen, list(scene.readers.values()), certain)
    return pen.end()


def obstacle(store: Store, plan: Plan) -> tuple[str, str] | None:
    """Why nothing of a plan can be taken back, and the command that goes on; else None."""
    if plan.state is PlanState.APPROVED:
        if store.plan_lines(plan.id, limit=1, state=LineState.WAITING):
            return f"lines of {plan.id} still wait", f"sdsync plan drop {plan.id}"
    elif plan.state not in (PlanState.APPLIED, PlanState.DROPPED):
        return f"{plan.id} did nothing yet", f"sdsync plan show {plan.id}"
    if not store.plan_lines(plan.id, limit=1, state=LineState.DONE):
        return f"{plan.id} did nothing", f"sdsync plan show {plan.id}"
    first = root(store, plan)
    if plan.kind == UNDO and first.kind in parting.KINDS:
        again = f"sdsync {first.kind} {first.sync} {first.how}"
        return f"{plan.id} parted records; a new plan joins them", again
    return None


def root(store: Store, plan: Plan) -> Plan:
    """The plan at the beginning of a row of undos."""
    while plan.kind == UNDO:
        plan = found(store, plan.how)
    return plan


def _line(pen: Pen, plan: Plan, line: PlanLine) -> None:
    """Read its records again, and note what would be set back, and what not."""
    scene = pen.scene
    refs = line.refs
    looks = [whole(scene, one) for one in refs]
    pen.count("read", len(refs))
    why = next((one for one in looks if isinstance(one, str)), None)
    if why is not None:
        pen.line(Verdict.AMBIGUOUS, refs, title=line.title, why=why, of=line.n)
        return
    read = [one for one in looks if isinstance(one, Look)]
    seen = {str(one.native.ref): seen_as(scene, one) for one in read}
    if plan.kind in parting.KINDS:
        verdict, why = parting.looked(scene, plan, line, read)
        seen = seen if verdict is Verdict.CERTAIN else {}
        pen.line(verdict, refs, title=line.title, why=why, of=line.n, seen=seen)
        return
    made = drafted(scene, plan, line, read)
    if isinstance(made, str):
        verdict = Verdict.LEFT_OUT if made == AS_BEFORE else Verdict.AMBIGUOUS
        pen.line(verdict, refs, title=line.title, why=made, of=line.n)
        return
    if made.over is not None:
        pen.line(Verdict.AMBIGUOUS, refs, title=line.title, why=made.over, of=line.n)
        return
    told = "; ".join([made.told or "nothing was written yet", *made.stays])
    seen[WRITES] = made.writes
    pen.line(Verdict.CERTAIN, refs, title=line.title, why=told, of=line.n, seen=seen)
    pen.count("fields that differ", len({name for _, send in made.sends for name in send.fields}))
    pen.count("values that stay", len(made.stays))
    count_fields(pen, made.sends)
    count_writes(pen, [(one.system, send.operation) for one, send in made.sends])


# -- deciding ---------------------------------------------------------------------------
def drafted(scene: Scene, plan: Plan, line: PlanLine, looks: Sequence[Look]) -> Sending | str:
    """The record with a line's values set back as it would be committed now, or why not.

    Args:
        plan: What is taken back.
        line: One of its lines, with what it replaced.
    """
    if not line.did:
        return UNKNOWN
    draft = absorbed(scene, looks)
    if isinstance(draft, str):
        return draft
    before, touched, stays = Before.of(draft.share), set[str](), list[str]()
    groups: dict[str, list[Wrote]] = {}
    for one in line.did:
        groups.setdefault(group_of(one.field), []).append(one)
    for group, wrote in groups.items():
        found_now = values.of_group(draft, scene, plan, group, wrote)
        if isinstance(found_now, str):
            stays.append(found_now)
        elif any(one.is_to_do for one in found_now):
            touched.add(group)
            stays += _set_back(scene, plan, draft, group, found_now)
    if not touched:
        return "; ".join(stays) or AS_BEFORE
    return replace(sending(scene, draft, before, touched), stays=stays)


def _set_back(
    scene: Scene, plan: Plan, draft: Draft, group: str, found_now: Sequence[Value]
) -> Iterator[str]:
    """Give the hub the former values, and the copies what they showed; what cannot, is told."""
    hub = draft.hub
    for name in {one.field: one for one in found_now}:
        mine = [one for one in found_now if one.field == name]
        out = [one.target for one in mine if one.went_out]
        former = mine[0].hub if not out or mine[0].hub in out else out[0]
        if hub.values.get(name) != former:
            _take_back(scene, plan, draft, name, former)
    for replica in draft.share.replicas:
        present = [one for one in members(group) if one in replica.sent]
        if replica.state not in RECEIVING or not present:
            continue
        mine = [one for one in found_now if one.replica is replica]
        if all(hub.values.get(one) == replica.sent[one] for one in present):
            draft.mark(replica, group, GroupState.IN_STEP)
        elif any(one.went_out and one.target == hub.values.get(one.field) for one in mine):
            draft.mark(replica, group, GroupState.DIRTY)
            revive(draft.share, draft.change, replica, [group], draft.ctx.now)
        else:
            waits = bool(mine) and root(scene.store, plan).kind == REMAP
            state = GroupState.AWAITING_PLAN if waits else GroupState.DIFFERS
            draft.mark(replica, group, state, note=f"{plan.id} was taken back")
        for one in mine:
            if one.went_out and one.target != hub.values.get(one.field):
                yield f"{one.ref} {one.field} stays: a record has one value to be set back to"


def _take_back(scene: Scene, plan: Plan, draft: Draft, name: str, value: Json) -> None:
    now, before, source = draft.ctx.now, draft.hub.values.get(name), f"undo:{plan.id}"
    number = draft.next_version(name)
    # No person's own change: a plan mails nobody beyond the budget of machines (law 47).
    made = FieldVersion(name, number, value, source, None, now, now, scene.by, human=False)
    draft.set_value(made)
    draft.audit("undone", source=source, field=name, actor=scene.by, before=before, after=value)


# -- carrying out -----------------------------------------------------------------------
def undone(scene: Scene, undo: Plan, line: PlanLine, looks: Sequence[Look]) -> Change | str:
    """The commit of one line, or why it is refused."""
    plan = found(scene.store, undo.how)
    (former,) = scene.store.plan_lines(plan.id, after=line.of - 1, limit=1)
    if plan.kind in parting.KINDS:
        return parting.parted(scene, plan, former, looks, why=f"plan {undo.id}")
    made = drafted(scene, plan, former, looks)
    return made if isinstance(made, str) else as_approved(line, made)
