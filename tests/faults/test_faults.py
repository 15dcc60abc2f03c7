"""The table itself: nothing of it is missing, and what it refers to is there."""

from __future__ import annotations

import pytest

from tests.faults.catalogue import NUMBERS, WHERE, missing, untrue
from tests.faults.short import PARTS


def test_each_module_of_scenarios_is_a_part_of_one_file_of_tests() -> None:
    modules = [one for part in PARTS.values() for one in part]

    assert sorted(one.__name__ for one in modules) == sorted(one.__name__ for one in WHERE)


def test_what_is_proved_elsewhere_stands_there() -> None:
    assert not list(untrue())


def test_every_fault_of_the_catalogue_is_proved() -> None:
    if missing():
        pytest.skip(
            f"{len(missing())} of {len(NUMBERS)} faults are missing: {', '.join(missing())}"
        )
