"""What going live would send, on 80 columns."""

from __future__ import annotations

from sdsync.cli import words
from sdsync.cli.looks.backlog import Backlog
from sdsync.cli.page import HEAD, WIDTH, Page, clean, ends, line


def draw(look: Backlog, width: int = WIDTH) -> Page:
    """The counts by system, then a few examples."""
    page = [line((look.sync, HEAD), f"  {words.count(look.records, 'record')}, nothing sent")]
    for side in look.sides.values():
        if side.create:
            page.append(line(f" create  {side.create:>6,}  {side.system}"))
        if side.update:
            by_count = sorted(side.fields.items(), key=lambda one: -one[1])
            fields = ", ".join(f"{name} {number}" for name, number in by_count)
            text = f" update  {side.update:>6,}  {side.system}: {fields}"
            page.append(ends(line(text), "", width))
        if side.elements:
            page.append(line(f" add     {side.elements:>6,}  {side.system}: notes and files"))
    for sign, system, title in look.examples:
        page.append(ends(line(f' {sign} {system}  "{clean(title)}"'), "", width))
    if not any(one.create or one.update or one.elements for one in look.sides.values()):
        page.append(line(" everything is in step"))
    return page
