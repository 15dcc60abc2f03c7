"""A system while the daemon runs: its connectors, mappings, and what it said of itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sdsync.connectors.contract import (
    Capabilities,
    Connector,
    Description,
    PlaceInfo,
    Recalls,
)
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.ratelimit.lanes import LaneBudget, LaneState
from sdsync.sync.model import SystemView

#: A call this short (there or back) tells that there is no offset.
CLEAR_S = 1.0


@dataclass(slots=True)
class System:
    """One declared system. ``connect`` makes a connector; each serves one thread at a time."""

    name: str
    connect: Callable[[], Connector]
    capabilities: Capabilities
    mappings: Mapping[str, FieldMapping]
    tenants: Mapping[str, str] = field(default_factory=dict)
    audiences: Mapping[str, str] = field(default_factory=dict)  # place -> who reads it, as told
    address: str = ""  # "" where it has none
    poll_s: float = 10.0
    deadline_s: float = 10.0
    sweep_s: float = 3600.0  # a record unread for longer is looked at, feed or no feed
    budget: LaneBudget = field(default_factory=LaneBudget)
    description: Description | None = None
    described_at: datetime | None = None
    unsure: bool = False  # it was away: another may have come back in its place
    leaky: set[str] = field(default_factory=set)
    ignores_names: bool = False  # a write in somebody's name was ours: not again until a check
    clock_offset_s: float = 0.0
    restored_at: datetime | None = None  # when it was noticed to be an older copy (law 32)
    lane: LaneState = field(init=False)
    guard: threading.Lock = field(init=False, default_factory=threading.Lock)
    _idle: list[Connector] = field(init=False, default_factory=list)
    _first: Connector | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.lane = LaneState(self.budget)

    @contextmanager
    def connector(self) -> Iterator[Connector]:
        """Borrow a connector for one piece of work."""
        with self.guard:
            one, since = self._idle.pop() if self._idle else None, self.restored_at
        one = one or self._connected()
        try:
            yield one
        finally:
            with self.guard:
                known = since == self.restored_at
                if known:
                    self._idle.append(one)
            if not known:
                one.close()

    def _connected(self) -> Connector:
        """A new connector, which knows what the others remember."""
        one = self.connect()
        with self.guard:
            self._first = self._first or one
            if isinstance(one, Recalls) and one is not self._first:
                one.share(self._first)
        return one

    def was_restored(self, at: datetime | None) -> None:
        """From now on nothing is believed that a connector remembers: numbers are given anew."""
        with self.guard:
            if at == self.restored_at:
                return
            self.restored_at, idle = at, self._idle
            self._idle, self._first = [], None
        for one in idle:
            one.close()

    @property
    def known(self) -> bool:
        """Whether it has said what it is, and was not away since."""
        return self.description is not None and not self.unsure

    def close(self) -> None:
        """Close the connectors that nobody holds."""
        with self.guard:
            idle, self._idle = self._idle, []
        for one in idle:
            one.close()

    def learn(self, said: Description, asked: datetime, answered: datetime) -> None:
        """Keep what the product says of itself.

        Its clock is compared with the middle of the call; a difference that the
        call's own length explains, or whole seconds of a header, is none.
        """
        self.description, self.described_at, self.unsure = said, asked, False
        half = (answered - asked) / 2
        offset_s = (said.clock - (asked + half)).total_seconds()
        doubt_s = 2.0 + half.total_seconds()
        if abs(offset_s) > doubt_s:
            self.clock_offset_s = offset_s
        elif half.total_seconds() < CLEAR_S:
            self.clock_offset_s = 0.0

    def view(self) -> SystemView:
        """The system as step functions see it now."""
        said = self.description
        leave = said.impersonates if said else None
        return SystemView(
            self.name,
            self.capabilities,
            self.mappings,
            account=said.account.native_id if said else None,
            places=self._places(said) if said else {},
            tenants=self.tenants,
            leaky=frozenset(self.leaky),
            deadline_s=self.deadline_s,
            clock_offset_s=self.clock_offset_s,
            impersonates=leave is not None and leave.given and not self.ignores_names,
            described_at=self.described_at,
            restored_at=self.restored_at,
        )

    def _places(self, said: Description) -> Mapping[str, PlaceInfo]:
        if not self.audiences:
            return said.places
        return {key: self._as_told(place) for key, place in said.places.items()}

    def _as_told(self, place: PlaceInfo) -> PlaceInfo:
        """The place with the audience that the configuration knows better than the product."""
        told = self.audiences.get(place.key)
        if told is None:
            return place
        return replace(place, default_audience=told, public=told == "public")
