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

    def capture(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        """Commit each system's events, all or nothing, then ring; returns when they are on disk."""

    def poll(self, system: str) -> None:
        """Ask the system's feed now, believing nothing."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it came in; header names in lower case."""

    system: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a webhook. ``text`` repeats nothing that was sent."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A webhook that is to be committed. ``message`` names it over repeats."""

    system: str
    events: Sequence[ChangeEvent]
    message: str


_Judged = tuple[str, Reply]
"""What came of a webhook, for the metrics, and its answer."""


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

    def receive(self, webhooks: Sequence[Webhook]) -> list[Reply]:
        """Handle what came together, in its order; 202 is said after the commit and never before.

        One commit is for all of them: the disk is waited for once. Whatever goes wrong
        is the answer of the webhook that it befell.
        """
        judged = [self._safely(one) for one in webhooks]
        taken = [one for one in judged if isinstance(one, _Taken)]
        committed = iter(self._commit(taken))
        replies: list[Reply] = []
        for one, found in zip(webhooks, judged, strict=True):
            outcome, reply = next(committed) if isinstance(found, _Taken) else found
            self._metrics.webhook_bytes.add(by=len(one.body))
            self._metrics.webhooks.add(one.system, outcome)
            replies.append(reply)
        return replies

    def _safely(self, webhook: Webhook) -> _Taken | _Judged:
        try:
            return self._judge(webhook.system, webhook.headers, webhook.body)
        except Exception as error:  # the sender is told to come back, whatever it was
            return _failed(webhook.system, error)

    def _judge(self, system: str, headers: Mapping[str, str], body: bytes) -> _Taken | _Judged:
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
        events = self._door.read(system, headers, body, now)
        if isinstance(events, FAILURES):
            # Signed, so it is our product speaking of something that is not synced.
            # A refusal would make many products switch the webhook off.
            return "ignored", Reply(202, "nothing in it is synced")
        return _Taken(system, _marked(system, events, verified.id), verified.id)

    def _commit(self, taken: list[_Taken]) -> list[_Judged]:
        """Commit them together; each by itself when that fails, so that one spoils no other."""
        if not taken:
            return []
        try:
            self._door.capture([(one.system, one.events) for one in taken])
        except StoreFull:
            return [("store full", Reply(503, "the store is full", _retry()))] * len(taken)
        except Exception as error:
            if len(taken) > 1:
                return [outcome for one in taken for outcome in self._commit([one])]
            return [_failed(taken[0].system, error)]
        # Only now: a repeat of what was not committed must be taken.
        for one in taken:
            self._seen.add(one.system, one.message)
        return [("accepted", Reply(202, "accepted"))] * len(taken)

    def _bell(self, system: str) -> tuple[str, Reply]:
        """Without a secret anybody may have sent it: the body is not even looked at (law 52)."""
        with self._lock:
            now = time.monotonic()
            if now - self._rung.get(system, float("-inf")) < BELL_S:
                return "bell", Reply(202, "rung already")
            self._rung[system] = now
        self._door.poll(system)
        return "bell", Reply(202, "rung")


def _failed(system: str, error: Exception) -> _Judged:
    log.error("webhook.failed", system=system, exc_info=error)
    return "failed", Reply(503, "not now", _retry())


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
