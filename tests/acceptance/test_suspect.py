"""A restored store says so, and a person may trust it."""

from __future__ import annotations

from tests.acceptance.conftest import Desk


def test_a_store_without_its_witness_is_suspect_until_trusted(desk: Desk) -> None:
    next(desk.folder.glob("*.witness")).unlink()

    told = desk.type("store", "verify")
    assert told.code == 3
    assert "sdsync store trust" in told.err
    assert "may not be the newest of its copies" in desk.type("status").out

    assert "epoch 2" in desk.type("store", "trust").out
    assert desk.type("store", "verify").code == 0
    assert "newest of its copies" not in desk.type("status").out
    assert desk.type("audit", "show", "--json").json[-1]["action"] == "trusted"
