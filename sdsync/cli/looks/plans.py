"""Plans as people see them: what they would do, what they cost, what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sdsync.cli.looks.mended import MendedLook
from sdsync.store.contract import Store
from sdsync.store.records import LineState, Plan, PlanLine, PlanState, Verdict

_PAGE = 500
#: Lines of a plan that a screen shows unless it is asked for more.
SHOWN = 40
#: Kinds of plans whose lines say what stands there and what will, and how many are samples.
VALUES, SAMPLES = frozenset({"level", "remap", "undo"}), 5
#: Plans of which something may still be carried out.
STANDING = frozenset({PlanState.OPEN, PlanState.APPROVED})


@dataclass(frozen=True, slots=True)
class LineLook:
    """One line. ``records`` as every command takes them."""

    n: int
    verdict: str
    state: str
    records: Sequence[str]
    title: str
    why: str
    differs: Sequence[str]
    candidates: Sequence[str]
    told: str


@dataclass(frozen=True, slots=True)
class PlanLook:
    """A plan, and some of its lines."""

    id: str
    kind: str
    sync: str
    how: str
    by: str
    at: datetime
    state: str
    approved_by: str | None
    counts: Mapping[str, int]
    states: Mapping[str, int]  # of its certain lines
    lines: Sequence[LineLook] = field(default_factory=list)
    more: int = 0  # lines that fit and are not shown
    parked: Sequence[MendedLook] = ()  # of a mended mapping: what it would make of dead letters

    @property
    def waiting(self) -> int:
        """Lines that would still be carried out."""
        return self.states.get(LineState.WAITING.value, 0) if self.state in STANDING else 0


def listing(store: Store) -> list[PlanLook]:
    """All plans, the newest first."""
    return [_look(store, one) for one in store.plans()]


def look(store: Store, plan: Plan, *, only: str | None = None, limit: int = SHOWN) -> PlanLook:
    """One plan with its lines.

    Args:
        only: A verdict or a state of lines; None: all that is or was to be done, or held.
        limit: Lines at most; the rest is counted.
    """
    shown: list[LineLook] = []
    more, after = 0, 0
    while page := store.plan_lines(plan.id, after=after, limit=_PAGE):
        for one in page:
            if not _fits(one, only):
                continue
            if len(shown) < limit:
                shown.append(_line(one))
            else:
                more += 1
        after = page[-1].n
    return _look(store, plan, shown, more)


def made(store: Store, plan: Plan) -> PlanLook:
    """A plan that was just made: what needs a person, and samples of the values it would write."""
    found = look(store, plan, only=Verdict.AMBIGUOUS.value)
    if plan.kind not in VALUES:
        return found
    samples = look(store, plan, only=Verdict.CERTAIN.value, limit=SAMPLES)
    return replace(found, lines=[*samples.lines, *found.lines])


def _fits(line: PlanLine, only: str | None) -> bool:
    if only is None:
        return line.verdict not in (Verdict.ALONE, Verdict.JOINED)
    return only in (line.verdict.value, line.state.value)


def _look(store: Store, plan: Plan, lines: Sequence[LineLook] = (), more: int = 0) -> PlanLook:
    return PlanLook(
        id=plan.id,
        kind=plan.kind,
        sync=plan.sync,
        how=plan.how,
        by=plan.by,
        at=plan.at,
        state=plan.state.value,
        approved_by=plan.approved_by,
        counts=plan.counts,
        states=_states(store, plan),
        lines=lines,
        more=more,
    )


def _states(store: Store, plan: Plan) -> dict[str, int]:
    """How many lines stand where; those that were never to be carried out are not among them."""
    counts: dict[str, int] = {}
    for state in LineState:
        after = 0
        while state is not LineState.NOTED and (
            page := store.plan_lines(plan.id, after=after, limit=_PAGE, state=state)
        ):
            counts[state.value] = counts.get(state.value, 0) + len(page)
            after = page[-1].n
    return counts


def _line(one: PlanLine) -> LineLook:
    return LineLook(
        n=one.n,
        verdict=one.verdict.value,
        state=one.state.value,
        records=[str(ref) for ref in one.refs],
        title=one.title,
        why=one.why,
        differs=one.differs,
        candidates=[str(ref) for ref in one.candidates],
        told=one.told,
    )
