"""What one piece of work costs its lane, and the worst that it met."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdsync.connectors.contract import Connector, calls_of
from sdsync.store.records import Json
from sdsync.sync.core import Core
from sdsync.sync.policy import lane_trouble
from sdsync.sync.systems import System


class Meter:
    """Counts the calls of one piece of work and keeps the worst answer, for the lane."""

    def __init__(self, core: Core, system: System) -> None:
        self._core, self._system = core, system
        self.calls = 0
        self.worst: object = None

    @contextmanager
    def reading(self, connector: Connector) -> Iterator[None]:
        """Count what goes over the wire meanwhile, where the connector tells."""
        before = calls_of(connector)
        try:
            yield
        finally:
            self.calls = max(self.calls, calls_of(connector) - before)

    def note(self, answer: Json) -> Json:
        """Count one call and its answer; hands the answer through."""
        self.calls += 1
        if lane_trouble(answer) is not None or self.worst is None:
            self.worst = answer
        if lane_trouble(answer) is not None:
            self._core.tell(self._system, answer)
        return answer
