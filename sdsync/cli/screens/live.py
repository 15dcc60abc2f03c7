"""``sdsync check --live`` on 80 columns: each system, then each of its places, then its fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdsync.cli.page import BAD, WARN, WIDTH, Cell, Column, Page, clean, cure, line, table, wrapped

if TYPE_CHECKING:
    from sdsync.cli.looks.live import LiveLook, PlaceLook
    from sdsync.cli.probing import Probe

#: More places than fit beside each other; `--json` has all of them.
COLUMNS = 3
#: What the whole seconds of a header and a slow call explain is no difference of clocks.
DOUBT_S = 5.0
_AT = re.compile(r"\S+:\d+:\d+: ")


def draw(probes: Sequence[Probe], width: int = WIDTH) -> Page:
    """All systems, in the order of the file."""
    page: Page = []
    for one in probes:
        page.append(line(f" {one.system}: ", (one.text, BAD if one.failed else "")))
        if one.live is not None:
            page += _facts(one.live, width)
        for warning in one.warnings:
            page += _warning(warning, width)
        page += [cure(command, indent=3) for command in one.cures]
    return page


def _warning(text: str, width: int) -> Page:
    """One that begins with file, line and column stays one line: editors jump there."""
    if _AT.match(text):
        return [line("   ", (text, WARN))]
    page = wrapped(line("   "), text, width=width, indent=5)
    for one in page:
        one.stylize(WARN)
    return page


def _facts(live: LiveLook, width: int) -> Page:
    span = " to ".join(dict.fromkeys(live.tested))
    version = f"tested {span}" if live.version else f"tells no version; tested {span}"
    clock = (
        f"clock {live.clock_offset_s:+.0f} s"
        if abs(live.clock_offset_s) >= DOUBT_S
        else "clock fine"
    )
    page = wrapped(line("   "), f"{version}; {clock}; identity {live.identity}", width=width)
    for text in live.dangers:
        page += wrapped(line("   "), text, width=width, indent=5)
    for place in live.places:
        page += wrapped(line(f"   {clean(place.key)}: "), _place(place), width=width, indent=5)
    places = [place.key for place in live.places][:COLUMNS]
    if places and live.fields:
        columns = [Column("FIELD"), Column("THERE", give=True, least=12)]
        columns += [Column(clean(one), give=True, least=10) for one in places]
        rows: list[Sequence[str | Cell]] = [
            (one.field, one.native, *(_cell(one.at.get(place, "-")) for place in places))
            for one in live.fields
        ]
        page += table(columns, rows, width=width, indent=3)
    return page


def _place(place: PlaceLook) -> str:
    said = [" and ".join(place.uses)]
    if place.public:
        said.append("public")
    if not place.may_create:
        said.append("nothing can be made in it")
    if place.archived:
        said.append("archived or closed")
    said.append(f"notes can be {' and '.join(place.audiences) or 'written for nobody'}")
    if place.transitions is None:
        said.append("transitions are not told")
    else:
        ways = (f"{old} > {', '.join(new) or 'none'}" for old, new in place.transitions.items())
        said.append(f"transitions {'; '.join(ways)}")
    return "; ".join(said)


def _cell(text: str) -> Cell:
    return Cell(text, WARN if text == "not here" else "")
