"""``python -m tests.faults [NUMBER…]``: each fault of the catalogue, its counts, one verdict."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from tests.faults.catalogue import NUMBERS
from tests.faults.frame import SCENARIOS
from tests.faults.running import Verdict, judge

SHOWN = 10


def main() -> int:
    """Exit code 0: nothing failed or is missing, and in CI all was tried."""
    options = _options()
    if options.list:
        for number in options.numbers or NUMBERS:
            print(f"{number:4} {SCENARIOS[number].says}")
        return 0
    verdicts = []
    for number in options.numbers or NUMBERS:
        verdicts.append(judge(number, seed=options.seed, long=options.long))
        _tell(verdicts[-1])
    return conclude(verdicts)


def conclude(verdicts: Sequence[Verdict]) -> int:
    """Tell how many came out how, and what was not tried; the exit code."""
    words = Counter(one.word.partition(":")[0] for one in verdicts)
    print(", ".join(f"{number} {word}" for word, number in sorted(words.items())))
    for one in verdicts:
        if one.lacking:
            print(f"  {one.number} {one.word}")
    return int(any(one.bad for one in verdicts))


def _tell(verdict: Verdict) -> None:
    print(verdict, flush=True)
    for breach in verdict.breaches[:SHOWN]:
        print(f"  ✗ {breach}")
    if len(verdict.breaches) > SHOWN:
        print(f"  … and {len(verdict.breaches) - SHOWN} more")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="R7, S3 …; left out: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long", action="store_true", help="each scenario in its long form")
    parser.add_argument("--list", action="store_true", help="tell what each is, run nothing")
    options = parser.parse_args()
    unknown = [one for one in options.numbers if one not in NUMBERS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: there are {', '.join(NUMBERS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
