"""The transport below httpx, on a network of memory and with a clock that ticks by itself."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import pytest

from sdsync.connectors.failures import OutcomeUnknown, Transient
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply
from sdsync.connectors.wire import Deadline, DeadlineTransport


class Ticking:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Peer(httpcore.NetworkStream):
    """Gives its bytes one by one; keeps what was written to it."""

    def __init__(self, says: bytes, *, for_ever: bytes = b"") -> None:
        self.says = says
        self.for_ever = for_ever
        self.heard = b""
        self.reads = 0
        self.writes = 0
        self.hostname: str | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert timeout is not None
        assert timeout > 0
        self.reads += 1
        if self.says:
            first, self.says = self.says[:1], self.says[1:]
            return first
        return self.for_ever

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        assert timeout is not None
        self.writes += 1
        self.heard += buffer

    def close(self) -> None:
        pass

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        self.hostname = server_hostname
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Network(httpcore.NetworkBackend):
    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def connect_tcp(self, *args: Any, **more: Any) -> httpcore.NetworkStream:
        return self.peer


def over(peer: Peer, *, deadline_s: float, url: str = "http://desk") -> Http:
    ticking = Ticking()
    deadline = Deadline(ticking)
    tls = ssl.create_default_context() if url.startswith("https") else None
    transport = DeadlineTransport(deadline, tls, network=Network(peer))
    client = Http(url, transport=transport, deadline_s=deadline_s, monotonic=ticking)
    client._deadline = deadline
    return client


def test_an_answer_byte_by_byte_is_whole() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    reply = over(peer, deadline_s=10_000).call("GET", "/x")

    assert isinstance(reply, Reply)
    assert reply.json() == {}
    assert peer.heard.startswith(b"GET /x HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_peer_that_trickles_is_left_at_the_deadline(start: bytes) -> None:
    peer = Peer(start, for_ever=b"x")

    answer = over(peer, deadline_s=100).call("GET", "/x")

    assert answer == Transient("ReadTimeout")
    assert peer.reads <= 100


def test_a_write_left_at_the_deadline_is_in_doubt() -> None:
    peer = Peer(b"", for_ever=b"x")

    assert over(peer, deadline_s=50).call("POST", "/x", json={}) == OutcomeUnknown("ReadTimeout")


def test_a_large_body_is_sent_in_pieces_under_the_deadline() -> None:
    peer = Peer(b"")

    answer = over(peer, deadline_s=20).call("POST", "/x", content=b"x" * 16 * 1024 * 100)

    assert answer == OutcomeUnknown("WriteTimeout")
    assert peer.writes < 20


def test_tls_is_asked_for_by_the_hosts_own_name() -> None:
    peer = Peer(b"HTTP/1.1 204 No Content\r\n\r\n")

    reply = over(peer, deadline_s=10_000, url="https://desk.example.org").call("GET", "/x")

    assert isinstance(reply, Reply)
    assert peer.hostname == "desk.example.org"


def test_a_time_that_is_over_before_connecting_is_harmless() -> None:
    answer = over(Peer(b""), deadline_s=0.5).call("POST", "/x", json={})

    assert isinstance(answer, Transient)


def test_law_27_all_calls_of_one_operation_share_its_deadline() -> None:
    """What follows a slow upload begins in time or not at all: nothing lands later than stated."""
    peer = Peer(b"", for_ever=b"x")
    client = over(peer, deadline_s=100)

    with client.within(150):
        slow = client.call("POST", "/upload", content=b"x")
        heard = peer.reads
        cut = client.call("PUT", "/x", json={})
        late = client.call("PUT", "/x", json={})

    assert [slow, cut] == [OutcomeUnknown("ReadTimeout")] * 2
    assert peer.reads - heard < heard, "the second call had only what the first one left"
    assert late == Transient("its time was over before it was sent")
    assert client.calls == 2
