"""Recorded answers of real products, given again over httpx's own transport interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import Connector
from sdsync.connectors.registry import create

FIXTURES = Path(__file__).parent / "fixtures"
#: Stands in every recording where the product's address stood.
ORIGIN = "http://product.example.org"
#: RT's tokens hold the number of their user; it was 38 when this was recorded.
SECRET = "1-38-5ec7e75ec7e75ec7e75ec7e75ec7e75e"
NAMES = {"request_tracker": "desk", "redmine": "dev"}

Handler = Callable[[httpx.Request], httpx.Response]


class FixedClock:
    """Stands still; ``now`` is when the recordings were made."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed


@dataclass
class Recording:
    """Answers by "METHOD path?query"; asked for another query, the first of that path."""

    name: str
    recorded_at: datetime
    facts: dict[str, Any]
    answers: dict[str, dict[str, Any]]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.raw_path.decode("ascii")
        told = self.answers.get(f"{request.method} {path}")
        if told is None:
            bare = f"{request.method} {path.partition('?')[0]}"
            near = (key for key in self.answers if key.partition("?")[0] == bare)
            told = self.answers.get(next(near, ""))
        if told is None:
            return httpx.Response(404, headers={"content-type": "application/json"}, json={})
        return httpx.Response(
            told["status"], headers=told["headers"], content=told["body"].encode()
        )


def recording(name: str) -> Recording:
    """A recording by its connector's name."""
    data = json.loads((FIXTURES / f"{name}.json").read_text())
    at = datetime.fromisoformat(data["recorded_at"]).replace(tzinfo=UTC)
    return Recording(name, at, data["facts"], data["answers"])


def connector(
    name: str, handler: Handler | httpx.BaseTransport, now: datetime | None = None
) -> Connector:
    """A connector over ``handler``, its secret in a file of the fixtures' own making."""
    if not isinstance(handler, httpx.BaseTransport):
        handler = httpx.MockTransport(handler)
    config = SystemConfig(
        name=NAMES[name],
        connector=name,
        url=ORIGIN,
        token=SecretRef.parse("env:SDSYNC_TEST_SECRET"),
    )
    clock = FixedClock(now or recording(name).recorded_at)
    return create(NAMES[name], config, clock=clock, transport=handler)
