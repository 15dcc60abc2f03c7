"""``connect``, ``backfill``, ``level``, ``remap``, ``undo``: plans are made, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands.plans import RETENTION, PlanArg, code_of, found, scene_of
from sdsync.cli.options import command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.store.records import Plan
    from sdsync.sync.plans.scene import Scene

SyncArg = Annotated[str, typer.Argument(metavar="SYNC", help="A sync of sdsync.toml.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for work in (connect, backfill, level, remap, undo):
        command(app)(work)


def connect(
    session: Session,
    sync: SyncArg,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="FIELD", help="Equal on both sides; or SYSTEM.PATH, the other's number."
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            "--pairs", metavar="FILE", help="A CSV file: each line a pair.", dir_okay=False
        ),
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="By title, reporter and time; held where in doubt.")
    ] = False,
    between: Annotated[
        str | None,
        typer.Option("--between", metavar="A,B", help="Which two systems, where there are more."),
    ] = None,
) -> Code:
    """Plan to join what already belongs together.

    Nothing is written. What differs between two records agrees to differ until somebody
    edits it.
    """
    from sdsync.sync.plans import connecting

    if (by is not None) + (pairs is not None) + guess != 1:
        raise CommandError(
            "say how: --by FIELD, --pairs FILE or --guess, one of them",
            cure=f"sdsync connect {sync} --by FIELD",
            code=Code.USAGE,
        )
    systems = _between(session, sync, between)

    def make(scene: Scene) -> Plan:
        if pairs is not None:
            from sdsync.config.pairs import read_pairs

            return connecting.listed(scene, read_pairs(pairs, str(pairs), systems), str(pairs))
        return connecting.by_field(scene, by) if by is not None else connecting.guessed(scene)

    return _planned(session, sync, systems, make)


def backfill(
    session: Session,
    sync: SyncArg,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="30d, 12h, or a date as 2026-10-01.")
    ],
) -> Code:
    """Plan to let in old records.

    Those that the sync would take, were they new. Closed ones are left out, and what
    may belong to a record that exists.
    """
    from sdsync.cli.times import instant
    from sdsync.sync.plans import backfilling

    at = instant(since, session.now)
    systems = _between(session, sync, None, whole=True)
    return _planned(session, sync, systems, lambda scene: backfilling.since(scene, at, since))


def level(
    session: Session,
    sync: SyncArg,
    system: Annotated[str, typer.Option("--as", metavar="SYSTEM", help="Whose values win.")],
    restored: Annotated[
        bool,
        typer.Option("--restored", help="Only what went back with a restored system, or is lost."),
    ] = False,
) -> Code:
    """Plan to end what agreed to differ, as one system shows it.

    What was left unequal when records were joined, what was let be since, and what a
    system shows that came back from a backup of its own.
    """
    from sdsync.sync.plans import levelling

    systems = _between(session, sync, None, whole=True)
    if system not in systems:
        raise CommandError(
            f"{sync} has no system {system}; it has {', '.join(systems)}",
            cure=f"sdsync level {sync} --as {systems[0]}",
            code=Code.USAGE,
        )
    return _planned(
        session,
        sync,
        systems,
        lambda scene: levelling.as_shown(scene, system, only_restored=restored),
    )


def remap(
    session: Session,
    sync: SyncArg,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="FILE",
            dir_okay=False,
            help="As if this dev-ticket.yaml were in force.",
        ),
    ] = None,
) -> Code:
    """Plan what a changed mapping would alter in records that are shared already.

    A new mapping alone edits nothing: what it would write awaits this plan. One of a FILE is
    seen before that is in force, and approved afterwards; below stands what it would make of
    what is parked.
    """
    from sdsync.sync.plans import levelling

    systems = _between(session, sync, None, whole=True)
    if mapping is None:
        return _planned(session, sync, systems, levelling.remapped)
    from sdsync.cli import mended

    read = mended.read(session.config, mapping, systems)
    how = mended.how(mapping)
    return _planned(session, sync, systems, lambda scene: levelling.remapped(scene, how), read)


def undo(session: Session, plan: PlanArg) -> Code:
    """Plan to take back what a plan did.

    What somebody changed since stays theirs. What was joined is parted; what was born stays.
    """
    from sdsync.sync.plans import undoing

    made = found(session, plan)
    if made.kind == RETENTION:
        raise CommandError(f"what {plan} took away is gone", cure=f"sdsync plan show {plan}")
    if why := undoing.obstacle(session.store, made):
        raise CommandError(why[0], cure=why[1])
    systems = _between(session, made.sync, None, whole=True)
    if gone := sorted(set(made.mappings) - set(systems)):
        told = f"{made.sync} has no {' and no '.join(gone)} any more"
        raise CommandError(told, cure="sdsync config")
    return _planned(
        session, made.sync, tuple(made.mappings), lambda scene: undoing.planned(scene, plan)
    )


def _planned(
    session: Session,
    sync: str,
    systems: tuple[str, ...],
    make: Callable[[Scene], Plan],
    mended: Mapping[str, CompiledMapping] | None = None,
) -> Code:
    from sdsync.cli.looks import plans
    from sdsync.cli.looks.mended import parked
    from sdsync.cli.screens import plans as screen
    from sdsync.cli.screens.mended import draw as draw_parked

    with scene_of(session, sync, systems, mended or {}) as scene:
        plan = make(scene)
    look = plans.made(session.store, plan)
    if mended:
        look = replace(look, parked=parked(session.store, mended, session.people))
    page = screen.draw_new(look, session.now, session.out.width)
    session.show(look, [*page, *draw_parked(look.parked, session.out.width)])
    return code_of(look.waiting, look.counts.get("ambiguous", 0))


def _between(
    session: Session, sync: str, between: str | None, *, whole: bool = False
) -> tuple[str, ...]:
    """The systems that the command is about: two, or for a backfill all of the sync."""
    config = session.config
    if sync not in config.syncs:
        names = ", ".join(config.syncs) or "none"
        raise CommandError(
            f"{session.path} has no sync {sync}; it has {names}", cure="sdsync config"
        )
    systems = config.syncs[sync].systems
    if between is None:
        if len(systems) > 2 and not whole:
            cure = f"the same with --between {','.join(systems[:2])}"
            raise CommandError(f"{sync} joins {', '.join(systems)}: say which two", cure=cure)
        return systems
    named = tuple(one.strip() for one in between.split(","))
    if len(named) != 2 or len(set(named)) != 2 or not set(named) <= set(systems):
        raise CommandError(
            f"--between names two of {', '.join(systems)}",
            cure=f"--between {','.join(systems[:2])}",
            code=Code.USAGE,
        )
    return named
