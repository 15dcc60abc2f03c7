"""What a replay or a drop does, or would do, on 80 columns."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli import words
from sdsync.cli.looks.dead import name_of
from sdsync.cli.page import WIDTH, Page, clean, cure, ends, line
from sdsync.cli.screens.dead import pace
from sdsync.cli.screens.held import way_out
from sdsync.config.vocabulary import spoken

if TYPE_CHECKING:
    from sdsync.cli.looks.dead import PaceLook
    from sdsync.cli.looks.held import HeldLook
    from sdsync.sync.persons.letters import Member
    from sdsync.sync.persons.recovery import Replay

#: Records that are named; the others are counted. What they are of stays on 24 lines.
NAMED = 16


@dataclass(frozen=True, slots=True)
class GroupLook:
    """One field group of one record; ``due`` is when it is tried again."""

    ref: str
    title: str
    system: str
    group: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReplayLook:
    """All that is tried again; ``last`` is when the last of it is due."""

    replayed: Sequence[GroupLook]
    records: int
    last: datetime | None
    dry_run: bool


@dataclass(frozen=True, slots=True)
class DropLook:
    """All that is let be."""

    dropped: Sequence[GroupLook]
    dry_run: bool


def look(found: Sequence[Member], asked: Replay, now: datetime, *, dry_run: bool) -> ReplayLook:
    """The groups in the order in which they are due."""
    slots = {hub_id: n for n, hub_id in enumerate(dict.fromkeys(hub.id for hub, _, _ in found))}
    groups = [_group(one, asked.due(slots[one[0].id], now)) for one in found]
    last = asked.due(len(slots) - 1, now) if asked.every and slots else None
    return ReplayLook(groups, len(slots), last, dry_run)


def dropped(found: Sequence[Member], *, dry_run: bool) -> DropLook:
    """The groups, the most urgent first."""
    return DropLook([_group(one) for one in found], dry_run)


def _group(member: Member, due: datetime | None = None) -> GroupLook:
    hub, replica, group = member
    title = str(hub.values.get("title") or "(no title)")
    return GroupLook(name_of(hub, replica), title, replica.system, group, due)


def draw(
    look: ReplayLook,
    what: str,
    options: str,
    now: datetime,
    width: int = WIDTH,
    paced: Sequence[PaceLook] = (),
) -> Page:
    """``what`` and ``options`` as typed; ``now`` is aware, its zone the reader's.

    ``paced``: what of it is on the way already, where nothing else is to be tried.
    """
    if not look.replayed:
        when = " in that time" if "--since" in options or "--until" in options else ""
        page = [line(f"nothing is parked for {what}{when}")]
        return page + [told for one in paced for told in pace(one, now, width)]
    verb = "would be" if look.dry_run else "will be"
    told = f"{words.count(len(look.replayed), 'field group')} {verb} tried again"
    if look.last is not None:
        told += f", the last at {words.instant(look.last, now)}"
    page = [line(told), *_list(look.replayed, width)]
    again = f"sdsync dead replay {shlex.quote(what) if '#' not in what else what}{options}"
    return [*page, cure(again if look.dry_run else "sdsync dead list")]


def nothing(what: str, held: Sequence[HeldLook]) -> Page:
    """A record that has nothing parked; what is held of it waits for something else."""
    if not held:
        return [line(f"nothing is parked for {what}")]
    groups = ", ".join(dict.fromkeys(spoken(one.group) for one in held))
    causes = ", ".join(dict.fromkeys(one.cause for one in held if one.cause))
    under = f" under {causes}" if causes else ""
    ways = dict.fromkeys(way_out(one) for one in held)
    return [line(f"nothing is parked for {what}; held{under}: {groups}"), *map(cure, ways)]


def draw_dropped(look: DropLook, what: str, reason: str, width: int = WIDTH) -> Page:
    """``what`` and ``reason`` as typed."""
    if not look.dropped:
        return [line(f"nothing is parked for {what}")]
    verb = "would differ" if look.dry_run else "differ"
    told = f"{words.count(len(look.dropped), 'field group')} {verb} from now on"
    page = [line(told), *_list(look.dropped, width)]
    if look.dry_run:
        return [*page, cure(f"sdsync dead drop {what} --reason {shlex.quote(reason)}")]
    return [*page, cure(f"sdsync dead edit {look.dropped[0].ref} FIELD=VALUE  (ends it for one)")]


def _list(groups: Sequence[GroupLook], width: int) -> Page:
    page = [
        ends(line(f" {one.ref}  {clean(one.title)}"), f"{spoken(one.group)} in {one.system}", width)
        for one in groups[:NAMED]
    ]
    if len(groups) > NAMED:
        page.append(line(f" and {len(groups) - NAMED:,} more"))
    return page
