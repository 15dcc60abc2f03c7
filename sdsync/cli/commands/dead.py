"""``dead list|show|take|assign|edit|replay|drop``: what was refused, and what ends it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands.editing import edit
from sdsync.cli.options import command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.cli.looks.held import HeldLook
    from sdsync.store.records import Cause

CauseArg = Annotated[str, typer.Argument(metavar="CAUSE", help="A cause from `sdsync dead list`.")]
WhatArg = Annotated[
    str, typer.Argument(metavar="CAUSE|REF|all", help="A cause, a record as desk#4711, or all.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Ask no system; compare with what it showed last.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what it would be.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="What was refused, by cause; mend it, replay it.", no_args_is_help=True
    )
    command(group, "list")(listing)
    for work in (show, take, assign, edit, replay, drop):
        command(group)(work)
    app.add_typer(group, name="dead")


def listing(session: Session) -> Code:
    """List every cause that something is parked for, the worst first."""
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.screens import dead as screen

    look = looks.listing(session.store, session.utc)
    session.show(look, screen.draw_list(look, session.now, session.out.width))
    return Code.NEEDS_YOU if look.causes else Code.FINE


def show(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="CAUSE|REF", help="A cause, or a record.")],
    limit: Annotated[int, typer.Option(min=1, help="Records to show, and to ask for.")] = 6,
    offline: Offline = False,
) -> Code:
    """Show a cause or a record beside its target as it is now."""
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.looks import target
    from sdsync.cli.screens import dead as screen
    from sdsync.store.records import Hub, Replica

    with session.asking(offline=offline) as asking:

        def compare(hub: Hub, replica: Replica, group: str) -> target.TargetLook | None:
            mapping = session.mappings.get(replica.system)
            if mapping is None:
                return None
            return target.compare(asking, hub, replica, group, mapping, session.people)

        if "#" in what:
            found = looks.of_record(session.store, session.share(what), compare=compare)
        else:
            cause = cause_of(session, what)
            found = [looks.detail(session.store, cause, limit=limit, compare=compare)]
    if not found:
        held = _held_of(session, what)
        session.show([], screen.nothing(what, held))
        return Code.NEEDS_YOU if held else Code.FINE
    page = [
        one for look in found for one in screen.draw_detail(look, session.now, session.out.width)
    ]
    session.show(found if "#" in what else found[0], page)
    return Code.NEEDS_YOU


def take(session: Session, cause: CauseArg) -> None:
    """Say that you are on it; everybody sees it in the lists."""
    _assign(session, cause, session.by)


def assign(
    session: Session,
    cause: CauseArg,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A name; nobody gives it back.")],
) -> None:
    """Say who is on it."""
    _assign(session, cause, None if person == "nobody" else person)


def _assign(session: Session, text: str, owner: str | None) -> None:
    from sdsync.cli import words
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.page import WARN, clean, cure, line
    from sdsync.sync.persons import letters

    cause = cause_of(session, text)
    before, since = cause.owner or None, looks.taken_at(session.store, cause)
    letters.assign(session.store, cause, owner, session.by, session.utc)
    told = {"cause": cause.id, "owner": owner, "by": session.by, "before": before}
    page = [line(f"{cause.id} is with {clean(owner or 'nobody')}")]
    if before and before != (cause.owner or None):
        when = f" since {words.since(since, session.now)}" if since else ""
        page.append(line((f"it was with {clean(before)}{when}", WARN)))
    session.show(told, [*page, cure(f"sdsync dead show {cause.id}")])


def replay(
    session: Session,
    what: WhatArg,
    dry_run: DryRun = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what was parked since: 02:14, 2h, a day.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Only what was parked before.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", help="Records per time: 20/min. All at once without.")
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Also what an earlier replay spread over time.")
    ] = False,
) -> Code:
    """Try again what is parked, with today's mapping and today's state.

    A replay of a replay does nothing. A rate is kept by the store: no command has to
    run meanwhile, and what was killed goes on.
    """
    from sdsync.cli import times
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.screens import replaying as screen
    from sdsync.sync.persons import letters, recovery

    if at_once and rate is not None:
        raise CommandError("--at-once and --rate exclude each other", code=Code.USAGE)
    now = session.now
    within = letters.Within(*times.window(since, until, now))
    every = None if rate is None else times.interval(rate)
    asked = recovery.Replay(_named(session, what), within, every)
    found = recovery.replay(session.store, asked, session.by, session.utc, dry_run=dry_run)
    if at_once:
        more = recovery.hurried(session.store, asked, session.by, session.utc, dry_run=dry_run)
        found = [*found, *more]
    look = screen.look(found, asked, session.utc, dry_run=dry_run)
    options = _options(since=since, until=until, rate=rate) + " --at-once" * at_once
    if found or "#" not in what or options:
        slow = [one for one in looks.paced(session.store, now) if asked.what in ("all", one.cause)]
        page = screen.draw(look, what, options, now, session.out.width, slow)
    else:
        page = screen.nothing(what, _held_of(session, what))
    session.show(look, page)
    return Code.CHANGES if dry_run and found else Code.FINE


def drop(
    session: Session,
    what: WhatArg,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it is kept with each record.", show_default=False)
    ],
    dry_run: DryRun = False,
) -> Code:
    """Let what is parked be: it differs until an edit."""
    from sdsync.cli.screens import replaying as screen
    from sdsync.sync.persons import letters

    named = _named(session, what)
    found = letters.drop(session.store, named, reason, session.by, session.utc, dry_run=dry_run)
    look = screen.dropped(found, dry_run=dry_run)
    session.show(look, screen.draw_dropped(look, what, reason, session.out.width))
    return Code.CHANGES if dry_run and found else Code.FINE


def cause_of(session: Session, text: str) -> Cause:
    """The cause that somebody typed."""
    from sdsync.cli.looks import dead as looks

    found = looks.pick(session.store, text)
    if found is None:
        raise CommandError(f"no open cause begins with {text}", cure="sdsync dead list")
    return found


def _named(session: Session, what: str) -> str:
    """A cause by its whole id, a record by the name that the store finds it by, or all."""
    from sdsync.cli.looks import refs

    if what == "all":
        return what
    return refs.name_of(session.share(what)) if "#" in what else cause_of(session, what).id


def _held_of(session: Session, ref: str) -> list[HeldLook]:
    from sdsync.cli.looks import held

    return held.matching(session.store, session.share(ref).hub.id, None)


def _options(**given: str | None) -> str:
    """The options as they were typed, for the command that does what was shown."""
    return "".join(f" --{name} {shlex.quote(text)}" for name, text in given.items() if text)
