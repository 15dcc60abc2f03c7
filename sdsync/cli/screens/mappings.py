"""``sdsync mappings check|test|show`` on 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdsync.cli import words
from sdsync.cli.page import BAD, GOOD, HEAD, WARN, WIDTH, Cell, Column, Page, clean, line, table

if TYPE_CHECKING:
    from sdsync.cli.translators import RuleLook, WayLook
    from sdsync.mappings.check import Finding
    from sdsync.mappings.examples import Ran


def draw_check(
    systems: Sequence[str], findings: Sequence[Finding], ways: Sequence[WayLook], width: int = WIDTH
) -> Page:
    """What is legal but hardly meant, then how statuses travel."""
    page = [line((f"mappings of {', '.join(systems)}: no problem", GOOD))]
    page += [line((clean(str(one)), BAD if one.serious else WARN)) for one in findings]
    for way in ways:
        page.append(line((f"{way.field}: {way.source} to {way.target} and back", HEAD)))
        columns = (
            Column(way.source, give=True),
            Column("CANONICAL"),
            Column(way.target, give=True),
            Column("COMES BACK AS", give=True),
        )
        rows = [_pair(one.native, one.canonical, one.other, one.back) for one in way.pairs]
        page += table(columns, rows, width=width, indent=1)
    return page


def _pair(native: str, canonical: str, other: str | None, back: str | None) -> list[str | Cell]:
    if other is None:
        return [native, canonical, Cell("dead end", WARN), ""]
    lossy = back not in (canonical, None)
    return [native, canonical, other, Cell(back or "", WARN if lossy else "")]


def draw_test(ran: Sequence[Ran]) -> Page:
    """Every problem on a line that an editor can jump to, then the count."""
    page = [line((clean(str(one)), BAD)) for example in ran for one in example.problems]
    failed = sum(not one.passed for one in ran)
    told = f"{words.count(len(ran) - failed, 'example')} passed, {failed} failed"
    page.append(line((told, BAD if failed else GOOD)))
    return page


def draw_rules(rules: Sequence[RuleLook], width: int = WIDTH) -> Page:
    """Each field, its native path, its direction, its file and line."""
    columns = (
        Column("KIND"),
        Column("FIELD"),
        Column("WAY"),
        Column("NATIVE", give=True, least=12),
        Column("FROM", give=True, least=12),
    )
    rows = [(one.kind, one.field, one.way, one.native, one.place) for one in rules]
    return table(columns, rows, width=width)
