from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from sdsync.connectors.failures import (
    AuthFailed,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Transient,
)
from sdsync.connectors.http import Http, tls_context
from sdsync.connectors.replies import Reply
from sdsync.testing.misbehaving import Counted, Handler, Watching, whole

URL = "https://desk.example.org/rt"


def http(handler: Handler, **more: object) -> tuple[Http, Watching]:
    wire = Watching(handler)
    return Http(URL, transport=wire, **more), wire  # type: ignore[arg-type]


def ok(request: httpx.Request) -> httpx.Response:
    return whole(b'{"a": 1}', headers={"Date": "Sat, 21 Nov 2026 20:50:33 GMT", "ETag": '"7"'})


def test_a_call_goes_below_the_base_with_its_credential() -> None:
    client, wire = http(ok, credential=("Authorization", lambda: "token x"))

    reply = client.call("GET", "/REST/2.0/tickets", params={"query": "id > 1 & é"})

    assert isinstance(reply, Reply)
    assert reply.json() == {"a": 1}
    assert reply.date == datetime(2026, 11, 21, 20, 50, 33, tzinfo=UTC)
    assert reply.headers["etag"] == '"7"'
    (request,) = wire.requests
    assert str(request.url) == (
        "https://desk.example.org/rt/REST/2.0/tickets?query=id+%3E+1+%26+%C3%A9"
    )
    assert request.headers["authorization"] == "token x"
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert client.calls == 1


@pytest.mark.parametrize(
    "path",
    ["https://evil.example.net/", "//evil.example.net/x", "x", "/../admin", "/a/../b", "/a?b=c",
     "/a#b", "/a\r\nX: y", "/a b", "/ü", "/a\\b", ""],
)  # fmt: skip
def test_no_path_leads_elsewhere(path: str) -> None:
    client, wire = http(ok)

    assert isinstance(client.call("GET", path), Rejected)
    assert wire.requests == []
    assert client.calls == 0


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "ü", "\x00"])
def test_no_header_takes_a_second_line(value: str) -> None:
    client, wire = http(ok)

    assert isinstance(client.call("PUT", "/x", headers={"If-Match": value}), Rejected)
    assert wire.requests == []


@pytest.mark.parametrize(
    "url", ["ftp://x", "desk.example.org", "https://", "https://u:p@desk/", "https://desk/?a=b"]
)
def test_an_address_is_a_plain_one(url: str) -> None:
    with pytest.raises(ValueError, match="url must"):
        Http(url, transport=httpx.MockTransport(ok))


def test_a_refused_credential_is_asked_for_again() -> None:
    told = iter(["old", "new"])
    client, wire = http(
        lambda one: whole(b"{}", status=401 if one.headers["key"] == "old" else 200),
        credential=("Key", lambda: next(told)),
    )

    statuses = [client.call("GET", "/x") for _ in range(3)]

    assert [one.status for one in statuses if isinstance(one, Reply)] == [401, 200, 200]
    assert [one.headers["key"] for one in wire.requests] == ["old", "new", "new"]


@pytest.mark.parametrize("secret", ["", "two\nlines"])
def test_a_credential_that_is_none_sends_nothing(secret: str) -> None:
    client, wire = http(ok, credential=("Key", lambda: secret))

    assert client.call("GET", "/x") == AuthFailed()
    assert wire.requests == []


def test_a_secret_that_is_not_there_sends_nothing() -> None:
    def gone() -> str:
        raise LookupError("nothing")

    client, wire = http(ok, credential=("Key", gone))

    assert client.call("GET", "/x") == AuthFailed()
    assert wire.requests == []


def test_a_permit_that_is_refused_is_the_answer() -> None:
    client, wire = http(ok, permit=lambda: Throttled(3.0))

    assert client.call("GET", "/x") == Throttled(3.0)
    assert (wire.requests, client.calls) == ([], 0)


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    client, wire = http(
        lambda _: whole(b"", status=302, headers={"location": "https://e/", "set-cookie": "s=1"})
    )

    for _ in range(2):
        reply = client.call("GET", "/x")
        assert isinstance(reply, Reply)
        assert reply.status == 302

    assert len(wire.requests) == 2
    assert all("cookie" not in one.headers for one in wire.requests)


def test_the_deadline_cuts_a_trickle() -> None:
    passed = iter(range(1000))

    def trickle() -> Iterator[bytes]:
        while True:
            yield b" "

    body = Counted(trickle)
    headers = {"content-type": "application/json"}
    client, _ = http(
        lambda _: httpx.Response(200, headers=headers, stream=body),
        monotonic=lambda: float(next(passed)),
        deadline_s=10.0,
    )

    assert client.call("GET", "/x") == Transient("ReadTimeout")
    assert body.given <= 11
    assert body.closed


def test_only_the_kind_of_trouble_is_told() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("https://user:hunter2@host", request=request)

    client, _ = http(broken)

    assert client.call("GET", "/x") == Transient("ReadError")
    assert client.call("POST", "/x", json={}) == OutcomeUnknown("ReadError")


def test_a_refused_certificate_is_for_a_person() -> None:
    def untrusted(request: httpx.Request) -> httpx.Response:
        try:
            raise ssl.SSLCertVerificationError("self-signed certificate")
        except ssl.SSLError as cause:
            raise httpx.ConnectError("no", request=request) from cause

    client, _ = http(untrusted)

    assert client.call("GET", "/x") == Misconfigured("the TLS certificate was refused")


def test_certificates_are_proved_unless_waived() -> None:
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context().check_hostname
    assert tls_context() is tls_context()
    assert tls_context(None, proved=False).verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_the_libraries_do_not_log_addresses(name: str, caplog: pytest.LogCaptureFixture) -> None:
    client, _ = http(ok)

    with caplog.at_level(logging.DEBUG):
        client.call("GET", "/x", params={"key": "hunter2"})

    assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
    assert "hunter2" not in caplog.text


def test_a_value_that_is_no_json_is_refused() -> None:
    client, wire = http(ok)

    assert isinstance(client.call("POST", "/x", json={"a": object()}), Rejected)
    assert wire.requests == []


def test_nothing_answered_says_nothing() -> None:
    client, _ = http(lambda _: httpx.Response(204))

    reply = client.call("PUT", "/x", json={})

    assert isinstance(reply, Reply)
    assert (reply.ok, reply.body) == (True, b"")


def test_a_reply_does_not_quote_its_body() -> None:
    assert "hunter2" not in repr(Reply("GET", 200, {}, b"hunter2"))


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    client = Http("http://127.0.0.1:1")  # tcpmux: nobody has listened there for decades

    answer = client.call("POST", "/x", json={})
    client.close()

    assert answer == Transient("ConnectError", unreachable=True)
