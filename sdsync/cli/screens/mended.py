"""What a mended mapping would make of what is parked, below the plan that it makes."""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.cli import words
from sdsync.cli.looks.mended import MendedLook, OutcomeLook
from sdsync.cli.page import HEAD, WARN, WIDTH, Page, clip, cure, line, wrapped

#: Values of one cause that are told; the others are counted.
SHOWN = 4


def draw(looks: Sequence[MendedLook], width: int = WIDTH) -> Page:
    """Nothing where nothing is parked. It is no part of the plan: a replay sends it."""
    if not looks:
        return []
    page = [line(("PARKED, with this mapping", HEAD))]
    for one in looks:
        told = f"{words.count(one.records, 'record')}: {one.text}"
        page += wrapped(line(" ", (f"{one.cause}  ", WARN)), told, width=width)
        for outcome in one.outcomes[:SHOWN]:
            page += wrapped(line("   "), _told(one, outcome), width=width, indent=5)
        if len(one.outcomes) > SHOWN:
            page.append(line(f"   and {len(one.outcomes) - SHOWN:,} more values"))
    page.append(line("no part of the plan; once the mapping is in force:"))
    return page + [cure(f"sdsync dead replay {one.cause} --dry-run") for one in looks[:SHOWN]]


def _told(one: MendedLook, outcome: OutcomeLook) -> str:
    number = words.count(outcome.records, "record")
    if outcome.would is None and outcome.why:
        return f"{outcome.field}: still cannot be written on {number}: {outcome.why}"
    value = clip(words.value(outcome.would), 60)
    return f"{outcome.field}: {one.system} would get {value} on {number}"
