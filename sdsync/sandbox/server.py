"""Runs products on loopback ports, each in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import uvicorn

from sdsync.config.clock import Clock
from sdsync.sandbox import accounts
from sdsync.sandbox.app import SandboxApp
from sdsync.sandbox.call import Json
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.routing import Product
from sdsync.sandbox.rt.product import Desk
from sdsync.sandbox.saving import Saver
from sdsync.sandbox.webhooks import Webhooks
from sdsync.sandbox.world import Mail, Recorded, World

T = TypeVar("T")
START_S = 10.0
STOP_S = 2.0


class SandboxServer:
    """One product behind a port. A context manager; port 0 takes a free one."""

    def __init__(
        self,
        name: str,
        *,
        port: int = 0,
        seed: int = 7,
        clock: Clock | None = None,
        save: Path | None = None,
        webhook_url: str | None = None,
    ) -> None:
        self.name = name
        self._saver = Saver(save)
        self.world = World(name, seed=seed, clock=clock, saver=self._saver)
        self.product: Product = Desk(self.world) if name == "desk" else Tracker(self.world)
        secret = accounts.DESK_WEBHOOK_SECRET if name == "desk" else accounts.DEV_WEBHOOK_SECRET
        self.webhooks = Webhooks(self.world, webhook_url, secret)
        self.app = SandboxApp(self.product, self.webhooks)
        self._socket = _listen(port)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._server = uvicorn.Server(_config(self.app))
        self._thread = threading.Thread(target=self._run, name=f"sandbox-{name}", daemon=True)

    def start(self) -> SandboxServer:
        """Serve from now on; returns when the port answers."""
        self.webhooks.start()
        self._thread.start()
        # The socket listens since it was made: a call that comes earlier waits, none is refused.
        self.on_loop(lambda: None)
        return self

    def begin_stop(self) -> None:
        """Take no more calls and cut those that hang; returns at once, a repeat does nothing."""
        # Once only: the thread outlives its loop for a moment, and a closed loop takes no call.
        if self._thread.is_alive() and not self._server.should_exit:
            self._loop.call_soon_threadsafe(self.app.stopping.set)
            self._server.should_exit = True

    def stop(self) -> None:
        """Stop within two seconds; hanging calls are cut."""
        self.begin_stop()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        self.webhooks.stop()
        self._socket.close()
        self._saver.close()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- for tests: the control API without HTTP -----------------------------------
    def switch(self, name: str, on: bool = True, **values: Json) -> None:
        """Turn one misbehaviour on with these settings, or off."""
        self.on_loop(lambda: self.world.switches.set(name, values if on else False))

    def act(self, action: str, *, by: str = "", **fields: Json) -> Json:
        """Do something as a person does in the product's own pages."""
        return self.on_loop(lambda: self.product.act(action, by, dict(fields)))

    def land(self) -> None:
        """Let delayed effects land and held-back webhooks leave."""
        self.on_loop(self.app.control.land)

    def back_up(self) -> None:
        """Copy all records, as an administrator's backup does."""
        self.on_loop(self.app.control.back_up)

    def put_back(self) -> None:
        """Put the backup in their place: what came since is gone."""
        self.on_loop(self.app.control.put_back)

    def reset(self) -> None:
        """Back to the seed, all switches off."""
        self.on_loop(self.app.control.reset)

    @property
    def requests(self) -> list[Recorded]:
        """What was asked, oldest first."""
        return self.on_loop(lambda: list(self.world.requests))

    @property
    def mails(self) -> list[Mail]:
        """The mail sink."""
        return self.on_loop(lambda: list(self.world.mails))

    def on_loop(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the server's own loop, where the records may be touched."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # belongs to the caller's thread
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(START_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[self._socket]))
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class Pair:
    """A desk and a tracker side by side."""

    def __init__(self, desk: SandboxServer, dev: SandboxServer) -> None:
        self.desk = desk
        self.dev = dev

    def __enter__(self) -> Pair:
        self.desk.start()
        self.dev.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop both, at the same time."""
        self.desk.begin_stop()
        self.dev.begin_stop()
        self.desk.stop()
        self.dev.stop()


def serve(
    *,
    desk_port: int = 0,
    dev_port: int = 0,
    seed: int = 7,
    clock: Clock | None = None,
    save: Path | None = None,
    webhook_url: str | None = None,
) -> Pair:
    """Make both products; enter the result to run them.

    Args:
        desk_port: 0 takes a free port, as does ``dev_port``.
        seed: Of all dice; the same seed and requests misbehave in the same way.
        clock: Of both products; None is the machine's.
        save: A folder for ``desk.db`` and ``dev.db``; None keeps nothing.
        webhook_url: Where changes are pushed when ``webhooks`` is on; ``{system}``
            in it becomes "desk" or "dev".
    """

    def one(name: str, port: int) -> SandboxServer:
        file = save / f"{name}.db" if save else None
        url = webhook_url.replace("{system}", name) if webhook_url else None
        return SandboxServer(name, port=port, seed=seed, clock=clock, save=file, webhook_url=url)

    return Pair(one("desk", desk_port), one("dev", dev_port))


def _listen(port: int) -> socket.socket:
    """A loopback socket that listens already, so that the address is true at once."""
    # The protocol is named, or asyncio leaves Nagle on and each answer waits 40 ms for an ACK.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(256)
    return made


def _config(app: SandboxApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="critical",  # cut connections are wanted here, and no news
        access_log=False,
        server_header=False,
        date_header=False,  # the product's own clock writes it
        timeout_graceful_shutdown=1,
    )
