"""``sdsync dead list`` and ``dead show`` on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.dead import DeadDetail, DeadList, DeadLook, MemberLook, PaceLook
from sdsync.cli.page import (
    CURE,
    WARN,
    WIDTH,
    Cell,
    Column,
    Page,
    clean,
    clip,
    cure,
    ends,
    line,
    table,
    wrapped,
)
from sdsync.cli.screens.target import drawn
from sdsync.config.vocabulary import spoken
from sdsync.sync.watch.needs import MappingLook

if TYPE_CHECKING:
    from sdsync.cli.looks.held import HeldLook

_COLUMNS = (
    Column("CAUSE"),
    Column("RECORDS", "right"),
    Column("WORST"),
    Column("SINCE"),
    Column("OWNER", give=True, least=6),
    Column("WHAT", give=True, least=20),
)


#: Cells of a value beside another: enough to know it by.
VALUE = 200


def draw_list(look: DeadList, now: datetime, width: int = WIDTH) -> Page:
    """All causes. ``now`` is aware; its zone is the reader's."""
    page: Page = []
    if look.causes:
        page += table(_COLUMNS, [_row(one, now) for one in look.causes], width=width)
    else:
        page.append(line("nothing is parked"))
    if look.held:
        verb = "is" if look.held == 1 else "are"
        page.append(
            ends(
                line(f"{words.count(look.held, 'conflict')} {verb} held"),
                line(("> sdsync held list", CURE)),
                width,
            )
        )
    for n, one in enumerate(look.causes):
        page += _next(one, now, width, whole=n == 0)
    slow = {one.cause for one in look.paced}
    for one in look.on_way:
        if one.id not in slow:
            told = f"{one.id}  {words.count(one.on_way, 'record')} on the way again"
            page.append(_beside(line(told), f"sdsync dead show {one.id}", width))
    for each in look.paced:
        page += pace(each, now, width)
    return page


def pace(one: PaceLook, now: datetime, width: int = WIDTH) -> Page:
    """A replay at a rate: how far it is, what hurries it and what stops it."""
    rate = f", about {words.rate(one.per_minute)}" if one.per_minute is not None else ""
    told = f"{one.cause}  {words.count(one.records, 'record')} on the way again{rate}"
    stop = f"     or stop, until sdsync resume {one.system}"
    return [
        line(f"{told}, the last at {words.instant(one.last, now)}"),
        _beside(line("     all at once"), f"sdsync dead replay {one.cause} --at-once", width),
        _beside(line(stop), f"sdsync pause {one.system}", width),
    ]


def nothing(what: str, held: Sequence[HeldLook] = ()) -> Page:
    """One record that has nothing parked; what is held of it waits for a choice."""
    if not held:
        return [line(f"nothing is parked for {clean(what)}"), cure(f"sdsync trace {what}")]
    groups = ", ".join(dict.fromkeys(spoken(one.group) for one in held))
    told = f"nothing is parked for {clean(what)}; held: {groups}"
    return [line(told), cure(f"sdsync held show {what}")]


def draw_detail(look: DeadDetail, now: datetime, width: int = WIDTH) -> Page:
    """One cause with some of its records."""
    cause = look.cause
    page = wrapped(line((f"{cause.id}  ", WARN)), cause.text, f"P{cause.priority}", width=width)
    facts = [
        "held, not parked" if cause.kind == "held" else "",
        words.count(cause.records, "record"),
        f"{cause.on_way:,} on the way" if cause.on_way else "",
        f"since {words.since(cause.since, now)}",
        f"owner {cause.owner}" if cause.owner else "owner nobody",
    ]
    told = line("     ", "   ".join(clean(one) for one in facts if one))
    place = clean(place_of(cause.place, cause.mapping, cause.since, now))
    if told.cell_len + len(place) + 3 <= width:
        page.append(told.append(f"   {place}" if place else ""))
    else:
        page += [told, *wrapped(line("     "), place, width=width)]
    for member in look.members:
        page += _member(member, cause, now, width)
    if look.more:
        page.append(line(f"and {look.more:,} more"))
    page += [cure(command) for command in _cures(cause, shown=True)]
    return page + [cure(one) for one in _by_hand(look)]


