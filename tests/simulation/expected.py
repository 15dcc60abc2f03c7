"""Everything that a long run must have met: a zero fails."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import sdsync.sync
from sdsync.testing.simulated.faults import RATES
from tests.simulation.schedule import MISHAPS, SCENES

#: Faults that come from a product's nature or from the plan, and are counted there.
BY_NATURE = (
    "automation fought",
    "conflicting edit",
    "credential refused",
    "forbidden record",
    "merged record answers with another id",
    "missing record",
    "private flag dropped",
    "process crash",
    "product's own reaction",
    "record fails",
    "refused in a sentence",
    "refused without a word",
    "system unreachable",
    "truncated title",
    "wrong clock",
)


#: Branches that no schedule reaches, because their setting is proved elsewhere:
#: the simulated syncs have no rules of their own, no simulated store is restored or
#: cloned, no schedule lasts a night or deletes in number, no simulated product is written to
#: in the names of others, and seldom is a side away just while the other arrives
#: (tests/laws has all).
ELSEWHERE = (
    "law 6: left out at birth", "law 17:", "law 28: our own in somebody's name",
    "law 30: doubles counted at night", "law 32:", "law 41:",
    "law 48: what arrived no longer says that it waits", "law 54: the name was ignored",
)  # fmt: skip


def faults() -> list[str]:
    """Every fault by name."""
    planned = (f"planned: {name}" for name in MISHAPS)
    staged = (f"scene: {name}" for name in SCENES)
    return sorted({*RATES, *BY_NATURE, *planned, *staged})


def branches() -> list[str]:
    """Every branch of a law that the engine marks: the literals of its ``hit`` calls."""
    folder = Path(sdsync.sync.__file__).parent
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        found |= set(_hits(ast.parse(path.read_text())))
    return sorted(one for one in found if not one.startswith(ELSEWHERE))


def _hits(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hit":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value
