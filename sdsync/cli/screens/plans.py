"""Plans on 80 columns: the account first, then the lines, then what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli import words
from sdsync.cli.looks.plans import LineLook, PlanLook
from sdsync.cli.page import (
    BAD,
    GOOD,
    HEAD,
    WARN,
    WIDTH,
    Cell,
    Column,
    Page,
    clean,
    cure,
    ends,
    line,
    table,
    wrapped,
)

if TYPE_CHECKING:
    from sdsync.sync.plans.applying import Applied

_LIST = (
    Column("PLAN"),
    Column("WHAT", give=True, least=16),
    Column("BY", give=True),
    Column("MADE"),
    Column("STATE"),
    Column("WAITING", align="right"),
    Column("DONE", align="right"),
    Column("REFUSED", align="right"),
)
_LINES = (
    Column("N", align="right"),
    Column("VERDICT"),
    Column("RECORDS", give=True, least=14),
    Column("TITLE", give=True, least=10),
    Column("WHY", give=True, least=20),
)
#: Refused lines that are told at once; the plan has them all.
REFUSED = 10
#: Kind of plan -> what its lines are when they are done, and what it writes.
_DONE = {
    "connect": "joined", "backfill": "let in", "level": "levelled", "remap": "levelled",
    "undo": "taken back",
}  # fmt: skip
_WRITES = {"connect": "the other side's key", "backfill": "births, notes and files"}
#: Of a plan's counts: how many values of a field it would write.
FIELD = "field "
#: Verdict or state -> style of its cell.
_STYLES = {"certain": GOOD, "done": GOOD, "ambiguous": WARN, "refused": BAD}


def draw_list(looks: Sequence[PlanLook], now: datetime, width: int = WIDTH) -> Page:
    """All plans. ``now`` is aware; its zone is the reader's."""
    if not looks:
        return [line("there are no plans"), cure("sdsync connect SYNC --by FIELD")]
    rows = [
        (
            one.id,
            f"{one.kind} {one.sync} {one.how}",
            one.by,
            words.since(one.at, now),
            one.state,
            f"{one.waiting:,}",
            f"{one.states.get('done', 0):,}",
            f"{one.states.get('refused', 0):,}",
        )
        for one in looks
    ]
    page = table(_LIST, rows, width=width)
    next_one = next((one for one in looks if one.waiting), looks[0])
    return [*page, *_next(next_one)]


def draw(look: PlanLook, now: datetime, width: int = WIDTH) -> Page:
    """One plan: what it would do and cost, its lines, and the command that goes on."""
    return [*_head(look, now, width), *_account(look, width), *_lines(look, width), *_next(look)]


def draw_new(look: PlanLook, now: datetime, width: int = WIDTH) -> Page:
    """A plan that was just made: the lines that need a person are shown, the others counted."""
    page = [*_head(look, now, width), *_account(look, width), *_lines(look, width)]
    certain = look.states.get("waiting", 0)
    if certain:
        page.append(cure(f"sdsync plan show {look.id} --only certain"))
    return [*page, *_next(look)]


def draw_applied(run: Applied, kind: str, width: int = WIDTH) -> Page:
    """What a run did, and each line that it left alone."""
    done = f"{run.done:,} {_DONE.get(kind, kind)}, {len(run.refused):,} refused, {run.left:,} left"
    page = [line((f"{run.plan}  ", HEAD), done)]
    for one in run.refused[:REFUSED]:
        page += wrapped(line(f" line {one.n:<5} ", ("refused  ", BAD)), one.told, width=width)
    if len(run.refused) > REFUSED:
        page.append(line(f" {len(run.refused) - REFUSED:,} more"))
    if run.why_left:
        page += wrapped(line(" ", ("left  ", WARN)), run.why_left, width=width)
    return page


def _head(look: PlanLook, now: datetime, width: int) -> Page:
    what = line((f"{look.id}  ", HEAD), f"{look.kind} {clean(look.sync)} {clean(look.how)}")
    by = f"approved by {look.approved_by}" if look.approved_by else f"by {look.by}"
    return [ends(what, f"{look.state}, {clean(by)}, {words.since(look.at, now)}", width)]


