"""Rings lanes, answers the bells, and comes back when a lane said it would have work."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from sdsync.config.clock import Clock, SystemClock
from sdsync.store.contract import Store, StoreFull
from sdsync.store.records import Json
from sdsync.sync.bells.broker import Doorbell
from sdsync.sync.bells.leases import Leases
from sdsync.sync.bells.pool import Pool
from sdsync.sync.bells.timer import Timer
from sdsync.sync.worked import Worked

log = structlog.get_logger(__name__)

THREADS = 8
SWEEP_S = 5.0
RENEW_S = 4.0
PULSE_S = 0.5
#: How long a thread stays in one lane while others wait for a thread.
TURN_S = 0.1
#: After a look that raised: its reason will hardly be gone at once.
FAILED_S = 5.0
BUSY_S = 0.25
#: A timer that was not seen for so long stands still.
STILL_S = 5.0


class Bells:
    """The runner: calls ``work(lane)`` whenever a lane may have work.

    Several threads may be in one lane at once, so ``work`` is thread-safe; it
    does one unit and says whether to look again. Nothing here is remembered
    over a restart: what is due stands in the store.
    """

    def __init__(
        self,
        store: Store,
        work: Callable[[str], Worked],
        lanes: Sequence[str],
        *,
        broker_url: str | None = None,
        threads: int = THREADS,
        clock: Clock | None = None,
        holder: str | None = None,
        taken: Callable[[str, Mapping[str, Json]], None] | None = None,
        checkpoint: Callable[[str], dict[str, Json]] | None = None,
        pulse: Callable[[], object] | None = None,
        resting: Callable[[str], bool] = lambda _lane: False,
        sweep_s: float = SWEEP_S,
    ) -> None:
        """Nothing starts before :meth:`start`.

        Args:
            lanes: All lanes of the configuration; a bell for another is dropped.
            taken: Called with the last holder's checkpoint before the first work.
            checkpoint: What the next holder of a lane must know.
            pulse: A cheap value that changes when another process wrote to the
                store (SQLite: ``PRAGMA data_version``). None: each lane's row is
                read instead.
            resting: Whether the lane sends nothing before an instant that ``work``
                has told, or tells when it is asked next: a bell changes nothing then.

        Raises:
            BrokerRefusedError: The broker cannot be used as it is set up.
        """
        self._store, self._work, self._clock = store, work, clock or SystemClock()
        self._lanes = tuple(lanes)
        self._checkpoint, self._pulse, self._last_pulse = checkpoint, pulse, object()
        self._resting = resting
        holder = holder or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._leases = Leases(store, holder, self._clock, taken=taken)
        self._pool = Pool(threads, self._drive)
        self._timer = Timer(self._woken)
        self._timer.every(RENEW_S, self._renew)
        self._timer.every(sweep_s, self._quietly(self.sweep))
        self._timer.every(PULSE_S, self._quietly(self._listen))
        self._doorbell = Doorbell(broker_url, self._answered)
        self._on_the_way: set[str] = set()  # bells of lanes that we hold ourselves
        self._bell_lock = threading.Lock()
        self._failing: dict[str, str] = {}
        self._refused: str | None = None
        self._seen_at = time.monotonic()
        self._started = False

    def start(self) -> None:
        """Start all threads and look into every lane once."""
        self._started = True
        self._pool.start()
        self._doorbell.start()
        for lane in self._lanes:
            self._pool.want(lane, rung=True)
        self._timer.start()

    def ring(self, lane: str) -> None:
        """Say that the lane has work; call after the commit that made it (law 34).

        Raises:
            StoreFull: The bell could not be noted; the work itself is committed,
                and the sweep will find it.
        """
        if self._leases.fence(lane) is None:
            if self._store.ring(lane) and not self._doorbell.send(lane):
                self._answered(lane)
            return
        # Ours already: the flag in the row is for others and would cost a commit, and a
        # messenger would only carry the bell back to where it came from.
        if self._resting(lane):
            return
        with self._bell_lock:
            if lane in self._on_the_way:
                return
            self._on_the_way.add(lane)
        self._answered(lane)

    def more(self, lane: str, due: datetime) -> None:
        """Have another thread look into the lane when the rest of it is due.

        Whoever found work there says so before its first call: it may be long at it. A
        thread that is woken for nothing would only be in its way.
        """
        left_s = (due - self._clock.now()).total_seconds()
        if left_s <= 0:
            self._pool.want(lane, rung=False)
        else:
            self._timer.at(lane, left_s)

    def fence(self, lane: str) -> int | None:
        """The fence of our lease while it surely lasts; None: send nothing (law 27)."""
        return self._leases.fence(lane)

    def keep(self, lane: str) -> None:
        """Store the lane's checkpoint now: a crash shall not forget a pause (law 37).

        Raises:
            StoreFull: It could not be kept.
        """
        if self._checkpoint is not None:
            self._leases.keep(lane, self._checkpoint(lane))

    def sweep(self) -> None:
        """Look into lanes with due work: what a lost bell would have said."""
        now = self._clock.now()
        for lane in self._lanes:
            if self._pool.running(lane):
                continue
            due_at = self._store.next_due(lane)
            if self._store.lane(lane).rung:
                self._pool.want(lane, rung=True)
            elif due_at is None:
                continue
            elif due_at <= now:
                self._pool.want(lane, rung=True)
            else:
                self._timer.at(lane, (due_at - now).total_seconds())

    def trouble(self) -> str | None:
        """What keeps the lanes from being driven, for readiness; None: nothing."""
        if not self._started or self._pool.stopping:
            return "not running"
        if time.monotonic() - self._seen_at > STILL_S:
            return "the timer stands still: the store may not answer"
        return self._refused

    def broker_trouble(self) -> str | None:
        """What the broker does not do; no hindrance, since lanes also look by themselves."""
        return self._doorbell.trouble()

    def stop(self, within_s: float = 8.0) -> bool:
        """Finish running units, release the lanes; False when a unit did not end in time.

        A lane whose unit still runs is not released: its lease ends by itself,
        and until then nobody else may send there.
        """
        if not self._started:
            return True
        until = time.monotonic() + within_s
        self._timer.stop(1.0)
        done = self._pool.stop(max(0.0, until - time.monotonic()))
        for lane in self._leases.held():
            if not self._pool.running(lane):
                self._quietly(partial(self._release, lane))()
        self._doorbell.stop()
        return done

    def _renew(self) -> None:
        try:
            self._leases.renew()
            self._refused = None
        except Exception as error:  # the next turn tries again, and readiness tells
            self._refused = f"the store refuses leases: {type(error).__name__}"
            log.warning("lease.not_renewed", reason=type(error).__name__)

    def _release(self, lane: str) -> None:
        self._leases.release(lane, self._checkpoint(lane) if self._checkpoint else {})

    def _answered(self, lane: str) -> None:
        if lane in self._lanes:
            self._pool.want(lane, rung=True)

    def _woken(self, lane: str) -> None:
        self._pool.want(lane, rung=False)

    def _listen(self) -> None:
        """Notice what other processes rang, without their bell reaching us."""
        self._seen_at = time.monotonic()
        if self._pulse is not None:
            pulse, last = self._pulse(), self._last_pulse
            self._last_pulse = pulse
            if pulse == last:
                return
        for lane in self._lanes:
            if self._store.lane(lane).rung:
                with self._bell_lock:
                    self._on_the_way.discard(lane)  # what comes next clears the row
                self._pool.want(lane, rung=True)

    def _drive(self, lane: str, rung: bool) -> None:
        try:
            if not self._leases.hold(lane):
                return  # its holder hears the same bell by its row
            if rung:
                self._clear(lane)
            self._look(lane)
            if self._failing.pop(lane, None):
                log.info("lane.recovered", lane=lane)
        except StoreFull:
            self._timer.at(lane, FAILED_S)
        except Exception as error:  # a runner outlives whatever one look did
            self._failed(lane, error)

    def _failed(self, lane: str, error: Exception) -> None:
        """Try again later; say it once, not every few seconds of a night."""
        self._timer.at(lane, FAILED_S)  # first: to say it may fail as well
        kind = type(error).__name__
        if self._failing.get(lane) != kind:
            self._failing[lane] = kind
            log.error("lane.failed", lane=lane, again_every_s=FAILED_S, exc_info=error)

    def _clear(self, lane: str) -> None:
        """Clear the bell before the look, so that a ring from now on sends a new one."""
        with self._bell_lock:
            ours = lane in self._on_the_way
            self._on_the_way.discard(lane)
        if not ours and self._store.lane(lane).rung:
            self._store.unring(lane)

    def _look(self, lane: str) -> None:
        until = time.monotonic() + TURN_S
        while not self._pool.stopping:
            if self._leases.fence(lane) is None and not self._leases.hold(lane):
                return
            worked = self._pool.unit(lane, lambda: self._work(lane))
            if not worked.did:
                if worked.wake_at is not None:
                    self._come_back(lane, worked.wake_at)
                return
            if time.monotonic() >= until and self._pool.crowded():
                self._pool.want(lane, rung=False)  # there may be more, in its turn
                return

    def _come_back(self, lane: str, wake_at: datetime) -> None:
        left_s = (wake_at - self._clock.now()).total_seconds()
        if left_s <= 0 and self._pool.running(lane) > 1:
            # What is due is what the other thread is at; it looks again itself.
            left_s = BUSY_S
        self._timer.at(lane, left_s)

    def _quietly(self, chore: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                chore()
            except Exception:  # the timer must live; the next turn tries again
                log.exception("chore.failed")

        return run
