"""uvicorn in a thread: bound first, so that a taken port is an error and not a log line."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading

import uvicorn

from sdsync.server.app import App
from sdsync.server.guarded import GuardedProtocol

GRACEFUL_S = 2


class PortRefusedError(Exception):
    """The address cannot be listened on; the text names the setting and the remedy."""


class Web:
    """The server of one daemon."""

    def __init__(
        self, app: App, host: str, port: int, *, listening: socket.socket | None = None
    ) -> None:
        """Bind the address; ``port`` 0 takes a free one.

        Args:
            listening: What another server of this process left open, in place of binding.

        Raises:
            PortRefusedError: It is taken, not ours, or not allowed.
        """
        self._socket = listening or _bind(host, port)
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="none",
            loop="uvloop",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nobody asks who sent it: it is signed, or believed nothing
            timeout_keep_alive=5,
            timeout_graceful_shutdown=GRACEFUL_S,
        )
        self._server = _QuietServer(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    @property
    def alive(self) -> bool:
        """Whether the server's thread runs."""
        return self._thread.is_alive()

    def left_open(self) -> socket.socket:
        """The port, for the server that comes after this one: until then connections wait in it."""
        return self._socket.dup()

    def start(self) -> None:
        """Serve. Connections that come before the thread runs wait in the socket."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new, let whole requests end, drop the rest; back within 3 s."""
        self._server.end()
        if self._thread.ident is not None:
            self._thread.join(GRACEFUL_S + 1)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


class _QuietServer(uvicorn.Server):
    """uvicorn wakes ten times a second to see whether it shall end; this one is told."""

    _loop: asyncio.AbstractEventLoop | None = None
    _told: asyncio.Event

    async def main_loop(self) -> None:
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        while not await self.on_tick(0):  # once a second: the Date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    def end(self) -> None:
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._told.set)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named: only then do the servers switch Nagle's delay off, which
    # costs 40 ms an answer otherwise.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        why = {
            errno.EADDRINUSE: "is taken; stop what listens there, or set another server.port",
            errno.EACCES: "is not allowed to this user; set a server.port above 1023",
            errno.EADDRNOTAVAIL: "is no address of this machine; set another server.host",
        }.get(error.errno or 0, f"cannot be listened on: {error.strerror}")
        raise PortRefusedError(f"server: {host}:{port} {why}") from error
    return listening
