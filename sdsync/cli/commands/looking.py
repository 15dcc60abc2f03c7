"""``status`` and ``trace``: what is, and how it came about."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(status)
    command(app)(trace)


def status(session: Session) -> Code:
    """Show what needs you, and how systems and syncs are doing."""
    from sdsync.cli import rooms
    from sdsync.cli.looks import status as looks
    from sdsync.cli.screens import status as screen

    config, now = session.config, session.now
    look = looks.look(session.store, config, now, rooms.house(config, session.store, now))
    session.show(look, screen.draw(look, session.out.width))
    return Code.NEEDS_YOU if look.needs else Code.FINE


def trace(
    session: Session,
    ref: Annotated[str, typer.Argument(help="The record: desk#4711, infra#882.")],
    all_rows: Annotated[
        bool, typer.Option("--all", help="Every field and every line, not only those that matter.")
    ] = False,
) -> Code:
    """Show one shared record: its sides, its fields, its story."""
    from sdsync.cli.looks import trace as looks
    from sdsync.cli.screens import trace as screen

    share = session.share(ref)
    systems = session.config.systems
    look = looks.look(session.store, share, session.mappings, systems=systems, all_rows=all_rows)
    session.show(look, screen.draw(look, session.now, session.out.width))
    return Code.NEEDS_YOU if look.needs else Code.FINE
