"""The two sandboxes as a child process, for as long as the daemon runs beside them."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sdsync.cli.codes import CommandError

if TYPE_CHECKING:
    from sdsync.config.model import Config

#: The sandboxes' names, as the configuration has to call the two systems.
NAMES = ("desk", "dev")
START_S = 20.0
STOP_S = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def running(config: Config, keep: Path) -> Iterator[None]:
    """Run both at the addresses of the systems ``desk`` and ``dev``.

    Args:
        config: Says where.
        keep: A folder that keeps their records: the store remembers them too,
            and a tracker that starts again at number one would be another one.
    """
    ports = {name: _port(config, name) for name in NAMES}
    for port in ports.values():
        _free(port)
    keep.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sdsync.sandbox", "--people", "--pace", "1.5"]
    command += ["--misbehave", "--quiet"]
    command += [part for name in NAMES for part in (f"--{name}-port", str(ports[name]))]
    command += ["--save", str(keep)]
    # Before any thread is started, which preexec_fn asks for.
    child = subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: S603 - our own words
    try:
        _await(child, list(ports.values()))
        yield
    finally:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _port(config: Config, name: str) -> int:
    system = config.systems.get(name)
    parts = urlsplit(system.url) if system else None
    if parts is None or parts.hostname not in _LOOPBACK or parts.port is None:
        raise CommandError(
            f"the sandboxes need a system {name} at http://127.0.0.1:PORT in {config.path}",
            cure="sdsync run, without --with-sandbox",
        )
    return parts.port


def _free(port: int) -> None:
    """Return when nobody listens there: what answers would be taken for our own.

    Those of a daemon that was killed need a moment to go.
    """
    end_at = time.monotonic() + STOP_S
    while _answers(port):
        if time.monotonic() > end_at:
            raise CommandError(
                f"127.0.0.1:{port} is taken, perhaps by the sandboxes of another run",
                cure=f"ss -ltnp 'sport = :{port}' tells by whom; or set another url",
            )
        time.sleep(0.1)  # nobody tells when a port is free


def _await(child: subprocess.Popen[bytes], ports: list[int]) -> None:
    """Return when both answer."""
    end_at = time.monotonic() + START_S
    while not all(_answers(port) for port in ports):
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.1)
            raise CommandError("the sandboxes did not start; what they said stands above")
        if time.monotonic() > end_at:
            raise CommandError(f"the sandboxes did not answer within {START_S:.0f} s")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


def _die_with_parent() -> None:
    """Let the kernel end the child when the daemon was killed: its ports would stay taken."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
