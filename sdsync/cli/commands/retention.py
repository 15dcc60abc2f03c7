"""``retention plan|apply``: what is kept no longer, as a plan with a name under it."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Remove what is kept no longer.", no_args_is_help=True)
    command(group)(plan)
    command(group)(apply)
    app.add_typer(group, name="retention")


def plan(session: Session) -> Code:
    """Count what is older than [retention] says; nothing is removed."""
    from sdsync.cli.looks import plans
    from sdsync.cli.screens import retention as screen
    from sdsync.sync.persons import retention

    if not session.config.retention.kept():
        raise CommandError(
            "everything is kept for ever: sdsync.toml has no [retention]",
            cure='audit = "400d" under [retention], then the same command',
        )
    made = retention.make(session.sql, session.config.retention, session.by, session.utc)
    look = plans.look(session.store, made, only=None)
    session.show(look, screen.draw(look, session.now, session.out.width))
    return Code.CHANGES if look.waiting else Code.FINE


def apply(
    session: Session, plan: Annotated[str, typer.Argument(metavar="PLAN", help="As listed: p-19.")]
) -> Code:
    """Carry out an approved plan; `sdsync apply` does the same.

    Broken off, the same command goes on. sdsync may run meanwhile.
    """
    from sdsync.cli.screens import retention as screen
    from sdsync.store.records import PlanState
    from sdsync.sync.persons import retention

    found = session.store.plan(plan)
    if found is None or found.kind != retention.KIND:
        raise CommandError(f"no plan of retention is called {plan}", cure="sdsync plan list")
    if found.state is PlanState.OPEN:
        raise CommandError(f"{plan} is not approved", cure=f"sdsync plan approve {plan}")
    if found.state in (PlanState.MAKING, PlanState.DROPPED):
        words = "was never finished" if found.state is PlanState.MAKING else "was dropped"
        raise CommandError(f"{plan} {words}", cure="sdsync retention plan")
    with session.waiting() as bar:
        done = retention.apply(
            session.sql, plan, session.by, session.utc,
            lambda what, rows: bar.told(what, rows, found.counts.get(what, 0)),
        )  # fmt: skip
    session.show(done, screen.draw_applied(done, session.out.width))
    return Code.FINE
