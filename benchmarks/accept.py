"""Durable accept: how many webhooks a second are on disk and acknowledged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure, of_rounds
from benchmarks.load import Round, drive, webhooks
from benchmarks.scene import daemon, free_ports, process, scene

ROUNDS = 7
SECONDS = 1.0
FLOOR = 0.5
PEER = "bare Starlette"


def measure() -> Iterator[Figure]:
    """With many senders at once, and with one."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(scene(poll="1h"))
        (port,) = free_ports(1)
        rows = str(made.folder / "bare.db")
        stack.enter_context(process(["-m", "benchmarks.bare", str(port), rows], port))
        # Both systems are away: what is taken in stays, and nothing else runs beside.
        stack.enter_context(daemon(made))
        for connections in (16, 1):
            ours, peers = _rounds(made.ports["daemon"], port, connections)
            yield Figure(
                f"durable accept, {connections} at once",
                median(one.per_second for one in ours),
                "/s",
                median(one.per_second for one in peers),
                PEER,
                of_rounds([one.per_second for one in ours], [one.per_second for one in peers]),
                # What can be taken in is asked of many; one sender alone waits for the
                # disk each time, and tells how long that is.
                floor=FLOOR if connections > 1 else None,
            )


def _rounds(ours: int, peer: int, connections: int) -> tuple[list[Round], list[Round]]:
    """Turn by turn, after one that is not counted."""
    requests = webhooks("desk")
    both: tuple[list[Round], list[Round]] = ([], [])
    for number in range(ROUNDS + 1):
        for rounds, port in zip(both, (ours, peer), strict=True):
            one = drive(port, requests, connections=connections, seconds=SECONDS)
            if one.refused:
                raise RuntimeError(f"{one.refused} webhooks were refused on port {port}")
            if number:
                rounds.append(one)
    return both
