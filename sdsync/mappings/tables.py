"""The site's tables as mappings use them: cells by key, keys by cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdsync.config.tables import Table, read_table

__all__ = ["Table", "cell", "keys_by_cell", "load_tables", "parse_table"]


def load_tables(tables: Mapping[str, Table | Path]) -> dict[str, Table]:
    """Read those that are still paths; ConfigError tells all that is wrong with one."""
    return {
        name: read_table(one, str(one)) if isinstance(one, Path) else one
        for name, one in tables.items()
    }


def parse_table(text: str, name: str = "table.csv") -> Table:
    """A table from CSV text, for tests and previews."""
    return read_table(text, name)


def cell(table: Table, key: str, column: str) -> str | None:
    """What the row says; None: no such row, or an empty cell."""
    row = table.rows.get(key)
    return (row.get(column) or None) if row is not None else None


def keys_by_cell(table: Table, column: str) -> dict[str, list[str]]:
    """For each cell of a column the keys of the rows that have it, in file order."""
    index: dict[str, list[str]] = {}
    for key, row in table.rows.items():
        if row.get(column):
            index.setdefault(row[column], []).append(key)
    return index
