"""The door to the mappings: compiled, checked, tried on their examples, listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    from sdsync.config.model import Config
    from sdsync.mappings.check import Finding, Pair
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.mappings.examples import Ran


@dataclass(frozen=True, slots=True)
class RuleLook:
    """One rule in force. ``way`` is seen from the system."""

    kind: str
    field: str
    way: str
    native: str
    place: str


@dataclass(frozen=True, slots=True)
class WayLook:
    """How each status of one system arrives in another, and what comes back of it."""

    sync: str
    field: str
    source: str
    target: str
    pairs: Sequence[Pair]


def folder_of(config: Config) -> Path:
    """Where a site keeps its mapping files."""
    return config.path.parent / "mappings"


def compiled(config: Config, system: str, kind: str) -> CompiledMapping:
    """One mapping as it is in force.

    Raises:
        ConfigError: All problems of its files.
    """
    from sdsync.mappings.compile import compile_mapping

    settings = config.systems[system]
    return compile_mapping(
        system,
        settings.connector,
        kind,
        folder=folder_of(config),
        tables={name: config.table(name) for name in config.tables},
        name=settings.mapping,
    )


def tickets(config: Config) -> Mapping[str, CompiledMapping]:
    """Ticket mappings by system, without those that have problems."""
    found = {}
    for system in config.systems:
        try:
            found[system] = compiled(config, system, "ticket")
        except ConfigError:
            continue  # the screens show canonical values there; `mappings check` tells why
    return found


def problems(config: Config) -> Sequence[Problem]:
    """Everything that is wrong with mapping files, and with expressions that name fields."""
    from sdsync.sync.assemble import compile_all

    try:
        compile_all(config)
    except ConfigError as error:
        return error.problems
    return ()


def kinds(config: Config, system: str) -> tuple[str, ...]:
    """The kinds that are mapped for a system."""
    from sdsync.sync.assemble import kinds_of

    return kinds_of(config.systems[system].connector)


def rules(config: Config, system: str) -> Sequence[RuleLook]:
    """The rules in force for one system, all kinds."""
    looks = []
    for kind in kinds(config, system):
        mapping = compiled(config, system, kind)
        for name, way in mapping.fields.items():
            rule = mapping.rules[name]
            native = rule.path.text if rule.path is not None else "(constant)"
            looks.append(RuleLook(kind, name, str(way), native, rule.place))
    return looks


def findings(config: Config, systems: Sequence[str]) -> Sequence[Finding]:
    """Traps in the mappings of these systems: legal, but hardly meant."""
    from sdsync.mappings.check import check

    found = [
        one
        for system in systems
        for kind in kinds(config, system)
        for one in check(compiled(config, system, kind))
    ]
    return list(dict.fromkeys(found))


def ways(config: Config, systems: Sequence[str], field: str = "status") -> Iterator[WayLook]:
    """The table of both ways for each pair of systems that a sync joins."""
    from sdsync.mappings.check import both_ways

    mappings = tickets(config)
    for name, sync in config.syncs.items():
        for source, target in permutations(sync.systems, 2):
            if source in systems and {source, target} <= mappings.keys():
                pairs = both_ways(mappings[source], mappings[target], field)
                if pairs:
                    yield WayLook(name, field, source, target, pairs)


def examples(config: Config, systems: Sequence[str]) -> Sequence[Ran]:
    """Run every example of these systems' mappings."""
    from sdsync.mappings.examples import run_examples

    return [
        one
        for system in systems
        for kind in kinds(config, system)
        for one in run_examples(compiled(config, system, kind))
    ]
