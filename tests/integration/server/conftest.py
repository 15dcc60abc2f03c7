"""The running intake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.server.intake import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    one = Rig()
    yield one
    one.close()
