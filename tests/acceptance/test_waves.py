"""Deletions in number are named with the command that lets them go."""

from __future__ import annotations

from tests.acceptance.conftest import Desk


def test_a_release_of_nothing_says_what_is_held(desk: Desk) -> None:
    told = desk.type("held", "release", "abc123")

    assert told.code == 1
    assert "sdsync held list" in told.err