def _account(look: PlanLook, width: int) -> Page:
    count = look.counts.get
    page: Page = []
    for verdict, told in _told(look):
        if number := count(verdict, 0):
            style = _STYLES.get(verdict, "")
            start = line(" ", (f"{verdict:<14}", style), f" {number:>7,}  ")
            page += wrapped(start, told, width=width)
    for state in ("done", "refused", "without"):
        if number := look.states.get(state, 0):
            page.append(line(" ", (f"{state:<14}", _STYLES.get(state, "")), f" {number:>7,}"))
    number, whom = _mails(look, "mails to")
    page.append(line(f" {'mail':<14} {number:>7,}  {whom}"))
    if over := count("over the mail budget", 0):
        told = 'of these wait: their birth would mail whom the sync\'s "mail" spares'
        page += wrapped(line(f" {'over budget':<14} {over:>7,}  "), told, width=width)
    number, whom = _mails(look, "waiting mails to")
    if number:
        page.append(line(f' {"mail waits":<14} {number:>7,}  {whom}, if "mail" lets them go'))
    if look.kind == "undo":
        page += _stays(look, width)
    page += _fields(look, width)
    writes = _WRITES.get(look.kind, "what differs")
    page.append(line(f" {'write':<14} {count('writes', 0):>7,}  {writes}, once the sync is live"))
    cost = f"calls to read them again, about {words.span(float(count('seconds', 0)))}; "
    cost += f"{words.count(count('read', 0), 'record')} read to plan it"
    page += wrapped(line(f" {'read':<14} {count('reads', 0):>7,}  "), cost, width=width)
    return page


def _mails(look: PlanLook, what: str) -> tuple[int, str]:
    """How many in all, and to whom."""
    customers, staff = (look.counts.get(f"{what} {whom}", 0) for whom in ("customers", "staff"))
    return customers + staff, f"{words.count(customers, 'customer')}, {staff:,} staff"


def _stays(look: PlanLook, width: int) -> Page:
    """What an undo does not take back."""
    page: Page = []
    if number := look.counts.get("values that stay", 0):
        told = "values of these records stay: their lines say why"
        page += wrapped(line(f" {'stay':<14} {number:>7,}  "), told, width=width)
    number, whom = _mails(look, "mails that stay with")
    if number:
        told = f"mails of {look.how} are not taken back: {whom}"
        page += wrapped(line(f" {'sent':<14} {number:>7,}  "), told, width=width)
    return page


def _fields(look: PlanLook, width: int) -> Page:
    """Of each field how many values would be written, the most first."""
    found = [(number, name[len(FIELD) :]) for name, number in look.counts.items()
             if name.startswith(FIELD)]  # fmt: skip
    if not found:
        return []
    told = ", ".join(f"{name} {number:,}" for number, name in sorted(found, key=_most))
    total = sum(number for number, _ in found)
    return wrapped(line(f" {'change':<14} {total:>7,}  "), told, width=width)


def _most(one: tuple[int, str]) -> tuple[int, str]:
    return -one[0], one[1]


def _told(look: PlanLook) -> Sequence[tuple[str, str]]:
    """Verdicts in their order, each with what it means for this plan."""
    fields = words.count(look.counts.get("fields that differ", 0), "field")
    if look.kind == "backfill":
        return (
            ("certain", "would be born"),
            ("ambiguous", "not born: for a person"),
            ("joined already", "nothing to do"),
            ("left out", "closed, unreadable, or not ours to take"),
        )
    if look.kind in ("level", "remap"):
        return (
            ("certain", f"would be levelled: {fields}"),
            ("ambiguous", "not levelled: for a person"),
            ("left out", "nothing would be written"),
        )
    if look.kind == "undo":
        return (
            ("certain", "would be taken back"),
            ("ambiguous", "not taken back: somebody changed it since, or it waits"),
            ("left out", "as before already"),
        )
    return (
        ("certain", f"would be joined; {fields} agree to differ, nothing is written over"),
        ("ambiguous", "held: several candidates, or a reason against"),
        ("joined already", "nothing to do"),
        ("alone", "nothing on the other side belongs to them"),
    )


def _lines(look: PlanLook, width: int) -> Page:
    if not look.lines:
        return []
    rows = [_row(one) for one in look.lines]
    page = table(_LINES, rows, width=width)
    if look.more:
        page.append(line(f"{look.more:,} more: --all"))
    return page


def _row(one: LineLook) -> tuple[str | Cell, ...]:
    done = one.state in ("done", "refused", "without")
    verdict = one.state if done else one.verdict
    records = " = ".join(one.records)
    if one.candidates:
        records += f" ? {', '.join(one.candidates)}"
    why = one.told or (f"{', '.join(one.differs)} differ" if one.differs else one.why)
    return str(one.n), Cell(verdict, _STYLES.get(verdict, "")), records, one.title, why or "-"


def _next(look: PlanLook) -> Page:
    """What a person may type now: choose where it is held, approve, carry out."""
    held = next((one for one in look.lines if one.candidates and one.verdict == "ambiguous"), None)
    page: Page = []
    if held is not None:
        system = held.candidates[0].partition("#")[0]
        page.append(cure(f"sdsync link {held.records[0]} {system}#ID"))
    if not look.waiting:
        return page
    if look.state == "open":
        page.append(cure(f"sdsync plan approve {look.id}"))
    return [*page, cure(f"sdsync apply {look.id}")]
