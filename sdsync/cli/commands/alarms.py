"""``alarms``: who was told what, and whether the ways work."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session


class What(StrEnum):
    """What may be done with them."""

    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(alarms)


def alarms(
    session: Session,
    what: Annotated[
        What | None, typer.Argument(metavar="test", help="Send one by each way, and say.")
    ] = None,
) -> Code:
    """Show the alarms of now and the last that are over; or send one to try the ways."""
    return _try(session) if what is What.TEST else _show(session)


def _show(session: Session) -> Code:
    from sdsync.cli.looks import alarms as looks
    from sdsync.cli.screens import alarms as screen

    look = looks.look(session.store, session.config, session.now)
    session.show(look, screen.draw(look, session.out.width))
    return Code.NEEDS_YOU if look.now else Code.FINE


def _try(session: Session) -> Code:
    from sdsync.cli.looks import alarms as looks
    from sdsync.cli.screens import alarms as screen
    from sdsync.server.ways import ways_of

    ways = ways_of(session.config, session.store.identity().store_id)
    if not ways:
        told = "no way is set by which an alarm could leave"
        raise CommandError(told, cure="alarms.webhook or alarms.mail in sdsync.toml")
    tried = looks.tried(ways, session.utc)
    session.show(tried, screen.of_tries(tried, session.out.width))
    return Code.FAILED if any(one.trouble for one in tried) else Code.FINE
