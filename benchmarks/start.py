"""How long a person waits for the command line, and everybody for a daemon that was killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, of_rounds
from benchmarks.scene import WAIT_S, Scene, daemon, process, products, scene
from benchmarks.watch import Watch

ROUNDS = 15
CEILING_MS = 150.0
KILLS = 5
RESTART_CEILING_MS = 2000.0
COMMAND = str(Path(sys.executable).with_name("sdsync"))


def measure() -> Iterator[Figure]:
    """Side by side with an interpreter that does nothing; the best of each, as others run too."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="10s"))
        stack.enter_context(products(made))
        with daemon(made):
            Watch(made).share(5)
        asked = {"--help": CEILING_MS, "status": None}
        for name, ceiling in asked.items():
            ours, peers = [], []
            for number in range(ROUNDS + 1):
                both = _ms(made, COMMAND, name), _ms(made, sys.executable, "-c", "pass")
                if number:
                    ours.append(both[0])
                    peers.append(both[1])
            yield Figure(
                f"sdsync {name}", min(ours), "ms", min(peers), "python -c pass",
                of_rounds(ours, peers), ceiling=ceiling,
            )  # fmt: skip
        again = median(_restart_ms(made) for _ in range(KILLS))
    name = "killed, and started again until it serves"
    yield Figure(name, again, "ms", ceiling=RESTART_CEILING_MS)


def _ms(made: Scene, *command: str) -> float:
    """Until the first line; the exit code is about what it tells."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=made.folder) as child:
        assert child.stdout is not None
        child.stdout.readline()
        took = time.perf_counter() - began
        child.stdout.read()
    return took * 1000


def _restart_ms(made: Scene) -> float:
    with daemon(made) as pid:
        _until_ready(made)
        os.kill(pid, signal.SIGKILL)
    began = time.perf_counter()
    with process(["-m", "sdsync", "run", "--config", str(made.config)], made.ports["daemon"]):
        _until_ready(made)
        return (time.perf_counter() - began) * 1000


def _until_ready(made: Scene) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        link = http.client.HTTPConnection("127.0.0.1", made.ports["daemon"], timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            link.request("GET", "/readyz")
            if link.getresponse().status == 200:
                return
        link.close()
        time.sleep(0.005)
    raise TimeoutError("the daemon never was ready")
