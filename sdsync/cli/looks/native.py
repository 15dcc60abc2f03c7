"""A product's own words, found by the paths that mappings name."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.store.records import Json


def value_at(native: Json, path: str) -> Json:
    """A value by its path; a path's last part may hold dots and blanks of its own."""
    if not isinstance(native, Mapping):
        return None
    if path in native:
        return native[path]
    head, dot, rest = path.partition(".")
    return value_at(native.get(head), rest) if dot else None
