"""The only way out: one capped, deadlined HTTP client for every connector.

What it holds, whatever the other side does: no call outlives its deadline, no
answer grows beyond its cap, a credential goes to its own origin alone, and no
trouble on the wire is an exception.
"""

from __future__ import annotations

import functools
import logging
import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import SplitResult, urlencode, urlsplit

import httpcore
import httpx
import orjson

from sdsync.config.secrets import SecretMissingError, WrongOriginError
from sdsync.connectors.bodies import MAX_BYTES, Broken, decode
from sdsync.connectors.failures import (
    AuthFailed,
    Failure,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from sdsync.connectors.replies import SAFE_METHODS, Reply
from sdsync.connectors.wire import Deadline, DeadlineTransport
from sdsync.store.records import Json

# Both write whole addresses at INFO, with whatever stands in the query.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

_PATH = re.compile(r"[A-Za-z0-9/_.~%@:,=+-]*")
_HEADER = re.compile(r"[\x20-\x7e]*")

Reveal = Callable[[], str]
"""Tells a credential; what it raises (SecretMissingError, LookupError) says that there is none."""

Permit = Callable[[], Failure | None]
"""Asked before each call; a failure is the call's answer and nothing is sent."""


@functools.cache
def tls_context(ca_file: str | None = None, *, proved: bool = True) -> ssl.SSLContext:
    """The TLS settings shared by all clients.

    Trusts what the machine trusts; ``ca_file`` adds one authority. Making one
    costs 20 ms, so it is made once. ``proved`` is off only under a waiver with
    reason and end date (law 51).
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if not proved:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Http:
    """One origin, one credential. Serves one thread at a time.

    Requests go to the transport as they are: what ``httpx.Client`` would add is a
    jar of cookies (a second, unseen credential), redirects and proxies, none of
    which is wanted, and half a millisecond for each call.

    Weakness: looking up a name (DNS) is the machine's own and is not cut at the
    deadline.
    """

    def __init__(
        self,
        url: str,
        *,
        credential: tuple[str, Reveal] | None = None,
        deadline_s: float = 10.0,
        ca_file: str | None = None,
        proved: bool = True,
        transport: httpx.BaseTransport | None = None,
        permit: Permit | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``credential`` is a header's name and what tells its value.

        It goes to the origin of ``url`` only. It is asked for once, and again when
        the product has refused it: a renewed one counts at once.
        """
        self.calls = 0
        #: Asked after each call that changes nothing, with how often it was made; True has it
        #: made once more. For commands that a person waits for: the engine's policy knows better.
        self.again: Callable[[Reply | Failure, int], bool] | None = None
        self._base = _checked_base(url)
        self._deadline = Deadline(monotonic)
        self._deadline_s = deadline_s
        self._monotonic = monotonic
        self._ends = float("inf")
        self._permit = permit
        self._headers = {
            "Accept": "application/json",
            "User-Agent": "sdsync",
            "Accept-Encoding": "gzip, deflate",
        }
        self._credential = credential
        self._revealed: str | None = None
        if transport is None:
            https = self._base.scheme == "https"
            tls = tls_context(ca_file, proved=proved) if https else None
            transport = DeadlineTransport(self._deadline, tls)
        self._transport = transport

    @property
    def base(self) -> str:
        """The address that all paths are below, without a slash at its end."""
        return self._base.geturl()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Json = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = MAX_BYTES,
        deadline_s: float | None = None,
    ) -> Reply | Failure:
        """One call; never raises for trouble on the wire.

        Nothing sent is Transient. Trouble after sending is Transient for a read
        and OutcomeUnknown for a write. Every status is a Reply.

        Args:
            method: In capitals.
            path: Below the base, already percent-encoded, beginning with a slash.
            params: The query; encoded here.
            json: A body to be sent as JSON; None sends ``content``, else nothing.
            content: A body of its own kind; its Content-Type is in ``headers``.
            headers: More headers; a value with control characters is refused.
            limit_bytes: Of the decoded answer.
            deadline_s: Another deadline than the client's.
        """
        times = 1
        while True:
            answer = self._call(
                method, path, params, json, content, headers or {}, limit_bytes, deadline_s
            )
            if self.again is None or method not in SAFE_METHODS or not self.again(answer, times):
                return answer
            times += 1

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Json,
        content: bytes | None,
        headers: Mapping[str, str],
        limit_bytes: int,
        deadline_s: float | None,
    ) -> Reply | Failure:
        request = self._request(method, path, params, json, content, headers)
        if not isinstance(request, httpx.Request):
            return request
        refused = self._permit() if self._permit is not None else None
        if refused is not None:
            return refused
        left_s = min(self._deadline_s if deadline_s is None else deadline_s, self._left_s())
        if left_s <= 0:
            return Transient("its time was over before it was sent")
        self.calls += 1
        self._deadline.start(left_s)
        try:
            return self._exchange(request, limit_bytes)
        except (httpx.HTTPError, httpx.StreamError, httpcore.ConnectError, OSError) as trouble:
            return _wire_failure(method, trouble)

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """All calls made inside are over by then, and none begins afterwards (law 27)."""
        self._ends = float("inf") if seconds is None else self._monotonic() + seconds
        try:
            yield
        finally:
            self._ends = float("inf")

    def _left_s(self) -> float:
        return self._ends - self._monotonic()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Json,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> httpx.Request | Failure:
        """Built so that it cannot leave the base, and no value becomes a header line."""
        if not path.startswith("/") or path.startswith("//") or not _PATH.fullmatch(path):
            return Rejected(detail="not a path below the system's address")
        if any(part in {".", ".."} for part in path.split("/")):
            return Rejected(detail="not a path below the system's address")
        if not all(_HEADER.fullmatch(value) for value in headers.values()):
            return Rejected(detail="a header value holds control characters")
        sent = {**self._headers, **headers}
        if self._credential is not None:
            name, reveal = self._credential
            if self._revealed is None:
                self._revealed = _told(reveal)
            if self._revealed is None:
                return AuthFailed()
            sent[name] = self._revealed
        if json is not None:
            try:
                content = orjson.dumps(json)
            except orjson.JSONEncodeError:
                return Rejected(detail="a value cannot be written as JSON")
            sent["Content-Type"] = "application/json"
        if content is not None or method not in SAFE_METHODS:
            sent["Content-Length"] = str(len(content or b""))
        query = f"?{urlencode(params)}" if params else ""
        try:
            url = httpx.URL(f"{self.base}{path}{query}")
            headed = {"Host": url.netloc.decode("ascii"), **sent}
            return httpx.Request(
                method, url, headers=headed, stream=httpx.ByteStream(content or b"")
            )
        except (httpx.InvalidURL, UnicodeError):
            return Rejected(detail="not a path below the system's address")

    def _exchange(self, request: httpx.Request, limit_bytes: int) -> Reply:
        response = self._transport.handle_request(request)
        try:
            coding = response.headers.get("content-encoding", "")
            # To its end, though it be empty: else the connection is not kept.
            # Not iter_raw(): it refuses answers that a test's transport made whole.
            assert isinstance(response.stream, httpx.SyncByteStream)
            chunks = self._deadline.watched(response.stream)
            body = decode(chunks, coding, limit_bytes=limit_bytes)
        finally:
            response.close()
        if response.status_code == 401:
            self._revealed = None
        headers = _headers(response.headers.raw)
        if isinstance(body, Broken):
            return Reply(request.method, response.status_code, headers, broken=body)
        return Reply(request.method, response.status_code, headers, body)


