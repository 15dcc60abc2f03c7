"""``audit show|verify``: the trail of every change, and whether it is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The trail of every change.", no_args_is_help=True)
    command(group)(show)
    command(group)(verify)
    app.add_typer(group, name="audit")


def show(
    session: Session,
    ref: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="One record; the newest when left out.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")] = 50,
) -> None:
    """Show who or what changed what, when, and why."""
    from sdsync.cli.looks import story
    from sdsync.cli.looks.people import People
    from sdsync.cli.screens import story as screen

    if ref is None:
        after = max(0, session.store.last_audit_seq() - limit)
        rows = list(session.store.audit(after_seq=after, limit=limit))
    else:
        hub_id = session.share(ref).hub.id
        rows = list(session.store.audit(hub_id=hub_id, limit=100_000))[-limit:]
    now, width, people = session.now, session.out.width, People(session.store)
    page = [
        screen.draw(
            story.tell(row, people), now, name=None if ref else story.name(row), width=width
        )
        for row in rows
    ]
    session.show(rows, page)


def verify(session: Session) -> Code:
    """Walk the sealed chain; a row that was changed or taken out is found."""
    from sdsync.cli.page import BAD, GOOD, line
    from sdsync.cli.words import count

    report = session.sql.verify()
    told = f"{count(report.records, 'record')}, {report.sealed:,} sealed, {report.erased:,} erased"
    page = [line((f"the trail is whole: {told}", GOOD))]
    if report.problem is not None:
        page = [line((f"the trail is not whole: {report.problem}", BAD)), line(told)]
    session.show(report, page)
    return Code.FINE if report.ok else Code.FAILED
