"""A value that Redmine refuses, on many records: one cause, one mending, one replay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real.proofs.trouble.world import LONG, House, Record
from tests.real.rig import until

pytestmark = pytest.mark.real

RECORDS = 40 if LONG else 5


def test_what_a_word_stopped_on_many_records_goes_on_by_one_replay(house: House) -> None:
    stage = f"Stage {house.run}"
    records = [house.opens("shop", CustomFields={stage: "prod2"}) for _ in range(RECORDS)]
    house.arrive(records)  # all but that word
    until(lambda: _parked(house, RECORDS))
    cause = _parked(house, RECORDS)
    assert "prod2" in cause["text"]
    assert {_stage(house, one, stage) for one in records} <= {"", None}

    mapping = house.daemon.folder / "mappings" / "dev-ticket.yaml"
    text = mapping.read_text(encoding="utf-8")
    mended = text.replace(" }", ", table: { prod: prod, test: test }, also: { prod2: prod } }")
    mapping.write_text(mended, encoding="utf-8")
    assert house.daemon.type("check").returncode == 0
    assert house.daemon.stop() == 0
    house.daemon.start()
    assert _parked(house, RECORDS)["id"] == cause["id"]  # a mapping alone writes nothing

    first = house.daemon.told("dead", "replay", cause["id"])
    again = house.daemon.type("dead", "replay", cause["id"])

    assert first["records"] == RECORDS
    assert "nothing is parked" in again.stdout or "no open cause" in again.stderr
    until(lambda: _all(house, records, stage, "prod"))
    house.arrive(records)
    until(lambda: house.in_step(records))
    assert house.letters() == []
    written = [
        row for row in house.daemon.audit()
        if (row["system"], row["action"], row["field"]) == ("dev", "written", "ext.stage")
    ]  # fmt: skip
    assert len(written) == RECORDS


def _parked(house: House, number: int) -> dict[str, Any]:
    causes: list[dict[str, Any]] = house.daemon.told("dead", "list")["causes"]
    assert [one["records"] for one in causes] == [number], causes
    return causes[0]


def _all(house: House, records: list[Record], field: str, value: str) -> None:
    assert {_stage(house, one, field) for one in records} == {value}


def _stage(house: House, one: Record, name: str) -> str | None:
    fields = house.dev.issue(one.issue)["custom_fields"]
    return next((str(row["value"] or "") for row in fields if row["name"] == name), None)
