"""Carrying out a plan: its waiting lines, each in one commit, and nothing else.

A line is done, or refused, in the commit that writes what it does: killed at any
moment, the same command goes on with the lines that wait. A record that shows
something else than the plan saw is refused: whoever approved it approved that (law 44).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sdsync.connectors.failures import Failure, Throttled, Transient
from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    Change,
    LineState,
    Plan,
    PlanLine,
    PlanState,
    Ref,
)
from sdsync.sync.decide.edits import Look
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans import backfilling, levelling, undoing
from sdsync.sync.plans.connecting import Drafted, drafted, seen_as
from sdsync.sync.plans.keeping import foreign, found, lines, told
from sdsync.sync.plans.reading import in_words
from sdsync.sync.plans.scene import Scene

#: Lines in a row that could not be read for the system's sake, before the rest is left.
UNREAD_IN_A_ROW = 3


@dataclass(slots=True)
class Applied:
    """What a run did. ``left`` wait: their system did not answer."""

    plan: str
    done: int = 0
    refused: list[PlanLine] = field(default_factory=list)
    left: int = 0
    why_left: str = ""


def check(plan: Plan) -> None:
    """Whether the plan may be carried out.

    Raises:
        Refused: Nobody approved it, or it was dropped; the text says what to do.
    """
    match plan.state:
        case PlanState.OPEN:
            raise Refused(f"{plan.id} is not approved; sdsync plan approve {plan.id}")
        case PlanState.MAKING:
            raise Refused(f"{plan.id} was never finished; make it once more")
        case PlanState.DROPPED:
            raise Refused(f"{plan.id} was dropped; make it once more")
        case _:
            pass


def apply(scene: Scene, plan_id: str) -> Applied:
    """Carry out every line that waits; a repeat does nothing.

    Raises:
        Refused: The plan may not be carried out, or its records are read by another
            mapping now.
    """
    plan = found(scene.store, plan_id)
    check(plan)
    _same_mappings(scene, plan)
    waiting = partial(lines, scene.store, plan.id, state=LineState.WAITING)
    total = sum(1 for _ in waiting())
    # Of now: a join may have been planned since.
    held = backfilling.held_back(scene) if plan.kind == "backfill" else {}
    run, unread = Applied(plan.id), 0
    for number, line in enumerate(waiting(), start=1):
        scene.told("carried out", number, total)
        reason = _carry_out(scene, plan, line, held, run)
        unread = unread + 1 if reason else 0
        if reason:
            run.left, run.why_left = run.left + 1, reason
        if unread >= UNREAD_IN_A_ROW:
            break
    close(scene.store, plan_id, scene.by, scene.core.clock.now())
    return run


def _same_mappings(scene: Scene, plan: Plan) -> None:
    if why := foreign(scene.store, plan):
        raise Refused(why[1])
    now = {name: one.mapping.version for name, one in scene.readers.items()}
    changed = sorted(name for name, one in plan.mappings.items() if now.get(name) != one)
    if changed:
        names = " and ".join(changed)
        raise Refused(f"the mapping of {names} changed since {plan.id} was made; make it once more")


def _carry_out(
    scene: Scene, plan: Plan, line: PlanLine, held: Mapping[str, str], run: Applied
) -> str:
    """Read the line's records again and do what it says; why it has to wait, else nothing."""
    looks = []
    for ref in line.refs:
        look = scene.readers[ref.system].fetch(ref)
        if isinstance(look, Throttled | Transient):
            return f"{ref} cannot be read: {in_words(look)}"
        looks.append(look)
    scene.core.step("line read")
    change = scene.core.commit(partial(_decide, scene, plan, line.n, looks, held))
    scene.core.step("line carried out")
    if change is None:
        return ""  # another process was faster
    for lane in {work.key.lane for work in change.ring}:
        scene.store.ring(lane)
    (after,) = change.plan_lines
    if after.state is LineState.DONE:
        run.done += 1
    else:
        run.refused.append(after)
    return ""


def _decide(
    scene: Scene,
    plan: Plan,
    n: int,
    looks: Sequence[Look | Failure],
    held: Mapping[str, str],
) -> Change | None:
    """One line's commit, on what the store holds now; None when the line waits no more."""
    if found(scene.store, plan.id).state is PlanState.DROPPED:
        raise Refused(f"{plan.id} was dropped meanwhile; what was done stays")
    (line,) = scene.store.plan_lines(plan.id, after=n - 1, limit=1)
    if line.state is not LineState.WAITING:
        return None
    rival = held.get(str(line.refs[0]))
    made = (
        _moved(scene, line, looks)
        or (backfilling.may_belong(rival) if rival else None)
        or _made(scene, plan, line, [one for one in looks if isinstance(one, Look)])
    )
    now = scene.core.clock.now()  # what comes later is not of the line
    if isinstance(made, str):
        line.state, line.told, line.done_at = LineState.REFUSED, made, now
        row = told("refused_line", plan, scene.by, now, f"{line.refs[0]}: {made}")
        return Change(plan_lines=[line], audit=[row])
    line.state, line.done_at = LineState.DONE, now
    made.plan_lines.append(line)
    return made


def _moved(scene: Scene, line: PlanLine, looks: Sequence[Look | Failure]) -> str | None:
    """Why the line's assumption does not hold any more, else None."""
    for ref, look in zip(line.refs, looks, strict=True):
        if not isinstance(look, Look):
            return f"{ref} cannot be read any more: {in_words(look)}"
        if look.native.ref != ref:
            return f"{ref} was merged into {look.native.ref} since"
        if seen_as(scene, look) != line.seen.get(str(ref)):
            return f"{ref} changed since"
    return None


def _made(scene: Scene, plan: Plan, line: PlanLine, looks: Sequence[Look]) -> Change | str:
    if plan.kind == "backfill":
        return backfilling.entered(scene, plan, looks[0])
    if plan.kind in (levelling.LEVEL, levelling.REMAP):
        return levelling.levelled(scene, plan, line, looks)
    if plan.kind == undoing.UNDO:
        return undoing.undone(scene, plan, line, looks)
    done = _joined_by_now(scene, line.refs)
    if done is not None:
        return Change() if done else "one of them was joined with another since"
    made = drafted(scene, looks[0], looks[1], f"plan {plan.id}")
    return made.draft.change if isinstance(made, Drafted) else made


def _joined_by_now(scene: Scene, refs: Sequence[Ref]) -> bool | None:
    """True: with each other, False: each with somebody else, None: they can be joined."""
    hubs = [scene.store.share_of(one) for one in refs]
    ids = {one.hub.id for one in hubs if one is not None}
    if None in hubs:
        return None
    return len(ids) == 1


def close(store: Store, plan_id: str, by: str, now: datetime) -> None:
    """The plan is over when no line of it waits; two who carry it out say so once."""
    plan = found(store, plan_id)
    if plan.state is not PlanState.APPROVED:
        return
    if store.plan_lines(plan_id, limit=1, state=LineState.WAITING):
        return
    plan.state = PlanState.APPLIED
    with suppress(Stale):
        store.commit(Change(plans=[plan], audit=[told("applied", plan, by, now, plan.how)]))
