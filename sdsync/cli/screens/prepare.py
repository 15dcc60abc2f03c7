"""``sdsync prepare SYSTEM`` on 80 columns: what there is, then numbered steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sdsync.cli.page import BAD, CURE, GOOD, HEAD, WARN, WIDTH, Page, clean, cure, line, wrapped
from sdsync.cli.words import count

if TYPE_CHECKING:
    from sdsync.cli.looks.prepare import PrepareLook
    from sdsync.connectors.preparing import Point

#: Stand -> how it is said, and its style; what is there is counted.
_SAID = (("missing", BAD), ("excess", WARN), ("left out", ""), ("not told", ""))


def draw(look: PrepareLook, admin: str | None, width: int = WIDTH) -> Page:
    """The whole screen. ``admin`` is the reference that was given."""
    survey = look.survey
    page = [line((look.system, HEAD), f"  {survey.product} as {survey.account}")]
    for one in look.made:
        mark = (" failed  ", BAD) if one.failed else (" done    ", GOOD)
        page += wrapped(
            line(mark), one.text + (f": {one.failed}" if one.failed else ""), width=width
        )
    if look.unseen:
        told = f"what came of it could not be read; below is what was seen before: {look.unseen}"
        page += wrapped(line((" not seen ", BAD)), told, width=width)
    for place in dict.fromkeys(one.place for one in survey.points):
        page += _of_place(place, [one for one in survey.points if one.place == place], width)
    for text in survey.dangers:
        page += wrapped(line((" danger  ", WARN)), text, width=width)
    page += wrapped(line((" mail    ", HEAD)), survey.mail[0], width=width)
    for text in survey.mail[1:]:
        page += wrapped(line("         "), text, width=width)
    page += wrapped(line((" seats   ", HEAD)), survey.seats, width=width)
    return [*page, *_steps(look, width), *_cures(look, admin, width)]


def _of_place(place: str, points: Sequence[Point], width: int) -> Page:
    there = [one for one in points if one.stand.value == "there"]
    title = clean(place) or "account"
    page = [line(f" {title}: ", (f"{len(there)} of {len(points)} are there", ""))]
    for stand, style in _SAID:
        names = [f"{one.about} {one.name}" for one in points if one.stand.value == stand]
        if names:
            text = ", ".join(_short(names))
            page += wrapped(line((f"   {stand:<9}", style)), text, width=width)
    return page


def _short(names: Sequence[str]) -> Iterator[str]:
    """``right A, B, field C``: what it is about is said once."""
    before = ""
    for one in names:
        about, _, name = one.partition(" ")
        yield name if about == before else one
        before = about


def _steps(look: PrepareLook, width: int) -> Page:
    if not look.steps:
        return [line((" nothing is left to do", GOOD))]
    page = [line((f"STEPS for the administrator of {look.survey.product}", HEAD))]
    for number, step in enumerate(look.steps, 1):
        text = f"{'may be left out: ' if step.optional else ''}{step.text}"
        left = line(f"{number:>2} ", ("* " if step.deed else "  ", CURE))
        page += wrapped(left, text, width=width)
    return page


def _cures(look: PrepareLook, admin: str | None, width: int) -> Page:
    page: Page = []
    if look.steps and not look.with_admin:
        page += wrapped(line(" "), look.survey.cannot, width=width)
        page.append(cure(f"sdsync prepare {look.system} --admin-token env:NAME"))
    elif look.changes:
        text = (
            f" * {count(look.changes, 'step')}: our part, by the API; the others are done by hand"
        )
        page += [line(text), cure(f"sdsync prepare {look.system} --admin-token {admin} --apply")]
    elif look.steps:
        page += wrapped(line(" "), f"by hand: {look.survey.cannot}", width=width)
    return [*page, cure(f"sdsync check --live {look.system}")]
