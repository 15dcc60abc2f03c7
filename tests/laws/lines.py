"""Connectors whose every call is heard, and which a test may answer in the product's stead."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sdsync.connectors.contract import (
    Answer,
    Audience,
    Connector,
    Description,
    Done,
    Find,
    Found,
    NativePerson,
    NativeRecord,
    Operation,
)
from sdsync.connectors.failures import AuthFailed, Throttled, Transient
from sdsync.store.records import Json, Ref
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.connector import (
    BoardConnector,
    DeskConnector,
    SimulatedConnector,
    TrackerConnector,
)
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.product import SimulatedProduct

T = TypeVar("T")
#: Gets what was asked or sent; its answer replaces the product's. None: let it pass.
Instead = Callable[[T], object | None]


class Planned(Faults):
    """Faults that strike exactly as often as they were ordered."""

    def __init__(self) -> None:
        super().__init__(random.Random(1))
        self.ordered: Counter[str] = Counter()

    def strike(self, name: str, rand: random.Random | None = None) -> bool:
        """Whether one of this kind is still to come."""
        del rand
        if not self.ordered[name]:
            return False
        self.ordered[name] -= 1
        self.hits[name] += 1
        return True


class Heard(SimulatedConnector):
    """A line that keeps what went over it.

    ``sent`` holds every operation that set out and when; ``instead`` of a kind
    of call (describe, apply, job, fetch, find, search, download, people) answers for the product.
    """

    def __init__(self, product: SimulatedProduct, clock: VirtualClock) -> None:
        self.planned = Planned()
        super().__init__(product, self.planned, clock, random.Random(7))
        self.sent: list[Operation] = []
        self.sent_at: list[datetime] = []
        self.finds: list[datetime] = []
        self.asked: list[str] = []  # handles of jobs
        self.identity = ""
        self.instead: dict[str, Instead[object]] = {}
        self.mails: Callable[[Operation], Audience] = lambda _: Audience()
        self.recalled: dict[str, Mapping[str, Json]] = {}  # id -> what it was told of it

    def _answer(self, call: str, asked: object) -> object | None:
        made = self.instead.get(call)
        return made(asked) if made is not None else None

    def _send(self, operation: Operation) -> Answer[Done]:
        self.sent.append(operation)
        self.sent_at.append(self.clock.now())
        answer = self._answer("apply", operation) or super()._send(operation)
        if isinstance(answer, Transient | Throttled | AuthFailed) and self.sent[-1] is operation:
            del self.sent[-1], self.sent_at[-1]  # it never got there
        return answer  # type: ignore[return-value]

    def describe(self) -> Answer[Description]:
        """What the product says of itself, or that it is another instance."""
        said = super().describe()
        if self.identity and isinstance(said, Description):
            return replace(said, identity=self.identity)
        answer = self._answer("describe", said)
        return said if answer is None else answer  # type: ignore[return-value]

    def fetch(self, ref: Ref) -> Answer[NativeRecord]:
        """The record, or what the test says."""
        shown = super().fetch(ref)
        answer = self._answer("fetch", shown)
        return shown if answer is None else answer  # type: ignore[return-value]

    def job(self, handle: str) -> Answer[Done]:
        """What became of an accepted write, or what the test says."""
        self.asked.append(handle)
        answer = self._answer("job", handle)
        return super().job(handle) if answer is None else answer  # type: ignore[return-value]

    def find(self, query: Find) -> Answer[Found]:
        """What an intent made, or what the test says."""
        self.finds.append(self.clock.now())
        answer = self._answer("find", query)
        return super().find(query) if answer is None else answer  # type: ignore[return-value]

    def search(self, place: str | None, path: str, value: Json) -> Answer[Found]:
        """Records that fit, or what the test says."""
        answer = self._answer("search", value)
        if answer is not None:
            return answer  # type: ignore[return-value]
        return super().search(place, path, value)

    def download(self, ref: Ref, native_id: str, *, limit_bytes: int) -> Answer[bytes]:
        """A file's content, or what the test says."""
        answer = self._answer("download", native_id)
        if answer is not None:
            return answer  # type: ignore[return-value]
        return super().download(ref, native_id, limit_bytes=limit_bytes)

    def people(self) -> Answer[Sequence[NativePerson]]:
        """Everybody, or what the test says."""
        answer = self._answer("people", None)
        return super().people() if answer is None else answer  # type: ignore[return-value]

    def recall(self, ref: Ref, values: Mapping[str, Json], account: str | None) -> None:
        """What the store knows of a record."""
        del account
        self.recalled[ref.id] = dict(values)

    def share(self, other: Connector) -> None:
        """Each line remembers alone."""

    def notifies(self, operation: Operation) -> Audience:
        """Whom the test says that this mails; nobody when it says nothing."""
        return self.mails(operation)


class HeardDesk(Heard, DeskConnector):
    """The desk's line."""


class HeardTracker(Heard, TrackerConnector):
    """The tracker's line."""


class HeardBoard(Heard, BoardConnector):
    """The board's line."""


LINES: dict[str, type[Heard]] = {"desk": HeardDesk, "tracker": HeardTracker, "board": HeardBoard}
