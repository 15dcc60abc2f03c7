"""Beside Node-RED, which receives, maps twelve fields, posts them, and stores nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from benchmarks import accept
from benchmarks.figures import Figure
from benchmarks.forwarder import PEER, node_red
from benchmarks.idle import cpu_s
from benchmarks.load import drive, webhooks
from benchmarks.scene import daemon, products, scene
from benchmarks.watch import Watch

#: Until it has compiled what it runs often.
WARM_S = 3.0
SENDERS = 32
RECORDS = 100


def measure() -> Iterator[Figure]:
    """What is taken in a second, and what a processor does for one change from end to end."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        stack.enter_context(daemon(made))
        port, peer = stack.enter_context(node_red(made.folder))
        drive(port, webhooks("desk"), connections=SENDERS, seconds=WARM_S)
        yield accept.beside(made.ports["daemon"], port, PEER, SENDERS, floor=None)
        theirs = _forwarding_us(port, peer)
    ours = _changing_us()
    yield Figure("CPU per change, end to end", ours, "µs", theirs, PEER, theirs / ours)


def _forwarding_us(port: int, peer: int) -> float:
    before = cpu_s(peer)
    one = drive(port, webhooks("desk"), connections=SENDERS, seconds=5.0)
    return (cpu_s(peer) - before) / one.answers * 1e6


def _changing_us() -> float:
    """Webhook, read, merge, map, write, read back, confirm, audit: all of the daemon's threads."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        stack.enter_context(products(made))
        pid = stack.enter_context(daemon(made))
        watch = Watch(made)
        pairs = watch.share(RECORDS)
        for issue in pairs:
            watch.act("dev", "edit", id=issue, subject=f"another title {issue}")
        watch.calls()
        before = cpu_s(pid)
        for issue in pairs:
            watch.push("dev", issue)
        watch.until_writes("desk", RECORDS)
        time.sleep(1.0)  # what is confirmed after the last write
        return (cpu_s(pid) - before) / RECORDS * 1e6
