"""Requests that are huge, endless or slow: each ends, and none fills the memory."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from sdsync.server import guarded
from sdsync.server.intake import MAX_BODY_BYTES, MAX_HELD_BYTES
from tests.integration.server.intake import Rig, answer_of, signed

HEAD = b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\n"
BODY = b'{"id": "1"}'


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "RECEIVE_S", 0.3)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def push(link: socket.socket, piece: bytes, times: int) -> int:
    """Send until the other side has had enough; how much it took."""
    sent = 0
    try:
        for _ in range(times):
            link.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize("length", [MAX_BODY_BYTES + 1, 10 * 1024**3])
def test_a_body_that_says_it_is_huge_is_refused_unread(rig: Rig, length: int) -> None:
    with rig.connect() as link:
        link.sendall(HEAD + b"content-length: %d\r\n\r\n" % length)

        assert answer_of(link).startswith(b"HTTP/1.1 413")


def test_an_endless_body_is_cut_and_fills_nothing(rig: Rig) -> None:
    before = resident()
    with rig.connect() as link:
        link.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        sent = push(link, b"10000\r\n" + b"x" * 65_536 + b"\r\n", 4000)

        assert sent < 64 * 1024 * 1024
    assert rig.post(BODY, signed(BODY)).status_code == 202
    assert resident() - before < 16 * 1024 * 1024


def test_the_largest_body_that_is_allowed_passes(rig: Rig) -> None:
    body = b'{"id": "1", "x": "' + b"y" * (MAX_BODY_BYTES - 20) + b'"}'

    assert len(body) == MAX_BODY_BYTES
    assert rig.post(body, signed(body)).status_code == 202


def test_a_length_that_is_none_is_refused(rig: Rig) -> None:
    for length in (b"-1", b"1e3", b"0x10", b"1, 2"):
        with rig.connect() as link:
            link.sendall(HEAD + b"content-length: " + length + b"\r\n\r\n")

            assert answer_of(link)[9:12] in (b"400", b"413")


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"x-%d: y\r\n" % number for number in range(10_000)),
        b"x: " + b"y" * 100_000 + b"\r\n",
        b"x" * 100_000 + b": y\r\n",
    ],
)
def test_headers_without_measure_are_refused(rig: Rig, head: bytes) -> None:
    with rig.connect() as link:
        push(link, HEAD + head + b"\r\n", 1)

        assert answer_of(link).startswith(b"HTTP/1.1 431")


def test_a_header_that_never_ends_is_cut(rig: Rig) -> None:
    before = resident()
    with rig.connect() as link:
        link.sendall(HEAD + b"x: ")

        assert push(link, b"y" * 65_536, 2000) < 64 * 1024 * 1024
    assert resident() - before < 16 * 1024 * 1024


def test_an_address_without_measure_is_refused(rig: Rig) -> None:
    with rig.connect() as link:
        push(link, b"POST /" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 1)

        assert answer_of(link).startswith(b"HTTP/1.1 431")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST /hooks/de",
        HEAD + b"x: y",
        HEAD + b"content-length: 10\r\n\r\n12345",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n12",
        b"\r\n",
    ],
)
def test_a_request_that_stops_half_way_is_ended(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    with rig.connect() as link:
        link.sendall(start)

        assert answer_of(link)[9:12] in (b"", b"408")
    monkeypatch.setattr(guarded, "RECEIVE_S", 3600.0)  # a slow machine is no slow client
    assert rig.client.get("/healthz").status_code == 200


@pytest.mark.usefixtures("impatient")
def test_a_request_that_drips_is_ended_too(rig: Rig) -> None:
    with rig.connect() as link:
        link.sendall(HEAD + b"content-length: 1000000\r\n\r\n")
        link.settimeout(0.02)
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 20:
            try:
                link.sendall(b"x")
                ended = bool(link.recv(100)) or True
            except TimeoutError:
                continue
            except OSError:
                ended = True

        assert ended


def test_a_kept_connection_may_not_hang_in_its_second_request(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rig.connect() as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert link.recv(65_536).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(guarded, "RECEIVE_S", 0.3)
        link.sendall(b"\r\n")

        assert b"200" not in answer_of(link)


def test_200_slow_clients_do_not_hold_up_the_others_nor_the_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "RECEIVE_S", 3600.0)  # no client ends by itself
    starts = (HEAD + b"x: y", HEAD + b"content-length: 10\r\n\r\n12345")
    links = [rig.connect() for _ in range(200)]
    for number, link in enumerate(links):
        link.sendall(starts[number % 2])
    assert rig.post(BODY, signed(BODY)).status_code == 202

    rig.client.close()
    rig.web.stop()
    rig.web._thread.join(60)  # a slow machine is late with 200 good-byes

    assert not rig.web.alive
    for link in links:
        answer_of(link)
        link.close()


def test_more_connections_than_allowed_are_told_so(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "MAX_CONNECTIONS", 20)
    links = [rig.connect() for _ in range(20)]
    try:
        with rig.connect() as one_more:
            assert answer_of(one_more).startswith(b"HTTP/1.1 503")
    finally:
        for link in links:
            link.close()


def test_bodies_of_many_at_once_have_one_bound(rig: Rig) -> None:
    piece = b"x" * (MAX_BODY_BYTES - 1)
    links = [rig.connect() for _ in range(2 * MAX_HELD_BYTES // MAX_BODY_BYTES)]
    before = resident()
    try:
        for link in links:
            push(link, HEAD + b"content-length: %d\r\n\r\n" % MAX_BODY_BYTES + piece, 1)

        refused = 0
        for link in links:
            link.settimeout(0.2)
            try:
                refused += link.recv(100).startswith(b"HTTP/1.1 503")
            except OSError:
                continue
        assert refused
        assert resident() - before < 3 * MAX_HELD_BYTES
    finally:
        for link in links:
            link.close()


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100, b"QUIT\r\n\r\n",
     HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_ends_nothing(rig: Rig, garbage: bytes) -> None:
    with rig.connect() as link:
        link.sendall(garbage)
        link.shutdown(socket.SHUT_WR)
        answer_of(link)

    assert rig.client.get("/healthz").status_code == 200
