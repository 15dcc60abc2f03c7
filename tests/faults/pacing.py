"""Quotas and outages in simulated time: used nearly whole, never over, and asked rarely."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from sdsync.ratelimit.lanes import Down, LaneBudget, LaneState, Ok, Result, ThrottledFor
from tests.faults.frame import Trial, fault
from tests.unit.ratelimit.simulated import drive

PER_SECOND = 10
PROBE_S = 5.0


class Product:
    """Permits so many calls in any second; more are told to come again after a while."""

    def __init__(self, hint_s: float | None) -> None:
        self.refused = self.inside = 0
        self._hint_s, self._until = hint_s, 0.0
        self._taken: deque[float] = deque()

    def __call__(self, now: float) -> Result:
        self.inside += now < self._until
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        if len(self._taken) < PER_SECOND and now >= self._until:
            self._taken.append(now)
            return Ok(0.02)
        self.refused += 1
        wait_s = self._hint_s or 1.0
        self._until = now + wait_s if self._hint_s else self._until
        return ThrottledFor(wait_s, hinted=self._hint_s is not None)


@fault("R26", "a quota of 10 a second, eight calls at once: used to 99 %, hardly ever refused")
def storm(trial: Trial) -> None:
    seconds = trial.of(600, 6000)
    for hint_s in (2.0, 30.0, None):
        product = Product(hint_s)
        state = LaneState(LaneBudget(calls_at_once=8, per_minute=60 * PER_SECOND))
        run = drive(state, product, seconds=seconds, seed=trial.seed, late_s=0.004)
        used = (len(run.sent) - product.refused) / (PER_SECOND * seconds)
        share = product.refused / len(run.sent)
        trial.count("calls", len(run.sent))
        trial.count("refused", product.refused)
        trial.count("inside a Retry-After", product.inside)
        name = f"with a hint of {hint_s} s" if hint_s else "without a hint"
        trial.must(used >= 0.99, f"{name}: {used:.1%} of the quota used")
        trial.must(share <= 0.005, f"{name}: {share:.1%} refused")
        trial.must(
            run.most_within(1.0) <= PER_SECOND * 1.02, f"{name}: {run.most_within(1.0)} in a second"
        )
        trial.must(product.inside == 0, f"{name}: {product.inside} calls inside a Retry-After")
    _learnt(trial, seconds)


def _learnt(trial: Trial, seconds: float) -> None:
    """Nobody configured a rate: the refusals teach it, and each Retry-After is kept."""
    product = Product(2.0)
    drive(LaneState(LaneBudget(calls_at_once=8)), product, seconds=seconds, seed=trial.seed)
    trial.count("refused while it learns", product.refused)
    trial.must(product.refused > 0, "nothing was refused to a lane that knows no rate")
    trial.must(product.inside <= 8, f"{product.inside} calls inside a Retry-After while it learns")


@fault(
    "R27", "a system away for hours: one call per interval, and lanes that do not come in a wave"
)
def away(trial: Trial) -> None:
    hours = trial.of(2, 48)
    first: list[float] = []
    for number in range(trial.of(20, 200)):
        run = drive(LaneState(), lambda now: Down(), seconds=hours * 3600, seed=trial.seed + number)
        gaps = [later - sooner for sooner, later in pairwise(run.sent)]
        late = gaps[12:]  # once it has backed off
        trial.count("calls", len(run.sent))
        trial.must(min(late) >= 50.0, f"lane {number} asked again after {min(late):.1f} s")
        trial.must(
            len(run.sent) <= 1.1 * hours * 3600 / 50.0 + 12, f"lane {number}: {len(run.sent)}"
        )
        trial.must(max(gaps) <= 75.0, f"lane {number} rested for {max(gaps):.0f} s")
        first.append(run.sent[3])
    spread = max(first) - min(first)
    trial.count("lanes", len(first))
    trial.must(spread > 0.5, f"all lanes came back within {spread:.2f} s")
