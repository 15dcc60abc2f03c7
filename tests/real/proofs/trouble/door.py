"""A door between sdsync and a product that goes on well: open, refused, hanging, or an HTML 502."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

from tests.real.rig import free_port

CHUNK = 65_536
_LENGTH = re.compile(rb"(?im)^content-length: *(\d+)")
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_PAGE), _PAGE)
)


class Way(StrEnum):
    """What becomes of a call."""

    OPEN = "open"
    REFUSED = "refused"  # nobody listens there
    HANGING = "hanging"  # it has its effect, and no answer ever comes
    BROKEN = "broken"  # a proxy tells in HTML that nobody is behind it


class Door:
    """A port of its own; what comes in goes to the product as the way says at that moment."""

    def __init__(self, product: str) -> None:
        """``product`` is its address, ``http://127.0.0.1:PORT``."""
        self._product = int(product.rpartition(":")[2])
        # Asked for by its number, so that it stays ours while nobody listens.
        self._port = free_port()
        self._door = socket.socket()
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.bind(("127.0.0.1", self._port))
        self._guard = threading.Lock()
        self._way = Way.REFUSED
        self._inside: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.turn(Way.OPEN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.turn(Way.REFUSED)
        self._door.close()

    def turn(self, way: Way) -> None:
        """From now on; what is under way is cut."""
        with self._guard:
            was, self._way = self._way, way
            if was is not Way.REFUSED and way is Way.REFUSED:
                self._door.shutdown(socket.SHUT_RDWR)
            for one in self._inside:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            if was is Way.REFUSED and way is not Way.REFUSED:
                self._door.listen(64)
                _begin(self._accept)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                _begin(self._serve, caller)

    def _serve(self, caller: socket.socket) -> None:
        product = socket.socket()
        with caller, product, suppress(OSError):
            with self._guard:
                way = self._way
                self._inside |= {caller, product}
            try:
                if way is Way.BROKEN:
                    _take_in(caller)
                    caller.sendall(_BAD_GATEWAY)
                elif way is not Way.REFUSED:
                    product.connect(("127.0.0.1", self._product))
                    back = caller if way is Way.OPEN else None
                    _begin(_pump, product, back)
                    _pump(caller, product)
            finally:
                with self._guard:
                    self._inside -= {caller, product}


def _pump(source: socket.socket, to: socket.socket | None) -> None:
    """Hand on what comes, to nobody too; the end of one is the end of both."""
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            if to is not None:
                to.sendall(chunk)
    if to is not None:
        with suppress(OSError):
            to.shutdown(socket.SHUT_RDWR)


def _take_in(caller: socket.socket) -> None:
    """One request, whole: who is answered earlier may see a cut connection instead."""
    told = b""
    while b"\r\n\r\n" not in told:
        chunk = caller.recv(CHUNK)
        if not chunk:
            return
        told += chunk
    head, _, body = told.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    left = (int(length[1]) if length else 0) - len(body)
    while left > 0 and (chunk := caller.recv(CHUNK)):
        left -= len(chunk)


def _begin(work: object, *given: object) -> None:
    assert callable(work)
    threading.Thread(target=work, args=given, daemon=True).start()
