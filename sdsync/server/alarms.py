"""Tells alarms, one process for all hosts; whatever fails here, the sync goes on."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from sdsync.config.clock import Clock
from sdsync.config.model import Config
from sdsync.server.ways import Way
from sdsync.store.contract import Store
from sdsync.store.records import Alarm, Change
from sdsync.sync.bells.leases import Leases
from sdsync.sync.watch.alarms import Message, Watch, alarming, ended, in_words, messages, told
from sdsync.sync.watch.needs import Around, Need, needs, unwritable

log = structlog.get_logger(__name__)

#: Held by the process that tells; no system can have this name.
LANE = "(alarms)"
ROUND_S = 5.0
#: A way that fails is tried again after so long, twice as long each time, and at most after …
AGAIN_S, SELDOM_S = 5.0, 300.0
#: The latest alarms, to know what an outage explains.
_LATEST = 50


class Alarms:
    """One round looks at what needs a person, stores what changed, and tells it."""

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Clock,
        *,
        ways: Mapping[str, Way],
        around: Callable[[], Around],
        beat: Callable[[], str | None] | None = None,
        works: Callable[[], bool] = lambda: True,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            ways: By which alarms leave.
            around: What this process knows of itself.
            beat: Asks for the address of the dead man's switch.
            works: Whether this process does all of its work.
        """
        self._store, self._config, self._clock = store, config, clock
        self._ways, self._around, self._beat, self._works = dict(ways), around, beat, works
        holder = f"{socket.gethostname()}:{os.getpid()}:alarms"
        self._leases = Leases(store, holder, clock, taken=None)
        self._watch: Watch | None = None
        self._kept: dict[str, Alarm] = {}  # that the store did not take yet
        self._refused_at: datetime | None = None  # since when the store cannot be written
        self._failures: dict[str, int] = {}
        self._again: dict[str, float] = {}
        self._beaten = float("-inf")

    def round(self) -> None:
        """Look, and tell; called every few seconds, by one thread."""
        now = self._clock.now()
        if not self._mine(now):
            return
        found, proved = self._look(now)
        alarms = self._open()
        seen = alarming(found, self._latest(alarms), now, held_s=self._config.alarms.held_s)
        if self._watch is None:
            settle_s = self._config.alarms.settle_s
            self._watch = Watch(self._store.identity().store_id, settle_s)
        changed = self._watch.step(alarms, seen, now, proved=proved)
        for one in changed:
            self._say(one, now)
        self._keep(changed)
        self._tell(now)
        self._pulse()

    def stop(self) -> None:
        """Let another process tell from now on."""
        self._leases.release(LANE, {})

    # -- what is -------------------------------------------------------------------
    def _mine(self, now: datetime) -> bool:
        """Whether this process tells; taking the duty is also how the store is tried."""
        try:
            mine = self._leases.hold(LANE)
        except Exception as error:  # full, read-only, away: each is told
            if self._refused_at is None:
                log.warning("alarms.store_not_written", reason=type(error).__name__)
            self._refused_at = self._refused_at or now
            return True
        self._refused_at = None
        return mine

    def _look(self, now: datetime) -> tuple[list[Need], bool]:
        """What needs a person, and whether that is all of it."""
        found: list[Need] = []
        if self._refused_at is not None:
            found.append(unwritable(self._refused_at))
        try:
            return [*found, *needs(self._store, self._config, now, self._around())], True
        except Exception as error:  # nothing is proved to be over, and the rest is told
            if self._refused_at is None:
                log.warning("alarms.store_not_read", reason=type(error).__name__)
            return found, False

    def _open(self) -> list[Alarm]:
        try:
            stored = {one.id: one for one in self._store.alarms(open_only=True)}
        except Exception:  # told above
            stored = {}
        return [one for one in {**stored, **self._kept}.values() if not one.ended]

    def _latest(self, alarms: list[Alarm]) -> list[Alarm]:
        try:
            return [*alarms, *self._store.alarms(limit=_LATEST)]
        except Exception:  # told above; an outage then explains less
            return alarms

    def _keep(self, alarms: list[Alarm]) -> None:
        """Store them; what is not taken is kept, and told all the same."""
        self._kept.update((one.id, one) for one in alarms)
        if not self._kept:
            return
        try:
            self._store.commit(Change(alarms=list(self._kept.values())))
        except Exception as error:  # kept here until the store takes it
            if self._refused_at is None:
                log.warning("alarms.not_stored", reason=type(error).__name__)
            return
        self._kept.clear()

    def _say(self, alarm: Alarm, now: datetime) -> None:
        if alarm.over_at is not None or alarm.began_at == now:
            event = "alarm.began" if alarm.over_at is None else "alarm.over"
            log.warning(event, id=alarm.id, key=alarm.key, what=in_words(alarm))

    # -- telling ---------------------------------------------------------------------
    def _tell(self, now: datetime) -> None:
        """What is still to be told, each way in order; a way that fails holds up itself alone."""
        ways = [one for one in self._ways if self._again.get(one, 0.0) <= self._clock.monotonic()]
        failed: set[str] = set()
        for message in messages(self._open(), ways, now):
            if message.way in failed:
                continue
            if not self._still_mine():
                return
            if not self._told(message):
                failed.add(message.way)
        self._keep(self._over(now))

    def _told(self, message: Message) -> bool:
        """Send one, and store what came of it."""
        try:
            trouble = self._ways[message.way].send(message, self._clock.now())
        except Exception as error:  # whatever it is, the other ways go on
            trouble = type(error).__name__
        self._note(message.way, trouble)
        # Another message of this alarm may have gone since the list was made.
        newest = {one.id: one for one in self._open()}.get(message.alarm.id, message.alarm)
        after = told(newest, message, trouble, self._clock.now())
        if after != newest:
            self._keep([after])
        return trouble is None

    def _over(self, now: datetime) -> list[Alarm]:
        return [after for one in self._open() if (after := ended(one, self._ways, now)) != one]

    def _still_mine(self) -> bool:
        """A call may take as long as a lease has left: it is renewed before each."""
        if self._refused_at is None:
            self._leases.renew()
            return self._leases.fence(LANE) is not None
        return True

    def _note(self, way: str, trouble: str | None) -> None:
        if trouble is None:
            if self._failures.pop(way, 0):
                log.info("alarm.way_is_back", way=way)
            return
        failures = self._failures.get(way, 0)
        if not failures:
            log.error("alarm.not_told", way=way, reason=trouble)
        self._failures[way] = failures + 1
        pause_s = min(SELDOM_S, AGAIN_S * 2 ** min(failures, 10))
        self._again[way] = self._clock.monotonic() + pause_s

    # -- the dead man's switch ---------------------------------------------------------
    def _pulse(self) -> None:
        """Only while all of it works: silence is the alarm."""
        config, now = self._config.alarms.heartbeat, self._clock.monotonic()
        if config is None or self._beat is None or now - self._beaten < config.every_s:
            return
        if self._refused_at is not None or not self._works():
            return
        self._beaten = now
        self._note("heartbeat", self._beat())
