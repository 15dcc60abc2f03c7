"""Each broker, booted once per session when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.conftest import need
from tests.integration.brokers.servers import Broker, RabbitMQ, Redis
from tests.integration.store.conftest import database as database
from tests.integration.store.conftest import server as server

_Broker = TypeVar("_Broker", bound=Broker)


@pytest.fixture(scope="session")
def redis() -> Iterator[Broker]:
    need("Redis")
    yield from _until_the_end(Redis())


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    need("RabbitMQ")
    yield from _until_the_end(RabbitMQ())


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.getfixturevalue(request.param)
    return found


def _until_the_end(running: _Broker) -> Iterator[_Broker]:
    yield running
    running.stop()
