"""``run``: the daemon, and for trying it out the two sandboxes beside it. ``reload``."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(run)
    command(app)(reload)


def run(
    session: Session,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox", help="Start the two sandboxes beside it.")
    ] = False,
) -> Code:
    """Run the daemon until it is told to stop (Ctrl-C, SIGTERM)."""
    from sdsync.cli import serving

    return Code(serving.serve(session, with_sandbox=with_sandbox))


def reload(session: Session) -> None:
    """Let the daemon read its settings, mappings and tables anew; no webhook is refused."""
    from sdsync.cli import reloading
    from sdsync.cli.page import cure, line

    edited = reloading.put_in_force(session.config)
    told = f"sdsync runs on {', '.join(edited)} now" if edited else "nothing is edited"
    session.show({"in_force": list(edited)}, [line(told), cure("sdsync status")])
