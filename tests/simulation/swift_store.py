"""The memory store with cheaper copies, since a simulation reads shares all the time.

A committed share is decoded once and then copied field by field; what is handed
out is as independent as what the store itself would decode.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sdsync.store.codec import decode
from sdsync.store.records import Hub, Replica, Share, SyncRow
from sdsync.testing.memory_state import State
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import VirtualClock

_ATOMS = frozenset({str, int, float, bool, bytes, type(None), datetime})
_copiers: dict[type, Callable[[Any], Any]] = {}


def _copy(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {
            key: inner if type(inner) in _ATOMS else _copy(inner) for key, inner in value.items()
        }
    if kind is list:
        return [inner if type(inner) in _ATOMS else _copy(inner) for inner in value]
    if kind is tuple or isinstance(value, Enum):
        return value
    copier = _copiers.get(kind) or _make_copier(kind)
    return copier(value)


def _make_copier(kind: type) -> Callable[[Any], Any]:
    """A function that copies records of one class; what cannot change is shared."""
    hints = typing.get_type_hints(kind)
    lines = [f"    new.{one.name} = {_source(one.name, hints[one.name])}" for one in _fields(kind)]
    source = "\n".join(["def copier(old):", "    new = make(kind)", *lines, "    return new"])
    scope: dict[str, Any] = {"make": object.__new__, "kind": kind, "copy": _copy}
    exec(source, scope)  # its only input is the names of our own fields
    made: Callable[[Any], Any] = scope["copier"]
    _copiers[kind] = made
    return made


def _fields(kind: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def _source(name: str, hint: Any) -> str:
    parts = typing.get_args(hint) or (hint,)
    fixed = all(isinstance(one, type) and (one in _ATOMS or issubclass(one, Enum)) for one in parts)
    plain = fixed and typing.get_origin(hint) not in (dict, list)
    return f"old.{name}" if plain else f"copy(old.{name})"


class SwiftStore(MemoryStore):
    """A :class:`MemoryStore` for one thread."""

    def __init__(self, clock: VirtualClock, state: State | None = None) -> None:
        super().__init__(clock, state)
        self._virtual = clock
        self._decoded: dict[str, tuple[bytes, Share]] = {}
        self._syncs: dict[str, tuple[bytes, SyncRow]] = {}

    def crash(self) -> SwiftStore:
        """Die; the new store has what was committed."""
        self._dead = True
        return SwiftStore(self._virtual, self._state)

    def share(self, hub_id: str) -> Share | None:
        """The share, as an independent copy."""
        doc = self._reading().shares.get(hub_id)
        if doc is None:
            return None
        copied: Share = _copy(self._decode(hub_id, doc))
        return copied

    def sync(self, name: str) -> SyncRow | None:
        """What is known of the sync; nobody changes it."""
        doc = self._reading().syncs.get(name)
        if doc is None:
            return None
        known = self._syncs.get(name)
        if known is None or known[0] is not doc:
            row = super().sync(name)
            assert row is not None
            known = self._syncs[name] = (doc, row)
        return dataclasses.replace(known[1])

    def cause_members(self, cause_id: str) -> Sequence[tuple[Hub, Replica, str]]:
        """What points at the cause; asked by each sweep, which only counts it."""
        shares = self._reading().shares
        return [
            (share.hub, replica, group)
            for hub_id in self._reading().troubled
            for share in (self._decode(hub_id, shares[hub_id]),)
            for replica in share.replicas
            for group, row in replica.groups.items()
            if row.cause == cause_id
        ]

    def _shares(self) -> Iterator[Share]:
        """All shares in order of id, for sweeps and screens, which only read them."""
        docs = sorted(self._reading().shares.items())
        return (self._decode(hub_id, doc) for hub_id, doc in docs)

    def _decode(self, hub_id: str, doc: bytes) -> Share:
        known = self._decoded.get(hub_id)
        if known is None or known[0] is not doc:
            known = self._decoded[hub_id] = (doc, decode(Share, doc))
        return known[1]
