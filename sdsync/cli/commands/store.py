"""``store upgrade|verify|trust``: the database behind it all."""

from __future__ import annotations

import typer

from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database behind it all.", no_args_is_help=True)
    command(group)(upgrade)
    command(group)(verify)
    command(group)(trust)
    app.add_typer(group, name="store")


def upgrade(session: Session) -> None:
    """Bring the tables to this version; data stays."""
    from sdsync.cli import rooms
    from sdsync.cli.page import line

    told = rooms.upgrade_store(session.config)
    session.show({"upgraded": told}, [line(told)])


def verify(session: Session) -> None:
    """Check that the database is whole, of this version, and opens with its key."""
    from sdsync.cli import rooms
    from sdsync.cli.page import GOOD, line

    told = rooms.verify_store(session.config)
    session.show({"sound": True, "told": told}, [line((told, GOOD))])


def trust(session: Session) -> None:
    """Say that this is the true store after a restore or a move: nothing waits any longer."""
    from sdsync.cli.page import GOOD, line
    from sdsync.sync import commands

    known = session.sql.identity()
    if known.suspect is None:
        session.show({"trusted": True, "epoch": known.epoch}, [line("the store is not suspect")])
        return
    told = commands.trust(session.sql, session.by, session.now)
    session.show(
        {"trusted": True, "epoch": told},
        [line((f"the store is trusted from now on, in epoch {told}", GOOD))],
    )
