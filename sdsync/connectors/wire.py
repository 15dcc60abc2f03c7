"""A transport whose every wait ends at one absolute deadline per call.

httpx bounds each single wait, so a peer that sends one byte before each time-out
holds a call for ever, in its headers as in its body.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

#: A send of this many bytes is one wait; small enough that a slow reader is noticed.
PIECE_BYTES = 16 * 1024


class Deadline:
    """When the call that runs now has to be over."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._at = float("inf")

    def start(self, seconds: float) -> None:
        """A new call begins."""
        self._at = self._monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds until the end; negative after it."""
        return self._at - self._monotonic()

    def watched(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks; raises httpx.ReadTimeout when the time is over."""
        for chunk in chunks:
            if self.left_s <= 0:
                raise httpx.ReadTimeout("deadline")
            yield chunk


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport over connections that know the deadline."""

    def __init__(
        self,
        deadline: Deadline,
        tls: ssl.SSLContext | None,
        *,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        """``network`` stands in for the machine's own, in tests."""
        # Without the parent's own start: its pool would never be used, and the TLS
        # context that it makes for one takes a third of a MiB in each client.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=4,
            max_keepalive_connections=2,
            # Starman drops an idle connection after a second, puma after twenty.
            keepalive_expiry=10.0,
            network_backend=_Backend(deadline, network or httpcore.SyncBackend()),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline, plain: httpcore.NetworkBackend) -> None:
        self._deadline = deadline
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        stream = self._plain.connect_tcp(
            host, port, timeout=left, local_address=local_address, socket_options=socket_options
        )
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE_BYTES):
            left = _left(self._deadline, httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + PIECE_BYTES], timeout=left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: Deadline, over: type[Exception]) -> float:
    left = deadline.left_s
    if left <= 0:
        raise over("deadline")
    return left
