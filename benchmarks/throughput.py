"""Throughput: changes a second from end to end, and what each costs by stage."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from benchmarks.figures import Figure
from benchmarks.scene import process, products, scene
from benchmarks.watch import Call, Watch

RECORDS = 100
AT_ONCE = 2  # the default of calls_at_once, for the peer too
FLOOR = 0.25
STAGES = ("capture", "read", "decide", "attempt", "call", "confirm", "rest", "whole")


def measure() -> Iterator[Figure]:
    """One title changes in each of many records; the peer makes the same calls and nothing else."""
    with _worked(poll="1h") as (watch, took, calls, stages):
        peer = _peer_s(watch, calls)
    yield Figure(
        "changes end to end", RECORDS / took, "/s", RECORDS / peer,
        f"its {len(calls) / RECORDS:.1f} calls alone", peer / took, floor=FLOOR,
    )  # fmt: skip
    for stage in STAGES:
        yield Figure(f"CPU per change: {stage}", stages.get(stage, 0) / RECORDS, "µs")
    with _worked(poll="3s") as (_, _, _, stages):
        without = stages["whole"] - stages["call"]
    yield Figure("CPU per change, polled, without the call", without / RECORDS, "µs")


@contextlib.contextmanager
def _worked(*, poll: str) -> Iterator[tuple[Watch, float, list[Call], Mapping[str, int]]]:
    """Many records, each changed once: until the last write (s), its calls, CPU by stage (µs).

    Changes are told by webhooks; where the feed is asked every few seconds, by nobody.
    """
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll=poll))
        stack.enter_context(products(made))
        told = made.folder / "stages.json"
        command = ["-m", "benchmarks.staged", str(made.config), str(told)]
        with process(command, made.ports["daemon"]) as child:
            watch = Watch(made)
            pairs = watch.share(RECORDS)
            os.kill(child.pid, signal.SIGUSR1)
            for issue in pairs:
                watch.act("dev", "edit", id=issue, subject=f"another title {issue}")
            if poll == "1h":
                watch.calls()
                os.kill(child.pid, signal.SIGUSR1)
            began = time.time()
            for issue in pairs if poll == "1h" else ():
                watch.push("dev", issue)
            calls = watch.until_writes("desk", RECORDS)
        took = max(one.at for one in calls) - began
        yield watch, took, calls, json.loads(told.read_text())


def _peer_s(watch: Watch, calls: list[Call]) -> float:
    """The same calls by bare clients, as many at once as sdsync has."""
    parts = [calls[number::AT_ONCE] for number in range(AT_ONCE)]
    watches = [Watch(watch.made) for _ in parts]
    began = time.time()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(lambda one: one[0].repeat(one[1]), zip(watches, parts, strict=True)):
            pass
    return time.time() - began
