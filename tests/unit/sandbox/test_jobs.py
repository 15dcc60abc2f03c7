"""The shipped connectors and a product that accepts a write as a job (law 31)."""

from __future__ import annotations

import pytest

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import Connector, Create, Done
from sdsync.connectors.failures import Missing, Pending
from sdsync.connectors.registry import create
from sdsync.sandbox import Pair, accounts
from tests.unit.sandbox.conftest import ManualClock

TICKET = Create("ticket", "Escalated", {"Subject": "slowly", "Queue": "Escalated"}, "mark", "i1")
ISSUE = Create("ticket", "infra", {"subject": "slowly", "tracker": "Bug"}, "mark", "i1")
CASES = [
    ("desk", "request_tracker", accounts.DESK_TOKEN, TICKET),
    ("dev", "redmine", accounts.DEV_KEY, ISSUE),
]


def connected(
    pair: Pair, name: str, product: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> Connector:
    monkeypatch.setenv("SDSYNC_TEST_SECRET", secret)
    url = getattr(pair, name).url
    token = SecretRef.parse("env:SDSYNC_TEST_SECRET")
    config = SystemConfig(name=name, connector=product, url=url, token=token)
    return create(name, config, clock=ManualClock())


@pytest.mark.parametrize(("name", "product", "secret", "made"), CASES)
def test_an_accepted_create_is_asked_until_it_tells_what_it_made(
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    product: str,
    secret: str,
    made: Create,
) -> None:
    connector = connected(pair, name, product, secret, monkeypatch)
    connector.describe()
    getattr(pair, name).switch("accepted", count=1)

    (accepted,) = connector.apply([made])
    assert isinstance(accepted, Pending), accepted
    assert isinstance(connector.job(accepted.handle), Pending)

    getattr(pair, name).land()
    done = connector.job(accepted.handle)

    assert isinstance(done, Done), done
    assert done.native_id is not None
    assert connector.job("/_jobs/99") == Missing()
    connector.close()
