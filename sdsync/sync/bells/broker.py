"""dramatiq as a doorbell, and as nothing else.

Its retries, delays, results and rate limits are not used: what waits, until
when and in which order stands in the store, where it survives any broker.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

QUEUE = "sdsync"
STOP_MS = 2000
#: How long its threads wait at a time: what a stop waits for, and what idling costs.
POLL_MS = 500


class BrokerRefusedError(Exception):
    """The broker cannot be used; the text names the setting and the remedy."""


class Doorbell:
    """Carries lane names from whoever rings to whoever answers, in any process."""

    def __init__(self, url: str | None, answer: Callable[[str], None]) -> None:
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

        @dramatiq.actor(broker=self.broker, actor_name="lane", queue_name=QUEUE, max_retries=0)
        def lane(name: str) -> None:
            answer(name)

        self._actor = lane
        # One thread: an answer only notes the name, the work is done elsewhere.
        self._worker = dramatiq.Worker(self.broker, worker_threads=1, worker_timeout=POLL_MS)
        self._started = False

    def start(self) -> None:
        """Begin to answer bells."""
        self._worker.start()
        self._started = True

    def send(self, lane: str) -> bool:
        """Ring; False when the broker did not take it, which loses nothing but time."""
        try:
            self._actor.send(lane)
        except Exception:  # each broker's library raises what it likes
            return False
        return True

    def stop(self) -> None:
        """End the broker's threads and connections."""
        if self._started:
            self._worker.stop(timeout=STOP_MS)
        # A broker that went away before us cannot be said goodbye to.
        with contextlib.suppress(Exception):
            self.broker.close()


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
    except ImportError as error:
        raise BrokerRefusedError(
            "broker.url: Redis needs the library redis: pip install 'dramatiq[redis]'"
        ) from error
    broker: RedisBroker = RedisBroker(url=url, middleware=middleware)  # type: ignore[no-untyped-call]  # dramatiq left it untyped
    try:
        durable = broker.client.info("persistence").get("aof_enabled")
    except Exception as error:  # the library's own exceptions cannot be named without it
        raise BrokerRefusedError(
            "broker.url: Redis does not answer INFO; is it running, and may this user ask it?"
        ) from error
    if not durable:
        raise BrokerRefusedError(
            "broker.url: Redis keeps nothing on disk (appendonly is off); "
            "set `appendonly yes` in redis.conf"
        )
    return broker