def _by_hand(look: DeadDetail) -> Iterator[str]:
    """Another value in one's own name, where one was refused; it ends it for one record."""
    for one in look.members if look.cause.kind == "parked" else ():
        named = (
            [each.field for each in one.target.fields if each.now != each.would or each.why]
            if one.target
            else [each.field for each in one.diff]
        )
        if one.state == "parked" and one.born and named:
            yield f"sdsync dead edit {one.ref} {named[0]}=VALUE"
            return


def _row(one: DeadLook, now: datetime) -> tuple[str | Cell, ...]:
    return (
        Cell(one.id, WARN),
        f"{one.records:,}",
        f"P{one.priority}",
        words.since(one.since, now),
        one.owner or "nobody",
        one.text,
    )


def _member(one: MemberLook, cause: DeadLook, now: datetime, width: int) -> Iterator[Text]:
    state = "" if one.state == "parked" else f"{one.state}  "
    right = f"{state}{spoken(one.group)}  P{one.priority}"
    yield ends(line(f" {one.ref}  ", clean(one.title)), right, width)
    if one.note and one.note != cause.text:
        yield from wrapped(line("   "), one.note, width=width)
    for told in one.elements:
        yield line("   ", clip(clean(f"not there: {told}"), width - 3))
    if not one.born:
        yield line(f"   {cause.system} has nothing of it yet")
        return
    if one.target is not None:
        yield from drawn(one.target, cause.system, now, width)
        return
    for diff in one.diff:
        stands, shall = clip(words.value(diff.stands), VALUE), clip(words.value(diff.shall), VALUE)
        told = f"{diff.field}: {cause.system} has {stands}, shall be {shall}"
        yield from wrapped(line("   "), told, width=width, indent=5)


def place_of(
    place: str | None, mapping: MappingLook | None, since: datetime | None, now: datetime
) -> str:
    """``mappings/dev-ticket.yaml:31, v12 by ops-2 01:58``; what came later is not to blame."""
    if mapping is None:
        return place or ""
    by = f" by {mapping.by}" if mapping.by else ""
    later = "now " if since is not None and mapping.since > since else ""
    return f"{place}, {later}v{mapping.number}{by} {words.since(mapping.since, now)}"


def _next(one: DeadLook, now: datetime, width: int, *, whole: bool) -> Page:
    """The commands of one cause: of the worst all, of another the first."""
    first, *more = _cures(one)
    left = line(f"{one.id}  {clean(place_of(one.place, one.mapping, one.since, now))}".rstrip())
    if left.cell_len + len(first) + 4 > width:  # neither is cut
        head = [left, cure(first, indent=5)]
    else:
        head = [_beside(left, first, width)]
    return [*head, *(cure(command, indent=5) for command in more if whole)]


def _beside(left: Text, command: str, width: int) -> Text:
    """A command at the end of a line: it is never cut."""
    return ends(left, line((f"> {command}", CURE)), width)


def _cures(one: DeadLook, *, shown: bool = False) -> list[str]:
    """What mends the cause, then what tries again; the look comes first where there was none."""
    if one.kind == "held":  # a choice ends it, and no replay
        return [one.remedy or f"sdsync held show {one.id}"]
    first = [] if shown else [f"sdsync dead show {one.id}"]
    mine = [] if one.owner else [f"sdsync dead take {one.id}"]
    back = [one.mapping.rollback] if one.mapping and one.mapping.rollback else []
    edited = one.mapping is not None and one.mapping.since > one.since
    edit = None if back or edited else one.edit
    mend = dict.fromkeys(told for told in (one.remedy, edit) if told and told not in first)
    return [*first, *mine, *mend, *back, f"sdsync dead replay {one.id} --dry-run"]
