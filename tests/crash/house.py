"""A folder with settings, the two products in a process of their own, a life of the daemon."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sdsync.sandbox import accounts
from sdsync.store.records import Json

START_S = 60.0
STOP_S = 30.0

CONFIG = """\
server.port = {port}
[systems.desk]
connector = "request_tracker"
url       = "http://127.0.0.1:{desk}"
token     = "env:CRASH_DESK_TOKEN"
webhook   = "env:CRASH_DESK_HOOK"
poll      = "1s"
deadline  = "5s"
[systems.dev]
connector = "redmine"
url       = "http://127.0.0.1:{dev}"
token     = "env:CRASH_DEV_KEY"
webhook   = "env:CRASH_DEV_HOOK"
poll      = "1s"
deadline  = "5s"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put   = {{ project = "infra", type = "bug" }}
notes     = "as written"
mail      = "customers"
mode      = "live"
[syncs.bugs]
dev.take  = 'project == "web"'
desk.put  = {{ queue = "General" }}
notes     = "as written"
mail      = "customers"
mode      = "live"
"""
SECRETS = {
    "CRASH_DESK_TOKEN": accounts.DESK_TOKEN,
    "CRASH_DEV_KEY": accounts.DEV_KEY,
    "CRASH_DESK_HOOK": accounts.DESK_WEBHOOK_SECRET,
    "CRASH_DEV_HOOK": accounts.DEV_WEBHOOK_SECRET,
}


@dataclass(slots=True)
class House:
    """Where everything is."""

    folder: Path
    ports: dict[str, int]
    landing_s: float | None
    #: What every process is started with besides.
    more: dict[str, str] = field(default_factory=dict)
    client: httpx.Client = field(default_factory=lambda: _client())

    @property
    def config(self) -> Path:
        """The daemon's settings."""
        return self.folder / "sdsync.toml"

    @property
    def environment(self) -> dict[str, str]:
        """What the daemon and the commands are started with."""
        return {**os.environ, **SECRETS, **self.more}

    def url(self, name: str) -> str:
        """Of ``desk``, ``dev`` or ``daemon``."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def behind(self, side: str, page: str) -> Json:
        """What a product's control interface tells."""
        return self.client.get(f"{self.url(side)}/_sandbox/{page}").json()

    def switch(self, side: str, **switches: Json) -> None:
        """Let a product misbehave."""
        self.client.post(f"{self.url(side)}/_sandbox/switches", json=switches).raise_for_status()

    def command(self, *words: str) -> tuple[int, str]:
        """Run one ``sdsync`` command; its exit code and what it said."""
        command = [sys.executable, "-m", "sdsync", *words, "--config", str(self.config)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.returncode, (done.stdout + done.stderr).strip()


def _client() -> httpx.Client:
    """People's: a kept connection may be dropped by the server in the moment of its next use."""
    fresh = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=30, trust_env=False, limits=fresh)


@contextlib.contextmanager
def furnished(folder: Path, *, seed: int, landing_s: float | None) -> Iterator[House]:
    """Write the settings and run both products, which outlive every daemon."""
    ports = dict(zip(("desk", "dev", "daemon"), _free_ports(3), strict=True))
    house = House(folder, ports, landing_s)
    numbers = {"port": ports["daemon"], "desk": ports["desk"], "dev": ports["dev"]}
    house.config.write_text(CONFIG.format(**numbers))
    kept = folder / "products"
    command = [sys.executable, "-m", "sdsync.sandbox", "--quiet", "--seed", str(seed)]
    command += ["--save", str(kept)]
    command += ["--desk-port", str(ports["desk"]), "--dev-port", str(ports["dev"])]
    with subprocess.Popen(command) as products, house.client:
        try:
            _await(products, ports)
            yield house
        finally:
            products.terminate()


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(socket.socket()) for _ in range(number)]
        for link in links:
            link.bind(("127.0.0.1", 0))
        return [link.getsockname()[1] for link in links]


def _await(products: subprocess.Popen[bytes], ports: dict[str, int]) -> None:
    until = time.monotonic() + START_S
    for name in ("desk", "dev"):
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", ports[name]), 1).close()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise RuntimeError(f"the products ended with {products.wait(0.05)}")
            if time.monotonic() > until:
                raise TimeoutError("the products did not start")


class Life:
    """One daemon process, from its start to its end."""

    def __init__(self, house: House, *, step: str = "", visit: int = 1, poison: str = "") -> None:
        command = [sys.executable, "-m", "tests.crash.daemon", str(house.config)]
        if step:
            command += ["--step", step, "--visit", str(visit)]
        if poison:
            command += ["--poison", poison]
        if house.landing_s is not None:
            command += ["--landing", str(house.landing_s)]
        self._log = (house.folder / "daemon.log").open("ab")
        self.ready = threading.Event()
        self.ready_s: float | None = None
        self.died_at: str | None = None
        self._began = time.monotonic()
        self._child = subprocess.Popen(
            command, env=house.environment, stdout=subprocess.PIPE, stderr=self._log
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            match line.decode().split(maxsplit=2):
                case ["ready", _]:
                    self.ready_s = time.monotonic() - self._began
                    self.ready.set()
                case ["killed", "at", name]:
                    self.died_at = name.strip()
        self.ready.set()  # nobody waits for the dead

    @property
    def over(self) -> bool:
        """Whether the process has ended."""
        return self._child.poll() is not None

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        return self.over

    def kill(self) -> None:
        """SIGKILL, whatever it does."""
        self._child.kill()
        self.gone()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._child.terminate()
        try:
            return self._child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def gone(self) -> int:
        """Reap it; its exit code."""
        code = self._child.wait(STOP_S)
        self._listener.join(STOP_S)
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._log.close()
        return code
