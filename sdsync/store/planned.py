"""Plans and their lines: written with a change, read page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from sdsync.store import tables
from sdsync.store.base import Base
from sdsync.store.contract import Stale
from sdsync.store.dialect import Link, Row
from sdsync.store.records import Change, LineState, Plan, PlanLine
from sdsync.store.semantics import LINES_OVER, plan_number
from sdsync.store.statements import Statement, upsert
from sdsync.store.vault import Vault, row_id

_plans, _lines = tables.plans, tables.plan_lines
_columns = (_plans.c.n, _plans.c.version, _plans.c.doc)

PLAN_OF = Statement(select(*_columns).where(_plans.c.n == bindparam("n")))
PLANS = Statement(select(*_columns).order_by(_plans.c.n.desc()))
PLAN_NEW = Statement(insert(_plans))
PLAN_PUT = Statement(
    update(_plans)
    .where(_plans.c.n == bindparam("k_n"), _plans.c.version == bindparam("k_version"))
    .values({"version": bindparam("version"), "doc": bindparam("doc")})
)
LINE_PUT = upsert(_lines)
LINE_OVER = Statement(
    update(_lines)
    .where(
        _lines.c.plan_n == bindparam("k_plan_n"),
        _lines.c.n == bindparam("k_n"),
        _lines.c.state == LineState.WAITING.value,
    )
    .values({"state": bindparam("state"), "doc": bindparam("doc")})
)
_page = (
    select(_lines.c.n, _lines.c.doc)
    .where(_lines.c.plan_n == bindparam("plan_n"), _lines.c.n > bindparam("after"))
    .order_by(_lines.c.n)
    .limit(bindparam("count"))
)
LINES = Statement(_page)
LINES_WITH_STATE = Statement(_page.where(_lines.c.state == bindparam("state")))


@dataclass(frozen=True, slots=True)
class Prepared:
    """The plans and lines of a change, sealed."""

    plans: Sequence[Mapping[str, Any]]
    lines: Sequence[Mapping[str, Any]]
    over: Sequence[Mapping[str, Any]]


def prepare(change: Change, vault: Vault) -> Prepared:
    """Seal them; touches no database."""
    plans = [
        {
            "n": plan_number(one.id),
            "version": one.version + 1,
            "doc": vault.seal("plans", str(plan_number(one.id)), one),
        }
        for one in change.plans
    ]
    made = [one for one in change.plan_lines if one.state not in LINES_OVER]
    over = [one for one in change.plan_lines if one.state in LINES_OVER]
    return Prepared(
        plans, [_line(one, vault) for one in made], [_line(one, vault, "k_") for one in over]
    )


def _line(one: PlanLine, vault: Vault, mark: str = "") -> dict[str, Any]:
    key = {f"{mark}plan_n": plan_number(one.plan_id), f"{mark}n": one.n}
    doc = vault.seal("plan_lines", row_id(*map(str, key.values())), one)
    return {**key, "state": one.state.value, "doc": doc}


def write(link: Link, ready: Prepared) -> None:
    """Write them.

    Raises:
        Stale: A plan is another by now, or a line of it waits no more. A new one whose
            number is taken comes as the driver's own error, which the writer turns into Stale.
    """
    for row in ready.plans:
        if row["version"] == 1:
            link.run(PLAN_NEW, row)
            continue
        put = {**row, "k_n": row["n"], "k_version": row["version"] - 1}
        del put["n"]
        if link.run(PLAN_PUT, put) == 0:
            raise Stale(f"plan {row['n']} changed since it was loaded")
    link.many(LINE_PUT, ready.lines)
    for row in ready.over:
        if link.run(LINE_OVER, row) == 0:
            raise Stale(f"line {row['k_n']} of plan {row['k_plan_n']} waits no more")


class Plans(Base):
    """What the plans and their screens ask."""

    def plans(self) -> Sequence[Plan]:
        """All plans, the newest first."""
        with self._reading() as link:
            rows = link.rows(PLANS)
        return [_plan(one, self._vault) for one in rows]

    def plan(self, plan_id: str) -> Plan | None:
        """One plan."""
        with self._reading() as link:
            row = link.row(PLAN_OF, {"n": plan_number(plan_id)})
        return None if row is None else _plan(row, self._vault)

    def plan_lines(
        self,
        plan_id: str,
        *,
        after: int = 0,
        limit: int = 500,
        state: LineState | None = None,
    ) -> Sequence[PlanLine]:
        """Lines of a plan in their order; of one state only where that is said."""
        number = plan_number(plan_id)
        asked: dict[str, Any] = {"plan_n": number, "after": after, "count": limit}
        with self._reading() as link:
            if state is None:
                rows = link.rows(LINES, asked)
            else:
                rows = link.rows(LINES_WITH_STATE, {**asked, "state": state.value})
        read = self._vault.read
        return [read(PlanLine, "plan_lines", row_id(str(number), str(n)), doc) for n, doc in rows]


def _plan(row: Row, vault: Vault) -> Plan:
    """The column knows the version that counts."""
    number, version, doc = row
    plan = vault.read(Plan, "plans", str(number), doc)
    plan.version = version
    return plan
