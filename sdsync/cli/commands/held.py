"""``held list|show|choose|release``: what only a person can end."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session

RefArg = Annotated[str, typer.Argument(metavar="REF", help="The record: desk#4711.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Conflicts that wait for a choice.", no_args_is_help=True)
    command(group, "list")(listing)
    command(group)(show)
    command(group)(choose)
    command(group)(release)
    app.add_typer(group, name="held")


def listing(session: Session) -> Code:
    """List everything that is held, the worst first."""
    from sdsync.cli.looks import held as looks
    from sdsync.cli.screens import held as screen

    found = looks.listing(session.store)
    session.show(found, screen.draw_list(found, session.now, session.out.width))
    return Code.NEEDS_YOU if found else Code.FINE


def show(
    session: Session,
    ref: Annotated[str, typer.Argument(metavar="REF|CAUSE", help="A record, or a held cause.")],
) -> Code:
    """Show the candidates of what is held on one record."""
    from sdsync.cli.looks import dead, held
    from sdsync.cli.screens import held as screen

    cause = dead.pick(session.store, ref)
    hub_id = None if cause else session.share(ref).hub.id
    found = held.matching(session.store, hub_id, cause.id if cause else None)
    if not found:
        raise CommandError(f"nothing of {ref} is held", cure="sdsync held list")
    session.show(found, screen.draw_detail(found, session.now, session.out.width))
    return Code.NEEDS_YOU


def choose(
    session: Session,
    ref: RefArg,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The field group, as listed.")],
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Whose candidate it shall be.")],
) -> None:
    """End a conflict: the candidate of SYSTEM becomes the value everywhere."""
    from sdsync.cli.looks import held
    from sdsync.cli.page import cure, line
    from sdsync.config.vocabulary import group_of
    from sdsync.sync import choosing

    group, share = group_of(group), session.share(ref)
    found = [one for one in held.matching(session.store, share.hub.id, None) if one.group == group]
    if not found:
        raise CommandError(f"{group} of {ref} is not held", cure=f"sdsync held show {ref}")
    sides = [one.system for one in found[0].candidates]
    if sides and system not in sides:
        raise CommandError(
            f"{system} has no candidate for {group}; {' and '.join(sides)} have",
            cure=f"sdsync held show {ref}",
        )
    choosing.choose(session.store, share.hub.id, group, system, session.by, session.utc)
    told = {"ref": ref, "group": group, "system": system}
    page = [line(f"{group} of {ref} is what {system} says"), cure(f"sdsync trace {ref}")]
    session.show(told, page)


def release(
    session: Session,
    cause: Annotated[str, typer.Argument(metavar="CAUSE", help="The held deletions, as listed.")],
) -> None:
    """Say that records which are gone in number shall be gone; each is read once more."""
    from sdsync.cli.page import line
    from sdsync.cli.words import count
    from sdsync.sync import recovery

    freed = len(recovery.release(session.store, cause, session.by, session.utc))
    told = f"{count(freed, 'record')} may be gone: each is read once more"
    session.show({"released": freed}, [line(told)])
