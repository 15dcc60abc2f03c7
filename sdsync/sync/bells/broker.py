"""dramatiq as a doorbell, and as nothing else.

Its retries, delays, results and rate limits are not used: what waits, until
when and in which order stands in the store, where it survives any broker.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from importlib import import_module
from urllib.parse import urlsplit

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

from sdsync.sync.bells.carrier import Carrier

log = structlog.get_logger(__name__)

QUEUE = "sdsync"
STOP_MS = 2000
#: How long its threads wait at a time: what a stop waits for, and what idling costs.
POLL_MS = 500
#: How often a broker that nobody rings is asked whether it would carry a bell.
KNOCK_S = 10.0
#: A broker that does not answer within this is away.
ANSWER_S = 5.0


class BrokerRefusedError(Exception):
    """The broker cannot be used; the text names the setting and the remedy."""


class Doorbell:
    """Carries lane names from whoever rings to whoever answers, in any process."""

    def __init__(
        self, url: str | None, answer: Callable[[str], None], *, knock_s: float = KNOCK_S
    ) -> None:
        """``url`` None: in memory. ``answer`` gets the lane, in a thread of the broker.

        Raises:
            BrokerRefusedError: The address, its library or its durability is not right.
        """
        # dramatiq would log each message at debug and each lost connection with its
        # address; the sweep makes both harmless.
        logging.getLogger("dramatiq").setLevel(logging.CRITICAL)
        self.broker = _open(url)
        #: Whether bells never leave this process.
        self.local = isinstance(self.broker, StubBroker)
        self._answer = answer

        @dramatiq.actor(broker=self.broker, actor_name="lane", queue_name=QUEUE, max_retries=0)
        def lane(name: str) -> None:
            answer(name)

        self._actor = lane
        # One thread: an answer only notes the name, the work is done elsewhere.
        self._worker = dramatiq.Worker(self.broker, worker_threads=1, worker_timeout=POLL_MS)
        self._carrier = None if self.local else Carrier(self._carry, knock_s)
        self._trouble: str | None = None
        self._started = False

    def start(self) -> None:
        """Begin to answer bells."""
        self._worker.start()
        if self._carrier is not None:
            self._carrier.start()
        self._started = True

    def send(self, lane: str) -> bool:
        """Ring, without waiting for the broker; False when it takes no bells.

        A bell that the broker does not take in the end is answered here: that
        loses nothing but time.
        """
        if self._carrier is None:
            return self._sent(lane) is None
        if self._trouble is not None:
            return False
        self._carrier.take(lane)
        return True

    def trouble(self) -> str | None:
        """What the broker did not do when it was last asked; None: it takes bells."""
        return self._trouble

    def stop(self) -> None:
        """End the broker's threads and connections."""
        if self._carrier is not None:
            self._carrier.stop()
        if self._started:
            self._worker.stop(timeout=STOP_MS)
        # A broker that went away before us cannot be said goodbye to.
        with contextlib.suppress(Exception):
            self.broker.close()

    def _carry(self, lane: str) -> None:
        """Hand one bell to the broker; its state is told once when it changes."""
        wrong = self._sent(lane)
        if wrong is not None and self._trouble is None:
            log.warning("broker.gone", reason=wrong)
        elif wrong is None and self._trouble is not None:
            log.info("broker.back")
        self._trouble = wrong and f"it takes no bells ({wrong}); lanes look by themselves"
        if wrong is not None:
            self._answer(lane)

    def _sent(self, lane: str) -> str | None:
        """What went wrong, by its type: an error's text may hold the address."""
        try:
            self._actor.send(lane)
        except Exception as error:  # each broker's library raises what it likes
            return type(error).__name__
        return None


def _open(url: str | None) -> dramatiq.Broker:
    middleware: list[dramatiq.Middleware] = [Retries(max_retries=0)]
    scheme = urlsplit(url).scheme if url else ""
    if not url or scheme == "memory":
        return StubBroker(middleware=middleware)
    if scheme in ("amqp", "amqps"):
        return _rabbit(url, middleware)
    if scheme in ("redis", "rediss", "unix"):
        return _redis(url, middleware)
    raise BrokerRefusedError(
        f'broker.url: found the scheme "{scheme}", expected amqp, amqps, redis or rediss; '
        "leave the setting out for bells in memory"
    )


def _rabbit(url: str, middleware: list[dramatiq.Middleware]) -> dramatiq.Broker:
    try:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker
    except ImportError as error:
        raise BrokerRefusedError(
            "broker.url: RabbitMQ needs the library pika: pip install 'dramatiq[rabbitmq]'"
        ) from error
    # Without confirms a broker that dies takes every bell of the last seconds with it.
    return RabbitmqBroker(url=url, confirm_delivery=True, middleware=middleware)


def _redis(url: str, middleware: list[dramatiq.Middleware]) -> dramatiq.Broker:
    try:
        from dramatiq.brokers.redis import RedisBroker

        redis = import_module("redis")  # by name: type checks run without the extra, too
    except ImportError as error:
        raise BrokerRefusedError(
            "broker.url: Redis needs the library redis: pip install 'dramatiq[redis]'"
        ) from error
    client = redis.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
    try:
        durable = client.info("persistence").get("aof_enabled")
    except redis.exceptions.AuthenticationError as error:
        raise BrokerRefusedError(
            "broker.url: Redis refuses our credential; look at its user and password"
        ) from error
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
        durable = True  # it is away: bells wait for it, work does not
    except redis.exceptions.RedisError as error:
        raise BrokerRefusedError(
            "broker.url: Redis does not let this user ask INFO; give it +info"
        ) from error
    if not durable:
        raise BrokerRefusedError(
            "broker.url: Redis keeps nothing on disk (appendonly is off); "
            "set `appendonly yes` in redis.conf"
        )
    broker: RedisBroker = RedisBroker(client=client, middleware=middleware)  # type: ignore[no-untyped-call]  # dramatiq left it untyped
    return broker
