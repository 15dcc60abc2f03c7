"""What the HTTP side may do with the engine, and what it may know of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sdsync.config.clock import Clock
from sdsync.connectors.contract import Answer, ChangeEvent
from sdsync.ratelimit.lanes import describe
from sdsync.server.metrics import Family, gauge
from sdsync.store.contract import Store
from sdsync.store.records import Change
from sdsync.sync.core import FEED
from sdsync.sync.engine import Engine
from sdsync.sync.systems import System

STATES = ("ok", "throttled", "unauthorised", "unreachable")


class EngineDoor:
    """The engine as the intake sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(
        self, system: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        """The events of a verified webhook; no call goes out."""
        with self._engine.core.systems[system].connector() as connector:
            return connector.read_webhook(headers, body, now=now)

    def capture(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        """Commit the events and ring. The bodies are not kept: only a fetch is believed."""
        self._engine.inbox.capture_together(told)

    def poll(self, system: str) -> None:
        """Make the system's poll due now."""
        core = self._engine.core
        poll = core.work_for(system, "poll", FEED, due=core.clock.now(), priority=1)
        self._engine.inbox.capture(system, (), via="webhook", extra=Change(ring=[poll]))


def system_families(systems: Mapping[str, System], clock: Clock) -> Callable[[], Iterable[Family]]:
    """Metrics of lanes: state, budget, calls."""

    def collect() -> Iterable[Family]:
        states, calls, throttles, flight = {}, {}, {}, {}
        for name, system in systems.items():
            label = ("system", name)
            with system.guard:
                now = describe(system.lane, clock.monotonic()).state
                calls[(label,)] = float(system.lane.calls)
                throttles[(label,)] = float(system.lane.throttles)
                flight[(label,)] = float(system.lane.in_flight)
            for state in STATES:
                states[label, ("state", state)] = float(state == now)
        yield gauge("sdsync_lane_state", "1 for the state that the lane is in.", states.items())
        yield gauge("sdsync_lane_calls_in_flight", "Calls that are under way.", flight.items())
        yield Family("sdsync_lane_calls_total", "counter", "Calls made.", tuple(calls.items()))
        yield Family(
            "sdsync_lane_throttles_total", "counter", "Refusals for rate.", tuple(throttles.items())
        )

    return collect


def store_families(store: Store, clock: Clock) -> Callable[[], Iterable[Family]]:
    """Metrics of what waits, is parked and is held."""

    def collect() -> Iterable[Family]:
        now, waiting, oldest = clock.now(), {}, {}
        for lane, count, since in store.work_counts():
            waiting[(("system", lane),)] = float(count)
            age_s = (now - since).total_seconds() if since else 0.0
            oldest[(("system", lane),)] = max(0.0, age_s)
        yield gauge("sdsync_work_waiting", "Dirty things that wait, by lane.", waiting.items())
        yield gauge("sdsync_work_oldest_seconds", "Age of the oldest that is due.", oldest.items())
        counts = {
            (("sync", sync), ("what", what)): float(number)
            for sync, what, number in store.sync_counts()
        }
        yield gauge("sdsync_sync", "Shared records and groups by state, per sync.", counts.items())
        open_causes = {(("kind", kind),): 0.0 for kind in ("parked", "held")}
        for cause in store.causes():
            key = (("kind", cause.kind),)
            open_causes[key] = open_causes.get(key, 0.0) + 1
        yield gauge(
            "sdsync_causes_open", "Causes that need a person, by kind.", open_causes.items()
        )

    return collect


def process_families() -> Callable[[], Iterable[Family]]:
    """Metrics of this process, in the names that dashboards know."""
    started = time.time()

    def collect() -> Iterable[Family]:
        times = time.process_time()
        yield Family("process_cpu_seconds_total", "counter", "CPU used.", (((), times),))
        yield gauge("process_start_time_seconds", "When it started.", [((), round(started, 3))])
        yield gauge("process_resident_memory_bytes", "Memory held.", [((), float(_resident()))])

    return collect


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0
