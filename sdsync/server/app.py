"""The HTTP side of the daemon: webhooks raw, everything else through starlette."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sdsync.server.health import Health
from sdsync.server.intake import PATH, Intake, Receive, Scope, Send
from sdsync.server.metrics import CONTENT_TYPE, Metrics


class App:
    """One ASGI application. Webhooks pass no framework: they are the hot path."""

    def __init__(self, intake: Intake, health: Health, metrics: Metrics) -> None:
        self._intake = intake
        self._pages = _pages(health, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and str(scope["path"]).startswith(PATH):
            await self._intake(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def _pages(health: Health, metrics: Metrics) -> Starlette:
    # Plain functions: starlette runs them in threads, since they read the store.
    def healthz(_: Request) -> Response:
        return JSONResponse(health.alive())

    def readyz(_: Request) -> Response:
        problems = health.problems()
        body = {"status": "not ready" if problems else "ready", "problems": problems}
        return JSONResponse(body, status_code=503 if problems else 200)

    def metricsz(_: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metricsz),
        ]
    )
