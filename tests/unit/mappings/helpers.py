"""Mappings made of text, for tests."""

from __future__ import annotations

from pathlib import Path

from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import Put
from sdsync.mappings.examples import SamePeople
from sdsync.mappings.tables import Table, parse_table
from sdsync.store.records import Json

CUSTOMERS = parse_table("tenant,queue,project\nacme,acme-in,acme\nbolt,bolt-in,bolt\n")


def mapping_of(
    folder: Path,
    text: str,
    *,
    connector: str = "none",
    kind: str = "ticket",
    tables: dict[str, Table | Path] | None = None,
) -> CompiledMapping:
    """The mapping of system ``desk`` that this file makes; without a pack unless one is named."""
    folder.mkdir(exist_ok=True)
    (folder / f"desk-{kind}.yaml").write_text(text, "utf-8")
    found: dict[str, Table | Path] = {"customers": CUSTOMERS} if tables is None else tables
    return compile_mapping("desk", connector, kind, folder=folder, tables=found)


def put(
    mapping: CompiledMapping,
    field: str,
    value: Json,
    seen: dict[str, Json] | None = None,
    hub: dict[str, Json] | None = None,
) -> Put:
    """``put`` for a world where everybody is known by one word."""
    return mapping.put(field, value, seen=seen or {}, hub=hub or {}, people=SamePeople())


def get(mapping: CompiledMapping, field: str, native: dict[str, Json]) -> object:
    """``get`` in that world."""
    return mapping.get(field, native, SamePeople())
