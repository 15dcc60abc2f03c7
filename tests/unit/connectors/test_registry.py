from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from sdsync.config.model import SystemConfig
from sdsync.connectors import http, registry
from sdsync.connectors.failures import AuthFailed, Failure
from sdsync.connectors.settings import http_of
from sdsync.testing.misbehaving import whole
from sdsync.testing.simulated.clock import START, VirtualClock
from tests.conformance.installed import announce

TODAY = START.date()


def test_built_in_connectors_are_listed_without_credentials() -> None:
    assert {"redmine", "request_tracker"} <= set(registry.names())
    assert registry.capabilities("redmine").product == "Redmine"
    assert registry.capabilities("request_tracker").compare_and_set


def test_an_unknown_name_is_said_with_those_that_are_known() -> None:
    config = SystemConfig(name="desk", connector="acme", url="https://desk.example.org")

    with pytest.raises(registry.UnknownConnector, match=r'"acme".*redmine') as told:
        registry.create("desk", config)

    assert told.value.name == "acme"


ACME = """
from sdsync.connectors.redmine import Redmine
class Acme(Redmine):
    pass
class Bare:
    pass
class Half:
    capabilities = Redmine.capabilities
    def describe(self): ...
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts a package on the path that announces connectors; its module is ACME."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme_sync.py").write_text(ACME, encoding="utf-8")

    def put(package: str = "acme-sync", **points: str) -> None:
        project = {"name": package, "version": "0.3", "entry-points": {registry.GROUP: points}}
        announce(tmp_path, project)

    yield put
    sys.modules.pop("acme_sync", None)


def test_a_plugin_comes_by_entry_point(install: Callable[..., None]) -> None:
    install(acme="acme_sync:Acme")

    assert "acme" in registry.names()
    assert registry.package("acme") == "acme-sync 0.3"
    assert registry.package("redmine") is None
    assert registry.load("acme").__name__ == "Acme"


def test_a_plugin_is_imported_only_when_it_is_used(install: Callable[..., None]) -> None:
    install(acme="acme_sync:Acme")

    registry.names()
    registry.capabilities("redmine")
    assert "acme_sync" not in sys.modules

    registry.capabilities("acme")
    assert "acme_sync" in sys.modules


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("acme_sync.gone:Acme", "cannot be imported: ModuleNotFoundError: No module named"),
        ("acme_sync:Gone", "cannot be imported: AttributeError: "),
        ("acme_sync:Bare", "declares no capabilities: acme_sync:Bare"),
        ("acme_sync:Half", "has no method apply, changes, close, download, fetch, find, job, "),
    ],
)
def test_a_broken_plugin_says_whose_it_is_and_what_is_wrong(
    install: Callable[..., None], target: str, why: str
) -> None:
    install(acme=target)

    with pytest.raises(registry.BrokenConnector) as told:
        registry.load("acme")

    assert str(told.value).startswith(f'the connector "acme" of acme-sync 0.3 {why}')
    assert registry.capabilities("redmine").product == "Redmine"


def test_a_plugin_never_takes_the_name_of_ours(install: Callable[..., None]) -> None:
    install(redmine="acme_sync:Acme")

    assert registry.load("redmine").__name__ == "Redmine"
    assert registry.package("redmine") is None


def test_a_name_that_two_packages_announce_is_nobodys(install: Callable[..., None]) -> None:
    install(acme="acme_sync:Acme")
    install("other-sync", acme="acme_sync:Acme")

    with pytest.raises(registry.BrokenConnector, match=r"is announced by .*-sync 0.3 too$"):
        registry.load("acme")


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


@pytest.mark.parametrize(
    ("until", "mode"),
    [
        (None, ssl.CERT_REQUIRED),
        (TODAY, ssl.CERT_NONE),
        (TODAY - timedelta(days=1), ssl.CERT_REQUIRED),
    ],
)
def test_a_waiver_ends_with_its_day(
    monkeypatch: pytest.MonkeyPatch, until: date | None, mode: ssl.VerifyMode
) -> None:
    made = list[ssl.SSLContext]()
    made_by = http.tls_context

    def noted(ca_file: str | None = None, *, proved: bool = True) -> ssl.SSLContext:
        made.append(made_by(ca_file, proved=proved))
        return made[-1]

    monkeypatch.setattr(http, "tls_context", noted)
    config = SystemConfig(
        name="desk", connector="redmine", url="https://desk.example.org",
        insecure_until=until, insecure_reason="the certificate comes on Monday" if until else None,
    )  # fmt: skip

    http_of(config, ("key", str), VirtualClock(), None, None).close()

    assert [one.verify_mode for one in made] == [mode]