def _checked_base(url: str) -> SplitResult:
    base = urlsplit(url.rstrip("/"))
    if base.scheme not in {"http", "https"} or not base.hostname:
        raise ValueError("url must begin with https:// (or http://) and name a host")
    if base.username or base.password or base.query or base.fragment:
        raise ValueError("url must hold no user, password, query or fragment")
    return base


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; values of a name that came twice stand in one, as HTTP reads them."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _told(reveal: Reveal) -> str | None:
    try:
        value = reveal()
    except (SecretMissingError, WrongOriginError, LookupError, ValueError, OSError):
        return None
    return value if sendable(value) else None


def sendable(secret: str) -> bool:
    """Whether a header can carry it; one that cannot is never sent, and refused by nobody."""
    return bool(secret and _HEADER.fullmatch(secret))


def _wire_failure(method: str, trouble: Exception) -> Failure:
    """Only the kind of trouble is told: its text may hold the whole address."""
    kind = type(trouble).__name__
    if isinstance(trouble, httpx.ConnectError) and _is_tls(trouble):
        return Misconfigured("the TLS certificate was refused")
    if isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout):
        return Transient(kind, unreachable=True)
    if isinstance(trouble, httpx.PoolTimeout) or method in SAFE_METHODS:
        return Transient(kind)
    return OutcomeUnknown(kind)


def _is_tls(trouble: BaseException) -> bool:
    cause: BaseException | None = trouble
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
