"""Answers that no product should give, and all of them do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

Handler = Callable[[httpx.Request], httpx.Response]

JSON = {"content-type": "application/json"}
#: Bytes that an endless answer has given when its reader should long have gone.
GIVEN_UP_BYTES = 64 * 1024 * 1024


@dataclass
class Counted(httpx.SyncByteStream):
    """A body piece by piece; ``given`` tells how many bytes were asked for."""

    pieces: Callable[[], Iterator[bytes]]
    given: int = 0
    closed: bool = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces():
            self.given += len(piece)
            yield piece

    def close(self) -> None:
        """Somebody hung up."""
        self.closed = True


def whole(
    body: bytes, *, status: int = 200, headers: dict[str, str] | None = None
) -> httpx.Response:
    """An answer whose body comes in one piece, as raw bytes."""
    return httpx.Response(
        status, headers={**JSON, **(headers or {})}, stream=Counted(lambda: iter((body,)))
    )


def malformed(request: httpx.Request) -> httpx.Response:
    """JSON that ends in the middle, with a 200."""
    del request
    return whole(b'{"id": 1, "Subject": "hal')


def html(request: httpx.Request) -> httpx.Response:
    """A login page with a 200: a proxy answers in place of the product."""
    del request
    return whole(b"<html>Please log in</html>", headers={"content-type": "text/html"})


def html_502(request: httpx.Request) -> httpx.Response:
    """A gateway's page."""
    del request
    page = b"<html>Bad Gateway</html>"
    return whole(page, status=502, headers={"content-type": "text/html"})


def bomb(request: httpx.Request) -> httpx.Response:
    """Half a megabyte that unfolds to 512."""
    del request
    megabyte = gzip.compress(b" " * (1024 * 1024), mtime=0)

    def members() -> Iterator[bytes]:
        return iter([megabyte] * 512)

    return httpx.Response(
        200, headers={**JSON, "content-encoding": "gzip"}, stream=Counted(members)
    )


def unasked_coding(request: httpx.Request) -> httpx.Response:
    """A coding that we never said we know."""
    del request
    return whole(b"\x28\xb5\x2f\xfd", headers={"content-encoding": "zstd"})


def endless(request: httpx.Request) -> httpx.Response:
    """A list that never ends."""
    del request

    def pieces() -> Iterator[bytes]:
        yield b"["
        for _ in range(GIVEN_UP_BYTES // 65536):
            yield b'"x",' * 16384
        raise AssertionError("nobody stops reading an endless answer")

    return httpx.Response(200, headers=JSON, stream=Counted(pieces))


def deep(request: httpx.Request) -> httpx.Response:
    """JSON within JSON within JSON."""
    del request
    return whole(b'{"a":' * 20_000 + b"1" + b"}" * 20_000)


def not_a_number(request: httpx.Request) -> httpx.Response:
    """What Python's own reader takes and JSON does not know."""
    del request
    return whole(b'{"id": NaN}')


def another_shape(request: httpx.Request) -> httpx.Response:
    """JSON, but not what the product's pages promise."""
    del request
    return whole(json.dumps([[[None], 1], "x"]).encode())


def null(request: httpx.Request) -> httpx.Response:
    """JSON without anything in it."""
    del request
    return whole(b"null")


def cut(request: httpx.Request) -> httpx.Response:
    """The connection ends in the middle of the body."""

    def pieces() -> Iterator[bytes]:
        yield b'{"id": '
        raise httpx.RemoteProtocolError("peer closed connection", request=request)

    return httpx.Response(200, headers=JSON, stream=Counted(pieces))


#: Each answers in place of a product; what comes of it must be a failure.
UNREADABLE: dict[str, Handler] = {
    one.__name__: one
    for one in (
        malformed, html, html_502, bomb, unasked_coding, endless, deep, not_a_number,
        another_shape, null, cut,
    )
}  # fmt: skip


def raising(trouble: type[httpx.TransportError], secret: str) -> Handler:
    """The wire breaks, and the words of the trouble hold the secret."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise trouble(f"https://user:{secret}@host/?key={secret}", request=request)

    return handler


@dataclass
class Watching(httpx.BaseTransport):
    """Behaves by ``handler`` and keeps every request as it would stand on the wire."""

    handler: Handler
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, and remember."""
        request.read()
        self.requests.append(request)
        return self.handler(request)


def only_writes(reads: Handler, writes: Handler) -> Handler:
    """Reads are answered well; writes are not."""

    def handler(request: httpx.Request) -> httpx.Response:
        return reads(request) if request.method in {"GET", "HEAD"} else writes(request)

    return handler
