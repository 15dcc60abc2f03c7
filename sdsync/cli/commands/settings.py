"""``check``, ``config``, ``schema``, ``connectors``, ``version``, ``completion``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import command
from sdsync.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for work in (check, config, schema, connectors, version, completion):
        command(app)(work)


def check(
    session: Session,
    system: Annotated[
        str | None,
        typer.Argument(metavar="[SYSTEM]", help="With --live: ask only this one."),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Also ask every system: version, account, clock, places, rights, fields."
        ),
    ] = False,
) -> Code:
    """Check configuration, secrets, tables and mappings."""
    from sdsync.cli import probing, translators
    from sdsync.cli.page import cure, line
    from sdsync.cli.screens import live as screen
    from sdsync.config.load import missing_secrets
    from sdsync.config.problems import ConfigError, in_file_order

    loaded = session.config
    problems = in_file_order([*missing_secrets(loaded), *translators.problems(loaded)])
    if problems:
        if not session.as_json:
            raise ConfigError(problems)
        session.out.json({"problems": problems})
        return Code.FAILED
    if system is not None and system not in loaded.systems:
        known = ", ".join(loaded.systems)
        raise CommandError(
            f"{session.path} has no system {system}; it has {known}", cure="sdsync check --live"
        )
    looks: list[probing.Probe] = []
    if live:
        with session.waiting() as bar:
            looks = probing.ask_all(loaded, bar.told, only=system, known=_known(session))
    syncs = ", ".join(f"{name} ({one.mode})" for name, one in loaded.syncs.items())
    page = [line(f"{session.path}: fine; systems {', '.join(loaded.systems)}; syncs {syncs}")]
    page += screen.draw(looks, session.out.width)
    failed = any(look.failed for look in looks)
    warned = any(look.warnings for look in looks)
    if not live:
        page.append(cure("sdsync check --live"))
    session.show({"problems": [], "systems": looks}, page)
    return Code.FAILED if failed else Code.NEEDS_YOU if warned else Code.FINE


def _known(session: Session) -> dict[str, str]:
    """Who each system was when the daemon last asked; nothing where none ran yet."""
    from contextlib import suppress

    from sdsync.store.dialect import StoreAway

    known: dict[str, str] = {}
    # What is wrong with the store is told by other commands; this one is about systems.
    with suppress(CommandError, StoreAway):
        for name in session.config.systems:
            if (identity := session.store.system(name).identity) is not None:
                known[name] = identity
    return known


def config(session: Session) -> None:
    """Print every setting in force, and where it comes from."""
    from sdsync.cli.page import Cell, Column, table
    from sdsync.config.effective import DEFAULT, effective

    settings = list(effective(session.config))
    rows = [
        (one.key, one.value, Cell(one.origin, "" if one.origin == DEFAULT else "cyan"))
        for one in settings
    ]
    columns = (Column("SETTING"), Column("VALUE", give=True, least=16), Column("FROM", give=True))
    session.show(settings, table(columns, rows, width=session.out.width))


def schema(session: Session) -> None:
    """Print the JSON Schema of sdsync.toml, for editors."""
    from sdsync.config.schema import json_schema

    session.out.json(json_schema())


def connectors(session: Session) -> Code:
    """List the products that sdsync speaks with, and the packages that add more."""
    from sdsync.cli.looks import connectors as looks
    from sdsync.cli.screens import connectors as screen

    look = looks.look()
    session.show(look, screen.draw(look, session.out.width))
    return Code.NEEDS_YOU if any(one.problem for one in look.values()) else Code.FINE


def version(session: Session) -> None:
    """Print the versions of sdsync and of what it runs on."""
    import platform
    import sqlite3

    from sdsync import __version__
    from sdsync.cli.page import line

    told = {
        "sdsync": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
    }
    rest = ", ".join(f"{name} {one}" for name, one in told.items() if name != "sdsync")
    session.show(told, [line(f"sdsync {__version__} ({rest})")])


def completion(
    session: Session,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Your shell.")],
) -> None:
    """Print the completion script of a shell."""
    from typer._completion_shared import get_completion_script  # the only place that has it

    script = get_completion_script(prog_name="sdsync", complete_var="_SDSYNC_COMPLETE", shell=shell)
    session.show({"shell": shell, "script": script}, [])
    if not session.as_json:
        session.out.line(script)
