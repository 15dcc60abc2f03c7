"""The short form of faults, in parts that can run side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import NUMBERS, PARTS
from tests.faults.frame import SCENARIOS, Trial
from tests.faults.running import Verdict, attempt

SEED = 1


def short_of(part: str) -> list[str]:
    """Numbers whose scenarios stand there and have a short form."""
    names = {one.__name__ for one in PARTS[part]}
    faults = [SCENARIOS[one] for one in NUMBERS if one in SCENARIOS]
    return [one.number for one in faults if one.in_suite and one.scenario.__module__ in names]


def prove(number: str, folder: Path) -> None:
    """Try it once; fail with its breaches, and where all has to be tried when it was not."""
    verdict = Verdict(number, SEED)

    attempt(verdict, Trial(SEED, long=False, folder=folder))

    print(verdict)
    assert not verdict.breaches, "\n".join(
        [SCENARIOS[number].says, *verdict.breaches[:20], f"again: python -m tests.faults {number}"]
    )
    assert not verdict.bad, f"{number} {verdict.word}"
    if verdict.lacking:
        pytest.skip(f"{number} {verdict.word}")
