"""``run``: the daemon, and for trying it out the two sandboxes beside it."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(run)


def run(
    session: Session,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox", help="Start the two sandboxes beside it.")
    ] = False,
) -> Code:
    """Run the daemon until it is told to stop (Ctrl-C, SIGTERM)."""
    from sdsync.cli import serving

    return Code(serving.serve(session, with_sandbox=with_sandbox))
