"""The memory store without documents, since a simulation reads shares all the time.

Records are kept as copies of their own, and a share is copied part by part when
a part is asked for; what is handed out is as independent as what the store
itself would decode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from sdsync.config.clock import Clock
from sdsync.store.records import Change, Share
from sdsync.testing.memory_state import State
from sdsync.testing.memory_store import MemoryStore
from tests.simulation.copies import copied, part_copier

T = TypeVar("T")

_COPY = {one.name: part_copier(Share, one.name) for one in fields(Share)}


class Loan(Share):
    """A share on which each part is copied when it is first asked for."""

    __slots__ = ("kept",)

    def __init__(self, kept: Share) -> None:
        self.kept = kept

    def __getattr__(self, part: str) -> Any:
        """Called for a part that is not filled yet."""
        if part not in _COPY:
            raise AttributeError(part)
        value = _COPY[part](getattr(self.kept, part))
        setattr(self, part, value)
        return value

    def __eq__(self, other: object) -> bool:
        """Equal to any share with equal parts."""
        return isinstance(other, Share) and all(
            getattr(self, part) == getattr(other, part) for part in _COPY
        )

    __hash__ = None  # type: ignore[assignment]


def _own(share: Share) -> Share:
    """The share as the store keeps it: copies of what was asked for, the rest as it is kept."""
    if not isinstance(share, Loan):
        return copied(share)
    parts = {}
    for part, copy in _COPY.items():
        try:
            parts[part] = copy(object.__getattribute__(share, part))
        except AttributeError:
            parts[part] = getattr(share.kept, part)
    return Share(**parts)


class SwiftState(State):
    """Rows that are records and no documents."""

    __slots__ = ()

    def keep(self, record: object) -> Any:
        """A copy; a share was copied by the commit that brings it."""
        return record if isinstance(record, Share) else copied(record)

    def give(self, kind: type[T], kept: Any) -> T:
        """A copy."""
        assert isinstance(kept, kind)
        return copied(kept)


class SwiftStore(MemoryStore):
    """A :class:`MemoryStore` for one thread."""

    def __init__(self, clock: Clock, state: SwiftState | None = None) -> None:
        self._rows = state or SwiftState()
        super().__init__(clock, self._rows)

    def crash(self) -> SwiftStore:
        """Die; the new store has what was committed."""
        self._dead = True
        return SwiftStore(self._clock, self._rows)

    def commit(self, change: Change, *, lasting: bool = True) -> None:
        """Write all of ``change`` or nothing."""
        if change.shares:
            change = replace(change, shares=[_own(share) for share in change.shares])
        super().commit(change, lasting=lasting)

    def share(self, hub_id: str) -> Share | None:
        """The share, as an independent copy."""
        kept = self._reading().shares.get(hub_id)
        return None if kept is None else Loan(kept)

    def _shares(self) -> Iterator[Share]:
        """All shares in order of id, for sweeps and screens, which only read them."""
        return (kept for _, kept in sorted(self._reading().shares.items()))

    def _troubled(self) -> Iterator[Share]:
        """Likewise, those that wait for something."""
        state = self._reading()
        return (state.shares[hub_id] for hub_id in state.troubled)
