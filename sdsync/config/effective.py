"""Every setting that is in force, and where it comes from: what ``sdsync config`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sdsync.config.model import Config, SyncConfig
from sdsync.config.places import Place
from sdsync.config.problems import KeyPath, dotted, printable
from sdsync.config.secrets import SecretRef
from sdsync.config.settings import Settings
from sdsync.config.units import DURATIONS, SIZES, render_duration, render_size
from sdsync.config.vocabulary import members_of

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value. ``origin`` is "file:line" or "default"."""

    key: str  # as it would be written in the file
    value: str  # as it would be written; a secret is its reference
    origin: str


def effective(config: Config) -> Iterator[Setting]:
    """Every setting, in the order of the model, systems and syncs as written."""
    for path, key, value in _of_settings(config, (), ()):
        place = _place(config, path)
        origin = f"{config.path}:{place.value_line}" if place else DEFAULT
        yield Setting(dotted(key), _written(path, value), origin)


def _of_settings(
    settings: Settings, path: KeyPath, key: KeyPath
) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    """(path in the model, key of the file, value) of all that a file may say."""
    if isinstance(settings, SyncConfig):
        yield from _of_sides(settings, path, key)
    for name, field in type(settings).model_fields.items():
        if name in type(settings).derived:
            continue
        word = str(field.validation_alias or name)
        value = getattr(settings, name)
        yield from _of_value(value, (*path, word), (*key, word))


def _of_sides(
    sync: SyncConfig, path: KeyPath, key: KeyPath
) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    for system in sync.systems:
        if system in sync.take:
            yield (*path, "take", system), (*key, system, "take"), sync.take[system]
        for name, value in sync.put.get(system, {}).items():
            yield (*path, "put", system, name), (*key, system, "put", name), value


def _of_value(value: Any, path: KeyPath, key: KeyPath) -> Iterator[tuple[KeyPath, KeyPath, Any]]:
    if isinstance(value, Settings):
        yield from _of_settings(value, path, key)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _of_value(one, (*path, name), (*key, name))
    else:
        yield path, key, value


def _place(config: Config, path: KeyPath) -> Place | None:
    """A group's policy may have been given under the name of a member."""
    place = config.place(*path)
    if place is None and len(path) == 4 and path[0] == "syncs" and path[2] == "fields":
        places = (config.place(*path[:3], name) for name in members_of(str(path[3])))
        place = next((one for one in places if one), None)
    return place


#: What it means that these were left out; "-" says it for the others.
_LEFT_OUT: Mapping[str, str] = {
    "store.url": "SQLite beside this file",
    "broker.url": "in this process",
    "mail": "staff, for a person's own change",
}


def _written(path: KeyPath, value: Any) -> str:
    """The value as the file would have it."""
    match value:
        case None:
            return _LEFT_OUT.get(dotted(path[-2:]), _LEFT_OUT.get(str(path[-1]), "-"))
        case bool():
            return "true" if value else "false"
        case SecretRef() | str() | Path():
            return _quoted(printable(str(value)))
        case float() if _is_duration(path):
            return f'"{render_duration(value)}"'
        case int() if path[-1] in SIZES:
            return f'"{render_size(value)}"'
        case list() | tuple():
            return "[" + ", ".join(_written(path, one) for one in value) + "]"
        case date():
            return value.isoformat()
        case _:
            return printable(str(value))


def _quoted(text: str) -> str:
    """In the quotes that need no escape, as people write expressions."""
    return f"'{text}'" if '"' in text and "'" not in text else f'"{text}"'


def _is_duration(path: KeyPath) -> bool:
    return path[0] in ("lag", "retention") or path[-1] in DURATIONS
