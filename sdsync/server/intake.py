"""POST /hooks/SYSTEM as a raw ASGI application: bounded in size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from sdsync.server.hooks import Hooks, Reply
from sdsync.server.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = structlog.get_logger(__name__)

PATH = "/hooks/"
MAX_BODY_BYTES = 1024 * 1024
#: Of all requests together that are not finished: what strangers may make us hold.
MAX_HELD_BYTES = 16 * 1024 * 1024
#: Each waits for a commit, and the store commits those that wait together: with as many
#: as there are senders at once it waits for the disk once for all of them. They are
#: started when they are needed.
THREADS = 32
RETRY = (("retry-after", "5"),)


class _RefusedError(Exception):
    def __init__(self, reply: Reply, outcome: str) -> None:
        super().__init__(reply.text)
        self.reply, self.outcome = reply, outcome


class _GoneError(Exception):
    """The sender went away: there is nobody to answer."""


class Intake:
    """Reads a webhook whole, hands it to a thread, and answers what came of it."""

    def __init__(self, hooks: Hooks, metrics: Metrics) -> None:
        self._hooks, self._metrics = hooks, metrics
        self._held = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="intake")

    def close(self) -> None:
        """Let running commits end; nothing new is taken."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        system = str(scope["path"])[len(PATH) :]
        known = self._hooks.knows(system)
        try:
            reply = await self._take(system, scope, receive)
        except _GoneError:
            self._metrics.webhooks.add(system if known else "", "cut off")
            return
        except _RefusedError as refused:
            self._metrics.webhooks.add(system if known else "", refused.outcome)
            reply = refused.reply
        await _answer(send, reply)

    async def _take(self, system: str, scope: Scope, receive: Receive) -> Reply:
        if not self._hooks.knows(system):
            raise _RefusedError(Reply(404, "no such system"), "unknown system")
        if scope["method"] != "POST":
            raise _RefusedError(Reply(405, "only POST", (("allow", "POST"),)), "not a post")
        headers = _headers(scope)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise _too_large()
        body = bytearray()
        try:
            await self._read(receive, body)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._threads, self._safely, system, headers, bytes(body)
            )
        finally:
            self._held -= len(body)

    async def _read(self, receive: Receive, body: bytearray) -> None:
        # The connection itself has an absolute deadline: a body that drips ends in
        # a disconnect here.
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            chunk = message.get("body", b"")
            self._held += len(chunk)
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise _too_large()
            if self._held > MAX_HELD_BYTES:
                raise _RefusedError(Reply(503, "too much at once", RETRY), "crowded")
            if not message.get("more_body", False):
                return

    def _safely(self, system: str, headers: dict[str, str], body: bytes) -> Reply:
        try:
            return self._hooks.receive(system, headers, body)
        except Exception:  # the sender is told to come back, whatever it was
            log.exception("webhook.failed", system=system)
            self._metrics.webhooks.add(system, "failed")
            return Reply(503, "not now", RETRY)


def _too_large() -> _RefusedError:
    return _RefusedError(Reply(413, f"more than {MAX_BODY_BYTES} bytes"), "too large")


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _answer(send: Send, reply: Reply) -> None:
    text = reply.text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        *((name.encode(), value.encode()) for name, value in reply.headers),
    ]
    if reply.status == 413 or reply.status == 503:
        # What is still on its way would be read and thrown away otherwise.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
