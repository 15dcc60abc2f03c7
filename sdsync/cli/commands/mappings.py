"""``mappings check|test|show``: the files that say how fields translate."""

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
    for work in (check, test, show):
        command(group)(work)
    app.add_typer(group, name="mappings")


def check(session: Session, system: NameArg = None) -> Code:
    """Check mapping files: all problems at once, then what cannot be said on the other side."""
    from sdsync.cli import translators
    from sdsync.cli.page import line
    from sdsync.config.problems import ConfigError

    wanted = _wanted(session, system)
    problems = translators.problems(session.config)
    if problems:
        if not session.as_json:
            raise ConfigError(problems)
        session.out.json({"problems": problems})
        return Code.FAILED
    findings = translators.findings(session.config, wanted)
    page = [line(f"mappings of {', '.join(wanted)}: fine"), *(line(one) for one in findings)]
    session.show({"problems": [], "findings": findings}, page)
    return Code.FINE


def test(session: Session, system: NameArg = None) -> Code:  # noqa: PT028 - a command, no test
    """Run the examples that mapping files carry."""
    from sdsync.cli import translators
    from sdsync.cli.page import BAD, GOOD, line
    from sdsync.cli.words import count

    outcomes = translators.examples(session.config, _wanted(session, system))
    failed = [one for one in outcomes if one.problem]
    page = [line((f"{one.place}: {one.problem}", BAD)) for one in failed]
    passed = len(outcomes) - len(failed)
    page.append(
        line((f"{count(passed, 'example')} passed, {len(failed)} failed", BAD if failed else GOOD))
    )
    session.show({"examples": outcomes, "failed": len(failed)}, page)
    return Code.FAILED if failed else Code.FINE


def show(
    session: Session,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Whose mapping.")],
) -> None:
    """Show the mapping in force: each field, its native path, its direction, its file and line."""
    from sdsync.cli import translators
    from sdsync.cli.page import Column, table

    (name,) = _wanted(session, system)
    rules = translators.rules(session.config, name)
    columns = (
        Column("FIELD"),
        Column("WAY"),
        Column("NATIVE", give=True, least=12),
        Column("FROM", give=True, least=12),
    )
    rows = [(one.field, one.way, one.native, one.place) for one in rules]
    session.show(rules, table(columns, rows, width=session.out.width))


def _wanted(session: Session, system: str | None) -> list[str]:
    if system is None:
        return list(session.systems)
    if system not in session.systems:
        raise CommandError(
            f"{session.path} has no system {system}; it has {', '.join(session.systems)}",
            cure="sdsync config",
        )
    return [system]
