"""From the shape that people write to the shape of the model.

In ``[syncs.NAME]`` the keys of a setting and the names of systems stand side by
side (``desk.take = …``); the model has them apart. Whatever key neither knows is
a problem here, with the name that was probably meant. Each moved value keeps
its place under its new path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sdsync.config.alarms import AlarmsConfig, HeartbeatConfig, MailConfig, WebhookConfig
from sdsync.config.model import LAGS, Config, PlaceConfig, SyncConfig, SystemConfig
from sdsync.config.places import Place, Places, nearest
from sdsync.config.positions import Document
from sdsync.config.problems import HIDDEN, KeyPath, Problem, dotted, nearest_name, show
from sdsync.config.secrets import A_REFERENCE, SCHEMES
from sdsync.config.settings import Settings
from sdsync.config.values import is_secret_name
from sdsync.config.vocabulary import FIELDS, GROUPS, POLICIES, group_of, is_field

#: Settings of a sync that later releases bring.
LATER = frozenset({"context", "group_by", "settle", "resolved", "reopen"})

#: Words that stand for something else where a system's name may stand.
RESERVED = frozenset({*POLICIES, *SyncConfig.file_keys(), *LATER, "rules", "all", "owner"})

_SIDE = ("take", "put")
_DEEPEST = 8


@dataclass
class Shaper:
    """Walks one document; ``data`` is what the model reads, ``problems`` what it must not see."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    #: Syncs that name a system which is not declared.
    partly_read: set[str] = field(default_factory=set)
    places: dict[KeyPath, Place] = field(init=False)
    data: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.places = dict(self.document.places)
        self.data = self._known((), self.document.values, Config)
        for name, system in self._tables("systems").items():
            self._system(name, system)
        systems = list(self.data["systems"]) if isinstance(self.data.get("systems"), dict) else []
        for name, sync in self._tables("syncs").items():
            self.data["syncs"][name] = self._sync(("syncs", name), sync, systems)
        for name in ("store", "broker", "server", "log", "audit", "retention"):
            if isinstance(table := self.data.get(name), dict):
                model = Config.model_fields[name].annotation
                assert isinstance(model, type)
                assert issubclass(model, Settings)
                self.data[name] = self._known((name,), table, model)

        if isinstance(alarms := self.data.get("alarms"), dict):
            self.data["alarms"] = self._alarms(alarms)
        if isinstance(lag := self.data.get("lag"), dict):
            self.data["lag"] = self._among(("lag",), lag, LAGS)

    def _alarms(self, table: dict[str, Any]) -> dict[str, Any]:
        """With each way's own keys."""
        ways: dict[str, type[Settings]] = {
            "webhook": WebhookConfig,
            "mail": MailConfig,
            "heartbeat": HeartbeatConfig,
        }
        known = self._known(("alarms",), table, AlarmsConfig)
        for name, model in ways.items():
            if isinstance(way := known.get(name), dict):
                known[name] = self._known(("alarms", name), way, model)
        return known

    def refuse(self, path: KeyPath, found: str, expected: str | None = None) -> None:
        """Note a problem at a key of the file."""
        self._refuse(path, Problem(self.document.name, 0, 0, "", found, expected))

    def _refuse(self, path: KeyPath, problem: Problem) -> None:
        self.problems.append(located(problem, path, self.places))

    def _unknown(self, path: KeyPath, names: Iterable[str], found: str = "unknown key") -> None:
        near = nearest_name(path[-1], names)
        self._refuse(path, Problem(self.document.name, 0, 0, "", found, nearest=near))

    def _tables(self, section: str) -> dict[str, dict[str, Any]]:
        """The members of a section that are tables; the model refuses the others."""
        found = self.data.get(section)
        if not isinstance(found, dict):
            return {}
        self.data[section] = dict(found)
        return {name: one for name, one in found.items() if isinstance(one, dict)}

    def _known(self, path: KeyPath, table: dict[str, Any], model: type[Settings]) -> dict[str, Any]:
        return self._among(path, table, model.file_keys())

    def _among(self, path: KeyPath, table: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
        """The part of a table whose keys are known."""
        for key in table:
            if key not in keys:
                self._unknown((*path, key), keys)
        return {key: value for key, value in table.items() if key in keys}

    def _system(self, name: str, table: dict[str, Any]) -> None:
        path: KeyPath = ("systems", name)
        if name in RESERVED:
            self.refuse(path, f'"{name}" is a word of sdsync.toml, so no system can have this name')
        elif not _is_name(name):
            self.refuse(path, show(name), "letters, digits, - and _, a letter first")
        known = self._known(path, table, SystemConfig)
        if isinstance(places := known.get("places"), dict):
            known["places"] = {
                key: self._known((*path, "places", key), one, PlaceConfig)
                if isinstance(one, dict)
                else one
                for key, one in places.items()
            }
        if isinstance(options := known.get("options"), dict):
            known["options"] = self._options((*path, "options"), options)
        self.data["systems"][name] = {**known, "name": name}

    def _options(self, path: KeyPath, table: dict[str, Any]) -> dict[str, Any]:
        """Without the secrets that stand there in clear: each is refused at its own place."""
        kept: dict[str, Any] = {}
        for key, value in table.items():
            here = (*path, key)
            if isinstance(value, dict):
                kept[key] = self._options(here, value)
            elif is_secret_name(key) and not _is_reference(value):
                self.refuse(here, HIDDEN, f"{A_REFERENCE}; a secret is never written here")
            else:
                kept[key] = value
        return kept

    def _sync(self, path: KeyPath, table: dict[str, Any], systems: Iterable[str]) -> dict[str, Any]:
        keys = SyncConfig.file_keys()
        systems = list(systems)
        shaped: dict[str, Any] = {"name": path[-1], "systems": [], "take": {}, "put": {}}
        for key, value in table.items():
            here = (*path, key)
            if key in keys:
                shaped[key] = value
            elif key in systems:
                shaped["systems"].append(key)
                self._side(path, key, value, shaped)
            elif key in LATER:
                self.refuse(here, "unknown key: it comes with a later release; leave it out")
            elif isinstance(value, dict) and value.keys() <= set(_SIDE):
                self.partly_read.add(str(path[-1]))
                declared = ", ".join(systems[:8]) or "none"
                self._unknown(here, systems, f"no system of this name; declared: {declared}")
            else:
                self._unknown(here, [*keys, *systems])
        if isinstance(fields := shaped.get("fields"), dict):
            shaped["fields"] = self._policies(path, fields)
        return shaped

    def _side(self, path: KeyPath, system: str, value: Any, shaped: dict[str, Any]) -> None:
        here = (*path, system)
        if not isinstance(value, dict):
            self.refuse(here, show(value), f"{system}.take or {system}.put")
            return
        for key, one in value.items():
            if key not in _SIDE:
                self._unknown((*here, key), _SIDE)
                continue
            self._move((*here, key), (*path, key, system))
            if key == "put" and isinstance(one, dict):
                one = self._flat((*here, key), (*path, key, system), one)
            shaped[key][system] = one

    def _flat(self, old: KeyPath, new: KeyPath, table: dict[str, Any]) -> dict[str, Any]:
        """``ext.team = "x"`` in a put names one field with a dot."""
        flat: dict[str, Any] = {}
        for name, here, value in _leaves(old, table):
            self._move(here, (*new, name))
            flat[name] = value
        return flat

    def _policies(self, path: KeyPath, table: dict[str, Any]) -> dict[str, Any]:
        """The policies whose key is a field or group, one for each group."""
        kept: dict[str, Any] = {}
        first: dict[str, str] = {}
        for name, here, value in _leaves((*path, "fields"), table):
            group = group_of(name)
            if not is_field(name) and name not in GROUPS:
                near = nearest_name(name, [*GROUPS, *FIELDS])
                found = "no canonical field or group of this name"
                self._refuse(here, Problem(self.document.name, 0, 0, "", found, nearest=near))
            elif group in first:
                line = self.places[(*path, "fields", first[group])].line
                told = f'a second policy for the group "{group}", the first is in line {line}'
                self.refuse(here, told)
            else:
                first[group] = name
                self._move(here, (*path, "fields", name))
                kept[name] = value
        return kept

    def _move(self, old: KeyPath, new: KeyPath) -> None:
        if old in self.places:
            self.places[new] = self.places[old]


def located(problem: Problem, path: KeyPath, places: Places) -> Problem:
    """The problem, at a key of the file that stands in ``places``."""
    place = places[nearest(path, places)]
    spot = (place.line, place.column)
    return Problem(
        problem.file, *spot, dotted(place.path), problem.found, problem.expected, problem.nearest
    )


def _leaves(path: KeyPath, table: dict[str, Any]) -> Iterable[tuple[str, KeyPath, Any]]:
    """(name with dots, path, value) of all that is no table."""
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, dict) and value and len(here) < len(path) + _DEEPEST:
            for name, deeper, leaf in _leaves(here, value):
                yield f"{key}.{name}", deeper, leaf
        else:
            yield key, here, value


def _is_name(name: str) -> bool:
    plain = name.replace("-", "").replace("_", "")
    return name.isascii() and name[:1].isalpha() and plain.isalnum() and len(name) <= 64


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.partition(":")[0] in SCHEMES
