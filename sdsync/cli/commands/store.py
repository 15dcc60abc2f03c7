"""``store upgrade|verify|trust|reencrypt``: the database behind it all."""

from __future__ import annotations

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database behind it all.", no_args_is_help=True)
    command(group)(upgrade)
    command(group)(verify)
    command(group)(trust)
    command(group)(reencrypt)
    app.add_typer(group, name="store")


def upgrade(session: Session) -> None:
    """Bring the tables to this version; data stays."""
    from sdsync.cli import rooms
    from sdsync.cli.page import line

    told = rooms.upgrade_store(session.config)
    session.show({"upgraded": told}, [line(told)])


def verify(session: Session) -> None:
    """Check that the database is whole, of this version, and opens with its key."""
    from sdsync.cli import rooms
    from sdsync.cli.page import GOOD, line

    told = rooms.verify_store(session.config)
    session.show({"sound": True, "told": told}, [line((told, GOOD))])


def trust(session: Session) -> None:
    """Say that this is the true store after a restore or a move: nothing waits any longer."""
    from sdsync.cli.page import GOOD, line
    from sdsync.sync import commands

    known = session.sql.identity()
    if known.suspect is None:
        session.show({"trusted": True, "epoch": known.epoch}, [line("the store is not suspect")])
        return
    told = commands.trust(session.sql, session.by, session.now)
    session.show(
        {"trusted": True, "epoch": told},
        [line((f"the store is trusted from now on, in epoch {told}", GOOD))],
    )


def reencrypt(session: Session) -> Code:
    """Encrypt with the current key what an older one did; broken off, it goes on where it was.

    The current key is the first one of `store.key`, or of the key file.
    """
    from sdsync.cli import rooms
    from sdsync.cli.page import BAD, GOOD, cure, line
    from sdsync.cli.words import count
    from sdsync.sync import commands

    store, err = session.sql, session.err
    if (other := rooms.key_in_use(session.config)) not in (None, store.key_id):
        raise CommandError(
            f"sdsync runs with key {other}, the first one configured is {store.key_id}",
            cure="restart sdsync, on every host, then the same command",
        )
    report = commands.reencrypt(
        store, session.by, session.utc,
        told=lambda name, rows: err.line(f"{name} {rows:,}") if err.stream.isatty() else None,
    )  # fmt: skip
    rows = sum(report.rows.values())
    page = [line((f"{count(rows, 'row')} encrypted anew with key {report.key}", GOOD))]
    page += [line((one, BAD)) for one in report.problems]
    if report.left:
        page.append(
            line((f"{count(report.left, 'row')} did not open and stayed as they were", BAD))
        )
        page.append(cure("sdsync store verify"))
    else:
        page.append(cure("take older keys out of store.key, then restart sdsync"))
    session.show(report, page)
    return Code.FAILED if report.left else Code.FINE
