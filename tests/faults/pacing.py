"""Quotas and outages in simulated time: used nearly whole, never over, and asked rarely."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

from sdsync.connectors.common import throttled
from sdsync.connectors.replies import Reply
from sdsync.ratelimit.lanes import Down, LaneBudget, LaneState, Ok, Result, ThrottledFor
from sdsync.sync.policy import lesson
from tests.faults.frame import Trial, fault
from tests.unit.ratelimit.simulated import Run, drive

PER_SECOND = 10
PROBE_S = 5.0


START = datetime(2026, 11, 24, tzinfo=UTC)
FORMS = ("seconds", "date", "absent")
#: Seconds in a Retry-After, by turns.
HINTS = (1, 2, 30)
SPELL_S = 1.0


class Product:
    """Permits so many calls in any second; others are told 429, and when to come again.

    Args:
        form: How it says when: in seconds, as an HTTP date, or not at all.
        spells: Moments, in order, since which others have used the quota up for a second.
    """

    def __init__(self, form: str, spells: Sequence[float] = ()) -> None:
        self.refused, self.closed_s, self.permitted = 0, 0.0, 0.0
        self._form, self._spells = form, deque(spells)
        self._until = 0.0
        self._taken: deque[float] = deque()

    def __call__(self, now: float) -> Result:
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        while self._spells and self._spells[0] <= now - SPELL_S:
            self._spells.popleft()
        spell = bool(self._spells) and self._spells[0] <= now
        if len(self._taken) < PER_SECOND and now >= self._until and not spell:
            self._taken.append(now)
            return Ok(0.02)
        return self._refuse(now)

    def _refuse(self, now: float) -> Result:
        wait_s = HINTS[self.refused % len(HINTS)] if self._form != "absent" else 0
        self.refused += 1
        until = max(self._until, now + wait_s)
        self.closed_s += until - max(self._until, now)
        self._until = until
        at = START + timedelta(seconds=now)
        told = {"date": format_datetime(at, usegmt=True)}
        if self._form == "seconds":
            told["retry-after"] = str(wait_s)
        elif self._form == "date":
            told["retry-after"] = format_datetime(at + timedelta(seconds=wait_s), usegmt=True)
        return lesson(throttled(Reply("GET", 429, told), now=at), latency_s=0.02)


def _waits(run: Run) -> tuple[int, int]:
    """How many waits the product asked for, and calls that set out inside of one.

    A call that was out already when the refusal came is none.
    """
    waits = [
        (told_at, told_at + said.after_s) for told_at, said in run.results
        if isinstance(said, ThrottledFor) and said.hinted
    ]  # fmt: skip
    calls = 0
    for begin, end in waits:
        calls += bisect_left(run.sent, end - 1e-9) - bisect_right(run.sent, begin)
    return len(waits), calls


@fault(
    "R26", "a quota of 10 a second, known, shared or learnt: used, hardly refused, each wait kept"
)
def storm(trial: Trial) -> None:
    seconds = trial.of(600, 6000)
    known = LaneBudget(calls_at_once=8, per_minute=60 * PER_SECOND)
    for form in FORMS:
        alone, product = _driven(trial, Product(form), known, seconds)
        _used(trial, f"{form}, alone", alone, product, 0.99)
        _paced(trial, f"{form}, alone", alone.sent)
        spells = sorted(trial.dice.uniform(0, seconds) for _ in range(seconds // 100))
        beside, product = _driven(trial, Product(form, spells), known, seconds)
        trial.must(product.refused, f"{form}: no stranger was met")
        _used(trial, f"{form}, beside strangers", beside, product, 0.9 if form != "absent" else 0)
        _paced(trial, f"{form}, beside strangers", beside.sent)
        _kept(trial, f"{form}, beside strangers", beside, hinted=form != "absent")
        # Nobody configured a rate: the refusals teach it. That costs some calls more.
        learning, product = _driven(trial, Product(form), LaneBudget(calls_at_once=8), seconds)
        most = 0.9 if form != "absent" else 0
        _used(trial, f"{form}, learning", learning, product, most, refused=0.01)
        taught = next(at for at, said in learning.results if isinstance(said, ThrottledFor))
        calls = [at for at in learning.sent if at > taught + 60]
        _paced(trial, f"{form}, learning", calls, over=1.1)
        _kept(trial, f"{form}, learning", learning, hinted=form != "absent")


def _driven(
    trial: Trial, product: Product, budget: LaneBudget, seconds: int
) -> tuple[Run, Product]:
    run = drive(LaneState(budget), product, seconds=seconds, seed=trial.seed, late_s=0.004)
    product.permitted = PER_SECOND * (seconds - product.closed_s)
    trial.count("calls", len(run.sent))
    trial.count("refused", product.refused)
    return run, product


def _used(
    trial: Trial, name: str, run: Run, product: Product, least: float, refused: float = 0.005
) -> None:
    """What it made of the time in which the product was open."""
    used = (len(run.sent) - product.refused) / product.permitted
    share = product.refused / len(run.sent)
    trial.must(used >= least, f"{name}: {used:.1%} of the quota used")
    trial.must(share <= refused, f"{name}: {share:.2%} refused")


def _paced(trial: Trial, name: str, sent: list[float], over: float = 1.02) -> None:
    """Never over the quota, and never all at once."""
    run = Run(sent)
    second, tenth = run.most_within(1.0), run.most_within(0.1)
    trial.must(second <= PER_SECOND * over, f"{name}: {second} in a second")
    trial.must(tenth <= 2 * PER_SECOND / 10, f"{name}: {tenth} in a tenth of a second")


def _kept(trial: Trial, name: str, run: Run, *, hinted: bool) -> None:
    """Nothing set out while the product had asked to wait, and it had asked."""
    waits, inside = _waits(run)
    trial.count("waits asked for", waits)
    trial.count("calls inside a Retry-After", inside)
    trial.must(bool(waits) is hinted, f"{name}: {waits} waits were asked for")
    trial.must(inside == 0, f"{name}: {inside} calls inside a Retry-After")


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
