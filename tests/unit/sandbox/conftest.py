"""One pair of sandboxes for all tests, back at its seed for each; time stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

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
