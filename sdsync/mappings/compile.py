"""Compile a system's mapping of one kind: the site's file over the connector's pack."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from sdsync.config.problems import ConfigError, Problem, nearest_name, one_of, show
from sdsync.mappings.build import Builder
from sdsync.mappings.canonical import fields_of
from sdsync.mappings.contract import (
    NO_NAMES,
    UNKNOWN,
    Direction,
    People,
    Put,
    RecordNames,
    Unknown,
    Viewed,
)
from sdsync.mappings.files import (
    ALONE,
    Example,
    MappingFile,
    RawRule,
    Spot,
    read_mapping_file,
)
from sdsync.mappings.lenses.base import is_empty
from sdsync.mappings.merge import overlay
from sdsync.mappings.orders import Word
from sdsync.mappings.packed import pack, pack_names
from sdsync.mappings.paths import merged
from sdsync.mappings.rule import Rule
from sdsync.mappings.site import file_of
from sdsync.mappings.strangers import with_reporter
from sdsync.mappings.tables import Table, load_tables
from sdsync.mappings.teams import with_assignee
from sdsync.store.records import Json

#: Raised when the code reads native values in another way, so that law 7 notices.
LENSES_VERSION: Final = "2"
#: A file may extend a pack, and a pack another; more is a circle.
_LONGEST_CHAIN: Final = 4


class CompiledMapping:
    """One system's fields of one kind, both ways; see :class:`sdsync.mappings.contract.Mapping`.

    ``rules`` and ``examples`` are for the linter and the example runner;
    ``files`` are the files that it was made of, the uppermost first.
    """

    def __init__(
        self,
        system: str,
        kind: str,
        version: str,
        rules: Dict[str, Rule],
        *,
        files: Sequence[MappingFile] = (),
    ) -> None:
        self.system = system
        self.kind = kind
        self.version = version
        self.written = files[0].written if files else None
        self.rules = dict(rules)
        self.files = tuple(files)
        self.fields: Dict[str, Direction] = {
            name: rule.direction for name, rule in self.rules.items()
        }

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The examples of all files."""
        return tuple(example for file in self.files for example in file.examples)

    def paths(self, field: str) -> Sequence[str]:
        """Native paths that the field's rule reads; none for a constant or an unmapped field."""
        rule = self.rules.get(field)
        return () if rule is None or rule.path is None else (rule.path.text,)

    def place(self, field: str) -> str | None:
        """Where the field's rule stands."""
        return self.rules[field].place or None if field in self.rules else None

    def optional(self, field: str) -> bool:
        """Whether a place may lack the field: then it is left out at birth too, and said."""
        return field in self.rules and self.rules[field].optional

    def keep(self, native: Dict[str, Json]) -> dict[str, Json]:
        """The part of a native record that rules read."""
        return merged(rule.keep(native) for rule in self.rules.values())

    def extract(self, field: str, native: Dict[str, Json]) -> Json:
        """Native path -> value; a path that the record does not hold is left out."""
        rule = self.rules.get(field)
        return {} if rule is None else rule.extract(native)

    def orders(self, native: Dict[str, Json]) -> frozenset[Word]:
        """What stands among the tags; nothing without a rule for them."""
        rule = self.rules.get("tags")
        return frozenset() if rule is None else rule.orders(native)

    def get(
        self, field: str, native: Dict[str, Json], people: People, names: RecordNames = NO_NAMES
    ) -> Viewed:
        """The canonical value; UNKNOWN for a field without rule, or that the record lacks."""
        rule = self.rules.get(field)
        return UNKNOWN if rule is None else rule.get(native, self.system, people, names)

    def put(
        self,
        field: str,
        value: Json,
        *,
        seen: Dict[str, Json],
        hub: Dict[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Put:
        """The native patch; empty for a field without rule."""
        rule = self.rules.get(field)
        return Put() if rule is None else rule.put(value, seen, hub, self.system, people, names)

    def carry(self, field: str, *, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """An edit of a view, on the whole; None where it is for a person (law 8)."""
        rule = self.rules.get(field)
        if rule is None or is_empty(whole) or whole == old_view or is_empty(new_view):
            return new_view
        return rule.lens.carry(old_view, new_view, whole)

    def entering(self, field: str, value: Json, *, hub: Dict[str, Json]) -> dict[str, Json]:
        """A nested native patch; what an unknown input leaves open is left out."""
        rule = self.rules.get(field)
        demands = rule.entering.get(str(value), {}) if rule is not None else {}
        found = ((path, text.value(hub)) for path, text in demands.items())
        return merged(path.patch(one) for path, one in found if not isinstance(one, Unknown))


def compile_mapping(
    system_name: str,
    connector: str,
    kind: str,
    *,
    folder: Path | None,
    tables: Dict[str, Table | Path],
    name: str | None = None,
) -> CompiledMapping:
    """Read, lay over each other, check and compile.

    Args:
        system_name: As ``sdsync.toml`` declares it.
        connector: Whose pack is the ground.
        kind: ticket, note, attachment.
        folder: Of the site's mapping files; ``SYSTEM-KIND.yaml`` there goes first.
        tables: The site's tables, read or still as paths.
        name: Instead of the system's name, where the system says ``mapping = …``.

    Raises:
        ConfigError: All problems of all files, with file, line and column.
    """
    site = file_of(folder, name or system_name, kind) if folder is not None else None
    files = _files(site, f"{connector}/{kind}")
    loaded = load_tables(tables)
    raw: dict[str, RawRule] = {}
    for file in reversed(files):
        raw = overlay(raw, file.rules)
    builder = Builder(fields_of(kind), loaded)
    rules = {field: rule for field, one in raw.items() if (rule := builder.rule(one)) is not None}
    problems = [*(problem for file in files for problem in file.problems), *builder.problems]
    if problems:
        raise ConfigError(problems)
    version = _version(files, loaded)
    return CompiledMapping(
        system_name, kind, version, with_assignee(with_reporter(rules)), files=files
    )


def _files(site: Path | None, ground: str) -> list[MappingFile]:
    """The chain of files, the uppermost first; empty when there is neither file nor pack."""
    shipped = pack(ground)
    if site is None or not os.path.lexists(site):
        return _chain(read_mapping_file(*shipped)) if shipped else []
    if not site.is_file():  # nor a link to one: opening a pipe would wait for ever
        raise ConfigError([Problem(f"{site.parent.name}/{site.name}", 0, 0, "", "is no file")])
    file = read_mapping_file(site, f"{site.parent.name}/{site.name}", own=True)
    if file.extends is None and shipped:
        file.extends = ground  # a partial mapping adds to the defaults
    return _chain(file)


def _chain(file: MappingFile) -> list[MappingFile]:
    chain = [file]
    while (name := chain[-1].extends) is not None and name != ALONE:
        shipped = pack(name)
        if shipped is None or (len(chain) >= _LONGEST_CHAIN and chain[-1].extends_spot):
            raise ConfigError([*chain[-1].problems, _bad_extends(chain[-1], name, shipped)])
        chain.append(read_mapping_file(*shipped))
    return chain


def _bad_extends(file: MappingFile, name: str, shipped: object) -> Problem:
    spot = file.extends_spot or Spot(file.name, 1, 1)
    if shipped is not None:
        return spot.problem("extends", f"{show(name)}, which leads in a circle")
    names = pack_names()
    return spot.problem("extends", show(name), one_of([*names, ALONE]), nearest_name(name, names))


def _version(files: Sequence[MappingFile], tables: Dict[str, Table]) -> str:
    """A digest of the lenses' version, all files and all tables."""
    parts = [LENSES_VERSION, *(file.digest for file in files)]
    parts += [f"{name}={tables[name].digest}" for name in sorted(tables)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
