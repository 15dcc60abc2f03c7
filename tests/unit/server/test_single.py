"""The lock of a store: who else runs on it, and whether anybody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsync.server.single import AlreadyRunningError, held, only_instance


def test_a_store_is_held_while_its_daemon_lives_and_no_longer(tmp_path: Path) -> None:
    database = tmp_path / "sdsync.db"

    assert not held(database)
    with only_instance(database):
        assert held(database)
        with pytest.raises(AlreadyRunningError), only_instance(database):
            pass
    assert not held(database)
