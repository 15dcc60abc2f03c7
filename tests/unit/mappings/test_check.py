"""The linter, and the status table of both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsync.mappings.check import both_ways, check, check_all, word_table
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.tables import parse_table
from tests.unit.mappings.helpers import mapping_of

RT = compile_mapping("desk", "request_tracker", "ticket", folder=None, tables={})
REDMINE = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})


@pytest.mark.parametrize("mapping", [RT, REDMINE], ids=["request_tracker", "redmine"])
@pytest.mark.parametrize("field", ["status", "priority"])
def test_no_canonical_word_is_a_dead_end_in_a_shipped_pack(
    mapping: CompiledMapping, field: str
) -> None:
    table = word_table(mapping, field)

    assert table is not None
    assert table.dead_ends == ()
    assert check(mapping) == []


@pytest.mark.parametrize(("left", "right"), [(RT, REDMINE), (REDMINE, RT)])
@pytest.mark.parametrize("field", ["status", "priority"])
def test_every_native_word_has_a_way_into_the_other_system(
    left: CompiledMapping, right: CompiledMapping, field: str
) -> None:
    pairs = both_ways(left, right, field)

    assert pairs
    assert all(pair.other is not None and pair.back is not None for pair in pairs)


def test_the_table_shows_what_is_lossy() -> None:
    table = word_table(RT)
    assert table is not None

    rows = {row.word: row for row in table.rows}

    assert (rows["closed"].writes, rows["closed"].lossy, rows["closed"].reachable) == (
        "resolved",
        True,
        False,
    )
    assert rows["cancelled"].reads == ("rejected", "deleted")
    assert not rows["cancelled"].lossy


def test_a_dead_end_is_found(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields: { status: { at: S, table: { new: New } } }\n")

    found = check(mapping)

    assert [one.serious for one in found] == [True]
    assert "triage, in_progress, waiting, resolved, closed or cancelled cannot be written" in str(
        found[0]
    )


def test_two_writers_of_one_native_field_are_found(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields:\n  title: S\n  environment: S\n")

    assert "writes S, which title writes already" in str(check(mapping)[0])
    assert (
        check(mapping_of(tmp_path, "fields:\n  title: S\n  tenant: { at: S, direction: in }\n"))
        == []
    )


def test_a_cell_that_two_tenants_share_is_found(tmp_path: Path) -> None:
    table = parse_table("tenant,queue\nacme,shared\nbolt,shared\n")

    mapping = mapping_of(
        tmp_path,
        "fields: { tenant: { at: Queue, table: customers.queue } }\n",
        tables={"customers": table},
    )

    assert '"shared" belongs to acme and bolt in table customers: it reads as neither' in str(
        check(mapping)[0]
    )


def test_entering_a_word_that_is_never_written_is_found(tmp_path: Path) -> None:
    text = "fields: { status: { at: S, table: { new: N }, entering: { closed: { A: b } } } }\n"

    assert any('entering "closed"' in str(one) for one in check(mapping_of(tmp_path, text)))


def test_findings_of_many_mappings_come_once() -> None:
    assert check_all([RT, RT, REDMINE]) == []
