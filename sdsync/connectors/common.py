"""What connectors share: reading refusals, early ends, limits of text."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

import orjson

from sdsync.connectors.failures import (
    AuthFailed,
    Conflict,
    Failure,
    Forbidden,
    Misconfigured,
    Missing,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Transient,
)
from sdsync.connectors.replies import Reply
from sdsync.connectors.stamps import http_date
from sdsync.store.records import Json

T = TypeVar("T")
S = TypeVar("S")
P = ParamSpec("P")

#: A wait that nobody would sit out is a broken header or a broken clock.
LONGEST_WAIT_S = 3600.0
#: Asked to slow down without a word for how long.
UNHINTED_S = 30.0
#: What reading an answer of another shape raises.
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


class Refused(Exception):  # noqa: N818 - an early end, not an error
    """Carries a failure through the frames of one connector method, never out of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(type(failure).__name__)
        self.failure = failure


def need(answer: T | Failure) -> T:
    """The thing asked for; else the method ends with the failure as its answer."""
    if isinstance(answer, Failure):
        raise Refused(answer)
    return answer


def answers(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T | Failure]:
    """Let a reading method end early by :class:`Refused`; its failure becomes the answer.

    An answer of another shape than the product's own (a list for an object, an
    id that is none) is Misconfigured: something else answers at this address, or
    a version that nobody has tested.
    """
    return _ending_early(method, Misconfigured)


def writes(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T | Failure]:
    """As :func:`answers`, for a method that writes.

    An answer of an unknown shape leaves it in doubt: the write may have been taken.
    """
    return _ending_early(method, OutcomeUnknown)


def _ending_early(
    method: Callable[Concatenate[S, P], T], strange: Callable[[str], Failure]
) -> Callable[Concatenate[S, P], T | Failure]:
    @functools.wraps(method)
    def wrapper(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T | Failure:
        try:
            return method(self, *args, **kwargs)
        except Refused as end:
            return end.failure
        except _STRANGE as odd:
            return strange(f"an answer has an unknown shape ({type(odd).__name__})")

    return wrapper


def retry_after(headers: dict[str, str], *, now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for, 0 to an hour; None when absent or unreadable.

    Args:
        headers: Names in lower case; the value is whole seconds or an HTTP date.
        now: Aware UTC; a date is measured from here, or from the answer's own
            Date header, so that a wrong clock there does no harm.

    Source: RFC 9110, section 10.2.3.
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:9]), LONGEST_WAIT_S)
    until = http_date(told)
    if until is None:
        return None
    start = http_date(headers.get("date", "")) or now
    return min(max((until - start).total_seconds(), 0.0), LONGEST_WAIT_S)


def throttled(reply: Reply, *, now: datetime) -> Throttled:
    """A refusal for its rate, with or without a hint."""
    after = retry_after(dict(reply.headers), now=now)
    if after is None:
        return Throttled(UNHINTED_S, hinted=False)
    return Throttled(after)


def failure(
    reply: Reply, *, now: datetime, fields: tuple[str, ...] = (), detail: str = ""
) -> Failure:
    """Read one refused call, as far as products agree.

    A 4xx that nobody documents is Rejected: a refusal that nobody understands is
    for a person. A write that got a 5xx may have taken effect before it broke.

    Args:
        reply: Any answer that is not a 2xx.
        now: Aware UTC.
        fields: Native paths that the refusal names.
        detail: The product's own words; cut here.
    """
    detail = cut(detail)
    match reply.status:
        case 401:
            return AuthFailed()
        case 403:  # one record or the account: sync/policy.py knows (law 39)
            return Forbidden(detail)
        case 404 | 410:
            return Missing()  # whether it is gone needs proof (law 21)
        case 412:
            return Conflict()
        case 421 | 426:
            return Misconfigured(f"status {reply.status}")
        case 429:
            return throttled(reply, now=now)
        case 503 if reply.safe and "retry-after" in reply.headers:
            return throttled(reply, now=now)
        case code if code < 400:  # a redirect: url is not the product's own address
            return Misconfigured(f"status {code}: url is not the address of the product itself")
        case 408:
            return Transient("status 408") if reply.safe else OutcomeUnknown("status 408")
        case code if code >= 500:
            return Transient(f"status {code}") if reply.safe else OutcomeUnknown(f"status {code}")
        case _:
            return Rejected(fields, detail or f"status {reply.status}")


def cut(text: str, limit: int = 300) -> str:
    """A product's words for a person: one line, short."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def is_one_line(value: Json) -> bool:
    """Whether a value can stand in a header, a subject or a query without starting a line."""
    return not (isinstance(value, str) and _CONTROL.search(value))


def digest(value: Json) -> str:
    """A short digest; equal values share it, whatever the order of their keys."""
    packed = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=12).hexdigest()
