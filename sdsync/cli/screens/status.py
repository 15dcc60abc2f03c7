"""``sdsync status`` on 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from sdsync.cli import words
from sdsync.cli.looks.status import StatusLook, SyncLook, SystemLook
from sdsync.cli.page import (
    BAD,
    CURE,
    GOOD,
    HEAD,
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
from sdsync.cli.screens.dead import pace, place_of
from sdsync.sync.watch.needs import Need

#: Conflicts of one reason that are told one by one.
EACH = 3

_GOOD_STATES = frozenset({"ok", "new"})
_BAD_STATES = frozenset({"unauthorised", "unreachable", "misconfigured"})
_SYSTEMS = (
    Column("SYSTEM", give=True),
    Column("STATE"),
    Column("SEEN", "right"),
    Column("WAITING", "right"),
    Column("OLDEST", "right"),
    Column("BUDGET", give=True),
    Column("NEXT"),
)
_SYNCS = (
    Column("SYNC", give=True),
    Column("MODE"),
    Column("SHARED", "right"),
    Column("LAG", "right"),
    Column("PARKED", "right"),
    Column("HELD", "right"),
    Column("24 h: BORN", "right"),
    Column("CLOSED", "right"),
)


def draw(look: StatusLook, width: int = WIDTH) -> Page:
    """The whole screen."""
    page = [_head(look, width)]
    if look.needs:
        page.append(line(("NEEDS YOU", HEAD)))
        for need in _folded(look.needs):
            page += _need(need, look, width)
    for one in look.paced:
        page += pace(one, look.at, width)
    page += table(_SYSTEMS, [_system(one) for one in look.systems], width=width)
    page += table(_SYNCS, [_sync(one) for one in look.syncs], width=width)
    for sync in look.syncs:
        page += _observed(sync, look, width)
    return page


def _head(look: StatusLook, width: int) -> Text:
    if look.running:
        state = (f"up {words.span(look.up_s)}" if look.up_s is not None else "running", GOOD)
    else:
        state = ("not running", BAD)
    size = "" if look.store_bytes is None else f" {words.size(look.store_bytes)}"
    left = line(state, f"   store {look.store}{size}   config {look.config}")
    return ends(left, f"{look.at:%H:%M:%S %Z}".rstrip(), width)


def _folded(needs: Sequence[Need]) -> Iterator[Need]:
    """What is held for one reason is one need, where it is more than a few."""
    alike: dict[tuple[str, str], list[Need]] = {}
    for one in needs:
        alike.setdefault((one.kind, one.text), []).append(one)
    for one in needs:
        same = alike[one.kind, one.text]
        if one.kind not in ("held", "loop") or len(same) <= EACH:
            yield one
        elif one is same[0]:  # the worst
            since = min((each.since for each in same if each.since), default=None)
            records = sum(each.records for each in same)
            yield replace(one, id=None, records=records, since=since, cure="sdsync held list")


def _need(need: Need, look: StatusLook, width: int) -> Iterator[Text]:
    told = f"{words.count(need.records, 'record')}: {need.text}" if need.records else need.text
    begun = "" if need.since is None else f"since {words.since(need.since, look.at)}  "
    name = f"{need.id}  " if need.id else ""
    right = f"{begun}P{need.priority}"
    yield from wrapped(line(" ", (name, WARN)), told, right, width=width)
    indent = " " * (1 + len(name))
    command = f"> {clean(need.cure)}"
    place = clean(place_of(need.place, need.mapping, need.since, look.at))
    if place and len(indent) + len(place) + 3 + len(command) > width:
        yield line(indent, clip(place, width - len(indent)))
        place = ""
    yield line(indent, place, "   " if place else "", (command, CURE))


def _observed(sync: SyncLook, look: StatusLook, width: int) -> Iterator[Text]:
    """What a sync that observes would have sent, as the last night counted it."""
    for one in sync.accounts:
        head = f"{clean(sync.name)} would send {one.system}: "
        at = f"as of {words.since(one.at, look.at)}"
        yield from wrapped(line(head), one.all.in_words(), at, width=width, indent=2)
    if sync.accounts:
        yield cure(f"sdsync live {clean(sync.name)}")


def _system(one: SystemLook) -> tuple[str | Cell, ...]:
    style = GOOD if one.state in _GOOD_STATES else BAD if one.state in _BAD_STATES else WARN
    return (
        one.name,
        Cell(one.state, style),
        words.span(one.seen_s),
        f"{one.waiting:,}",
        words.span(one.oldest_s),
        one.budget,
        one.next,
    )


def _sync(one: SyncLook) -> tuple[str | Cell, ...]:
    late = one.lag_s > one.lag_limit_s
    return (
        one.name,
        Cell("paused", WARN) if one.paused else one.mode,
        f"{one.shared:,}",
        Cell(words.span(one.lag_s) if one.lag_s else "-", BAD if late else ""),
        Cell(f"{one.parked:,}", WARN if one.parked else ""),
        Cell(f"{one.held:,}", WARN if one.held else ""),
        f"{one.born:,}",
        f"{one.closed:,}",
    )
