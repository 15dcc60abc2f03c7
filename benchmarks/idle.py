"""Idle: what a daemon with two healthy systems takes when nothing happens."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.scene import daemon, free_ports, process, products, scene

#: Until descriptions were read and people learned.
SETTLE_S = 15.0
WATCH_S = 30.0
CEILING_MIB = 80.0
CEILING_CPU = 0.5
PEER = "bare Starlette"


def measure() -> Iterator[Figure]:
    """Memory and CPU of ``sdsync run`` with the default poll of 10 s."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="10s"))
        (port,) = free_ports(1)
        rows = str(made.folder / "bare.db")
        command = ["-m", "benchmarks.bare", str(port), rows]
        peer = stack.enter_context(process(command, port)).pid
        stack.enter_context(products(made))
        pid = stack.enter_context(daemon(made))
        time.sleep(SETTLE_S)
        before, peer_before = cpu_s(pid), cpu_s(peer)
        time.sleep(WATCH_S)
        cpu, peer_cpu = cpu_s(pid) - before, cpu_s(peer) - peer_before
        ours, theirs = _rss_mib(pid), _rss_mib(peer)
    yield Figure("idle memory", ours, "MiB", theirs, PEER, ours / theirs, ceiling=CEILING_MIB)
    yield Figure(
        "idle CPU", 100 * cpu / WATCH_S, "%", 100 * peer_cpu / WATCH_S, PEER, ceiling=CEILING_CPU
    )


def _rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no memory")


def cpu_s(pid: int) -> float:
    """Time on a processor, of all threads; in nanoseconds, unlike that of ``stat``."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9
