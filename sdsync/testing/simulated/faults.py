"""Which misbehaviour strikes when: by seed, counted, with one switch for all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

#: Misbehaviour of a call, and how often it strikes when it could.
RATES: Mapping[str, float] = {
    "ignored field": 0.012,
    "effect then 500": 0.025,
    "effect then cut": 0.02,
    "cut before effect": 0.025,
    "delayed effect": 0.025,
    "refused connection": 0.01,
    "throttled with hint": 0.008,
    "throttled without hint": 0.006,
    "pending job": 0.06,
    "lost job": 0.2,  # of the pending ones
    "call delivered twice": 0.004,
    "partial read": 0.03,
    "stale read": 0.03,
    "not found for a while": 0.006,
    "short page": 0.08,
    "repeated page": 0.08,
    "reordered page": 0.08,
    "stale listing": 0.08,
    "lagging search": 0.5,
    "lost event": 0.03,
    "lost bell": 0.03,
    "lost webhook": 0.3,
    "duplicated webhook": 0.2,
    "reordered webhook": 0.2,
}


class Faults:
    """Draws faults from its own stream of randomness, so that one seed is one course.

    ``hits`` counts what really struck, also what the world did by plan
    (:meth:`note`), for the proof that a run met every fault.
    """

    def __init__(self, rand: random.Random, rates: Mapping[str, float] = RATES) -> None:
        self.rand = rand
        self.rates = rates
        self.on = True
        self.hits: Counter[str] = Counter()

    def strike(self, name: str, rand: random.Random | None = None) -> bool:
        """Whether the fault strikes now; ``rand`` where the order of asking is nobody's promise."""
        if not self.on or (rand or self.rand).random() >= self.rates[name]:
            return False
        self.hits[name] += 1
        return True

    def note(self, name: str) -> None:
        """Count a fault that the product's own nature or the plan brought."""
        self.hits[name] += 1


def peaceful() -> Faults:
    """No fault at all."""
    faults = Faults(random.Random(0))  # noqa: S311  no secret hangs on it
    faults.on = False
    return faults
