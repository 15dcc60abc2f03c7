from __future__ import annotations

from datetime import date

import httpx
import pytest

from sdsync.config.clock import SystemClock
from sdsync.config.model import SystemConfig
from sdsync.connectors import registry
from sdsync.connectors.contract import Description
from sdsync.connectors.failures import AuthFailed, Failure
from sdsync.connectors.settings import http_of
from sdsync.testing.misbehaving import whole


def test_built_in_connectors_are_listed_without_credentials() -> None:
    assert {"redmine", "request_tracker"} <= set(registry.names())
    assert registry.capabilities("redmine").product == "Redmine"
    assert registry.capabilities("request_tracker").compare_and_set


def test_an_unknown_name_is_said_with_those_that_are_known() -> None:
    config = SystemConfig(name="desk", connector="acme", url="https://desk.example.org")

    with pytest.raises(registry.UnknownConnector, match=r'"acme".*redmine') as told:
        registry.create("desk", config)

    assert told.value.name == "acme"


def test_a_plugin_comes_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "acme"

        def load(self) -> type[Description]:
            return Description

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()])

    assert "acme" in registry.names()
    assert registry.load("acme") is Description


@pytest.mark.parametrize("name", ["request_tracker", "redmine"])
def test_a_system_without_a_token_is_not_called(name: str) -> None:
    calls: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return whole(b"{}")

    config = SystemConfig(name="desk", connector=name, url="https://desk.example.org")
    connector = registry.create("desk", config, transport=httpx.MockTransport(handler))

    answer: object = connector.describe()

    assert answer == AuthFailed()
    assert calls == []


def test_a_permit_reaches_every_call() -> None:
    asked: list[int] = []

    def permit() -> Failure | None:
        asked.append(1)
        return AuthFailed()

    config = SystemConfig(name="desk", connector="redmine", url="https://desk.example.org")

    registry.create("desk", config, permit=permit).describe()

    assert asked == []  # no token, no call, no permit


def test_a_waiver_ends_with_its_day() -> None:
    def made(until: date) -> None:
        config = SystemConfig(
            name="desk", connector="redmine", url="https://desk.example.org",
            insecure_until=until, insecure_reason="the certificate comes on Monday",
        )  # fmt: skip
        http_of(config, ("key", str), SystemClock(), None, None).close()

    made(date(2000, 1, 1))
    made(date(2999, 1, 1))
