"""A mended mapping file that is not in force yet: what it would alter is planned first."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli import rollback, translators
from sdsync.cli.codes import Code, CommandError

if TYPE_CHECKING:
    from sdsync.config.model import Config
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.store.records import Plan

_HOW = "--mapping"
_RELOAD = "sdsync reload"


def read(config: Config, path: Path, systems: tuple[str, ...]) -> dict[str, CompiledMapping]:
    """The file as each system would read it whose own mapping bears its name.

    Raises:
        CommandError: There is no such file, or no system of the sync would read it.
        ConfigError: All problems of the file.
    """
    from sdsync.mappings.compile import compile_mapping

    own = [one for one in rollback.every(config) if one.system in systems and one.kind == "ticket"]
    readers = [one.system for one in own if one.path.name == path.name]
    if not readers:
        names = ", ".join(dict.fromkeys(one.path.name for one in own))
        told = f"no system of the sync reads a file called {path.name}; they read {names}"
        raise CommandError(told, cure="sdsync mappings history", code=Code.USAGE)
    if not path.is_file():
        raise CommandError(f"there is no file {path}", cure=f"ls {shlex.quote(str(path.parent))}")
    tables = {name: config.table(name) for name in config.tables}
    return {
        name: compile_mapping(
            name, config.systems[name].connector, "ticket", folder=path.parent, tables=tables,
            name=config.systems[name].mapping,
        )
        for name in readers
    }  # fmt: skip


def how(path: Path) -> str:
    """The option, as the plan keeps it."""
    return f"{_HOW} {shlex.quote(str(path))}"


def activation(config: Config, plan: Plan, system: str) -> str | None:
    """What puts the mapping in force that a plan was made with; None: it is nowhere any more."""
    if translators.compiled(config, system, "ticket").version == plan.mappings[system]:
        return _RELOAD
    if not plan.how.startswith(_HOW):
        return None
    file = Path(shlex.split(plan.how)[1])
    there = translators.folder_of(config)
    return f"cp {shlex.quote(str(file))} {shlex.quote(str(there))}/, then {_RELOAD}"
