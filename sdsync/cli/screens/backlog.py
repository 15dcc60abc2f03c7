"""What going live would send, on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.accounts import AccountLook
from sdsync.cli.looks.backlog import Backlog
from sdsync.cli.page import HEAD, WIDTH, Page, clean, ends, line, wrapped


def draw(look: Backlog, now: datetime, width: int = WIDTH) -> Page:
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
            counts = ((side.notes, "note"), (side.files, "file"), (side.worklogs, "worklog"))
            told = ", ".join(words.count(number, word) for number, word in counts if number)
            page.append(line(f" add     {side.elements:>6,}  {side.system}: {told}"))
    for sign, system, title in look.examples:
        page.append(ends(line(f' {sign} {system}  "{clean(title)}"'), "", width))
    sides = look.sides.values()
    if not any(one.create or one.update or one.elements for one in sides):
        page.append(line(" everything is in step"))
    for one in look.accounts:
        page += account(one, now, width)
    return page


def account(one: AccountLook, now: datetime, width: int = WIDTH) -> Iterator[Text]:
    """The last night's account of one system: by now, and of the day before it."""
    head, at = f" account  {one.system}: ", f"as of {words.since(one.at, now)}"
    yield from wrapped(line(head), one.all.in_words(), at, width=width, indent=10)
    yield from wrapped(line(" " * 10, "since the day before: "), one.day.in_words(), width=width)
