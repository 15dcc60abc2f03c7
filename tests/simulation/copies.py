"""Copies of stored records, as independent as what a store decodes, and much cheaper.

A plan is made once per class from its types: what cannot change is shared, and
JSON comes out as it would from a document.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from sdsync.store.codec import encode, load

T = TypeVar("T")

JSON_ATOMS = frozenset({str, int, float, bool, type(None)})
_FIXED = JSON_ATOMS | {bytes, datetime}
_copiers: dict[type[Any], Callable[[Any], Any]] = {}


def copied(record: T) -> T:
    """An independent copy of a record."""
    made: T = copier(type(record))(record)
    return made


def copier(kind: type[Any]) -> Callable[[Any], Any]:
    """The function that copies records of one class."""
    return _copiers.get(kind) or _make(kind)


def part_copier(kind: type[Any], name: str) -> Callable[[Any], Any]:
    """The function that copies the value of one field of the class."""
    scope = _scope()
    source = _copy_of(typing.get_type_hints(kind)[name], "old", scope)
    made: Callable[[Any], Any] = eval(f"lambda old: {source}", scope)
    return made


def json_copied(value: Any) -> Any:
    """JSON data as a document would hand it out: lists for tuples, text for states."""
    kind = type(value)
    if kind in JSON_ATOMS:
        return value
    if kind is dict:
        return {
            key: inner if type(inner) in JSON_ATOMS else json_copied(inner)
            for key, inner in value.items()
        }
    if kind is list or kind is tuple:
        return [inner if type(inner) in JSON_ATOMS else json_copied(inner) for inner in value]
    return load(encode(value))


def _make(kind: type[Any]) -> Callable[[Any], Any]:
    hints, scope = typing.get_type_hints(kind), _scope()
    lines = [
        f"    new.{one.name} = {_copy_of(hints[one.name], f'old.{one.name}', scope)}"
        for one in dataclasses.fields(kind)
    ]
    scope |= {"make": object.__new__, "kind": kind}
    exec("\n".join(["def copy(old):", "    new = make(kind)", *lines, "    return new"]), scope)
    made: Callable[[Any], Any] = scope["copy"]
    _copiers[kind] = made
    return made


def _scope() -> dict[str, Any]:
    return {"ATOMS": JSON_ATOMS, "json": json_copied}


def _copy_of(hint: Any, old: str, scope: dict[str, Any]) -> str:
    """Source that copies ``old``; its only input is the names of our own fields."""
    inner = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if _is_fixed(hint):
        return old
    if origin in (types.UnionType, typing.Union):
        (one,) = (one for one in inner if one is not type(None))
        return f"(None if {old} is None else {_copy_of(one, old, scope)})"
    if origin is list:
        item = _copy_of(inner[0], "one", scope)
        return f"([{item} for one in {old}] if {old} else [])"
    if origin is dict:
        item = _copy_of(inner[1], "one", scope)
        return f"({{key: {item} for key, one in {old}.items()}} if {old} else {{}})"
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        name = f"copy_{hint.__name__}"
        scope[name] = copier(hint)
        return f"{name}({old})"
    return f"({old} if {old}.__class__ in ATOMS else json({old}))"


def _is_fixed(hint: Any) -> bool:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return all(map(_is_fixed, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return True
    return isinstance(hint, type) and (hint in _FIXED or issubclass(hint, Enum))
