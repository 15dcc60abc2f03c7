"""``plan list|show|approve|drop`` and ``apply``: what waits for a name, and carrying it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands import retention
from sdsync.cli.options import command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.store.records import Plan
    from sdsync.sync.plans.scene import Scene

#: Kind of a plan that is about the store and about no sync.
RETENTION = "retention"
PlanArg = Annotated[str, typer.Argument(metavar="PLAN", help="As listed: p-19.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What would be joined, let in or levelled.", no_args_is_help=True)
    command(group, "list")(listing)
    command(group)(show)
    command(group)(approve)
    command(group)(drop)
    app.add_typer(group, name="plan")
    command(app)(apply)


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
    look = plans.look(session.store, found(session, plan), only=only, limit=limit)
    draw = retention_screen.draw if look.kind == RETENTION else screen.draw
    session.show(look, draw(look, session.now, session.out.width))
    return code_of(look.waiting, look.states.get("refused", 0))


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

    _in_force(session, found(session, plan))
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

    found(session, plan)
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

    if found(session, plan).kind == RETENTION:
        return retention.apply(session, plan)
    made = _ready(session, plan)
    if not plans.look(session.store, made, limit=0).waiting:
        applying.close(session.store, plan, session.by, session.utc)
        told = f"{plan}: nothing of it waits"
        session.show({"plan": plan, "done": 0, "refused": [], "left": 0}, [line(told)])
        return Code.FINE
    systems = tuple(made.mappings)
    with scene_of(session, made.sync, systems) as scene:
        run = applying.apply(scene, plan)
    page = screen.draw_applied(run, made.kind, session.out.width)
    if run.refused:
        page.append(cure(f"sdsync plan show {plan} --only refused"))
        page.append(cure(again(made)))
    if run.left:
        page.append(cure(f"sdsync apply {plan}"))
    session.show(run, page if run.refused or run.left else [*page, cure("sdsync status")])
    return Code.NEEDS_YOU if run.refused or run.left else Code.FINE


def _ready(session: Session, plan: str) -> Plan:
    """The plan, if it may be carried out; else what to type first."""
    from sdsync.store.records import PlanState

    made = found(session, plan)
    if made.sync not in session.config.syncs:
        raise CommandError(f"{made.sync} is not configured any more", cure="sdsync plan list")
    if gone := sorted(set(made.mappings) - set(session.config.syncs[made.sync].systems)):
        told = f"{made.sync} has no {' and no '.join(gone)} any more"
        raise CommandError(told, cure=f"sdsync plan drop {plan}")
    if made.state is PlanState.OPEN:
        raise CommandError(f"{plan} is not approved", cure=f"sdsync plan approve {plan}")
    if made.state in (PlanState.MAKING, PlanState.DROPPED):
        words = "was never finished" if made.state is PlanState.MAKING else "was dropped"
        raise CommandError(f"{plan} {words}", cure=again(made))
    _in_force(session, made)
    return made


def _in_force(session: Session, plan: Plan) -> None:
    """What is approved and applied is read by the mappings that are in force."""
    from sdsync.sync.plans import keeping

    if why := keeping.foreign(session.store, plan):
        from sdsync.cli import mended

        cure = mended.activation(session.config, plan, why[0]) or again(plan)
        raise CommandError(why[1], cure=cure)


def found(session: Session, plan: str) -> Plan:
    """The plan that somebody typed."""
    made = session.store.plan(plan)
    if made is None:
        raise CommandError(f"no plan is called {plan}", cure="sdsync plan list")
    return made


def again(plan: Plan) -> str:
    """The command that makes the plan once more."""
    about = plan.how if plan.kind == "undo" else f"{plan.sync} {plan.how}".rstrip()
    return f"sdsync {plan.kind} {about}"


def code_of(waiting: int, for_a_person: int) -> Code:
    """How a command about a plan ends."""
    if waiting:
        return Code.CHANGES
    return Code.NEEDS_YOU if for_a_person else Code.FINE


@contextmanager
def scene_of(
    session: Session,
    sync: str,
    systems: tuple[str, ...],
    mended: Mapping[str, CompiledMapping] = MappingProxyType({}),
) -> Iterator[Scene]:
    """The sync's systems, read within their budgets, with a bar on a terminal meanwhile.

    ``mended``: mappings of tickets, by system, in place of those in force.
    """
    import time

    from sdsync.sync.assemble import assemble
    from sdsync.sync.plans.scene import opened

    core = assemble(session.config, session.store)
    for name, mapping in mended.items():
        system = core.systems[name]
        system.mappings = {**system.mappings, mapping.kind: mapping}
    with (
        session.waiting() as bar,
        opened(core, sync, session.by, time.sleep, bar.told, systems) as scene,
    ):
        yield scene
