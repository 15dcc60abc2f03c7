"""A lane, its holder and a product in simulated time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sdsync.ratelimit.lanes import (
    Grant,
    Granted,
    LaneState,
    Ok,
    Result,
    answered,
    ask,
)

Product = Callable[[float], Result]


@dataclass
class Run:
    """What was sent when, and what the product said."""

    sent: list[float] = field(default_factory=list)
    results: list[tuple[float, Result]] = field(default_factory=list)
    most_at_once: int = 0

    def most_within(self, seconds: float) -> int:
        """Most calls in any half-open window of this length."""
        most = first = 0
        for last, at in enumerate(self.sent):
            while self.sent[first] <= at - seconds + 1e-9:
                first += 1
            most = max(most, last - first + 1)
        return most


def drive(
    state: LaneState,
    product: Product,
    *,
    seconds: float,
    seed: int = 0,
    late_s: float = 0.0,
    call_s: float = 0.02,
    enough: Callable[[], bool] = lambda: False,
) -> Run:
    """Always have work; send whenever the lane lets us; wake up to ``late_s`` late.

    Ends after ``seconds``, or when ``enough`` says so.
    """
    rand = random.Random(seed)
    run, now = Run(), 0.0
    out: list[tuple[float, int, Grant, Result]] = []
    while now < seconds and not enough():
        decision = ask(state, now)
        if isinstance(decision, Granted):
            run.sent.append(now)
            result = product(now)
            heapq.heappush(out, (now + call_s, decision.grant.id, decision.grant, result))
            run.most_at_once = max(run.most_at_once, len(out))
            continue
        returns = out[0][0] if out else None
        wakes = decision.until
        assert returns is not None or wakes is not None, "nothing will ever wake this lane"
        if returns is not None and (wakes is None or returns <= wakes):
            now, _, grant, result = heapq.heappop(out)
            run.results.append((now, result))
            answered(state, grant, result, now=now, rand=rand.random)
        else:
            assert wakes is not None
            now = wakes + rand.uniform(0, late_s)
    for at, _, grant, result in sorted(out, key=lambda one: one[:2]):
        run.results.append((at, result))
        answered(state, grant, result, now=at, rand=rand.random)
    return run


def well(_now: float) -> Result:
    """A product without trouble."""
    return Ok(0.02)
