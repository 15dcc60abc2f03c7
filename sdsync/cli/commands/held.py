"""``held list|show|choose|release``: what only a person can end."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands.choosing import choose
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Conflicts that wait for a choice.", no_args_is_help=True)
    command(group, "list")(listing)
    command(group)(show)
    command(group)(choose)
    command(group)(release)
    app.add_typer(group, name="held")


def listing(
    session: Session,
    group: Annotated[
        str | None,
        typer.Option("--group", help="Each record whose field group of this name is held."),
    ] = None,
) -> Code:
    """List everything that is held, the worst first.

    What is much is folded, by group and reason; JSON has every record.
    """
    from sdsync.cli.looks import held as looks
    from sdsync.cli.screens import held as screen
    from sdsync.config.vocabulary import group_of

    found = looks.listing(session.store)
    if group is not None:
        found = [one for one in found if one.group == group_of(group)]
        if not found:
            raise CommandError(f"no {group} is held", cure="sdsync held list")
    each = group is not None
    session.show(found, screen.draw_list(found, session.now, session.out.width, each=each))
    return Code.NEEDS_YOU if found else Code.FINE


def show(
    session: Session,
    ref: Annotated[str, typer.Argument(metavar="REF|CAUSE", help="A record, or a held cause.")],
    as_diff: Annotated[
        bool, typer.Option("--diff", help="Texts as a diff, not beside each other.")
    ] = False,
) -> Code:
    """Show who would have what on one record, and since when."""
    from sdsync.cli.looks import dead, held
    from sdsync.cli.screens import held as screen

    cause = dead.pick(session.store, ref)
    hub_id = None if cause else session.share(ref).hub.id
    found = held.matching(session.store, hub_id, cause.id if cause else None)
    if not found:
        raise CommandError(f"nothing of {ref} is held", cure="sdsync held list")
    session.show(found, screen.draw_detail(found, session.now, session.out.width, as_diff=as_diff))
    return Code.NEEDS_YOU


def release(
    session: Session,
    cause: Annotated[str, typer.Argument(metavar="CAUSE", help="The held deletions, as listed.")],
) -> None:
    """Say that records which are gone in number shall be gone; each is read once more."""
    from sdsync.cli.looks import dead
    from sdsync.cli.page import line
    from sdsync.cli.words import count
    from sdsync.sync.persons import recovery

    named = dead.pick(session.store, cause)
    if named is None or named.kind != "held":
        raise CommandError(f"no deletions are held as {cause}", cure="sdsync held list")
    freed = len(recovery.release(session.store, named.id, session.by, session.utc))
    told = f"{count(freed, 'record')} may be gone: each is read once more"
    session.show({"released": freed}, [line(told)])
