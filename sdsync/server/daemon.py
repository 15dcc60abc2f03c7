"""``sdsync run``: everything of one process, started in order and stopped in time."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import structlog

import sdsync
from sdsync.config.clock import Clock, SteadyClock, SystemClock
from sdsync.config.load import secrets_of
from sdsync.config.model import Config
from sdsync.config.secrets import SecretMissingError, SecretRef
from sdsync.server.alarms import ROUND_S, Alarms
from sdsync.server.anchors import AnchorChore
from sdsync.server.app import App
from sdsync.server.doors import EngineDoor, process_families, store_families, system_families
from sdsync.server.health import Health
from sdsync.server.hooks import Hooks
from sdsync.server.intake import Intake
from sdsync.server.lanes import CredentialWatch, LaneKeeper
from sdsync.server.logs import Scrubber, configure
from sdsync.server.memory import settle, share_one_arena
from sdsync.server.metrics import Metrics
from sdsync.server.orders import Orders
from sdsync.server.posting import heartbeat
from sdsync.server.reading import NotReloadedError, read_anew
from sdsync.server.started import files_of
from sdsync.server.stepping import ClockWatch
from sdsync.server.storage import lock_of, open_waiting, pulse_of, revealed
from sdsync.server.systemd import notify, watchdog_s
from sdsync.server.tail import Tail
from sdsync.server.ways import ways_of
from sdsync.server.web import Web
from sdsync.store.opening import files_of as store_files
from sdsync.sync.assemble import assemble
from sdsync.sync.bells import Bells
from sdsync.sync.bells.timer import Timer
from sdsync.sync.engine import Engine
from sdsync.sync.persons import retention
from sdsync.sync.watch.needs import Around

log = structlog.get_logger(__name__)

SEAL_S = 1.0
CREDENTIALS_S = 5.0
CLOCK_S = 5.0
NIGHTS_S = 600.0
TAIL_S = 0.25
BELLS_STOP_S = 4.0


class Daemon:
    """One process's parts. Use it as a context: leaving it stops them, within 10 s."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        scrubber: Scrubber | None = None,
        steps: Callable[[str], None] = lambda _name: None,
        port: int | None = None,
        listening: socket.socket | None = None,
        started: float | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            scrubber: Learns every secret that the settings name.
            steps: Called at each numbered step; crash tests end the process there.
            port: In place of the setting; 0 takes a free one.
            listening: The port that the daemon before this one left open.
            started: When the process began, as Health takes it.
        """
        self.config, self.clock = config, clock or SteadyClock()
        self._wall = clock or SystemClock()  # for what others stamped
        self._files = files_of(config)
        self._scrubber, self._steps = scrubber or Scrubber(), steps
        self._port = config.server.port if port is None else port
        self._listening, self._started = listening, started
        self._stack = ExitStack()
        self._sealed = -1
        self._anchors: AnchorChore | None = None

    def __enter__(self) -> Daemon:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        began = time.monotonic()
        self._stack.close()
        log.info("daemon.stopped", took_s=round(time.monotonic() - began, 2))

    @property
    def alive(self) -> bool:
        """Whether what must run does: for the watchdog."""
        return self.web.alive and self.bells.trouble() is None

    def _start(self, stack: ExitStack) -> None:
        config = self.config
        for _, ref in secrets_of(config):
            with contextlib.suppress(SecretMissingError):
                self._scrubber.learn(ref.reveal())
        stack.enter_context(lock_of(config))
        self.store = open_waiting(config, self.clock)
        stack.callback(self.store.close)
        core = assemble(
            config, self.store, clock=self.clock, steps=self._steps,
            ring=lambda lane: self.bells.ring(lane),
            fence=lambda lane: self.bells.fence(lane) is not None,
        )  # fmt: skip
        self.engine = Engine(
            core,
            more=lambda lane, due: self.bells.more(lane, due),
            keep=lambda lane: self.bells.keep(lane),
        )
        for system in core.systems.values():
            stack.callback(system.close)
        keeper = LaneKeeper(self.engine, self.clock)
        self.bells = Bells(
            self.store, self.engine.work, tuple(config.systems),
            broker_url=revealed(config.broker.url), clock=self.clock,
            taken=keeper.taken, checkpoint=keeper.left, pulse=pulse_of(config),
            resting=self.engine.claims.resting,
        )  # fmt: skip
        self._serve(stack)
        stack.callback(self._stop_bells)
        self.began_at_seq = self.store.last_audit_seq()  # what this run does comes after it
        self.bells.start()
        self.engine.start()
        self._keep_house(stack)
        self.web.start()
        stack.callback(self.web.stop)
        stack.callback(self.health.stop)
        log.info("daemon.started", port=self.web.port, systems=sorted(config.systems))

    def _serve(self, stack: ExitStack) -> None:
        """Bind the port before work begins: a second daemon shall not even look."""
        metrics = self.metrics = Metrics()
        metrics.collect(store_families(self.store, self.clock))
        metrics.collect(system_families(self.engine.core.systems, self.clock))
        metrics.collect(process_families())
        hooks = Hooks(
            EngineDoor(self.engine),
            {name: self._secret(one.webhook) for name, one in self.config.systems.items()},
            clock=self._wall,
            metrics=metrics,
        )
        intake = Intake(hooks, metrics)
        stack.callback(intake.close)
        self.health = Health(
            {"store": self._store_trouble, "lanes": self.bells.trouble},
            version=sdsync.__version__,
            files=self._files,
            notes={"broker": self.bells.broker_trouble, "anchor": self._anchor_trouble},
            key=self.store.key_id,
            started=self._started,
        )
        app = App(intake, self.health, metrics)
        self.web = Web(app, self.config.server.host, self._port, listening=self._listening)

    def _keep_house(self, stack: ExitStack) -> None:
        timer = Timer(lambda _lane: None)
        tokens = {name: one.token for name, one in self.config.systems.items()}
        watch = CredentialWatch(self.engine.core.systems, tokens, self.clock, self.bells.ring)
        timer.every(SEAL_S, _quietly("audit.not_sealed", self._seal))
        timer.every(CREDENTIALS_S, _quietly("credential.not_read", watch.look))
        if isinstance(self.clock, SteadyClock):
            timer.every(CLOCK_S, ClockWatch(self.clock).look)
        if (where := self.config.audit.anchor) is not None:
            self._anchors = AnchorChore(self.store, where, self.clock)
            timer.every(
                self.config.audit.anchor_every_s, _quietly("audit.not_anchored", self._anchors.note)
            )
        timer.start()
        stack.callback(timer.stop, 1.0)
        self._wake_people(stack)
        if self.config.retention.apply == "nightly":
            self._keep_less(stack)

    def _wake_people(self, stack: ExitStack) -> None:
        """In a thread of its own: whom it tells may be slow, or never answer."""
        config, reveal = self.config, self._revealed
        files = store_files(revealed(config.store.url), config.path.absolute().parent)
        switch = config.alarms.heartbeat
        alarms = Alarms(
            self.store, config, self.clock,
            ways=ways_of(config, self.store.identity().store_id, reveal),
            around=lambda: Around(running=True, free_bytes=files.free_bytes()),
            beat=None if switch is None else lambda: heartbeat(switch, reveal),
            works=lambda: self.alive and not self.health.problems(),
        )  # fmt: skip
        timer = Timer(lambda _lane: None)
        timer.every(ROUND_S, _quietly("alarms.failed", alarms.round))
        timer.start()
        stack.callback(_quietly("alarms.not_released", alarms.stop))
        stack.callback(timer.stop, 1.0)

    def _keep_less(self, stack: ExitStack) -> None:
        """In a thread of its own: it may be at it for minutes."""
        timer = Timer(lambda _lane: None)
        timer.every(NIGHTS_S, _quietly("retention.not_applied", self._forget))
        timer.start()
        stack.callback(timer.stop, 1.0)

    def _forget(self) -> None:
        now = self.clock.now().astimezone()
        if (done := retention.nightly(self.store, self.config.retention, now)) is not None:
            log.info("retention.applied", plan=done.plan, **done.rows)

    def _anchor_trouble(self) -> str | None:
        return None if self._anchors is None else self._anchors.trouble()

    def _seal(self) -> None:
        newest = self.store.last_audit_seq()
        if newest != self._sealed:
            self.store.seal()
            self._sealed = newest

    def _stop_bells(self) -> None:
        if not self.bells.stop(BELLS_STOP_S):
            log.warning("daemon.left_calls_running", why="they did not end in time")
        _quietly("audit.not_sealed", self._seal)()

    def _secret(self, ref: SecretRef | None) -> Callable[[], str] | None:
        if ref is None:
            return None

        return lambda: self._revealed(ref)

    def _revealed(self, ref: SecretRef) -> str:
        value = ref.reveal()
        self._scrubber.learn(value)  # a renewed one is secret too
        return value

    def _store_trouble(self) -> str | None:
        self.store.last_audit_seq()
        return None


def run(
    config: Config,
    *,
    tail: Callable[[str], None] | None = None,
    ready: Callable[[Daemon], None] | None = None,
    orders: Orders | None = None,
    steps: Callable[[str], None] = lambda _name: None,
    port: int | None = None,
) -> int:
    """Run until SIGTERM, SIGINT or an order to end; 0 when all ended in order.

    SIGHUP, or an order to reload, reads the files anew: when all is right the daemon ends
    in order and another one takes its place in the same process. Webhooks wait meanwhile.

    Args:
        tail: Gets each new line of the audit trail; for a terminal. Without it
            the log is written as the settings say.
        ready: Called when everything runs; after a reload once more.
        port: In place of the setting; 0 takes a free one.

    Raises:
        ConfigError: Mappings or expressions are wrong.
        PortRefusedError, AlreadyRunningError, BrokerRefusedError, WrongStore,
        KeyProblem, StoreDamaged, SecretMissingError: It cannot start; the text
            says what to do.
    """
    orders, scrubber = orders or Orders(), Scrubber()
    following: Config | None = config
    listening: socket.socket | None = None
    started = time.monotonic()  # a reload is no restart
    share_one_arena()
    with orders.by_signals():
        while following is not None:
            _log_as(following, scrubber, plain=tail is not None)
            with Daemon(
                following, scrubber=scrubber, steps=steps, port=port, listening=listening,
                started=started,
            ) as daemon:  # fmt: skip
                if ready is not None:
                    ready(daemon)
                settle()
                notify("READY=1")
                following = _next(daemon, tail, orders)
                listening = daemon.web.left_open() if following is not None else None
    return 0


def _log_as(config: Config, scrubber: Scrubber, *, plain: bool) -> None:
    as_json = config.log.format == "json" or (config.log.format == "auto" and not plain)
    configure("warning" if plain else config.log.level, scrubber=scrubber, json=as_json)


def _next(daemon: Daemon, tail: Callable[[str], None] | None, orders: Orders) -> Config | None:
    """Run until an order comes that ends this daemon: what the next one runs on, or None."""
    trail = Tail(daemon.store, after_seq=daemon.began_at_seq) if tail is not None else None
    while True:
        _watch(daemon, trail, tail, orders)
        if orders.ending:
            notify("STOPPING=1")
            return None
        # sd_notify(3) wants the instant at which it began.
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            return read_anew(daemon.config)
        except NotReloadedError as error:
            daemon.health.refuse(str(error))
            log.warning("daemon.not_reloaded", reason=str(error))
            notify("READY=1")


def _watch(
    daemon: Daemon, trail: Tail | None, tail: Callable[[str], None] | None, orders: Orders
) -> None:
    """Wait for an order; meanwhile show the tail and feed the watchdog."""
    dog_s = watchdog_s()
    pauses = [one for one in (TAIL_S if trail else None, dog_s) if one is not None]
    fed_at = float("-inf")
    while not orders.wait(min(pauses, default=None)):
        if trail is not None and tail is not None:
            for line in trail.lines():
                tail(line)
        if dog_s is not None and time.monotonic() - fed_at >= dog_s - TAIL_S and daemon.alive:
            notify("WATCHDOG=1")
            fed_at = time.monotonic()


def _quietly(event: str, chore: Callable[[], object]) -> Callable[[], None]:
    """A chore that reports what went wrong and is done again at its next turn."""

    def safely() -> None:
        try:
            chore()
        except Exception as error:  # the timer must live
            log.warning(event, reason=type(error).__name__)

    return safely
