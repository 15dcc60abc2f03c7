from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sdsync.connectors import common, stamps, webhooks
from sdsync.connectors.batches import in_order
from sdsync.connectors.contract import ChangeEvent, Done, Operation, Update
from sdsync.connectors.failures import (
    AuthFailed,
    Conflict,
    Failure,
    Forbidden,
    Misconfigured,
    Missing,
    OutcomeUnknown,
    Rejected,
    Scope,
    Throttled,
    Transient,
)
from sdsync.connectors.replies import Reply
from sdsync.store.records import Ref

NOW = datetime(2026, 11, 21, 20, 50, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": "99999999999999999999"}, common.LONGEST_WAIT_S),
        ({"retry-after": "Sat, 21 Nov 2026 20:51:33 GMT"}, 60.0),
        ({"retry-after": "Sat, 21 Nov 2026 20:49:33 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, common.LONGEST_WAIT_S),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -1200"}, None),
        ({"retry-after": "Saturday, 21-Nov-26 20:51:33 GMT"}, 60.0),
        # Their clock is a day ahead: what counts is the distance on their own clock.
        ({"retry-after": "Sun, 22 Nov 2026 20:51:33 GMT",
          "date": "Sun, 22 Nov 2026 20:51:03 GMT"}, 30.0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Sat, 99 Nov 2026"}, None),
    ],
)  # fmt: skip
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert common.retry_after(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("method", "status", "headers", "expected"),
    [
        ("GET", 301, {}, Misconfigured),
        ("GET", 401, {}, AuthFailed),
        ("GET", 403, {}, Forbidden),
        ("GET", 404, {}, Missing),
        ("GET", 410, {}, Missing),
        ("PUT", 412, {}, Conflict),
        ("PUT", 409, {}, Rejected),
        ("POST", 413, {}, Rejected),
        ("POST", 422, {}, Rejected),
        ("GET", 408, {}, Transient),
        ("POST", 408, {}, OutcomeUnknown),
        ("GET", 429, {}, Throttled),
        ("POST", 429, {}, Throttled),
        ("GET", 500, {}, Transient),
        ("PUT", 500, {}, OutcomeUnknown),
        ("DELETE", 502, {}, OutcomeUnknown),
        ("GET", 503, {}, Transient),
        ("GET", 503, {"retry-after": "5"}, Throttled),
        ("POST", 503, {"retry-after": "5"}, OutcomeUnknown),
    ],
)
def test_one_status_one_failure(
    method: str, status: int, headers: dict[str, str], expected: type[Failure]
) -> None:
    assert isinstance(common.failure(Reply(method, status, headers), now=NOW), expected)


def test_a_throttle_without_a_hint_says_so() -> None:
    assert common.failure(Reply("GET", 429), now=NOW) == Throttled(common.UNHINTED_S, hinted=False)


def test_words_of_a_product_are_one_short_line() -> None:
    told = common.failure(
        Reply("PUT", 422), now=NOW, fields=("a",), detail="x\n\x1b[31m" + "y" * 999
    )

    assert isinstance(told, Rejected)
    assert told.fields == ("a",)
    assert told.detail.isprintable()
    assert len(told.detail) == 300


def test_instants_are_aware_utc() -> None:
    assert stamps.instant("2026-11-21T20:50:33Z") == NOW
    assert stamps.instant("2026-11-21T21:50:33+01:00") == NOW
    assert stamps.instant("2026-11-21 20:50:33") == NOW
    assert stamps.instant("") is stamps.instant(None) is stamps.instant("soon") is None
    assert stamps.zulu(NOW.astimezone(timezone(timedelta(hours=2)))) == "2026-11-21T20:50:33Z"


def test_equal_values_share_a_digest() -> None:
    assert common.digest({"a": 1, "b": [2]}) == common.digest({"b": [2], "a": 1})
    assert common.digest({"a": 1}) != common.digest({"a": "1"})


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\x00", "a\u2028b", "\x85"])
def test_one_line_is_one_line(text: str) -> None:
    assert not common.is_one_line(text)
    assert common.is_one_line("äöü 日本語")
    assert common.is_one_line(None)


@pytest.mark.parametrize(
    ("failure", "goes_on"),
    [
        (Rejected(), True),
        (Missing(), True),
        (Forbidden(), True),
        (Conflict(), True),
        (Throttled(1, Scope.RECORD), True),
        (Throttled(1), False),
        (Transient(), False),
        (OutcomeUnknown(), False),
        (AuthFailed(), False),
        (Misconfigured(), False),
    ],
)
def test_a_failure_of_the_system_ends_the_batch(failure: Failure, *, goes_on: bool) -> None:
    def carry_out(operation: Operation) -> Done | Failure:
        assert isinstance(operation, Update)
        return failure if operation.ref.id == "1" else Done(operation.ref.id)

    operations = [Update(Ref("s", "ticket", str(number)), {}) for number in range(3)]

    rest: Done | Failure = Done("2") if goes_on else Transient("not sent")
    assert in_order(carry_out, operations) == [Done("0"), failure, rest]


def test_a_webhook_rings_for_each_record() -> None:
    body = b'[{"kind":"ticket","id":"7","at":"2026-11-21T20:50:33Z"},{"kind":"ticket","id":8}]'

    first, second = webhooks.events(body, kinds=("ticket",))

    assert (first.native_id, first.at) == ("7", NOW)
    assert (second.native_id, second.at) == ("8", None)
    assert isinstance(first, ChangeEvent)
    assert first.digest != second.digest
    assert webhooks.events(body, kinds=("ticket",)) == (first, second)


def test_a_webhook_has_a_measure() -> None:
    body = b"[" + b",".join([b'{"kind":"ticket","id":1}'] * 1001) + b"]"

    with pytest.raises(common.Refused):
        webhooks.events(body, kinds=("ticket",))
