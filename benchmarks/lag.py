"""Lag: from a webhook to the write at the other system, when nothing else is to be done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure, of_rounds
from benchmarks.scene import daemon, products, scene
from benchmarks.watch import Call, Watch

ROUNDS = 40
CEILING_MS = 10.0
PEER = "the calls alone"
#: Which field a person changes, and where the write then comes.
WAYS = (("dev", "desk", "subject"), ("desk", "dev", "Subject"))


def measure() -> Iterator[Figure]:
    """Both ways, each beside the same calls made by a bare client."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        stack.enter_context(products(made))
        stack.enter_context(daemon(made))
        watch = Watch(made)
        ((issue, ticket),) = watch.share(1).items()
        ids = {"dev": issue, "desk": ticket}
        for side, target, field in WAYS:
            ours, peers = [], []
            for number in range(ROUNDS):
                watch.act(side, "edit", id=ids[side], **{field: f"title {number}"})
                watch.calls()
                left = watch.push(side, ids[side])
                way = _up_to_write(watch.until_writes(target, 1), target)
                ours.append((way[-1].at - left) * 1000)
                peers.append(_bare_ms(watch, way, target))
            yield Figure(
                f"webhook at {side} to write at {target}, p50", median(ours), "ms",
                median(peers), f"{PEER}: {len(way)}", of_rounds(ours, peers),
                ceiling=CEILING_MS if side == "dev" else None,
            )  # fmt: skip
            # What it takes when nothing else runs on the machine: not judged, to compare with.
            best = sorted(ours)[len(ours) // 10]
            yield Figure(f"webhook at {side} to write at {target}, best tenth", best, "ms")


def _up_to_write(calls: list[Call], target: str) -> list[Call]:
    last = next(i for i, one in enumerate(calls) if one.writes and one.side == target)
    return calls[: last + 1]


def _bare_ms(watch: Watch, way: list[Call], target: str) -> float:
    watch.calls()
    began = time.time()
    watch.repeat(way)
    return (watch.until_writes(target, 1)[-1].at - began) * 1000
