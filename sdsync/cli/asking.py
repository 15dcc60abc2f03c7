"""Ask the systems about one record, live: for a person who looks, within the lane's limits.

A daemon may hold the lane at the same time. So nothing is asked of a system that told us to
wait, calls keep the configured pace, and who did not answer once is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdsync.config.model import Config, SystemConfig
    from sdsync.connectors.contract import Connector, NativeRecord, PlaceInfo
    from sdsync.connectors.failures import Failure
    from sdsync.store.contract import Store
    from sdsync.store.records import Replica


@dataclass(frozen=True, slots=True)
class Silent:
    """Why a system did not say it: one sentence without its name."""

    why: str


NOT_ASKED = Silent("was not asked")


class Asking:
    """The connections of one command. Use it as a context: leaving it closes them."""

    def __init__(
        self,
        config: Config,
        store: Store,
        now: datetime,
        *,
        offline: bool = False,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is opened yet.

        Args:
            offline: Ask nobody.
            rest: Waits so many seconds between two calls.
        """
        self._config, self._store, self._now = config, store, now
        self._offline, self._rest = offline, rest
        self._open: dict[str, Connector] = {}
        self._silent: dict[str, Silent] = {}
        self._places: dict[str, dict[str, PlaceInfo]] = {}

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open.values():
            one.close()

    def record(self, replica: Replica) -> NativeRecord | Silent:
        """The replica's record as its system shows it now."""
        from sdsync.connectors.contract import NativeRecord
        from sdsync.connectors.failures import Forbidden, Missing
        from sdsync.store.records import Ref

        connector = self._connector(replica.system)
        if isinstance(connector, Silent):
            return connector
        answer = connector.fetch(Ref(replica.system, replica.kind, replica.native_id or ""))
        match answer:
            case NativeRecord():
                return answer
            case Missing():
                return Silent("does not find it any more")
            case Forbidden():
                return Silent("does not show it to our account")
            case _:
                return self._fell_silent(replica.system, answer)

    def place(self, system: str, key: str | None) -> PlaceInfo | Silent | None:
        """A place with its fields and their values as they are now; None: it is not there."""
        from sdsync.connectors.contract import Description

        if system not in self._places:
            connector = self._connector(system)
            if isinstance(connector, Silent):
                return connector
            answer = connector.describe()
            if not isinstance(answer, Description):
                return self._fell_silent(system, answer)
            self._places[system] = dict(answer.places)
        return self._places[system].get(key or "")

    def _connector(self, system: str) -> Connector | Silent:
        if system in self._silent:
            return self._silent[system]
        if system not in self._open:
            settings = self._config.systems.get(system)
            silent = self._held_back(system, settings)
            if silent is not None or settings is None:
                self._silent[system] = silent or NOT_ASKED
                return self._silent[system]
            self._open[system] = self._connect(system, settings)
        return self._open[system]

    def _held_back(self, system: str, settings: SystemConfig | None) -> Silent | None:
        """Why the system must not be asked now."""
        from sdsync.cli.looks.lanes import lane_of

        if self._offline:
            return NOT_ASKED
        if settings is None:
            return Silent("is not in sdsync.toml any more")
        lane = lane_of(self._store, system, settings, self._now)
        if lane.state == "throttled" and lane.next_in_s:
            return Silent(f"told us to wait, {lane.next_in_s:.0f} s more")
        return None

    def _connect(self, system: str, settings: SystemConfig) -> Connector:
        from sdsync.connectors import registry

        pause_s = 60.0 / settings.per_minute if settings.per_minute else 0.0
        calls = [0]

        def permit() -> Failure | None:
            calls[0] += 1
            if pause_s and calls[0] > 1:
                self._rest(pause_s)
            return None

        return registry.create(system, settings, permit=permit)

    def _fell_silent(self, system: str, answer: Failure) -> Silent:
        from sdsync.cli.probing import refused

        self._silent[system] = Silent(refused(system, self._config.systems[system], answer).text)
        return self._silent[system]
