"""From configuration to a running engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from random import Random, SystemRandom

from sdsync.config.clock import Clock, SystemClock
from sdsync.config.model import Config, SyncConfig, SystemConfig
from sdsync.config.problems import ConfigError, Problem
from sdsync.config.tables import Table
from sdsync.config.vocabulary import FIELDS, PLACE_WORDS
from sdsync.connectors import registry
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.expressions import (
    Expression,
    ExpressionError,
    compile_expression,
    compile_template,
)
from sdsync.mappings.people import PeopleTable
from sdsync.mappings.site import unread
from sdsync.ratelimit.lanes import LaneBudget
from sdsync.store.contract import Store
from sdsync.sync.core import Core, no_step
from sdsync.sync.model import PutRule, SyncPolicy
from sdsync.sync.systems import System

KINDS = ("ticket", "note", "attachment", "worklog")
NAMES: Mapping[str, str] = {**FIELDS, **dict.fromkeys(PLACE_WORDS, "text")}


def assemble(
    config: Config,
    store: Store,
    *,
    clock: Clock | None = None,
    rand: Random | None = None,
    steps: Callable[[str], None] = no_step,
    ring: Callable[[str], None] = no_step,
    fence: Callable[[str], bool] = lambda _lane: True,
) -> Core:
    """What an engine or a plan works with, of a checked configuration.

    Raises:
        ConfigError: A mapping file or expression is wrong; all problems at once.
    """
    tables = {name: config.table(name) for name in config.tables}
    mappings, syncs = compile_all(config)
    systems = {
        name: _system(one, mappings[name], tables, clock) for name, one in config.systems.items()
    }
    return Core(
        store,
        systems,
        syncs,
        clock=clock or SystemClock(),
        rand=rand or SystemRandom(),
        people=lambda known: people_of(known, config, tables),
        steps=steps,
        objectives=config.lag,
        ring=ring,
        fence=fence,
    )


def compile_all(
    config: Config,
) -> tuple[dict[str, dict[str, CompiledMapping]], dict[str, SyncPolicy]]:
    """Every mapping and expression of a configuration; its connectors are looked up too.

    Raises:
        ConfigError: What is wrong with any of them; all problems at once.
    """
    folder = config.path.parent / "mappings"
    tables = {name: config.table(name) for name in config.tables}
    names = {one.mapping or name for name, one in config.systems.items()}
    wanted = {f"{name}-{kind}.yaml" for name in names for kind in KINDS}
    problems = [*registry.problems(config), *unread(folder, wanted)]
    mappings: dict[str, dict[str, CompiledMapping]] = {}
    for name, system in config.systems.items():
        mappings[name] = {}
        for kind in kinds_of(system.connector):
            try:
                mappings[name][kind] = compile_mapping(
                    name, system.connector, kind, folder=folder, tables=tables, name=system.mapping
                )
            except ConfigError as error:
                problems.extend(error.problems)
    syncs = {name: _sync(one, config, tables, problems) for name, one in config.syncs.items()}
    if problems:
        raise ConfigError(problems)
    return mappings, syncs


def kinds_of(connector: str) -> tuple[str, ...]:
    """The kinds that are mapped for a product: worklogs where its connector makes them."""
    try:
        able = "worklog" in registry.capabilities(connector).create
    except LookupError:  # it is told with the problems of the file
        able = False
    return tuple(kind for kind in KINDS if kind != "worklog" or able)


def _system(
    config: SystemConfig,
    mappings: Mapping[str, CompiledMapping],
    tables: Mapping[str, Table],
    clock: Clock | None,
) -> System:
    return System(
        name=config.name,
        connect=lambda: registry.create(config.name, config, clock=clock),
        capabilities=registry.capabilities(config.connector),
        mappings=mappings,
        audiences={key: one.audience for key, one in config.places.items() if one.audience},
        tenants={key: one.tenant for key, one in config.places.items() if one.tenant},
        address=config.url,
        poll_s=config.poll_s,
        deadline_s=config.deadline_s,
        budget=LaneBudget(config.calls_at_once, config.per_minute),
    )


def _sync(
    config: SyncConfig, whole: Config, tables: Mapping[str, Table], problems: list[Problem]
) -> SyncPolicy:
    """A sync with its expressions compiled; what is wrong with them joins ``problems``."""

    def compiled(text: str, make: Callable[[], Expression], *path: str) -> Expression | None:
        try:
            return make()
        except ExpressionError as error:
            place = whole.place("syncs", config.name, *path)
            line, column = (place.value_line, place.value_column) if place else (1, 1)
            where = f"syncs.{config.name}.{path[1]}.{path[0]}"
            told = str(error)
            if error.line == 1 and "\n" not in text:
                column += text.find(error.text) + error.column  # and one quote
                told = error.message
            problems.append(
                Problem(str(whole.path), line, column, where, told, nearest=error.nearest)
            )
            return None

    take, put = {}, {}
    for system, text in config.take.items():
        make = partial(compile_expression, text, fields=NAMES, tables=tables, condition=True)
        found = compiled(text, make, "take", system)
        if found is not None:
            take[system] = found
    for system, values in config.put.items():
        literals, computed = {}, {}
        for key, value in values.items():
            name = "place" if key in PLACE_WORDS else key
            if isinstance(value, str) and value.lstrip().startswith("="):
                make = partial(compile_template, value, fields=NAMES, tables=tables)
                found = compiled(value, make, "put", system, key)
                if found is not None:
                    computed[name] = found
            else:
                literals[name] = value
        put[system] = PutRule(literals, computed)
    return SyncPolicy(
        name=config.name,
        systems=config.systems,
        take=take,
        put=put,
        mode=config.mode,
        fields=config.fields,
        match=config.match,
        notes=config.notes,
        worklogs=config.worklogs,
        closes=config.closes,
        on_refused=config.on_refused,
        on_delete=config.on_delete,
        on_leave=config.on_leave,
        delete_limit=config.delete_limit,
        delete_limit_percent=config.delete_limit_percent,
        mail=config.mail,
        file_limit_bytes=config.file_limit_bytes,
        owner_silent_s=config.owner_silent_s,
    )


def people_of(store: Store, config: Config, tables: Mapping[str, Table]) -> PeopleTable:
    """Who is who: what the systems told, and the site's own table where one is named."""
    ours = {name: store.system(name).info.get("account") for name in config.systems}
    # Our accounts are nobody: products add us as watchers of what we touch.
    rows = [row for name in config.systems for row in store.people(name) if row.login != ours[name]]
    explicit = {name: tables[one.people] for name, one in config.systems.items() if one.people}
    teams = {name: tables[one.teams] for name, one in config.systems.items() if one.teams}
    return PeopleTable(rows, explicit, teams)
