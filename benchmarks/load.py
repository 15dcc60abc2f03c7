"""A client that costs little: prepared requests over kept connections, one answer each."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scene import HOOKS

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of load came to."""

    per_second: float
    p50_ms: float
    refused: int


def webhooks(system: str) -> Iterator[bytes]:
    """Signed webhooks, each with an id and a record of its own."""
    key = base64.b64decode(HOOKS[system].removeprefix("whsec_"))
    for number in _numbers:
        yield webhook(system, key, number, number)


def webhook(system: str, key: bytes, message: int, record: int) -> bytes:
    """One signed webhook as bytes on the wire."""
    stamp, name = int(time.time()), f"msg_{message}"
    body = json.dumps({"kind": "ticket", "id": str(record)}).encode()
    signed = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    head = (
        f"POST /hooks/{system} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"webhook-id: {name}\r\nwebhook-timestamp: {stamp}\r\n"
        f"webhook-signature: v1,{base64.b64encode(signed).decode()}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Round:
    """Send as many as are answered in the time, over so many connections."""
    return asyncio.run(_drive(port, requests, connections, seconds))


async def _drive(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Round:
    lags: list[float] = []
    refused = 0

    async def client() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            writer.write(next(requests))
            refused += not await _accepted(reader)
            lags.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    took = time.perf_counter() - began
    return Round(len(lags) / took, sorted(lags)[len(lags) // 2] * 1000, refused)


async def _accepted(reader: asyncio.StreamReader) -> bool:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return head.startswith(b"HTTP/1.1 202")
