"""``store upgrade|verify``: the database behind it all."""

from __future__ import annotations

import typer

from sdsync.cli.codes import Code
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database behind it all.", no_args_is_help=True)
    command(group)(upgrade)
    command(group)(verify)
    app.add_typer(group, name="store")


def upgrade(session: Session) -> None:
    """Bring the tables to this version; data stays."""
    from sdsync.cli import rooms
    from sdsync.cli.page import line

    told = rooms.upgrade_store(session.config)
    session.show({"upgraded": told}, [line(told)])


def verify(session: Session) -> Code:
    """Check that the database is whole and of this version."""
    from sdsync.cli import rooms
    from sdsync.cli.page import BAD, GOOD, line

    problems = rooms.verify_store(session.config, session.store)
    page = [line((one, BAD)) for one in problems] or [line(("the store is whole", GOOD))]
    session.show({"problems": problems}, page)
    return Code.FAILED if problems else Code.FINE
