"""A daemon and the two products together: short forms; ``make faults`` has the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.short import prove, short_of


@pytest.mark.parametrize("number", short_of("between"))
def test_a_fault(number: str, tmp_path: Path) -> None:
    prove(number, tmp_path)
