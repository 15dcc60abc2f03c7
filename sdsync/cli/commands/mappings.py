"""``mappings check|test|show|history|rollback``: the files that say how fields translate."""

from __future__ import annotations

from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session

NameArg = Annotated[
    str | None, typer.Argument(metavar="[SYSTEM]", help="One system; all when left out.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The files that translate fields.", no_args_is_help=True)
    for work in (check, test, show, history, rollback):
        command(group)(work)
    app.add_typer(group, name="mappings")


def check(session: Session, system: NameArg = None) -> Code:
    """Check mapping files, and show how statuses travel."""
    from sdsync.cli import translators
    from sdsync.cli.screens import mappings as screen
    from sdsync.config.problems import ConfigError

    wanted = _wanted(session, system)
    problems = translators.problems(session.config)
    if problems:
        if not session.as_json:
            raise ConfigError(problems)
        session.out.json({"problems": problems})
        return Code.FAILED
    findings = translators.findings(session.config, wanted)
    ways = list(translators.ways(session.config, wanted))
    page = screen.draw_check(wanted, findings, ways, session.out.width)
    session.show({"problems": [], "findings": findings, "ways": ways}, page)
    return Code.NEEDS_YOU if any(one.serious for one in findings) else Code.FINE


def test(session: Session, system: NameArg = None) -> Code:  # noqa: PT028 - a command, no test
    """Run the examples that mapping files carry."""
    from sdsync.cli import translators
    from sdsync.cli.screens import mappings as screen

    ran = translators.examples(session.config, _wanted(session, system))
    session.show({"examples": ran}, screen.draw_test(ran))
    return Code.FINE if all(one.passed for one in ran) else Code.FAILED


def show(
    session: Session,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Whose mapping.")],
) -> None:
    """Show the rules in force, each with its file and line."""
    from sdsync.cli import translators
    from sdsync.cli.screens import mappings as screen

    (name,) = _wanted(session, system)
    rules = translators.rules(session.config, name)
    session.show(rules, screen.draw_rules(rules, session.out.width))


def history(
    session: Session,
    mapping: Annotated[
        str | None, typer.Argument(metavar="[MAPPING]", help="dev-ticket; all when left out.")
    ] = None,
    diff: Annotated[
        int | None,
        typer.Option("--diff", metavar="N", min=1, help="The lines that version N changed."),
    ] = None,
) -> Code:
    """Show which version of a mapping was in force when, and who put it there.

    A file is a version from the start that reads it; by whom is whose file it was, or who
    rolled back.
    """
    from sdsync.cli import rollback as rolling
    from sdsync.cli.looks import versions as looks
    from sdsync.cli.screens import versions as screen

    wanted = [rolling.named(session.config, mapping)] if mapping else rolling.every(session.config)
    if diff is not None:
        told = rolling.changed(session, wanted, diff)
        session.show(told, screen.draw_change(told, session.out.width))
        return Code.FINE
    limit = 100 if mapping else 1
    found = [
        looks.look(session.store, one.mapping, one.file, one.present(), limit=limit)
        for one in wanted
    ]
    session.show(found, screen.draw(found, session.now, session.out.width))
    return Code.CHANGES if any(one.edited for one in found) else Code.FINE


def rollback(
    session: Session,
    mapping: Annotated[str, typer.Argument(metavar="MAPPING", help="As listed: dev-ticket.")],
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="N", min=1, help="Version N; else the one before."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
) -> Code:
    """Put a former version of a mapping back into its file, for the next reload.

    What stands there now is kept: in the history, or in a file beside.
    """
    from sdsync.cli import rollback as rolling
    from sdsync.cli.screens import versions as screen

    one = rolling.named(session.config, mapping)
    done = rolling.rollback(session, one, to, dry_run=dry_run)
    session.show(done, screen.draw_rolled(done, session.now, session.out.width))
    return Code.CHANGES if dry_run and done.changed else Code.FINE


def _wanted(session: Session, system: str | None) -> list[str]:
    if system is None:
        return list(session.systems)
    if system not in session.systems:
        raise CommandError(
            f"{session.path} has no system {system}; it has {', '.join(session.systems)}",
            cure="sdsync config",
        )
    return [system]
