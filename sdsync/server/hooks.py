"""What is done with a webhook once all of it is here: verify, read, commit, acknowledge."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import structlog

from sdsync.config.clock import Clock
from sdsync.config.secrets import SecretMissingError
from sdsync.connectors.contract import Answer, ChangeEvent
from sdsync.connectors.failures import FAILURES
from sdsync.server import strictjson
from sdsync.server.metrics import Metrics
from sdsync.server.signatures import TOLERANCE_S, Secret, Verdict, read_secrets, verify
from sdsync.store.contract import StoreFull

log = structlog.get_logger(__name__)

#: Younger than its timestamp allows, on both sides of now.
REMEMBER_S = 2 * TOLERANCE_S
MOST_REMEMBERED = 100_000
#: A renewed secret counts after so long; a keyring is not asked for each request.
SECRET_S = 5.0
#: Anybody can ring an unsigned bell: more often it would spend the system's budget.
BELL_S = 1.0
RETRY_S = 10


class Door(Protocol):
    """What the intake needs of the engine."""

    def read(
        self, system: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        """The events of a verified webhook."""
        ...

    def capture(self, system: str, events: Sequence[ChangeEvent]) -> None:
        """Commit the events, then ring; returns when they are on disk."""

    def poll(self, system: str) -> None:
        """Ask the system's feed now, believing nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a webhook. ``text`` repeats nothing that was sent."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


class Hooks:
    """The webhooks of all systems. Safe to use from many threads."""

    def __init__(
        self,
        door: Door,
        secrets: Mapping[str, Callable[[], str] | None],
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """``secrets``: per system what reveals its secret; None: its webhooks are only bells."""
        self._door, self._clock, self._metrics = door, clock, metrics
        self._secrets = {name: _Cached(one) if one else None for name, one in secrets.items()}
        self._seen = _Seen()
        self._rung: dict[str, float] = {}
        self._lock = threading.Lock()

    def knows(self, system: str) -> bool:
        """Whether a system has this name."""
        return system in self._secrets

    def receive(self, system: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Handle one webhook; 202 is said after the commit and never before."""
        self._metrics.webhook_bytes.add(by=len(body))
        outcome, reply = self._judge(system, headers, body)
        self._metrics.webhooks.add(system, outcome)
        return reply

    def _judge(self, system: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Reply]:
        cached = self._secrets[system]
        try:
            if cached is None:
                return self._bell(system)
            secrets = cached.get(time.monotonic())
        except SecretMissingError as error:
            # The place of the secret is the whole story: no traceback.
            log.error("webhook.secret_missing", system=system, reason=str(error))  # noqa: TRY400
            return "no secret", Reply(503, "the secret is not there", _retry())
        except StoreFull:
            return "store full", Reply(503, "the store is full", _retry())
        now = self._clock.now()
        verified = verify(headers, body, secrets, now=now)
        if verified.verdict is not Verdict.GOOD or verified.id is None:
            return verified.verdict.value, Reply(401, "not signed with the secret of this system")
        if self._seen.has(system, verified.id):
            return "replayed", Reply(202, "known already")
        try:
            strictjson.check(body)
        except strictjson.NotStrictJson as error:
            return "malformed", Reply(400, str(error))
        return self._capture(system, headers, body, verified.id, now)

    def _capture(
        self, system: str, headers: Mapping[str, str], body: bytes, message: str, now: datetime
    ) -> tuple[str, Reply]:
        events = self._door.read(system, headers, body, now)
        if isinstance(events, FAILURES):
            # Signed, so it is our product speaking of something that is not synced.
            # A refusal would make many products switch the webhook off.
            return "ignored", Reply(202, "nothing in it is synced")
        try:
            self._door.capture(system, _marked(system, events, message))
        except StoreFull:
            return "store full", Reply(503, "the store is full", _retry())
        # Only now: a repeat of what was not committed must be taken.
        self._seen.add(system, message)
        return "accepted", Reply(202, "accepted")

    def _bell(self, system: str) -> tuple[str, Reply]:
        """Without a secret anybody may have sent it: the body is not even looked at (law 52)."""
        with self._lock:
            now = time.monotonic()
            if now - self._rung.get(system, float("-inf")) < BELL_S:
                return "bell", Reply(202, "rung already")
            self._rung[system] = now
        self._door.poll(system)
        return "bell", Reply(202, "rung")


def _marked(system: str, events: Sequence[ChangeEvent], message: str) -> list[ChangeEvent]:
    """The events with digests of the message: its replay is dropped after a restart too.

    The content alone would not do, since two changes within a second may look the same.
    """
    key = f"{system}\0{message}".encode()
    return [
        replace(event, digest="webhook " + sha256(b"%d\0" % number + key).hexdigest())
        for number, event in enumerate(events)
    ]


def _retry() -> tuple[tuple[str, str], ...]:
    return (("retry-after", str(RETRY_S)),)


class _Cached:
    """A system's secrets, looked up again every few seconds."""

    def __init__(self, reveal: Callable[[], str]) -> None:
        self._reveal = reveal
        self._until = float("-inf")
        self._secrets: tuple[Secret, ...] = ()

    def get(self, now: float) -> tuple[Secret, ...]:
        if now >= self._until:
            self._secrets, self._until = read_secrets(self._reveal()), now + SECRET_S
        return self._secrets


class _Seen:
    """Ids of messages that were committed, for as long as their timestamp is accepted."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, system: str, message: str) -> bool:
        with self._lock:
            at = self._ids.get((system, message))
            return at is not None and time.monotonic() - at <= REMEMBER_S

    def add(self, system: str, message: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._ids[system, message] = now
            self._ids.move_to_end((system, message))
            while self._ids and (
                len(self._ids) > MOST_REMEMBERED
                or next(iter(self._ids.values())) < now - REMEMBER_S
            ):
                self._ids.popitem(last=False)
