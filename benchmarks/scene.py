"""The daemon and the products as processes of their own, on free loopback ports."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdsync.sandbox import accounts

WAIT_S = 60.0
SECRETS = {
    "BENCH_DESK_TOKEN": accounts.DESK_TOKEN,
    "BENCH_DEV_KEY": accounts.DEV_KEY,
    "BENCH_DESK_HOOK": accounts.DESK_WEBHOOK_SECRET,
    "BENCH_DEV_HOOK": accounts.DEV_WEBHOOK_SECRET,
}
HOOKS = {"desk": accounts.DESK_WEBHOOK_SECRET, "dev": accounts.DEV_WEBHOOK_SECRET}
CONFIG = """\
server.port = {daemon}
log.level   = "error"
[systems.desk]
connector = "request_tracker"
url       = "http://127.0.0.1:{desk}"
token     = "env:BENCH_DESK_TOKEN"
webhook   = "env:BENCH_DESK_HOOK"
poll      = "{poll}"
[systems.dev]
connector = "redmine"
url       = "http://127.0.0.1:{dev}"
token     = "env:BENCH_DEV_KEY"
webhook   = "env:BENCH_DEV_HOOK"
poll      = "{poll}"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put   = {{ project = "infra", type = "bug" }}
notes     = "as written"
mail      = "customers"
mode      = "live"
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where everything is."""

    folder: Path
    ports: dict[str, int]

    @property
    def config(self) -> Path:
        """The daemon's settings."""
        return self.folder / "sdsync.toml"

    def url(self, name: str) -> str:
        """Of ``desk``, ``dev`` or ``daemon``."""
        return f"http://127.0.0.1:{self.ports[name]}"


@contextlib.contextmanager
def scene(*, poll: str) -> Iterator[Scene]:
    """An empty folder with settings; nothing runs yet."""
    with tempfile.TemporaryDirectory(prefix="sdsync-bench-") as name:
        ports = dict(zip(("desk", "dev", "daemon"), free_ports(3), strict=True))
        made = Scene(Path(name), ports)
        made.config.write_text(CONFIG.format(**ports, poll=poll))
        os.environ.update(SECRETS)
        yield made


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(socket.socket()) for _ in range(number)]
        for link in links:
            link.bind(("127.0.0.1", 0))
        return [link.getsockname()[1] for link in links]


@contextlib.contextmanager
def process(
    command: Sequence[str], port: int, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process that answers on ``port``; ended by SIGTERM."""
    with subprocess.Popen([sys.executable, *command], cwd=cwd) as child:
        try:
            await_port(port, child)
            yield child
        finally:
            child.terminate()


@contextlib.contextmanager
def products(made: Scene) -> Iterator[None]:
    """Both sandboxes."""
    ports = ["--desk-port", str(made.ports["desk"]), "--dev-port", str(made.ports["dev"])]
    with process(["-m", "sdsync.sandbox", "--quiet", *ports], made.ports["desk"]):
        await_port(made.ports["dev"])
        yield


@contextlib.contextmanager
def daemon(made: Scene) -> Iterator[int]:
    """``sdsync run``; its process id."""
    command = ["-m", "sdsync", "run", "--config", str(made.config)]
    with process(command, made.ports["daemon"]) as child:
        yield child.pid


def await_port(port: int, child: subprocess.Popen[bytes] | None = None) -> None:
    """Return when somebody listens there.

    Raises:
        RuntimeError: The process ended, or nobody came within a minute.
    """
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until and (child is None or child.poll() is None):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")
