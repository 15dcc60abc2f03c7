"""What is read again for a person who waits, and what counts at once."""

from __future__ import annotations

import pytest

from sdsync.cli import patience
from sdsync.connectors.failures import AuthFailed, Failure, Misconfigured, Transient
from sdsync.connectors.replies import Reply

JSON = {"content-type": "application/json"}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(patience, "sleep", made.append)
    return made


@pytest.mark.parametrize(
    "answer",
    [
        Transient("RemoteProtocolError"),
        Transient("ReadError"),
        Reply("GET", 502, {"content-type": "text/html"}, b"<html>"),
        Reply("GET", 200, JSON, b'{"id": 1, "na'),
        Reply("GET", 429, {"retry-after": "2"}),
    ],
)
def test_what_proves_nothing_is_read_again_three_times_in_all(
    answer: Reply | Failure, slept: list[float]
) -> None:
    assert [patience.again(answer, times) for times in (1, 2, 3)] == [True, True, False]
    assert len(slept) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Reply("GET", 200, JSON, b"{}"),
        Reply("GET", 200, {"content-type": "text/html"}, b"<html>"),
        Reply("GET", 403, JSON, b"{}"),
        Reply("GET", 404, JSON, b"{}"),
        Reply("GET", 429, {"retry-after": "60"}),
        Transient("ConnectError", unreachable=True),
        Transient("ReadTimeout"),
        AuthFailed(),
        Misconfigured("the TLS certificate was refused"),
    ],
)
def test_what_tells_something_counts_at_once(answer: Reply | Failure, slept: list[float]) -> None:
    assert not patience.again(answer, 1)
    assert not slept


def test_a_short_wait_is_waited_for_as_it_was_asked(slept: list[float]) -> None:
    assert patience.again(Reply("GET", 503, {"retry-after": "2"}), 1)
    assert slept == [2]
