"""``connect``, ``backfill``, ``level``, ``remap``, ``plan …``, ``apply``: what waits for a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands import retention
from sdsync.cli.options import command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.store.records import Plan
    from sdsync.sync.plans.scene import Scene

SyncArg = Annotated[str, typer.Argument(metavar="SYNC", help="A sync of sdsync.toml.")]
#: Kind of a plan that is about the store and about no sync.
RETENTION = "retention"
PlanArg = Annotated[str, typer.Argument(metavar="PLAN", help="As listed: p-19.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(connect)
    command(app)(backfill)
    command(app)(level)
    command(app)(remap)
    group = typer.Typer(help="What would be joined, let in or levelled.", no_args_is_help=True)
    command(group, "list")(listing)
    command(group)(show)
    command(group)(approve)
    command(group)(drop)
    app.add_typer(group, name="plan")
    command(app)(apply)


# -- making ---------------------------------------------------------------------------
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
) -> Code:
    """Plan to end what agreed to differ, as one system shows it.

    What was left unequal when records were joined, and what was let be since.
    """
    from sdsync.sync.plans import levelling

    systems = _between(session, sync, None, whole=True)
    if system not in systems:
        raise CommandError(
            f"{sync} has no system {system}; it has {', '.join(systems)}",
            cure=f"sdsync level {sync} --as {systems[0]}",
            code=Code.USAGE,
        )
    return _planned(session, sync, systems, lambda scene: levelling.as_shown(scene, system))


def remap(session: Session, sync: SyncArg) -> Code:
    """Plan what a changed mapping would alter in records that are shared already.

    A new mapping alone edits nothing: what it would write awaits this plan.
    """
    from sdsync.sync.plans import levelling

    systems = _between(session, sync, None, whole=True)
    return _planned(session, sync, systems, levelling.remapped)


def _planned(
    session: Session, sync: str, systems: tuple[str, ...], make: Callable[[Scene], Plan]
) -> Code:
    from sdsync.cli.looks import plans
    from sdsync.cli.screens import plans as screen

    with _scene(session, sync, systems) as scene:
        plan = make(scene)
    look = plans.look(session.store, plan, only="ambiguous")
    session.show(look, screen.draw_new(look, session.now, session.out.width))
    return _code(look.waiting, look.counts.get("ambiguous", 0))


# -- looking and approving ---------------------------------------------------------------
def listing(session: Session) -> Code:
    """List all plans, the newest first."""
    from sdsync.cli.looks import plans
    from sdsync.cli.screens import plans as screen

    found = plans.listing(session.store)
    session.show(found, screen.draw_list(found, session.now, session.out.width))
    return Code.CHANGES if any(one.waiting for one in found) else Code.FINE


def show(
    session: Session,
    plan: PlanArg,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="WHICH",
            help="certain, ambiguous, joined already, alone, left out, done, refused.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All lines.")] = False,
) -> Code:
    """Show one plan and its lines.

    What is alone or joined already only where it is asked for.
    """
    from sdsync.cli.looks import plans
    from sdsync.cli.screens import plans as screen
    from sdsync.cli.screens import retention as retention_screen
    from sdsync.store.records import LineState, Verdict

    words = [*(one.value for one in Verdict), *(one.value for one in LineState)]
    only = only.replace("-", " ") if only else None
    if only is not None and only not in words:
        raise CommandError(
            f"no line is {only}; there are {', '.join(dict.fromkeys(words))}",
            cure=f"sdsync plan show {plan}",
            code=Code.USAGE,
        )
    limit = 10**9 if everything or session.as_json else plans.SHOWN
    look = plans.look(session.store, _found(session, plan), only=only, limit=limit)
    draw = retention_screen.draw if look.kind == RETENTION else screen.draw
    session.show(look, draw(look, session.now, session.out.width))
    return _code(look.waiting, look.states.get("refused", 0))


def approve(
    session: Session,
    plan: PlanArg,
    without: Annotated[
        list[int] | None,
        typer.Option(
            "--without",
            metavar="LINE",
            min=1,
            max=2**31,
            help="Leave this line out; more than once.",
        ),
    ] = None,
) -> None:
    """Put your name under a plan; then it may be carried out."""
    from sdsync.cli.page import cure, line
    from sdsync.cli.words import count
    from sdsync.store.records import LineState
    from sdsync.sync.plans import keeping

    _found(session, plan)
    left_out = frozenset(without or ())
    approved = keeping.approve(session.store, plan, session.by, session.utc, without=left_out)
    waiting = sum(1 for _ in keeping.lines(session.store, plan, state=LineState.WAITING))
    told = f"{plan} is approved by {session.by}: {count(waiting, 'line')}"
    told += f", without {count(len(left_out), 'line')}" if left_out else ""
    session.show(approved, [line(told), cure(f"sdsync apply {plan}")])


def drop(session: Session, plan: PlanArg) -> None:
    """Carry out nothing more of a plan; what was done stays."""
    from sdsync.cli.page import cure, line
    from sdsync.sync.plans import keeping

    _found(session, plan)
    dropped = keeping.drop(session.store, plan, session.by, session.utc)
    session.show(dropped, [line(f"{plan} is dropped"), cure("sdsync plan list")])


# -- carrying out ---------------------------------------------------------------------------
def apply(session: Session, plan: PlanArg) -> Code:
    """Carry out an approved plan.

    Broken off, the same command goes on. A line whose record changed since the
    plan was made is left alone, and told.
    """
    from sdsync.cli.looks import plans
    from sdsync.cli.page import cure, line
    from sdsync.cli.screens import plans as screen
    from sdsync.sync.plans import applying

    if _found(session, plan).kind == RETENTION:
        return retention.apply(session, plan)
    made = _ready(session, plan)
    if not plans.look(session.store, made, limit=0).waiting:
        applying.close(session.store, plan, session.by, session.utc)
        told = f"{plan}: nothing of it waits"
        session.show({"plan": plan, "done": 0, "refused": [], "left": 0}, [line(told)])
        return Code.FINE
    systems = tuple(made.mappings)
    with _scene(session, made.sync, systems) as scene:
        run = applying.apply(scene, plan)
    page = screen.draw_applied(run, made.kind, session.out.width)
    if run.refused:
        page.append(cure(f"sdsync plan show {plan} --only refused"))
        again = f"sdsync {made.kind} {made.sync} {made.how}"
        page.append(cure(again))
    if run.left:
        page.append(cure(f"sdsync apply {plan}"))
    session.show(run, page if run.refused or run.left else [*page, cure("sdsync status")])
    return Code.NEEDS_YOU if run.refused or run.left else Code.FINE


def _ready(session: Session, plan: str) -> Plan:
    """The plan, if it may be carried out; else what to type first."""
    from sdsync.store.records import PlanState

    found = _found(session, plan)
    if found.sync not in session.config.syncs:
        raise CommandError(f"{found.sync} is not configured any more", cure="sdsync plan list")
    if gone := sorted(set(found.mappings) - set(session.config.syncs[found.sync].systems)):
        told = f"{found.sync} has no {' and no '.join(gone)} any more"
        raise CommandError(told, cure=f"sdsync plan drop {plan}")
    if found.state is PlanState.OPEN:
        raise CommandError(f"{plan} is not approved", cure=f"sdsync plan approve {plan}")
    if found.state in (PlanState.MAKING, PlanState.DROPPED):
        words = "was never finished" if found.state is PlanState.MAKING else "was dropped"
        again = f"sdsync {found.kind} {found.sync} {found.how}"
        raise CommandError(f"{plan} {words}", cure=again)
    return found


def _found(session: Session, plan: str) -> Plan:
    found = session.store.plan(plan)
    if found is None:
        raise CommandError(f"no plan is called {plan}", cure="sdsync plan list")
    return found


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


def _code(waiting: int, for_a_person: int) -> Code:
    if waiting:
        return Code.CHANGES
    return Code.NEEDS_YOU if for_a_person else Code.FINE


@contextmanager
def _scene(session: Session, sync: str, systems: tuple[str, ...]) -> Iterator[Scene]:
    """The sync's systems, read within their budgets, with a bar on a terminal meanwhile."""
    import time

    from sdsync.sync.assemble import assemble
    from sdsync.sync.plans.scene import opened

    engine = assemble(session.config, session.store)
    with (
        session.waiting() as bar,
        opened(engine, sync, session.by, time.sleep, bar.told, systems) as scene,
    ):
        yield scene
