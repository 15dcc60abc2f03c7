"""Durable accept: how many webhooks a second are on disk and acknowledged, and how soon."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure, of_rounds
from benchmarks.load import Round, drive, webhooks
from benchmarks.scene import daemon, free_ports, process, products, scene

ROUNDS = 7
SECONDS = 1.0
FLOOR = 0.5
PEER = "bare Starlette"
#: For how soon: so many a second, sent whether answers come or not; turn by turn.
PACE = 400
PACED_S = 5.0
TURNS = 3
#: The 99th of 100, when nothing else is done, and while each of them is read and judged.
IDLE_MS, BUSY_MS = 6.0, 20.0


def measure() -> Iterator[Figure]:
    """With many senders at once, and with one; then at a pace."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        (port,) = free_ports(1)
        rows = str(made.folder / "bare.db")
        stack.enter_context(process(["-m", "benchmarks.bare", str(port), rows], port))
        # Both systems are away: what is taken in stays, and nothing else runs beside.
        stack.enter_context(daemon(made))
        for connections in (16, 1):
            # What can be taken in is asked of many; one sender alone waits for the
            # disk each time, and tells how long that is.
            yield beside(made.ports["daemon"], port, PEER, connections,
                          floor=FLOOR if connections > 1 else None)  # fmt: skip
        yield _paced("nothing else to do", made.ports["daemon"], port, IDLE_MS)
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        (port,) = free_ports(1)
        rows = str(made.folder / "bare.db")
        stack.enter_context(process(["-m", "benchmarks.bare", str(port), rows], port))
        stack.enter_context(products(made))
        stack.enter_context(daemon(made))
        yield _paced("each read and judged beside", made.ports["daemon"], port, BUSY_MS)


def beside(ours: int, peer: int, name: str, connections: int, floor: float | None) -> Figure:
    """Durable accept beside a peer: turn by turn, after one round that is not counted."""
    requests = webhooks("desk")
    both: tuple[list[Round], list[Round]] = ([], [])
    for number in range(ROUNDS + 1):
        for rounds, port in zip(both, (ours, peer), strict=True):
            one = drive(port, requests, connections=connections, seconds=SECONDS)
            _must_be_taken(one, port)
            if number:
                rounds.append(one)
    mine, others = ([one.per_second for one in rounds] for rounds in both)
    return Figure(
        f"durable accept, {connections} at once", median(mine), "/s",
        median(others), name, of_rounds(mine, others), floor=floor,
    )  # fmt: skip


def _paced(while_: str, ours: int, peer: int, ceiling: float) -> Figure:
    """What is left of it when the disk is slow just now is seen at the peer."""
    mine: list[float] = []
    others: list[float] = []
    for _ in range(TURNS):
        for rounds, port in ((mine, ours), (others, peer)):
            one = drive(port, webhooks("desk"), connections=32, seconds=PACED_S, per_second=PACE)
            _must_be_taken(one, port)
            rounds.append(one.p99_ms)
    return Figure(
        f"durable accept at {PACE}/s, {while_}: p99", median(mine), "ms", median(others), PEER,
        of_rounds(mine, others), ceiling=ceiling,
    )  # fmt: skip


def _must_be_taken(one: Round, port: int) -> None:
    if one.refused:
        raise RuntimeError(f"{one.refused} webhooks were refused on port {port}")
