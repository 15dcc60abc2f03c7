"""The whole table: every number that was promised, and what proves it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.faults import (
    canaries,
    clocks,
    damage,
    disks,
    flow,
    hostile,
    leaving,
    neighbours,
    pacing,
    points,
    poison,
    processes,
    resumed,
    sealed,
    shop,
    trust,
)
from tests.faults.elsewhere import PROOFS
from tests.faults.frame import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
#: File of tests -> modules whose scenarios it tries; each takes about as long as another.
PARTS = {
    "disks": (disks, damage, clocks, sealed),
    "between": (shop, canaries, resumed, points),
    "processes": (processes, neighbours, trust, leaving),
    "flow": (flow, pacing, poison, hostile),
}
_R = (*range(1, 10), *range(11, 18), 19, 20, 26, 27, 28, 30, 31, 32, 34, 35, 37)
_S = (*range(1, 7), 8, 9, 13, 14, 15, 16)
NUMBERS = (*(f"R{one}" for one in _R), *(f"S{one}" for one in _S))


def missing() -> list[str]:
    """Numbers without a scenario of their own."""
    return [one for one in NUMBERS if one not in SCENARIOS]


def untrue() -> Iterator[str]:
    """References to tests that are not there."""
    for number, tests in PROOFS.items():
        for test in tests:
            path, _, name = test.partition("::")
            if not (ROOT / path).exists() or (name and name not in _functions(ROOT / path)):
                yield f"{number}: no test {test}"


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
