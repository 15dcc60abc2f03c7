"""POST /hooks/SYSTEM as a raw ASGI application: bounded in size, time and memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from sdsync.server.hooks import Hooks, Reply, Webhook
from sdsync.server.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATH = "/hooks/"
MAX_BODY_BYTES = 1024 * 1024
#: Of all requests together that are not finished: what strangers may make us hold.
MAX_HELD_BYTES = 16 * 1024 * 1024
#: Each takes all that waits, for one commit: while one waits for the disk, the next
#: judges what came meanwhile.
THREADS = 4
#: For one commit: what comes next does not wait for more than these.
MOST_TOGETHER = 64
RETRY = (("retry-after", "5"),)


class _RefusedError(Exception):
    def __init__(self, reply: Reply, outcome: str) -> None:
        super().__init__(reply.text)
        self.reply, self.outcome = reply, outcome


class _GoneError(Exception):
    """The sender went away: there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A webhook that is here as a whole, and whom its answer is for."""

    webhook: Webhook
    answer: asyncio.Future[Reply]


class Intake:
    """Reads a webhook whole, hands it to a thread, and answers what came of it."""

    def __init__(self, hooks: Hooks, metrics: Metrics) -> None:
        self._hooks, self._metrics = hooks, metrics
        self._held = 0
        self._line: SimpleQueue[_Waiting | None] = SimpleQueue()
        for number in range(THREADS):
            Thread(target=self._serve, name=f"intake-{number}", daemon=True).start()

    def close(self) -> None:
        """Let running commits end; nothing new is taken."""
        self._line.put(None)

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
            answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._line.put(_Waiting(Webhook(system, headers, bytes(body)), answer))
            return await answer
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

    def _serve(self) -> None:
        while together := self._together():
            try:
                replies = self._hooks.receive([one.webhook for one in together])
            except Exception:  # even its log may fail; without the thread all senders would wait
                replies = [Reply(503, "not now", RETRY)] * len(together)
            loop = together[0].answer.get_loop()
            with contextlib.suppress(RuntimeError):  # it is closed: nobody waits any more
                loop.call_soon_threadsafe(_hand_out, together, replies)

    def _together(self) -> list[_Waiting]:
        """All that waits, at least one; nothing at the end."""
        found: list[_Waiting] = []
        one = self._line.get()
        while one is not None:
            found.append(one)
            if len(found) == MOST_TOGETHER:
                return found
            try:
                one = self._line.get_nowait()
            except Empty:
                return found
        self._line.put(None)  # the end is for the other threads too
        return found


def _hand_out(together: list[_Waiting], replies: list[Reply]) -> None:
    for one, reply in zip(together, replies, strict=True):
        if not one.answer.done():  # else its connection was ended
            one.answer.set_result(reply)


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
