"""A client that costs little: prepared requests over kept connections, one answer each."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scene import HOOKS

_numbers = itertools.count(1)
#: What a forwarder maps; sdsync reads the record itself and believes none of it.
TICKET = {
    "subject": "the printer on the third floor is on fire again",
    "text": "smoke, and then flames; we took the stairs. " * 8,
    "status": "open",
    "priority": "high",
    "owner": "malik",
    "requestor": "ada@example.org",
    "queue": "Escalated",
    "due": "2026-11-30T12:00:00Z",
    "tags": ["printer", "fire", "third floor"],
    "changed": "2026-11-22T09:30:00Z",
}


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of load came to."""

    answers: int
    per_second: float
    p50_ms: float
    p99_ms: float
    refused: int


def webhooks(system: str) -> Iterator[bytes]:
    """Signed webhooks, each with an id and a record of its own."""
    key = base64.b64decode(HOOKS[system].removeprefix("whsec_"))
    for number in _numbers:
        yield webhook(system, key, number, number)


def webhook(system: str, key: bytes, message: int, record: int) -> bytes:
    """One signed webhook as bytes on the wire; with what a forwarder would map of a ticket."""
    stamp, name = int(time.time()), f"msg_{message}"
    body = json.dumps({"kind": "ticket", "id": str(record), **TICKET}).encode()
    signed = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    head = (
        f"POST /hooks/{system} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"webhook-id: {name}\r\nwebhook-timestamp: {stamp}\r\n"
        f"webhook-signature: v1,{base64.b64encode(signed).decode()}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client(asyncio.Protocol):
    """One connection: a request, its answer, and so on. Without streams, which cost more."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._came = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._load.idle(self)

    def send(self, request: bytes, since: float) -> None:
        """``since``: when it should have left."""
        self._sent = since
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, rest = self._came.partition(b"\r\n\r\n")
        if found and len(rest) >= _length(head):
            self._came = b""
            self._load.answered(time.perf_counter() - self._sent, head)
            self._load.idle(self)


class _Load:
    """What is to be sent until it ends: at once, or at a pace."""

    def __init__(self, requests: Iterator[bytes], seconds: float, per_second: float | None) -> None:
        self._requests = requests
        self._between = None if per_second is None else 1 / per_second
        self._began = self._due = time.perf_counter()
        self._until = self._began + seconds
        self._lags: list[float] = []
        self._refused = 0
        self._idle: deque[_Client] = deque()
        self._late: deque[float] = deque()

    def idle(self, client: _Client) -> None:
        """It may send the next one."""
        now = time.perf_counter()
        if self._between is None and now < self._until:
            client.send(next(self._requests), now)
        elif self._late:
            client.send(next(self._requests), self._late.popleft())
        else:
            self._idle.append(client)

    def answered(self, lag: float, head: bytes) -> None:
        """An answer came."""
        self._lags.append(lag)
        self._refused += not head.startswith(b"HTTP/1.1 202")

    async def run(self, clients: int) -> Round:
        """Until the time is over and every answer came."""
        while (now := time.perf_counter()) < self._until:
            while self._between is not None and self._due <= now:
                self._late.append(self._due)
                self._due += self._between
                if self._idle:
                    self.idle(self._idle.popleft())
            await asyncio.sleep(0.001)
        while len(self._idle) < clients:
            await asyncio.sleep(0.001)
        took, lags = time.perf_counter() - self._began, sorted(self._lags)
        p50, p99 = (lags[int(len(lags) * part)] * 1000 for part in (0.5, 0.99))
        return Round(len(lags), len(lags) / took, p50, p99, self._refused)


def drive(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    per_second: float | None = None,
) -> Round:
    """Send as many as are answered in the time, over so many connections.

    Args:
        per_second: Send so many, whether answers come or not, and count each one's time
            from when it was due; None: each connection sends when it was answered.
    """
    return asyncio.run(_drive(port, requests, connections, seconds, per_second))


async def _drive(
    port: int,
    requests: Iterator[bytes],
    connections: int,
    seconds: float,
    per_second: float | None,
) -> Round:
    loop = asyncio.get_running_loop()
    load = _Load(requests, seconds, per_second)
    made = [
        await loop.create_connection(lambda: _Client(load), "127.0.0.1", port)
        for _ in range(connections)
    ]
    try:
        return await load.run(connections)
    finally:
        for transport, _ in made:
            transport.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0
