"""Plans in the store: made line by line, approved by a name, dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Change,
    LineState,
    Plan,
    PlanLine,
    PlanState,
    Ref,
    Verdict,
)
from sdsync.store.semantics import plan_number
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.scene import Scene
from sdsync.sync.watch.activating import in_force, name_of

#: Lines in one commit, and in one page of a reader.
BATCH = 200
TRIES = 20


@dataclass(slots=True)
class Pen:
    """Writes the lines of a plan that is being made; nobody can approve it before :meth:`end`."""

    scene: Scene
    plan: Plan
    _lines: list[PlanLine] = field(init=False, default_factory=list)
    _n: int = field(init=False, default=0)

    def line(self, verdict: Verdict, refs: Sequence[Ref], **more: object) -> PlanLine:
        """Add a line; a certain one waits to be carried out."""
        self._n += 1
        state = LineState.WAITING if verdict is Verdict.CERTAIN else LineState.NOTED
        made = PlanLine(self.plan.id, self._n, verdict, list(refs), state)
        for name, value in more.items():
            setattr(made, name, value)
        self.count(verdict.value)
        self._lines.append(made)
        if len(self._lines) >= BATCH:
            self._write()
        return made

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the plan's counts."""
        self.plan.counts[what] = self.plan.counts.get(what, 0) + number

    def end(self) -> Plan:
        """The plan is whole: from now on it can be approved."""
        plan, scene = self.plan, self.scene
        self._write()
        plan.state = PlanState.OPEN
        certain = plan.counts.get(Verdict.CERTAIN.value, 0)
        text = f"{plan.kind} {plan.how}: {certain} certain"
        row = told("planned", plan, scene.by, scene.core.clock.now(), text)
        scene.store.commit(Change(plans=[plan], audit=[row]))
        return scene.store.plan(plan.id) or plan

    def _write(self) -> None:
        self.scene.store.commit(Change(plan_lines=self._lines))
        self._lines = []


def begin(scene: Scene, kind: str, how: str) -> Pen:
    """A new plan under the next free number; another process may take one at the same time."""
    now = scene.core.clock.now()
    plan = Plan("", kind, scene.sync.name, scene.by, now, how)
    plan.mappings = {name: one.mapping.version for name, one in scene.readers.items()}
    return Pen(scene, numbered(scene.store, plan))


def numbered(store: Store, plan: Plan) -> Plan:
    """The plan, kept under the next free number.

    Raises:
        Refused: Others were faster each time.
    """
    for _ in range(TRIES):
        newest = max((plan_number(one.id) for one in store.plans()), default=0)
        plan.id = f"p-{newest + 1}"
        try:
            store.commit(Change(plans=[plan]))
        except Stale:
            continue
        plan.version = 1
        return plan
    raise Refused("many plans are being made at once; try again")


def found(store: Store, plan_id: str) -> Plan:
    """The plan with this name.

    Raises:
        Refused: There is none.
    """
    plan = store.plan(plan_id)
    if plan is None:
        raise Refused(f"no plan is called {plan_id}; sdsync plan list shows them")
    return plan


def lines(store: Store, plan_id: str, *, state: LineState | None = None) -> Iterator[PlanLine]:
    """All lines of a plan, a page at a time."""
    after = 0
    while page := store.plan_lines(plan_id, after=after, limit=BATCH, state=state):
        yield from page
        after = page[-1].n


def foreign(store: Store, plan: Plan) -> tuple[str, str] | None:
    """The system whose records the plan reads by a mapping that is not in force, in words too.

    What it would write is not what anybody else here would: it is seen, and no more (law 7).
    """
    for system, digest in sorted(plan.mappings.items()):
        newest = in_force(store.mapping_versions(name_of(system, "ticket"), limit=1))
        if newest is not None and newest.digest != digest:
            return system, f"{plan.id} was made with a mapping of {system} that is not in force"
    return None


def approve(
    store: Store, plan_id: str, by: str, now: datetime, *, without: frozenset[int] = frozenset()
) -> Plan:
    """Put a name under a plan; lines in ``without`` are never carried out.

    Raises:
        Refused: It is not whole, was approved, has no such line that waits, or its
            mappings are not those in force.
    """
    plan = found(store, plan_id)
    if plan.state is PlanState.MAKING:
        raise Refused(f"{plan.id} was never finished; make it once more")
    if told_why := foreign(store, plan):
        raise Refused(told_why[1])
    if plan.state is not PlanState.OPEN:
        whom = f" by {plan.approved_by}" if plan.approved_by else ""
        raise Refused(f"{plan.id} is {plan.state}{whom}")
    left_out = [
        one for n in sorted(without) for one in store.plan_lines(plan_id, after=n - 1, limit=1)
    ]
    left_out = [one for one in left_out if one.n in without and one.state is LineState.WAITING]
    if lacking := sorted(without - {one.n for one in left_out}):
        names = ", ".join(map(str, lacking))
        raise Refused(f"{plan.id} would carry out no line {names}; sdsync plan show {plan.id}")
    for one in left_out:
        one.state, one.told = LineState.WITHOUT, f"left out by {by}"
    plan.state, plan.approved_by, plan.approved_at = PlanState.APPROVED, by, now
    waits = plan.counts.get(Verdict.CERTAIN.value, 0) - len(left_out)
    row = told("approved", plan, by, now, f"{waits} lines")
    store.commit(Change(plans=[plan], plan_lines=left_out, audit=[row]))
    return found(store, plan_id)


def drop(store: Store, plan_id: str, by: str, now: datetime) -> Plan:
    """Carry out nothing more of a plan; what was done stays.

    Raises:
        Refused: It is over already.
    """
    plan = found(store, plan_id)
    if plan.state is PlanState.DROPPED:
        raise Refused(f"{plan.id} is dropped already")
    plan.state = PlanState.DROPPED
    store.commit(Change(plans=[plan], audit=[told("dropped_plan", plan, by, now, plan.how)]))
    return found(store, plan_id)


def told(action: str, plan: Plan, by: str, now: datetime, text: str) -> AuditRow:
    """What is in the trail of a plan as a whole; each line has rows of its own."""
    text = f"{plan.id} of {plan.sync}, {text}"
    return AuditRow(now, action, f"person:{by}", actor=by, why=plan.id, text=text)
