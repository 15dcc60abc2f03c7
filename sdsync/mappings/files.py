"""Mapping files: their syntax, read with every place, not yet judged.

A file says what it extends, its rules and its examples. What a rule means is
decided in :mod:`sdsync.mappings.build`, after files were laid over each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from pathlib import Path
from typing import Any, Final

from sdsync.config.places import Place, nearest
from sdsync.config.problems import KeyPath, Problem, dotted, nearest_name, one_of, show
from sdsync.config.yamlnodes import read_yaml
from sdsync.mappings.contract import Written
from sdsync.mappings.site import written
from sdsync.store.records import Json

TOP_KEYS: Final = ("extends", "fields", "examples")
RULE_KEYS: Final = (
    "at",
    "as",
    "table",
    "also",
    "direction",
    "entering",
    "by",
    "zone",
    "midnight",
    "format",
    "allow",
    "mentions",
    "nobody",
    "unknown",
    "max",
    "constant",
    "once",
    "optional",
)
EXAMPLE_KEYS: Final = ("name", "native", "canonical", "back", "born", "problem")
#: The value that takes a rule of the extended file away.
OFF: Final = "off"
#: The value of ``extends`` for a file that stands alone.
ALONE: Final = "nothing"
_SOMETHING: Final = "fields, extends or examples; to use the shipped pack alone, delete the file"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def problem(
        self, where: str, found: str, expected: str | None = None, nearest: str | None = None
    ) -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.column, where, found, expected, nearest)


@dataclass(frozen=True)
class Key:
    """One key of a rule: its value, where it stands, and where its own keys stand."""

    value: Any
    spot: Spot
    inner: Mapping[str, Spot] = default(default_factory=dict)

    def at(self, name: str) -> Spot:
        """Where an inner key stands, else where this one does."""
        return self.inner.get(name, self.spot)


@dataclass(frozen=True)
class RawRule:
    """A rule as written. ``off``: the extended file's rule is taken away."""

    field: str
    spot: Spot
    keys: Mapping[str, Key] = default(default_factory=dict)
    off: bool = False


@dataclass(frozen=True)
class Example:
    """One example; parts that were left out are None."""

    name: str
    spot: Spot
    native: Mapping[str, Json] = default(default_factory=dict)
    canonical: Mapping[str, Json] | None = None
    back: Json = None  # "unchanged", or the patch that writing ``canonical`` takes
    born: Mapping[str, Json] | None = None
    problem: str | None = None


@dataclass
class MappingFile:
    """A file as read; ``problems`` holds all that is wrong with its shape."""

    name: str
    digest: str
    written: Written | None = None  # of a site's own
    extends: str | None = None
    extends_spot: Spot | None = None
    rules: dict[str, RawRule] = default(default_factory=dict)
    examples: list[Example] = default(default_factory=list)
    problems: list[Problem] = default(default_factory=list)

    @property
    def says_nothing(self) -> bool:
        """Whether it is empty, or holds comments and keys without values alone."""
        return not (self.extends or self.rules or self.examples or self.problems)


def read_mapping_file(source: Path | str, name: str, *, own: bool = False) -> MappingFile:
    """Read a file (a path) or text. ConfigError only where nothing could be read at all.

    Args:
        source: What to read.
        name: What problems call it.
        own: It is a site's: what it says is kept, and whose it is.
    """
    data, places = read_yaml(source, name)  # bounds the size, and refuses what is no plain file
    raw = source.read_bytes() if isinstance(source, Path) else source.encode()
    found = _Reader(name, places).file(data, hashlib.sha256(raw).hexdigest())
    if own and found.says_nothing:
        # What an editor leaves on a full disk: in force, it would take every rule away.
        found.problems.append(Problem(name, 0, 0, "", "nothing", _SOMETHING))
    if own and isinstance(source, Path):
        found.written = written(source, raw.decode("utf-8"))
    return found


