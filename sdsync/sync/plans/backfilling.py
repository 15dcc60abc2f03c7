"""A plan of births: old records that the sync would take, were they new (laws 12, 23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sdsync.connectors.contract import AddElement, Audience, NativeRecord
from sdsync.mappings.contract import UNKNOWN
from sdsync.store.records import (
    Change,
    LineState,
    Plan,
    PlanState,
    Ref,
    Replica,
    ReplicaState,
    Verdict,
)
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.joining import shown, unfit, unreadable
from sdsync.sync.decide.scope import begin as enter
from sdsync.sync.deliver.attempt import compute
from sdsync.sync.deliver.compute import Send
from sdsync.sync.deliver.mailing import of_newborn, over_mail_budget
from sdsync.sync.deliver.placing import pending
from sdsync.sync.draft import Draft
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.costs import count_mails, count_reads
from sdsync.sync.plans.indexing import entry_of
from sdsync.sync.plans.keeping import Pen, begin, lines
from sdsync.sync.plans.reading import in_words
from sdsync.sync.plans.scene import Scene

#: Plans whose candidates still count: all that nobody dropped.
STANDING = frozenset({PlanState.OPEN, PlanState.APPROVED, PlanState.APPLIED})
#: Of a plan's counts: births that wait until the sync's ``mail`` lets them go, and all mails
#: that come of it once it does: of the births, of what follows them, of what waits alone.
OVER_BUDGET, WAITING = "over the mail budget", "waiting mails to"
#: Pairs that were not joined, for whatever reason: dropping the plan lets go of them.
UNJOINED = frozenset({LineState.WAITING, LineState.REFUSED, LineState.WITHOUT})


def since(scene: Scene, at: datetime, word: str) -> Plan:
    """Every record of the sync's ``take`` that was made since and is nobody's.

    Closed ones are left out, and those that may belong to a record that exists: joining
    comes before creating (law 12).

    Raises:
        Refused: Nothing enters the sync from any system, or nothing is born in one.
    """
    sources = [one for one in scene.readers if scene.takes(one)]
    if not sources or not scene.sync.put:
        raise Refused(f"nothing is born by {scene.sync.name}: it has no take, or no put")
    candidates = held_back(scene)
    pen = begin(scene, "backfill", f"--since {word}")
    for system in sources:
        for native in _old(scene, system, at, pen):
            _line(pen, native, candidates)
    births = pen.plan.counts.get(Verdict.CERTAIN.value, 0)
    count_reads(pen, [scene.readers[one] for one in sources], births)
    return pen.end()


def _old(scene: Scene, system: str, at: datetime, pen: Pen) -> Iterator[NativeRecord]:
    """Records that the sync takes and that it did not see come; a page at a time."""
    activated = scene.looks.activated(scene.sync.name, system)
    ours = scene.world.ours
    for place in scene.places(system):
        for native in scene.readers[system].records(place):
            pen.count("read")
            scene.told(f"{system} read", pen.plan.counts["read"], 0)
            made_at = ours(system, native.created_at)
            if made_at < at or (activated is not None and made_at >= activated):
                continue
            if scene.enters(native) is not False:
                yield native


def held_back(scene: Scene) -> dict[str, str]:
    """Ref as text -> the plan in which it may belong to a record that exists (law 12)."""
    found: dict[str, str] = {}
    for plan in scene.store.plans():
        if plan.kind != "connect" or plan.sync != scene.sync.name or plan.state not in STANDING:
            continue
        for line in lines(scene.store, plan.id):
            held = line.verdict is Verdict.AMBIGUOUS or line.state in UNJOINED
            for ref in (*line.refs, *line.candidates) if held else ():
                found.setdefault(str(ref), plan.id)
    return found


def _line(pen: Pen, native: NativeRecord, candidates: dict[str, str]) -> None:
    scene, ref = pen.scene, native.ref
    title = entry_of(scene, native).title
    if scene.store.share_of(ref) is not None:
        pen.line(Verdict.JOINED, [ref], title=title)
    elif native.closed:
        pen.line(Verdict.LEFT_OUT, [ref], title=title, why="closed")
    elif native.ours:
        pen.line(Verdict.LEFT_OUT, [ref], title=title, why="made by our own account")
    elif (plan := candidates.get(str(ref))) is not None:
        pen.line(Verdict.AMBIGUOUS, [ref], title=title, why=may_belong(plan))
    else:
        _birth(pen, ref, title)


def may_belong(plan: str) -> str:
    """Why a record is not let in that a plan of joins holds."""
    return f"it may belong to a record that exists: see {plan}"


def _birth(pen: Pen, ref: Ref, title: str) -> None:
    """Read it whole, and count what its births would write."""
    scene = pen.scene
    look = scene.readers[ref.system].fetch(ref)
    if not isinstance(look, Look):
        pen.line(Verdict.LEFT_OUT, [ref], title=title, why=f"unreadable: {in_words(look)}")
        return
    inside = look.native.ref == ref and scene.enters(look.native)
    if inside is UNKNOWN or not inside:
        return  # it moved since it was listed, or the whole look says that it never belonged
    reason = unfit(scene.store, look.native)
    if reason is not None:
        pen.line(Verdict.LEFT_OUT, [ref], title=title, why=reason)
        return
    draft = enter(look, [scene.sync], scene.context())
    draft.hub.planned_at = draft.ctx.now
    sends = [(one, compute(draft, one, looked=True)) for one in _unborn(draft)]
    held = unreadable(draft)
    if not any(isinstance(todo, Send) for _, todo in sends):
        why = "; ".join(held) or "nothing would be born of it"
        pen.line(Verdict.AMBIGUOUS, [ref], title=title, why=why)
        return
    seen = {str(ref): shown(look.native, scene.readers[ref.system].mapping)}
    places = ", ".join(f"{one.system} {one.place}" for one, _ in sends)
    pen.line(
        Verdict.CERTAIN, [ref], title=title, why="; ".join([f"born in {places}", *held]), seen=seen
    )
    for replica, todo in sends:
        if isinstance(todo, Send):
            _count(pen, draft, replica, todo)


def _unborn(draft: Draft) -> list[Replica]:
    return [one for one in draft.share.replicas if one.state is ReplicaState.UNBORN]


def _count(pen: Pen, draft: Draft, replica: Replica, birth: Send) -> None:
    """The create, and each note and file that follows it. What may not mail, waits (law 47)."""
    created = pen.scene.notifies(replica.system, birth.operation)
    waits = over_mail_budget(draft, birth, created) is not None
    pen.count(OVER_BUDGET, int(waits))
    _count_one(pen, created, waits=waits)
    nowhere = Ref(replica.system, replica.kind, "")
    for element, _ in pending(draft, replica):
        internal = element.values.get("audience") != "customer"
        operation = AddElement(nowhere, element.kind, {"internal": internal}, "", "")
        mailed, send = of_newborn(operation, created), Send(operation, human=False)
        over = over_mail_budget(draft, send, mailed) is not None
        _count_one(pen, mailed, waits=waits or over)


def _count_one(pen: Pen, mailed: Audience, *, waits: bool) -> None:
    """A write, and whom it mails: at once, or when the sync's ``mail`` lets it."""
    if not waits:
        count_mails(pen, mailed)
        return
    pen.count(f"{WAITING} customers", mailed.customers)
    pen.count(f"{WAITING} staff", mailed.staff)


def entered(scene: Scene, plan: Plan, look: Look) -> Change | str:
    """Let the record in as a new one would be, or say why not.

    One that is shared by now is as the plan wanted it.
    """
    if scene.store.share_of(look.native.ref) is not None:
        return Change()
    reason = unfit(scene.store, look.native)
    if reason is not None:
        return reason
    if scene.enters(look.native) is not True:
        return f"{look.native.ref} is in no take any more"
    change = scene.looks.enter(look, [scene.sync], scene.core.context())
    if change is None:
        return f"{look.native.ref} does not show its match key"
    for share in change.shares:
        share.hub.planned_at = scene.core.clock.now()
    for row in change.audit:
        if row.action in ("entered", "linked"):
            row.source, row.actor = f"person:{scene.by}", scene.by
            row.why = f"{row.why}, plan {plan.id}" if row.why else f"plan {plan.id}"
    return change
