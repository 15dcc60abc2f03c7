"""``python -m benchmarks [NAME…]``: print the table; exit code 1 when a bound is missed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks import accept, beside, idle, lag, start, throughput, years
from benchmarks.figures import Figure, table

ALL: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "accept": accept.measure,
    "beside": beside.measure,
    "lag": lag.measure,
    "throughput": throughput.measure,
    "idle": idle.measure,
    "start": start.measure,
    "years": years.measure,
}


def main() -> int:
    """Measure what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], metavar="NAME", help=", ".join(ALL))
    names = parser.parse_args().names or list(ALL)
    one, five, _ = os.getloadavg()
    print(f"{os.cpu_count()} processors, load {one:.1f} ({five:.1f} over five minutes) before")
    figures = [figure for name in names for figure in ALL[name]()]
    print(table(figures))
    missed = [one.name for one in figures if not one.kept]
    if missed:
        print(f"missed: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
