"""``store upgrade|verify|backup|restore|trust|reencrypt``: the database behind it all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import AnchorFile, command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.store.backups import Backup


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database behind it all.", no_args_is_help=True)
    for work in (upgrade, verify, backup, restore, trust, reencrypt):
        # The store is looked after with what is left of a file that was cut off, too.
        command(group, whole=False)(work)
    app.add_typer(group, name="store")


def upgrade(session: Session) -> None:
    """Bring the tables to this version; data stays."""
    from sdsync.cli import rooms
    from sdsync.cli.page import line

    told = rooms.upgrade_store(session.config)
    session.show({"upgraded": told}, [line(told)])


def verify(session: Session, anchor: AnchorFile = None) -> None:
    """Check that the database is whole, of this version, and opens with its key.

    Every page, what rows point at, all that is sealed, the whole audit trail, and its
    heads as they were noted elsewhere.
    """
    from sdsync.cli import rooms
    from sdsync.cli.page import GOOD, line

    report = rooms.verify_store(session.config, anchor or session.config.audit.anchor)
    told = f"the store is sound; {report.audit.records:,} audit records"
    session.show({"sound": True, "told": told, "rows": report.rows}, [line((told, GOOD))])


def backup(
    session: Session,
    to: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A new file, or a folder; beside the store if not."),
    ] = None,
) -> None:
    """Copy the database while sdsync runs, and read the copy whole.

    The key is not in it: keep that in another place. Of PostgreSQL: pg_dump.
    """
    from sdsync.cli import rooms
    from sdsync.cli.page import GOOD, cure, line, wrapped
    from sdsync.cli.words import size

    made = rooms.back_up_store(session.config, to, session.now)
    told = f"{size(made.size)}, read whole; {_trail(made, session)}"
    page = [
        line((str(made.path), GOOD)),
        *wrapped(line(), told, width=session.out.width),
        line("its key is not in it, nor are sdsync.toml and the mappings"),
        cure(f"sdsync store restore {made.path}"),
    ]
    session.show(made, page)


def restore(
    session: Session,
    backup: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read the backup.")] = False,
) -> Code:
    """Put a backup in the place of the database; what stands there is kept.

    sdsync has to be stopped. It makes nothing twice afterwards, and holds fields back until
    every system was read.
    """
    from sdsync.cli import rooms
    from sdsync.cli.page import cure, line, wrapped

    done = rooms.put_back_store(
        session.config, backup, by=session.by, now=session.utc, dry_run=dry_run
    )
    verb, width = "would be" if dry_run else "is", session.out.width
    told = f"the store {verb} as the backup has it: {_trail(done.backup, session)}"
    page = wrapped(line(), told, width=width)
    if dry_run:
        page.append(cure(f"sdsync store restore {backup}"))
        session.show(done, page)
        return Code.CHANGES
    if done.kept is not None:
        page.append(line(f"what stood there is kept as {done.kept}"))
    waits = "nothing is made twice, and fields wait, until every system was read"
    page += [*wrapped(line(), waits, width=width), cure("sdsync run")]
    session.show(done, page)
    return Code.FINE


def _trail(backup: Backup, session: Session) -> str:
    """``40,870 audit records, the newest of 02:00:09``."""
    from sdsync.cli.words import count, instant

    newest = backup.newest_at
    at = f", the newest of {instant(newest, session.now)}" if newest else ""
    return f"{count(backup.records, 'audit record')}{at}"


def trust(session: Session) -> None:
    """Say that this is the true store after a restore or a move: nothing waits any longer."""
    from sdsync.cli.page import GOOD, line
    from sdsync.sync.persons import commands

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
    from sdsync.sync.persons import commands

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
