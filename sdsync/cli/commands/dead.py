"""``dead list|show|replay``: what was refused, and trying it again."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session

CauseArg = Annotated[str, typer.Argument(metavar="CAUSE", help="A cause from `sdsync dead list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What was refused, by cause; replay it.", no_args_is_help=True)
    command(group, "list")(listing)
    command(group)(show)
    command(group)(replay)
    app.add_typer(group, name="dead")


def listing(session: Session) -> Code:
    """List every cause that something is parked for, the worst first."""
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.screens import dead as screen

    look = looks.listing(session.store)
    session.show(look, screen.draw_list(look, session.now, session.out.width))
    return Code.NEEDS_YOU if look.causes else Code.FINE


def show(
    session: Session,
    cause: CauseArg,
    limit: Annotated[int, typer.Option(min=1, help="Records to show.")] = 10,
) -> Code:
    """Show one cause: its records, and what differs there."""
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.screens import dead as screen

    found = looks.pick(session.store, cause)
    if found is None:
        raise CommandError(f"no open cause begins with {cause}", cure="sdsync dead list")
    look = looks.detail(session.store, found, limit=limit)
    session.show(look, screen.draw_detail(look, session.now, session.out.width))
    return Code.NEEDS_YOU


def replay(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="CAUSE|REF", help="A cause, a record, or all.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only show what would be tried again.")
    ] = False,
) -> Code:
    """Try again what is parked, with today's mapping and today's state."""
    from sdsync.cli.looks import dead as looks
    from sdsync.cli.looks import refs
    from sdsync.cli.page import clean, cure, ends, line
    from sdsync.cli.words import count
    from sdsync.config.vocabulary import spoken
    from sdsync.sync import recovery

    found = looks.pick(session.store, what)
    if found is None and "#" not in what and what != "all":
        raise CommandError(f"no open cause begins with {what}", cure="sdsync dead list")
    target = what if what == "all" else found.id if found else refs.name_of(session.share(what))
    members = recovery.replay(session.store, target, session.by, session.utc, dry_run=dry_run)
    rows = [
        (looks.name_of(hub, replica), str(hub.values.get("title") or "(no title)"),
         replica.system, group)
        for hub, replica, group in members
    ]  # fmt: skip
    if not rows:
        session.show({"replayed": [], "dry_run": dry_run}, [line(f"nothing is parked for {what}")])
        return Code.FINE
    verb = "would be tried again" if dry_run else "will be tried again"
    page = [line(f"{count(len(rows), 'field group')} {verb}")]
    for ref, title, system, group in rows[:20]:
        page.append(
            ends(line(f" {ref}  {clean(title)}"), f"{spoken(group)} in {system}", session.out.width)
        )
    if len(rows) > 20:
        page.append(line(f" and {len(rows) - 20:,} more"))
    page.append(cure(f"sdsync dead replay {what}" if dry_run else "sdsync status"))
    replayed = [
        {"ref": ref, "title": title, "system": system, "group": group}
        for ref, title, system, group in rows
    ]
    session.show({"replayed": replayed, "dry_run": dry_run}, page)
    return Code.CHANGES if dry_run else Code.FINE
