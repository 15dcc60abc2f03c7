"""A handler behind real HTTP: the same stand-in for a product, reached over a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from sdsync.testing.misbehaving import Handler

#: More than a connector sends in one body; a larger one is refused unread.
MOST_BYTES = 64 * 1024 * 1024


@contextmanager
def served(handler: Handler, *, port: int = 0) -> Iterator[str]:
    """Serve on the loopback interface while the block runs; gives the address.

    One request is answered at a time, so that the handler may keep its state in
    plain objects. ``port`` 0 takes a free one.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), _door(handler))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="served", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _door(handler: Handler) -> type[BaseHTTPRequestHandler]:
    one_at_a_time = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        """Turns what comes over the socket into httpx's objects, and back."""

        protocol_version = "HTTP/1.1"
        timeout = 60.0  # a connection that its client keeps and never uses again

        def answer(self) -> None:
            """Any method."""
            told = self.headers.get("Content-Length", "0")
            size = int(told) if told.isascii() and told.isdigit() else MOST_BYTES + 1
            if size > MOST_BYTES:
                self.close_connection = True
                self.send_error(413)
                return
            url = f"http://{self.headers.get('Host', '127.0.0.1')}{self.path}"
            headers = list(self.headers.items())
            request = httpx.Request(
                self.command, url, headers=headers, content=self.rfile.read(size)
            )
            with one_at_a_time:
                response = handler(request)
            self.reply(response)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

        def reply(self, response: httpx.Response) -> None:
            """Status, headers and body, as the handler made them."""
            body = response.read()
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                # The body is whole and unfolded here; its length is counted below.
                if name not in {
                    "content-length", "content-encoding", "transfer-encoding", "date", "server",
                }:  # fmt: skip
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its parent
            """Nothing: tests are quiet."""

    return Door
