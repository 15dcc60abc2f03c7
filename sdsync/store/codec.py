"""Records to JSON documents and back; the same bytes in memory, SQLite and PostgreSQL.

Encoding is orjson's own reading of dataclasses. Decoding turns instants, states,
tuples and nested records back, by a plan made once per class from its types.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, cast

import orjson

from sdsync.store.crypto import Unreadable

T = TypeVar("T")
_Read = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SLOW = b" "  # first byte of a document that the standard library wrote


def micros(at: datetime) -> int:
    """The instant as whole microseconds since 1970.

    Raises:
        ValueError: The datetime has no zone, so it is no instant.
    """
    if at.tzinfo is None:
        msg = f"{at.isoformat()} has no zone; the store takes aware instants only"
        raise ValueError(msg)
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    """Like :func:`micros`, None for None."""
    return None if at is None else micros(at)


def instant(value: int) -> datetime:
    """The aware UTC instant of :func:`micros`.

    Raises:
        Unreadable: It is none that anybody wrote.
    """
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        raise Unreadable(f"a row holds {value} in place of an instant") from None


def instant_or_none(value: int | None) -> datetime | None:
    """Like :func:`instant`, None for None."""
    return None if value is None else instant(value)


def encode(record: object) -> bytes:
    """A record, or plain JSON data, as bytes."""
    try:
        return orjson.dumps(record)
    except orjson.JSONEncodeError:
        # Integers over 64 bits and lone surrogates: legal JSON that orjson refuses.
        return _SLOW + json.dumps(record, default=_plain, separators=(",", ":")).encode()


def canonical(value: object) -> bytes:
    """Bytes that are equal exactly when two JSON values are."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def load(doc: bytes) -> Any:
    """The plain JSON data of a document."""
    return json.loads(doc) if doc[:1] == _SLOW else orjson.loads(doc)


def decode(cls: type[T], doc: bytes) -> T:
    """The record that :func:`encode` wrote.

    Fields that an older program did not write take their defaults; fields that
    only a newer program knows are passed over.
    """
    return cast(T, _reader(cls)(load(doc)))


def from_plain(cls: type[T], data: Mapping[str, Any]) -> T:
    """Like :func:`decode`, from data that was loaded already."""
    return cast(T, _reader(cls)(dict(data)))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


_readers: dict[type[Any], _Read] = {}


def _reader(cls: type[Any]) -> _Read:
    read = _readers.get(cls)
    if read is None:
        read = _readers[cls] = _plan(cls)
    return read


def _plan(cls: type[Any]) -> _Read:
    hints = typing.get_type_hints(cls)
    names = frozenset(one.name for one in dataclasses.fields(cls))
    special = [(name, read) for name in names if (read := _converter(hints[name])) is not None]

    def read_record(data: dict[str, Any]) -> Any:
        for name, read in special:
            value = data.get(name)
            if value is not None:
                data[name] = read(value)
        if not data.keys() <= names:
            data = {name: value for name, value in data.items() if name in names}
        return cls(**data)

    return read_record


def _converter(hint: Any) -> _Read | None:
    """How to turn plain JSON into the hinted type; None when it is that already."""
    origin = typing.get_origin(hint)
    inner = typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return next((read for one in inner if (read := _converter(one)) is not None), None)
    if origin is tuple:
        return tuple
    if origin in (list, dict):
        return _container(origin, inner[-1])
    if not isinstance(hint, type):
        return None
    if issubclass(hint, datetime):
        return datetime.fromisoformat
    if issubclass(hint, Enum):
        members: dict[str, Enum] = {str(one.value): one for one in hint}
        return members.__getitem__
    return _reader(hint) if dataclasses.is_dataclass(hint) else None


def _container(origin: type[Any], inner: Any) -> _Read | None:
    read = _converter(inner)
    if read is None:
        return None
    item = read
    if origin is list:
        return lambda values: [item(one) for one in values]
    return lambda values: {name: item(one) for name, one in values.items()}
