"""``python -m tests.simulation``: run schedules, say what they met, fail on a breach or a zero."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.simulation import expected
from tests.simulation.course import Account, Verdict, judge
from tests.simulation.open_seeds import OPEN
from tests.simulation.undecidable import REASONS

SHOWN = 5  # failing seeds told at length


def main() -> int:
    """Exit code 0: every invariant held and nothing was left out."""
    options = _options()
    if options.seed is not None:
        verdict = judge(options.seed, verbose=options.verbose)
        tell(verdict, lines=not options.verbose)
        return int(bool(verdict.breaches))
    began, account = time.monotonic(), Account()
    seeds = range(options.from_seed, options.from_seed + options.schedules)
    for verdict in _verdicts(seeds, options.jobs):
        account.add(verdict)
        if verdict.breaches:
            tell(verdict, lines=len(account.failed) <= SHOWN)
    took = time.monotonic() - began
    zeros = summary(account, took, strict=not options.lenient)
    return int(bool(surprises(account, seeds) or zeros))


def surprises(account: Account, seeds: range) -> list[int]:
    """Seeds that broke and are not listed as open, and listed ones that hold again."""
    broken = {one.seed for one in account.failed}
    listed = {seed for seed in OPEN if seed in seeds}
    for seed in sorted(listed & broken):
        print(f"known and open: seed {seed}: {OPEN[seed]}")
    for seed in sorted(listed - broken):
        print(f"seed {seed} holds again: take it out of tests/simulation/open_seeds.py")
    return sorted(broken ^ listed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200, help="how many seeds to run")
    parser.add_argument("--from-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, help="replay one seed alone")
    parser.add_argument("--verbose", action="store_true", help="with --seed: say all of it")
    parser.add_argument("--lenient", action="store_true", help="zeros do not fail (short runs)")
    return parser.parse_args()


def _verdicts(seeds: Iterable[int], jobs: int) -> Iterator[Verdict]:
    if jobs <= 1:
        yield from map(judge, seeds)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap_unordered(judge, seeds, chunksize=4)


def tell(verdict: Verdict, *, lines: bool) -> None:
    """Print one seed: its breaches, its last lines, and how to see it again."""
    print(f"seed {verdict.seed}: {len(verdict.breaches) or 'no'} breaches")
    if lines:
        for line in verdict.lines:
            print(f"    {line}")
    for breach in verdict.breaches:
        print(f"  ✗ {breach}")
    for why, number in sorted(verdict.excused.items()):
        print(f"  {number} edits of which nobody could know: {why}")
    print(f"  digest {verdict.digest}")
    print(f"  replay: python -m tests.simulation --seed {verdict.seed} --verbose\n")


def summary(account: Account, took_s: float, *, strict: bool) -> list[str]:
    """Print the counts; the names that were never hit."""
    print(
        f"{account.schedules} schedules, {account.deeds} edits by people, "
        f"{account.crashes} crashes, {account.writes} writes, {took_s:.0f} s "
        f"({account.schedules / max(took_s, 0.001):.1f} per second)"
    )
    zeros = _table("faults", expected.faults(), account.faults)
    zeros += _table("branches of laws", expected.branches(), account.branches)
    _table("edits of which nobody could know", REASONS, account.excused)
    _table("crashes at steps", sorted(account.steps), _crashes(account))
    if zeros:
        print(f"never hit: {', '.join(zeros)}{'' if strict else ' (a short run)'}")
    print(f"{len(account.failed)} seeds failed: {[one.seed for one in account.failed][:40]}")
    return zeros if strict else []


def _crashes(account: Account) -> Counter[str]:
    return Counter({step: account.faults[f"crash at {step}"] for step in account.steps})


def _table(title: str, names: list[str], counts: Counter[str]) -> list[str]:
    print(f"\n{title}")
    for name in names:
        print(f"  {counts[name]:>9}  {name}")
    return [name for name in names if not counts[name]]


if __name__ == "__main__":
    sys.exit(main())
