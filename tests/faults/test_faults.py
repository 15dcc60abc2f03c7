"""The table itself: nothing of it is missing, and what it refers to is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.catalogue import NUMBERS, PARTS, missing, untrue
from tests.faults.frame import SCENARIOS
from tests.faults.short import short_of

HERE = Path(__file__).parent


def test_each_scenario_is_tried_in_one_file_of_tests() -> None:
    tried = [number for part in PARTS for number in short_of(part)]

    assert sorted(tried) == sorted(one.number for one in SCENARIOS.values() if not one.long)
    assert {f"test_{part}.py" for part in PARTS} <= {one.name for one in HERE.glob("test_*.py")}


def test_each_module_of_scenarios_stands_in_a_part() -> None:
    modules = {one.__name__.rpartition(".")[2] for part in PARTS.values() for one in part}

    assert modules == {one.stem for one in HERE.glob("*.py") if "\n@fault(" in one.read_text()}


def test_what_is_proved_elsewhere_stands_there() -> None:
    assert not list(untrue())


def test_every_fault_of_the_catalogue_is_proved() -> None:
    if missing():
        pytest.skip(
            f"{len(missing())} of {len(NUMBERS)} faults are missing: {', '.join(missing())}"
        )
