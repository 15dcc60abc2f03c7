"""A 202 to a write is a job that is asked, at the product's own origin and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from sdsync.connectors import jobs
from sdsync.connectors.common import Refused, failure
from sdsync.connectors.contract import Done
from sdsync.connectors.failures import Failure, Missing, Pending, Rejected
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply

ORIGIN = "https://desk.example/rt"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def http(answer: Callable[[httpx.Request], httpx.Response]) -> Http:
    return Http(ORIGIN, transport=httpx.MockTransport(answer))


def read(reply: Reply) -> Failure:
    return failure(reply, now=NOW)


@pytest.mark.parametrize("address", [f"{ORIGIN}/jobs/7", "/jobs/7"])
def test_a_job_is_known_by_its_path_and_when_to_ask(address: str) -> None:
    reply = Reply("POST", 202, {"location": address, "retry-after": "30"})

    found = jobs.accepted(reply, http(lambda _: httpx.Response(500)), now=NOW)

    assert found == Pending("/jobs/7", 30.0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("POST", 202),
        Reply("POST", 202, {"location": "https://elsewhere.example/jobs/7"}),
        Reply("POST", 202, {"location": "//elsewhere.example/jobs/7"}),
        Reply("POST", 201, {"location": "/issues/7"}),
        Reply("GET", 202, {"location": "/jobs/7"}),
    ],
)
def test_what_names_no_job_of_this_origin_is_none(reply: Reply) -> None:
    assert jobs.accepted(reply, http(lambda _: httpx.Response(500)), now=NOW) is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, {"issue": {"id": 12}}, Done("12")),
        (201, {"id": "4711"}, Done("4711")),
        (200, {"done": True}, Done()),
        (204, None, Done()),
        (202, None, Pending("/jobs/7", jobs.ASK_AFTER_S)),
    ],
)
def test_a_job_answers_as_the_write_would_have(status: int, body: object, expected: object) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, json=body) if body else httpx.Response(status)

    found = jobs.told(http(answer), "/jobs/7", now=NOW, failure=read)

    assert found == expected
    assert asked == [f"{ORIGIN}/jobs/7"]


@pytest.mark.parametrize(("status", "failed"), [(404, Missing), (410, Missing), (422, Rejected)])
def test_a_lost_or_refused_job_is_a_failure(status: int, failed: type) -> None:
    line = http(lambda _: httpx.Response(status))

    with pytest.raises(Refused) as end:
        jobs.told(line, "/jobs/7", now=NOW, failure=read)

    assert isinstance(end.value.failure, failed)
