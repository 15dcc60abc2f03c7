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


def _wanted(session: Session, system: str | None) -> list[str]:
    if system is None:
        return list(session.systems)
    if system not in session.systems:
        raise CommandError(
            f"{session.path} has no system {system}; it has {', '.join(session.systems)}",
            cure="sdsync config",
        )
    return [system]
