"""``console``: the screens and their commands by keys, for a terminal over ssh."""

from __future__ import annotations

import sys

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command; it runs the others of ``app``."""

    def console(session: Session) -> None:
        """Go through what needs you by keys; everything in it is also a command."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise CommandError(
                "the console needs a terminal", cure="sdsync status", code=Code.USAGE
            )
        from sdsync.cli.console.app import Console
        from sdsync.cli.console.running import Runner

        shown = Console(Runner(app, session))
        shown.run(mouse=False)  # it marks and copies, as in any other screen of a terminal
        if shown.bug is not None:
            raise shown.bug

    command(app)(console)
