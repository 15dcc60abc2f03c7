"""Node-RED as a peer: it receives, maps twelve fields, posts them, and stores nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scene import await_port, free_ports, process

HOME = Path(__file__).parent / "node_red"
PEER = "Node-RED, which stores nothing"


@contextlib.contextmanager
def node_red(folder: Path) -> Iterator[tuple[int, int]]:
    """A running one in front of an instant target; its port and process id.

    It is installed beside its lock the first time, by npm.

    Raises:
        RuntimeError: npm is not here, or could not install it.
    """
    _install()
    port, target = free_ports(2)
    home = folder / "node-red"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("node_modules"))
    (home / "node_modules").symlink_to(HOME / "node_modules")
    command = ["node", str(HOME / "node_modules/node-red/red.js"), "--userDir", str(home)]
    command += ["--settings", str(home / "settings.js"), "--port", str(port)]
    environment = {**os.environ, "SDSYNC_BENCH_TARGET": f"http://127.0.0.1:{target}/"}
    with (
        process(["-m", "benchmarks.instant", str(target)], target),
        subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL) as child,
    ):
        try:
            await_port(port, child)
            yield port, child.pid
        finally:
            child.terminate()


def _install() -> None:
    if (HOME / "node_modules" / "node-red").is_dir():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            "the peer Node-RED needs npm: apt-get install npm, or name other figures"
        )
    command = [npm, "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.DEVNULL)
