"""uvicorn's connection with what it leaves out: deadlines and caps.

Measured on uvicorn 0.54: a request whose header or body drips one byte every
five seconds stays open for ever, and a stop waits for it for minutes.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the first byte of a request (or the connection) to the last, however it drips.
RECEIVE_S = 10.0
MAX_HEADER_BYTES = 16 * 1024
MAX_HEADERS = 100
MAX_CONNECTIONS = 512

_REASONS = {
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class GuardedProtocol(HttpToolsProtocol):
    """One connection that cannot be held, filled or kept from ending."""

    _deadline: asyncio.TimerHandle | None = None
    _refused = False
    _in_headers = True
    _raw_bytes = 0  # that came while a header was open: one may never end
    _parsed_bytes = 0
    _header_count = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Accept the connection, or say that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(503)
        else:
            self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless the request was refused already."""
        if self._refused:
            return
        self._start_deadline()
        if self._in_headers:
            self._raw_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._raw_bytes > MAX_HEADER_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Count the headers of a new request."""
        self._in_headers = True
        self._raw_bytes = self._parsed_bytes = self._header_count = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address with the headers."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, and keep it only while there are not too many."""
        self._header_count += 1
        self._count(len(name) + len(value))
        if not self._refused:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the application, for a request that was not refused."""
        self._in_headers = False
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: what follows may take its time."""
        self._in_headers, self._raw_bytes = True, 0
        self._end_deadline()
        if not self._refused:
            super().on_message_complete()

    def shutdown(self) -> None:
        """End at a stop: at once when the request is not even whole."""
        if self._deadline is not None:
            self.transport.close()
        super().shutdown()

    def _count(self, size: int) -> None:
        self._parsed_bytes += size
        if self._header_count > MAX_HEADERS or self._parsed_bytes > MAX_HEADER_BYTES:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        if self._refused:
            return
        self._refused = True
        self._end_deadline()
        started = self.cycle is not None and self.cycle.response_started
        if not started:
            head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
            self.transport.write(f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(RECEIVE_S, self._refuse, 408)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
