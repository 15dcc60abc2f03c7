"""``python -m tests.laws.breaks [--law N]``: every law broken once or more, and caught."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.laws.breaks.changes import LAWS, Break, all_breaks, caught, law_tests, remember
from tests.laws.breaks.copies import Job, Outcome, load_libraries, outcomes

AT_ONCE = 2


@dataclass(slots=True)
class Law:
    """One law, its tests, its breaks, and what came of them so far."""

    number: int
    tests: frozenset[str]
    breaks: Sequence[Break]
    tried: list[tuple[Break, Outcome]] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """What a person must mend; empty when every break was caught."""
        problems = [] if self.tests else ["no test bears its number"]
        problems += [] if self.breaks else ["no break is named for it"]
        for change, outcome in self.tried:
            if outcome.broken:
                problems.append(f"{change.what}: {outcome.broken}")
            elif outcome.passed:
                problems.append(f"stays green although {change.what} ({change.file})")
        return problems

    def never_red(self) -> list[str]:
        """Its tests that no break turned red: they say more than the breaks try."""
        red = {name for _, outcome in self.tried for name in outcome.red}
        return sorted(self.tests - red)

    def line(self) -> str:
        """The law's line."""
        if problems := self.wrong():
            return f"law {self.number:2}  FAILED: {'; '.join(problems)}"
        return f"law {self.number:2}  red as it must: {len(self.tried)} of {len(self.breaks)}"


def main() -> int:
    """Exit code 0 when every break was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws.breaks", description=__doc__)
    parser.add_argument("--law", type=int, action="append", help="this law alone; may be repeated")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="copies at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="tests that no break reddens")
    parser.add_argument("--remember", action="store_true", help="ask all, keep what caught each")
    args = parser.parse_args()
    began = time.monotonic()
    load_libraries()
    laws = {number: _law(number) for number in args.law or LAWS}
    known = {} if args.remember else caught()
    jobs = [
        Job(law.number, change, args.verbose, known.get(change.name))
        for law in laws.values()
        for change in law.breaks
    ]
    whole = [] if args.law else [Job(None, every=True)]
    # The longest comes first, so that the others fill the time beside it.
    failed = _run([*whole, *jobs], laws, at_once=args.at_once, verbose=args.verbose)
    if args.remember:
        red = {
            change.name: min(outcome.red)
            for law in laws.values()
            for change, outcome in law.tried
            if outcome.red
        }
        still = {one.name for one in all_breaks()}
        remember({name: test for name, test in ({**caught(), **red}).items() if name in still})
    passed = len(laws) + len(whole) - failed
    print(f"{len(jobs)} breaks in {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _law(number: int) -> Law:
    mine = [one for one in all_breaks() if one.law == number]
    return Law(number, frozenset(law_tests().get(number, ())), mine)


def _run(jobs: Sequence[Job], laws: Mapping[int, Law], *, at_once: int, verbose: bool) -> int:
    """Run the jobs, tell each law when all of its breaks were tried; how many failed."""
    failed = 0
    for law in [one for one in laws.values() if not one.breaks]:
        failed += 1
        print(law.line(), flush=True)
    for job, outcome in outcomes(jobs, at_once):
        if job.law is None or job.change is None:
            failed += not outcome.passed
            state = "green as it must" if outcome.passed else f"FAILED:\n{outcome.said[-3000:]}"
            print(f"unbroken  {state}", flush=True)
            continue
        law = laws[job.law]
        law.tried.append((job.change, outcome))
        if len(law.tried) == len(law.breaks):
            failed += bool(law.wrong())
            print(law.line(), flush=True)
            if verbose and law.never_red():
                print(f"        never red: {', '.join(law.never_red())}", flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
