"""``sdsync held list`` and ``held show`` on 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sdsync.cli import words
from sdsync.cli.looks.held import Candidate, HeldLook
from sdsync.cli.merging import labels_of
from sdsync.cli.page import (
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
from sdsync.cli.screens.texts import beside, is_text, unified
from sdsync.config.vocabulary import spoken

_LIST = (
    Column("RECORD"),
    Column("GROUP"),
    Column("P"),
    Column("SINCE"),
    Column("OWNER", give=True, least=6),
    Column("TITLE", give=True, least=8),
    Column("WHY", give=True, least=16, wrap=True),
)
_OWNER = 4
_FOLDED = (
    Column("RECORDS", "right"),
    Column("GROUP"),
    Column("WORST"),
    Column("SINCE"),
    Column("FIRST"),
    Column("WHY", give=True, least=16, wrap=True),
)
#: Rows that stay on one screen with their commands; more are told by what they have in common.
EACH = 16


def draw_list(
    looks: Sequence[HeldLook], now: datetime, width: int = WIDTH, *, each: bool = False
) -> Page:
    """Everything that is held, folded where it is much. ``now`` is aware, its zone the reader's.

    Args:
        each: A row for every record, however many.
    """
    if not looks:
        return [line("nothing is held")]
    if len(looks) > EACH and not each:
        return _folded(looks, now, width)
    columns, rows = list(_LIST), [_row(one, now) for one in looks]
    if not any(one.owner for one in looks):  # its room is the reasons' until somebody took one
        del columns[_OWNER]
        rows = [[*row[:_OWNER], *row[_OWNER + 1 :]] for row in rows]
    page = table(columns, rows, width=width)
    cures = dict.fromkeys(one.remedy or f"sdsync held show {one.ref}" for one in looks)
    return page + [cure(one) for one in list(cures)[:3]]


def _folded(looks: Sequence[HeldLook], now: datetime, width: int) -> Page:
    """A row for each group and reason, with the record that shows best what it is about."""
    kinds: dict[tuple[str, str], list[HeldLook]] = {}
    for one in looks:
        kinds.setdefault((one.group, one.note or "-"), []).append(one)
    rows = [
        (
            f"{len(alike):,}",
            spoken(group),
            f"P{alike[0].priority}",
            words.since(min(one.since for one in alike), now),
            Cell(alike[0].ref, WARN),
            why,
        )
        for (group, why), alike in kinds.items()
    ]
    shown = rows[:EACH]
    page = table(_FOLDED, shown, width=width)
    if len(rows) > EACH:
        page.append(line(f"and {len(rows) - EACH:,} more kinds"))
    first = [alike[0] for alike in kinds.values()]
    groups = dict.fromkeys(one.group for one in first)
    ways = dict.fromkeys(one.remedy or f"sdsync held show {one.ref}" for one in first)
    page += [cure(f"sdsync held list --group {one}") for one in list(groups)[:3]]
    return page + [cure(one) for one in list(ways)[:3]]


def draw_detail(
    looks: Sequence[HeldLook], now: datetime, width: int = WIDTH, *, as_diff: bool = False
) -> Page:
    """The candidates of one record's held groups; texts beside each other, or as a diff."""
    page: Page = []
    for one in looks:
        title = line((f"{one.ref}  ", WARN), (clean(one.title), HEAD))
        page.append(ends(title, f"{spoken(one.group)}  P{one.priority}", width))
        if one.note:
            page += wrapped(line("  "), one.note, width=width)
        if not one.candidates and not one.remedy:
            page += [cure(command) for command in _ways_on(one)]
            continue
        page += _texts(one, now, width, as_diff=as_diff) or _short(one, now, width)
        if _look_alike([head.values for head in one.candidates]):
            page.append(line("  they differ in blanks or ends of lines alone"))
        page += [
            cure(f"sdsync held choose {one.ref} {one.group} {head.system}")
            for head in one.candidates
        ]
        if one.candidates:
            page.append(cure(f"sdsync held choose {one.ref} {one.group} --edit"))
    remedies = dict.fromkeys(one.remedy for one in looks if one.remedy)
    return page + [cure(one) for one in remedies]


def way_out(one: HeldLook) -> str:
    """The command that ends it, or that shows what there is to choose."""
    if one.remedy or one.candidates or not one.cause:
        return one.remedy or f"sdsync held show {one.ref}"
    return f"sdsync dead replay {one.cause}"


def _short(one: HeldLook, now: datetime, width: int) -> Page:
    """Values that fit into a table."""
    rows = [("now", _values(one.present), "", "")]
    rows += [_candidate(head, now) for head in one.candidates]
    columns = (
        Column("SIDE"),
        Column("VALUE", give=True, least=16),
        Column("BY", give=True),
        Column("SINCE"),
    )
    return table(columns, rows, width=width, indent=2)


def _look_alike(found: Sequence[Mapping[str, object]]) -> bool:
    """Whether values that differ are the same on a screen."""
    shown = {clean(_values(one)) for one in found}
    return len(shown) == 1 and any(one != found[0] for one in found)


def _texts(one: HeldLook, now: datetime, width: int, *, as_diff: bool) -> Page:
    """Each field that is a text; nothing when all candidates fit into a table."""
    names = dict.fromkeys(name for head in one.candidates for name in head.values)
    if not any(is_text(head.values.get(name)) for head in one.candidates for name in names):
        return []
    page: Page = []
    for name in names:
        if len(names) > 1:
            page.append(line("  ", (name, HEAD)))
        first, *others = [head for head in one.candidates if name in head.values]
        left = (label(first, now), _text(first.values[name]))
        for head in others:
            right = (label(head, now), _text(head.values[name]))
            if as_diff:
                page.append(line(f"  - {clean(left[0])}, + {clean(right[0])}"))
                page += unified(left[1], right[1], width, indent=2)
            else:
                page += beside(left, right, width, indent=2)
    return page


def label(head: Candidate, now: datetime) -> str:
    """Whose candidate it is, and since when: ``desk, by ann, 02:51``."""
    return labels_of(head.by, "" if head.at is None else words.since(head.at, now), head.system)


def _text(value: object) -> str:
    return value if isinstance(value, str) else words.value(value)


def _ways_on(one: HeldLook) -> list[str]:
    """What ends a doubt in which there is nothing to choose; the last lets it go on as it was."""
    first = {
        "birth": [f"sdsync link {one.ref} SYSTEM#ID"],
        "existence": [f"sdsync unlink {one.ref}"],
    }
    again = [f"sdsync dead replay {one.cause}"] if one.cause else []
    return [f"sdsync trace {one.ref}", *first.get(one.group, []), *again]


def _row(one: HeldLook, now: datetime) -> list[str | Cell]:
    since, priority = words.since(one.since, now), f"P{one.priority}"
    group = spoken(one.group)
    owner = one.owner or "nobody"
    return [Cell(one.ref, WARN), group, priority, since, owner, one.title, one.note or "-"]


def _candidate(head: Candidate, now: datetime) -> tuple[str, str, str, str]:
    at = "" if head.at is None else words.since(head.at, now)
    return head.system, _values(head.values), head.by or "", at


def _values(values: Mapping[str, object]) -> str:
    if len(values) == 1:
        return words.value(next(iter(values.values())))
    return ", ".join(f"{name} {words.value(one)}" for name, one in values.items()) or "-"
