"""Real sockets on loopback, with peers that behave as networks do."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from sdsync.connectors.failures import OutcomeUnknown, Transient
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply

Peer = Callable[[socket.socket], None]


def heard(connection: socket.socket) -> bytes:
    """The request's head and what came with it."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            break
        got += piece
    return got


@pytest.fixture
def serve() -> Iterator[Callable[[Peer], str]]:
    """Runs a peer for one connection after the other until the listener closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(peer: Peer) -> str:
        def accepting() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    peer(connection)

        threads.append(threading.Thread(target=accepting))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(10)


def hangs_up(connection: socket.socket) -> None:
    heard(connection)


def resets(connection: socket.socket) -> None:
    heard(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stops_in_the_middle(connection: socket.socket) -> None:
    heard(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def speaks_no_http(connection: socket.socket) -> None:
    heard(connection)
    connection.sendall(b"220 mail.example.org ESMTP\r\n")


@pytest.mark.parametrize("peer", [hangs_up, resets, stops_in_the_middle, speaks_no_http])
def test_a_broken_connection_is_a_value(serve: Callable[[Peer], str], peer: Peer) -> None:
    with closing(Http(serve(peer))) as client:
        read = client.call("GET", "/x")
        write = client.call("POST", "/x", json={"a": 1})

    assert isinstance(read, Transient)
    assert isinstance(write, OutcomeUnknown)


def test_a_peer_that_says_nothing_is_left_at_the_deadline(serve: Callable[[Peer], str]) -> None:
    answered = threading.Event()

    def silent(connection: socket.socket) -> None:
        heard(connection)
        answered.wait(30)

    # A clock that stands still leaves each wait its 50 ms, however slow this machine is.
    with closing(Http(serve(silent), deadline_s=0.05, monotonic=lambda: 0.0)) as client:
        write = client.call("POST", "/x", json={})
        answered.set()

    assert write == OutcomeUnknown("ReadTimeout")


def test_connections_are_kept_whatever_is_answered(serve: Callable[[Peer], str]) -> None:
    connections: list[int] = []
    answers = (
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
    )

    def answering(connection: socket.socket) -> None:
        connections.append(1)
        for answer in answers:
            heard(connection)
            connection.sendall(answer)

    with closing(Http(serve(answering))) as client:
        replies = [client.call("GET", "/x") for _ in answers]

    assert [one.status for one in replies if isinstance(one, Reply)] == [204, 200, 404, 200, 412]
    assert len(connections) == 1


def test_a_connection_that_the_peer_closed_is_not_used_again(
    serve: Callable[[Peer], str],
) -> None:
    def once(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # until the other side has noticed

    with closing(Http(serve(once))) as client:
        first = client.call("POST", "/x", json={})
        second = client.call("POST", "/x", json={})

    assert isinstance(first, Reply)
    assert isinstance(second, Reply | OutcomeUnknown)
