"""Read ``sdsync.toml``: all of it is right, or all that is wrong is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from sdsync.config.checks import Checked, check
from sdsync.config.clock import Clock, SystemClock
from sdsync.config.model import Config, SyncConfig, SystemConfig
from sdsync.config.positions import Document, read_toml
from sdsync.config.problems import ConfigError, KeyPath, Problem, dotted
from sdsync.config.refusals import refusals
from sdsync.config.secrets import SecretMissingError, SecretRef
from sdsync.config.settings import Settings
from sdsync.config.shape import Shaper
from sdsync.config.tables import Table, read_table

_Model = TypeVar("_Model", bound=Settings)

#: Stand in for required keys that are wrong, so that the rest of their table can be checked.
_STAND_IN = {"connector": "unknown", "url": "https://unknown.invalid"}


class PartlySoundError(ConfigError):
    """Settings that cannot be used; ``sound`` is what nothing is wrong with, for further checks."""

    def __init__(self, problems: Iterable[Problem], sound: Config) -> None:
        super().__init__(problems)
        self.sound = sound


def load(path: Path, *, clock: Clock | None = None, whole: bool = True) -> Config:
    """Read, check and complete the configuration.

    Secrets are not looked up: :func:`missing_secrets` tells which are not there.

    Args:
        path: Of ``sdsync.toml``; what it names relatively starts from its folder.
        clock: Tells whether a waiver has ended; left out: the machine's.
        whole: A file without systems, or without syncs, is refused: it is what an
            editor leaves on a full disk. False for who needs neither, such as a
            command on the store.

    Raises:
        ConfigError: All problems at once, in file order.
    """
    document = read_toml(path, str(path))
    return _Loader(document, path, clock or SystemClock(), whole=whole).config()


def load_text(
    text: str, *, path: Path | None = None, clock: Clock | None = None, whole: bool = True
) -> Config:
    """As :func:`load`, from text that stands for the file at ``path``."""
    path = path or Path("sdsync.toml")
    document = read_toml(text, str(path))
    return _Loader(document, path, clock or SystemClock(), whole=whole).config()


def missing_secrets(config: Config) -> tuple[Problem, ...]:
    """A problem for each secret that is not there, or that everybody on the machine can read.

    Each is looked up and forgotten. What connects asks; what reads the store alone, in the
    very night in which a file was unpacked with the wrong mode, does not.
    """
    found = []
    for path, ref in secrets_of(config):
        try:
            ref.reveal()
        except SecretMissingError as error:
            place = config.place(*path)
            spot = (place.value_line, place.value_column) if place else (0, 0)
            where = dotted(place.path if place else path)
            found.append(Problem(str(config.path), *spot, where, str(error)))
    return tuple(found)


def secrets_of(config: Config) -> Iterator[tuple[KeyPath, SecretRef]]:
    """Every reference of the settings, with its path in the model."""
    yield from _references((), {name: getattr(config, name) for name in type(config).model_fields})


def _references(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, SecretRef]]:
    if isinstance(value, SecretRef):
        yield path, value
    elif isinstance(value, Settings):
        for name in type(value).model_fields:
            yield from _references((*path, name), getattr(value, name))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _references((*path, key), one)


class _Loader:
    """One reading of one document."""

    def __init__(self, document: Document, path: Path, clock: Clock, *, whole: bool) -> None:
        self._name = document.name
        self._path = path
        self._today = clock.now().date()
        self._whole = whole
        self._shape = Shaper(document)
        self._problems: list[Problem] = self._shape.problems

    def config(self) -> Config:
        """The settings; raises when anything is wrong."""
        data = dict(self._shape.data)
        systems = self._members("systems", data.pop("systems", {}), SystemConfig)
        syncs = self._members("syncs", data.pop("syncs", {}), SyncConfig)
        config = self._valid((), {**data, "path": self._path}, Config)
        tables = self._tables(config)
        full = config.model_copy(update={"systems": _logging(systems, syncs), "syncs": syncs})
        self._problems.extend(check(self._checked(full)))
        if self._problems:
            sound = self._sound(full).located(self._shape.places, tables)
            raise PartlySoundError(self._problems, sound)
        return full.located(self._shape.places, tables)

    def _sound(self, config: Config) -> Config:
        """The systems and syncs without a problem; none when a table has one."""
        wrong = [one.where for one in self._problems]

        def fine(section: str, name: str) -> bool:
            at = dotted((section, name))
            return not any(one == at or one.startswith(f"{at}.") for one in wrong)

        whole = not any(one.startswith("tables") for one in wrong)
        systems = {name: one for name, one in config.systems.items() if fine("systems", name)}
        syncs = {
            name: one
            for name, one in config.syncs.items()
            if fine("syncs", name) and set(one.systems) <= systems.keys()
        }
        parts = {"systems": systems, "syncs": syncs} if whole else {"systems": {}, "syncs": {}}
        return config.model_copy(update={**parts, **({} if whole else {"tables": {}})})

    def _members(self, section: str, data: Any, model: type[_Model]) -> dict[str, _Model]:
        if not isinstance(data, dict):
            self._shape.refuse((section,), "a value", f"tables, such as [{section}.NAME]")
            return {}
        found = {}
        for name, table in data.items():
            if isinstance(table, dict):
                found[name] = self._valid((section, name), table, model)
            else:
                self._shape.refuse((section, name), "a value", f"a table: [{section}.{name}]")
        return found

    def _valid(self, at: KeyPath, data: dict[str, Any], model: type[_Model]) -> _Model:
        """The table as a model; without what is wrong in it, which is noted."""
        context = {"base": self._path.parent}
        try:
            return model.model_validate(data, context=context, by_alias=True, by_name=False)
        except ValidationError as error:
            self._problems.extend(
                refusals(
                    error,
                    at,
                    name=self._name,
                    values=data,
                    places=self._shape.places,
                    model=model,
                )
            )
            wrong = {str(one["loc"][0]) for one in error.errors(include_input=False)}
        rest = {key: value for key, value in data.items() if key not in wrong}
        rest.update({key: _STAND_IN[key] for key in wrong & _STAND_IN.keys()})
        return model.model_validate(rest, context=context, by_alias=True, by_name=False)

    def _tables(self, config: Config) -> dict[str, Table]:
        tables = {}
        for name, path in config.tables.items():
            try:
                tables[name] = read_table(path, str(path))
            except ConfigError as error:
                at = ("tables", name)
                self._problems.extend(self._at_key(one, at) for one in error.problems)
        return tables

    def _at_key(self, problem: Problem, path: KeyPath) -> Problem:
        """A problem of a file as a whole is told where the file is named."""
        place = self._shape.places.get(path)
        if problem.line or place is None:
            return problem
        found = f"{problem.file}: {problem.found}"
        return Problem(self._name, place.value_line, place.value_column, dotted(path), found)

    def _checked(self, config: Config) -> Checked:
        values = self._shape.document.values
        declared = values.get("systems")
        needed = ("systems", "syncs") if self._whole else ()
        return Checked(
            file=self._name,
            places=self._shape.places,
            systems=config.systems,
            syncs=config.syncs,
            names=tuple(declared) if isinstance(declared, dict) else (),
            tables=tuple(config.tables),
            partly_read=frozenset(self._shape.partly_read),
            lacking=tuple(one for one in needed if values.get(one, {}) == {}),
            today=self._today,
        )


def _logging(
    systems: dict[str, SystemConfig], syncs: dict[str, SyncConfig]
) -> dict[str, SystemConfig]:
    """The systems, told whether a sync copies the work that is logged there."""
    copied = {name for sync in syncs.values() if sync.worklogs == "copy" for name in sync.systems}
    return {
        name: one.model_copy(update={"worklogs": name in copied}) for name, one in systems.items()
    }
