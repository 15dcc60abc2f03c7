"""A private PostgreSQL server for the tests: own folder, own port, loopback only."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server; ``stop`` ends it and removes its folder."""

    port: int
    stop: Callable[[], None]

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://sdsync@127.0.0.1:{self.port}/{database}"


def binaries() -> Path | None:
    """The newest server's programs, as Debian lays them; None when there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    return found[-1] if found else None


def start(programs: Path) -> Server:
    """Start a server on a free port. As root, which it refuses, it runs as ``postgres``."""
    folder = Path(tempfile.mkdtemp(prefix="sdsync-pg-"))
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            [str(one) for one in command], user=user, cwd=folder, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr.decode()}{done.stdout.decode()}")

    run(
        programs / "initdb", "-D", data, "-U", "sdsync", "-A", "trust", "-E", "UTF8",
        "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Without fsync: the tests ask what a commit means there, not whether the disk keeps it.
    options = (
        f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    )
    control = programs / "pg_ctl"
    run(control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start")

    def stop() -> None:
        run(control, "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)

    return Server(port, stop)
