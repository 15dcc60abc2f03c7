"""The short form of every fault that has a scenario here; ``make faults`` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import NUMBERS, missing, untrue
from tests.faults.frame import SCENARIOS, Trial
from tests.faults.running import Verdict, attempt

SEED = 1
SHORT = [one for one in NUMBERS if one in SCENARIOS and not SCENARIOS[one].long]


@pytest.mark.parametrize("number", SHORT)
def test_a_fault(number: str, tmp_path: Path) -> None:
    verdict = Verdict(number, SEED)

    attempt(verdict, Trial(SEED, long=False, folder=tmp_path))

    print(verdict)
    assert not verdict.breaches, "\n".join(
        [SCENARIOS[number].says, *verdict.breaches[:20], f"again: python -m tests.faults {number}"]
    )
    if verdict.lacking:
        pytest.skip(verdict.lacking[0])


def test_what_is_proved_elsewhere_stands_there() -> None:
    assert not list(untrue())


def test_every_fault_of_the_catalogue_is_proved() -> None:
    if missing():
        pytest.skip(
            f"{len(missing())} of {len(NUMBERS)} faults are missing: {', '.join(missing())}"
        )
