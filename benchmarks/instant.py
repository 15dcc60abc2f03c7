"""``python -m benchmarks.instant PORT``: a target that answers at once and keeps nothing."""

from __future__ import annotations

import asyncio
import sys

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Instant(asyncio.Protocol):
    """One connection: an answer for each request that is there as a whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._came = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer what is whole; chunked bodies end in an empty chunk."""
        self._came += data
        while (whole := _whole(self._came)) is not None:
            self._came = self._came[whole:]
            self._transport.write(_ANSWER)


def _whole(came: bytes) -> int | None:
    """The length of the first request; None: it is not all here."""
    head, found, _ = came.partition(b"\r\n\r\n")
    if not found:
        return None
    begin, lower = len(head) + 4, head.lower()
    if b"transfer-encoding: chunked" in lower:
        end = came.find(b"0\r\n\r\n", begin)
        return None if end < 0 else end + 5
    _, found, rest = lower.partition(b"content-length:")
    end = begin + (int(rest.partition(b"\r\n")[0]) if found else 0)
    return end if len(came) >= end else None


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
