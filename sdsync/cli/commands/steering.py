"""``pause``, ``live``, ``resync``, ``link`` and the like: a person steers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import Reason, Yes, command
from sdsync.cli.session import Session

#: So long a person waits for the daemon's account: it costs some milliseconds a record.
ACCOUNT_S, LOOK_S = 10.0, 0.1

ScopeArg = Annotated[
    str,
    typer.Argument(
        metavar="SCOPE", help="all, a system, a sync, tenant:NAME, or a record as desk#4711."
    ),
]
SyncArg = Annotated[str, typer.Argument(metavar="SYNC", help="A sync of sdsync.toml.")]
RefArg = Annotated[str, typer.Argument(metavar="REF", help="The record: desk#4711.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for work in (live, observe, pause, resume, resync, link, unlink):
        command(app)(work)


def scope_of(session: Session, text: str) -> str:
    """``text`` as the store names scopes: ``system:desk``, ``sync:escalations``, ``record:HUB``."""
    config = session.config
    head, colon, rest = text.partition(":")
    if text == "all" or (colon and rest and head in ("system", "sync", "tenant", "record")):
        known = {"system": tuple(config.systems), "sync": tuple(config.syncs)}.get(head)
        if known is None or rest in known:
            return text
    if text in config.systems and text in config.syncs:
        raise CommandError(
            f"{text} is both a system and a sync", cure=f"system:{text}, or sync:{text}"
        )
    if text in config.systems:
        return f"system:{text}"
    if text in config.syncs:
        return f"sync:{text}"
    if "#" in text:
        return f"record:{session.share(text).hub.id}"
    names = ", ".join((*config.systems, *config.syncs))
    raise CommandError(
        f"{text} is no scope; there are all, {names}, tenant:NAME, SYSTEM#ID", cure="sdsync config"
    )


def pause(session: Session, scope: ScopeArg = "all", reason: Reason = None) -> None:
    """Send nothing there until it is resumed.

    What happens meanwhile is noted, and sent as it is then.
    """
    from sdsync.cli.page import cure, line
    from sdsync.sync.persons import commands

    named = scope_of(session, scope)
    commands.pause(session.store, named, session.by, reason, session.utc)
    page = [line(f"{scope} is paused; changes are noted and wait"), cure(f"sdsync resume {scope}")]
    session.show({"paused": named, "by": session.by, "reason": reason}, page)


def resume(session: Session, scope: ScopeArg = "all") -> None:
    """Go on where it was paused.

    Of a system that came back from a backup of its own: what went back waits for a plan.
    """
    from sdsync.cli.page import cure, line, wrapped
    from sdsync.sync.persons import commands

    named = scope_of(session, scope)
    if named not in {one.scope for one in session.store.pauses()}:
        raise CommandError(f"{scope} is not paused", cure="sdsync status")
    plans = _after_restore(session, named)
    commands.resume(session.store, named, session.by, session.utc)
    page = [line(f"{scope} goes on")]
    if plans:
        told = (
            "it may have come back from a backup: what went back in it is no edit, and what it "
            "has lost is not deleted elsewhere; both wait for a plan. What people do there now "
            "flows as ever"
        )
        page += wrapped(line(" "), told, width=session.out.width)
        page += [line(" its records are read again now; when they are, bring it up:")]
    page += [*(cure(one) for one in plans), cure("sdsync status")]
    session.show({"resumed": named, "by": session.by, "plans": plans}, page)


def _after_restore(session: Session, scope: str) -> list[str]:
    """The plans that end what went back, of a system that sdsync itself has paused."""
    from sdsync.sync.decide.restored import remedy

    pause = next(one for one in session.store.pauses() if one.scope == scope)
    kind, _, system = scope.partition(":")
    if kind != "system" or pause.by != "sdsync":
        return []
    return [
        remedy(name, next(one for one in sync.systems if one != system))
        for name, sync in session.config.syncs.items()
        if system in sync.systems
    ]


def live(session: Session, sync: SyncArg, yes: Yes = False) -> Code:
    """Let a sync write; first it shows what would be sent."""
    from sdsync.cli.looks import backlog
    from sdsync.cli.page import cure, line
    from sdsync.cli.screens import backlog as screen
    from sdsync.sync.persons import commands

    _known(session, sync)
    if not yes:
        _account(session, sync)
    look = backlog.look(session.store, sync, session.config.syncs[sync].systems)
    if look.mode == "live":
        session.show(look, [line(f"{sync} is live already"), cure("sdsync status")])
        return Code.FINE
    if not yes:
        page = [
            *screen.draw(look, session.now, session.out.width),
            cure(f"sdsync live {sync} --yes"),
        ]
        session.show(look, page)
        if session.as_json or not _asked(f"let {sync} write?"):
            return Code.CHANGES
    commands.go_live(session.store, sync, session.by, session.utc)
    told = {"sync": sync, "mode": "live", "by": session.by}
    page = [line(f"{sync} is live"), cure("sdsync status")]
    session.show(told, page)
    return Code.FINE


def _account(session: Session, sync: str) -> None:
    """Where the daemon runs, have it count anew what would be sent and mailed, and wait for it."""
    from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

    from sdsync.cli import rooms
    from sdsync.cli.looks import accounts as looks
    from sdsync.sync.watch import accounts

    row, systems, asked = session.store.sync(sync), session.config.syncs[sync].systems, session.utc
    observes = row is not None and row.mode == "observe"
    if not observes or not rooms.house(session.config, session.store, session.now).running:
        return
    accounts.ask(session.store, systems, asked)

    def lacking() -> bool:
        told = [one for one in looks.look(session.store, sync, systems) if one.at >= asked]
        return len(told) < len(systems)

    Retrying(
        retry=retry_if_result(bool), stop=stop_after_delay(ACCOUNT_S), wait=wait_fixed(LOOK_S),
        retry_error_callback=lambda _: None,  # then the last one is shown, with its age
    )(lacking)  # fmt: skip


def observe(session: Session, sync: SyncArg) -> None:
    """Let a sync only watch again; nothing is sent."""
    from sdsync.cli.page import cure, line
    from sdsync.sync.persons import commands

    _known(session, sync)
    commands.go_observe(session.store, sync, session.by, session.utc)
    page = [line(f"{sync} observes; nothing is sent"), cure(f"sdsync live {sync}")]
    session.show({"sync": sync, "mode": "observe", "by": session.by}, page)


def resync(session: Session, ref: RefArg) -> None:
    """Read every side of a record anew and settle what differs."""
    from sdsync.cli.looks import refs
    from sdsync.cli.page import cure, line
    from sdsync.sync.persons import commands

    name = refs.name_of(session.share(ref))
    commands.resync(session.store, name, session.by, session.utc)
    page = [line(f"{ref} will be read anew"), cure(f"sdsync trace {ref}")]
    session.show({"resync": ref, "by": session.by}, page)


def link(
    session: Session,
    left: Annotated[str, typer.Argument(metavar="REF", help="One record: desk#4711.")],
    right: Annotated[str, typer.Argument(metavar="REF", help="The other: dev#882.")],
    sync: Annotated[str | None, typer.Option("--sync", help="By which sync, if not plain.")] = None,
) -> None:
    """Make two existing records one shared record.

    Both are read first. What differs between them agrees to differ until somebody changes it.
    """
    from sdsync.cli.commands.plans import scene_of
    from sdsync.cli.looks import refs
    from sdsync.cli.page import cure, line
    from sdsync.sync.plans import linking

    one, other = (refs.ref(text, session.systems) for text in (left, right))
    if one.system == other.system:
        raise CommandError(
            f"{left} and {right} are both in {one.system}; a sync joins two systems",
            cure=f"sdsync link {left} SYSTEM#ID",
        )
    name = _joining(session, one.system, other.system, sync)
    systems = linking.systems_of(session.store, (one, other), session.systems)
    with scene_of(session, name, systems) as scene:
        linking.link(scene, one, other)
    page = [line(f"{left} and {right} are one record of {name}"), cure(f"sdsync trace {left}")]
    session.show({"linked": [left, right], "sync": name, "by": session.by}, page)


def unlink(session: Session, ref: RefArg, yes: Yes = False) -> Code:
    """Part the sides of a record; each stays as it is."""
    from sdsync.cli.looks import refs
    from sdsync.cli.page import cure, line
    from sdsync.sync.decide.ending import is_ended
    from sdsync.sync.persons import commands

    share = session.share(ref)
    if is_ended(share):
        raise CommandError(f"{ref} is parted already", cure=f"sdsync link {ref} SYSTEM#ID")
    sides = [f"{one.system}#{one.native_id}" for one in share.replicas if one.native_id]
    if not yes:
        page = [line(f"would part {' and '.join(sides)}; nothing is deleted")]
        session.show({"would_unlink": sides}, [*page, cure(f"sdsync unlink {ref} --yes")])
        if session.as_json or not _asked("part them?"):
            return Code.CHANGES
    commands.unlink(session.store, refs.name_of(share), session.by, session.utc)
    page = [line(f"{' and '.join(sides)} are parted"), cure(f"sdsync link {' '.join(sides[:2])}")]
    session.show({"unlinked": sides, "by": session.by}, page)
    return Code.FINE


def _known(session: Session, sync: str) -> None:
    if sync not in session.config.syncs:
        names = ", ".join(session.config.syncs) or "none"
        raise CommandError(
            f"{session.path} has no sync {sync}; it has {names}", cure="sdsync config"
        )


def _joining(session: Session, one: str, other: str, named: str | None) -> str:
    """The sync that was named, if it has both systems; else the only one that has."""
    names = [n for n, sync in session.config.syncs.items() if {one, other} <= set(sync.systems)]
    if named is not None:
        _known(session, named)
        if named in names:
            return named
        told = f"{named} does not join {one} and {other}"
        raise CommandError(told, cure="sdsync config")
    if len(names) == 1:
        return names[0]
    told = f"{' and '.join(names)} both join" if names else "no sync joins"
    raise CommandError(f"{told} {one} and {other}", cure="the same command with --sync NAME")


def _asked(question: str) -> bool:
    """Ask at a terminal; a script never waits for an answer."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm(question)
