"""The HTTP side of the daemon: webhooks, and the three pages that tell how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import orjson

from sdsync.server.health import Health
from sdsync.server.intake import PATH, Intake, Receive, Scope, Send
from sdsync.server.metrics import CONTENT_TYPE, Metrics

#: Status, media type and body.
Page = tuple[int, str, bytes]

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"


class App:
    """One ASGI application, without a framework: it would be larger than the pages."""

    def __init__(self, intake: Intake, health: Health, metrics: Metrics) -> None:
        self._intake = intake
        self._pages = _pages(health, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if str(scope["path"]).startswith(PATH):
            await self._intake(scope, receive, send)
            return
        status, media_type, body = await self._page(str(scope["method"]), str(scope["path"]))
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _page(self, method: str, path: str) -> Page:
        page = self._pages.get(path)
        if page is None:
            return 404, _TEXT, b"Not Found"
        if method not in ("GET", "HEAD"):
            return 405, _TEXT, b"Method Not Allowed"
        # In a thread: it reads the store.
        return await asyncio.to_thread(page)


def _pages(health: Health, metrics: Metrics) -> Mapping[str, Callable[[], Page]]:
    def healthz() -> Page:
        return 200, _JSON, orjson.dumps(health.alive())

    def readyz() -> Page:
        problems = health.problems()
        status = "not ready" if problems else "ready"
        body = {"status": status, "problems": problems, "notes": health.notes()}
        return 503 if problems else 200, _JSON, orjson.dumps(body)

    def metricsz() -> Page:
        return 200, CONTENT_TYPE, metrics.text().encode()

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metricsz}