class _Reader:
    """Turns data and places into rules, and notes what does not fit."""

    def __init__(self, name: str, places: Mapping[KeyPath, Place]) -> None:
        self._name = name
        self._places = places
        self._problems: list[Problem] = []

    def file(self, data: Any, digest: str) -> MappingFile:
        found = MappingFile(self._name, digest, problems=self._problems)
        if not isinstance(data, dict):
            self._refuse((), show(data), "extends, fields and examples")
            return found
        self._check_keys((), data, TOP_KEYS)
        if (extends := data.get("extends")) is not None:
            found.extends, found.extends_spot = str(extends), self._spot(("extends",))
        for name, rule in self._table(("fields",), data.get("fields")).items():
            if (raw := self._rule(name, rule)) is not None:
                found.rules[name] = raw
        examples = data.get("examples") or []
        if not isinstance(examples, list):
            self._refuse(("examples",), show(examples), "a list")
            examples = []
        found.examples = [
            one for i, item in enumerate(examples) if (one := self._example(i, item)) is not None
        ]
        return found

    def _rule(self, name: str, rule: Any) -> RawRule | None:
        path: KeyPath = ("fields", name)
        spot = self._spot(path)
        if rule in (OFF, ""):
            return RawRule(name, spot, off=True)
        if isinstance(rule, str):  # ``title: Subject`` is short for ``title: { at: Subject }``
            return RawRule(name, spot, {"at": Key(rule, spot)})
        if not isinstance(rule, dict):
            self._refuse(path, show(rule), "a native name, { at: … } or off")
            return None
        self._check_keys(path, rule, RULE_KEYS)
        keys = {
            key: Key(value, self._spot((*path, key)), self._inner((*path, key), value))
            for key, value in rule.items()
            if key in RULE_KEYS
        }
        return RawRule(name, spot, keys)

    def _inner(self, path: KeyPath, value: Any) -> dict[str, Spot]:
        if not isinstance(value, dict):
            return {}
        return {name: self._spot((*path, name)) for name in value}

    def _example(self, index: int, item: Any) -> Example | None:
        path: KeyPath = ("examples", index)
        if not isinstance(item, dict):
            self._refuse(path, show(item), "native, canonical, back, born or problem")
            return None
        self._check_keys(path, item, EXAMPLE_KEYS)
        canonical, born, back = item.get("canonical"), item.get("born"), item.get("back")
        return Example(
            name=str(item.get("name", f"example {index + 1}")),
            spot=self._spot(path),
            native=self._json(
                (*path, "native"), self._table((*path, "native"), item.get("native"))
            ),
            canonical=None if canonical is None else self._json((*path, "canonical"), canonical),
            back=None if back is None else self._json((*path, "back"), back),
            born=None if born is None else self._json((*path, "born"), born),
            problem=str(item["problem"]) if "problem" in item else None,
        )

    def _json(self, path: KeyPath, value: Any) -> Any:
        """Texts as JSON: true, false and null mean themselves unless they were quoted."""
        if isinstance(value, dict):
            return {name: self._json((*path, name), one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._json((*path, i), one) for i, one in enumerate(value)]
        place = self._places.get(path)
        plain = place is None or not place.quoted
        return (
            {"true": True, "false": False, "null": None, "": None}.get(value, value)
            if plain
            else value
        )

    def _table(self, path: KeyPath, value: Any) -> dict[str, Any]:
        if value is None or value == "":
            return {}
        if not isinstance(value, dict):
            self._refuse(path, show(value), "names with values")
            return {}
        return value

    def _check_keys(self, path: KeyPath, value: Mapping[str, Any], known: Iterable[str]) -> None:
        known = tuple(known)
        for key in value:
            if key not in known:
                near = nearest_name(key, known)
                expected = None if near else one_of(known)
                spot, where = self._spot((*path, key)), dotted((*path, key))
                self._problems.append(spot.problem(where, "unknown key", expected, near))

    def _refuse(self, path: KeyPath, found: str, expected: str) -> None:
        self._problems.append(self._spot(path).problem(dotted(path), found, expected))

    def _spot(self, path: KeyPath) -> Spot:
        place = self._places.get(nearest(path, self._places))
        return Spot(self._name, place.line, place.column) if place else Spot(self._name, 1, 1)
