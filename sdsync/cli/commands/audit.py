"""``audit show|export|verify|anchor``: the trail of every change, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import AnchorFile, command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdsync.store.anchors import AnchorReport
    from sdsync.store.exporting import Exported
    from sdsync.store.proof import Signer


_STANDARD_OUTPUT = Path("-")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The trail of every change.", no_args_is_help=True)
    command(group)(show)
    command(group)(export)
    command(group)(verify)
    command(group)(anchor)
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


def export(
    session: Session,
    to: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A new file; - is standard output, without a signature.",
            dir_okay=False,
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="From then on: 30d, or 2026-10-01."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="What was before then.")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", metavar="REF", help="Of one record: desk#4711.")
    ] = None,
    without_values: Annotated[
        bool, typer.Option("--without-values", help="Not what fields held before and after.")
    ] = False,
) -> Code:
    """Write the trail into a file that proves itself, elsewhere and without the store.

    JSON Lines, each bound to the one before. With audit.sign a signature lies beside it.
    """
    from sdsync.cli.screens import audit as screen
    from sdsync.cli.times import instant
    from sdsync.store.exporting import Wanted
    from sdsync.sync.persons import evidence

    begin = None if since is None else instant(since, session.now)
    end = None if until is None else instant(until, session.now)
    if begin is not None and end is not None and begin >= end:
        raise CommandError(
            "--since is not before --until: nothing would be in it",
            cure="sdsync audit export --help",
            code=Code.USAGE,
        )
    if record is not None and not record.strip():
        raise CommandError("--record names no record", cure="--record desk#4711", code=Code.USAGE)
    hub_id = None if record is None else session.share(record).hub.id
    wanted = Wanted(
        session.by,
        session.utc,
        since=begin,
        until=end,
        hub_id=hub_id,
        record=record,
        values=not without_values,
    )
    signer = None if to == _STANDARD_OUTPUT else _signer(session)

    def into(file: Path) -> Exported:
        with session.waiting() as bar:
            return evidence.export(
                session.sql, file, wanted, signer, lambda n: bar.told("exported", n, 0)
            )

    if to == _STANDARD_OUTPUT:
        done = _handed_out(session, into)
        session.err.page(screen.draw_handed_out(done, session.err.width))
    else:
        done = into(to)
        session.show(done, screen.draw_exported(done, session.out.width))
    return Code.FAILED if done.unsound else Code.FINE


def _handed_out(session: Session, into: Callable[[Path], Exported]) -> Exported:
    """An export on standard output: all of it, or nothing where the store fails on the way."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "export.jsonl"
        done = into(file)
        with file.open("rb") as whole:
            session.out.copy(whole)
    return done


def _signer(session: Session) -> Signer | None:
    ref = session.config.audit.sign
    if ref is None:
        return None
    from sdsync.store.signing import signer

    return signer(ref.reveal(), str(ref))


def verify(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="An export; the store's own trail when left out.", dir_okay=False
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="PUBLIC", help="Who must have signed it, as PEM.", dir_okay=False
        ),
    ] = None,
    anchor: AnchorFile = None,
) -> Code:
    """Find what was changed, put in, moved or taken out, and a tail that was cut.

    An export needs neither the store nor sdsync.toml.
    """
    if file is not None:
        return _verify_file(session, file, key, anchor)
    from sdsync.cli.screens import audit as screen

    if key is not None:
        raise CommandError(
            "--key is of an export", cure="sdsync audit verify FILE --key PUBLIC", code=Code.USAGE
        )
    report = session.sql.verify()
    heads = _heads(session, anchor)
    told = report if heads is None else {"trail": report, "anchors": heads}
    session.show(told, screen.draw_trail(report, heads, session.out.width))
    return Code.FINE if report.ok and (heads is None or heads.ok) else Code.FAILED


def _heads(session: Session, anchor: Path | None) -> AnchorReport | None:
    where = anchor or session.config.audit.anchor
    return None if where is None else session.sql.check_anchors(where)


def _verify_file(session: Session, file: Path, key: Path | None, anchor: Path | None) -> Code:
    from sdsync.cli.screens import audit as screen
    from sdsync.store import proof, signing
    from sdsync.store.anchors import compare

    expected = None if key is None else signing.public_key(key)
    found = proof.examine(file, None if anchor is None else compare(anchor))
    signing.check(found, expected)
    session.show(found, screen.draw_proof(found, expected is not None, session.out.width))
    return Code.FINE if found.ok else Code.FAILED


def anchor(
    session: Session,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Add it to a file.", dir_okay=False),
    ] = None,
) -> None:
    """Tell the trail's head on one line, to be kept where nobody who has the store can write.

    sdsync notes it itself, every audit.anchor_every, where audit.anchor says.
    """
    from sdsync.cli.page import GOOD, cure, line
    from sdsync.store.anchors import append

    session.sql.seal()
    noted = session.sql.anchor(session.utc)
    if noted is None:
        raise CommandError("the trail is empty, or the store suspect", cure="sdsync store verify")
    head, text = noted
    if to is None:
        session.out.write(text.decode())
        return
    append(to, text)
    told = f"{to}: the trail up to record {head.seq:,}"
    session.show(head, [line((told, GOOD)), cure(f"sdsync audit verify --anchor {to}")])
