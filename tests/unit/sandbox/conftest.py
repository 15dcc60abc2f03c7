"""One pair of sandboxes for all tests, back at its seed for each; time stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import Connector
from sdsync.connectors.registry import create
from sdsync.sandbox import Pair, accounts, serve
from tests.unit.sandbox.naive import PATIENCE_S, Naive

MORNING = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class ManualClock:
    """Moves when told."""

    def __init__(self) -> None:
        self.at = MORNING

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - MORNING).total_seconds()

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


CLOCK = ManualClock()
_MINE = {
    "desk": ("request_tracker", accounts.DESK_TOKEN),
    "dev": ("redmine", accounts.DEV_KEY),
}


@contextmanager
def connected(
    pair: Pair, name: str, patch: pytest.MonkeyPatch, *, impersonate: bool = False
) -> Iterator[Connector]:
    """The shipped connector of one sandbox, by the sandbox's clock."""
    product, secret = _MINE[name]
    patch.setenv(f"SDSYNC_TEST_{name.upper()}", secret)
    token = SecretRef("env", f"SDSYNC_TEST_{name.upper()}")
    url = getattr(pair, name).url
    config = SystemConfig(
        name=name, connector=product, url=url, token=token, impersonate=impersonate
    )
    connector = create(name, config, clock=CLOCK)
    try:
        yield connector
    finally:
        connector.close()


@pytest.fixture(scope="session")
def running() -> Iterator[Pair]:
    with serve(clock=CLOCK) as pair:
        yield pair


@pytest.fixture
def pair(running: Pair) -> Pair:
    CLOCK.at = MORNING
    running.desk.reset()
    running.dev.reset()
    return running


@pytest.fixture
def clock(pair: Pair) -> ManualClock:
    return CLOCK


@pytest.fixture
def desk(pair: Pair) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"token {accounts.DESK_TOKEN}"}
    with httpx.Client(
        base_url=f"{pair.desk.url}/REST/2.0", headers=headers, timeout=PATIENCE_S
    ) as client:
        yield client


@pytest.fixture
def dev(pair: Pair) -> Iterator[httpx.Client]:
    headers = {"X-Redmine-API-Key": accounts.DEV_KEY}
    with httpx.Client(base_url=pair.dev.url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def naive(pair: Pair) -> Iterator[Naive]:
    client = Naive(pair.desk.url, pair.dev.url)
    yield client
    client.http.close()
