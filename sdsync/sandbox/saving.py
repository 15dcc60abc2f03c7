"""Keeps a product's records in a file, so that a killed sandbox comes back with them.

Every record is one row, written in the same moment as it changes. The file
survives a killed process (not a power cut: it is a sandbox).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, with_config

T = TypeVar("T")
#: Kind, key, JSON.
Row = tuple[str, str, bytes]
_CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class Saver:
    """Rows of (kind, key, JSON). ``path`` None: nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._db: sqlite3.Connection | None = None
        if path is None:
            return
        # The server's thread uses it alone, but it is made and closed elsewhere.
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record"
            " (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, value: object) -> None:
        """Write a dataclass under its kind and key."""
        if self._db is not None:
            body = _adapter(type(value)).dump_json(value)
            self._db.execute("REPLACE INTO record VALUES (?, ?, ?)", (kind, key, body))

    def drop(self, kind: str, key: str) -> None:
        """Forget one."""
        if self._db is not None:
            self._db.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))

    def load(self, kind: str, shape: type[T]) -> dict[str, T]:
        """All of a kind, in order of writing."""
        if self._db is None:
            return {}
        rows = self._db.execute(
            "SELECT key, body FROM record WHERE kind = ? ORDER BY CAST(key AS INTEGER), key",
            (kind,),
        )
        return {key: _adapter(shape).validate_json(body) for key, body in rows}

    def rows(self) -> list[Row]:
        """Everything that is kept, but the mails: those are out."""
        if self._db is None:
            return []
        return self._db.execute("SELECT * FROM record WHERE kind <> 'mail'").fetchall()

    def put_rows(self, rows: list[Row]) -> None:
        """Keep these in the place of what is kept."""
        if self._db is not None:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM record WHERE kind <> 'mail'")
            self._db.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything."""
        if self._db is not None:
            self._db.execute("DELETE FROM record")

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


#: Adapters are dear to make: one per shape.
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(shape: type[T]) -> TypeAdapter[T]:
    if shape not in _ADAPTERS:
        with_config(_CONFIG)(shape)  # bytes travel as base64
        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]
