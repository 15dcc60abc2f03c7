"""Mappings of notes, files and worklogs, equal for all flavours: a body, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdsync.mappings.contract import NO_NAMES, Direction, People, Put, RecordNames, Viewed, Written
from sdsync.mappings.orders import Word
from sdsync.store.records import Json

_NOTE = {"body": "body", "audience": "audience", "author_display": "author"}
_FILE = {"name": "name", "media_type": "media_type", "size": "size", "audience": "audience"}
_LOG = {"seconds": "seconds", "text": "text", "audience": "audience", "author_display": "author"}
_TOLD = frozenset({"author_display", "size"})  # the product says it, nobody writes it


class ElementMapping:
    """A :class:`sdsync.mappings.contract.Mapping` of notes or files."""

    def __init__(self, system: str, kind: str) -> None:
        self.system = system
        self.kind = kind
        self.version = f"{kind}-1"
        self.written: Written | None = None
        self._at = {"note": _NOTE, "worklog": _LOG}.get(kind, _FILE)
        self.fields: Mapping[str, Direction] = {
            name: Direction.IN if name in _TOLD else Direction.BOTH for name in self._at
        }

    def paths(self, field: str) -> Sequence[str]:
        """The one native name."""
        return (self._at[field],)

    def keep(self, native: Mapping[str, Json]) -> dict[str, Json]:
        """What rules read."""
        return {name: native[name] for name in self._at.values() if name in native}

    def extract(self, field: str, native: Mapping[str, Json]) -> Json:
        """The native value."""
        return native.get(self._at[field])

    def orders(self, native: Mapping[str, Json]) -> frozenset[Word]:
        """Elements have no tags."""
        return frozenset()

    def get(
        self,
        field: str,
        native: Mapping[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Viewed:
        """The value as it is."""
        return native.get(self._at[field])

    def put(
        self,
        field: str,
        value: Json,
        *,
        seen: Mapping[str, Json],
        hub: Mapping[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Put:
        """An audience becomes the flag; what the product tells is not written."""
        if field in _TOLD:
            return Put()
        if field == "audience":
            return Put({"internal": value not in ("public", "customer")})
        return Put({self._at[field]: value})

    def carry(self, field: str, *, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The view is the whole."""
        return new_view

    def place(self, field: str) -> str | None:
        """No file."""
        return None

    def entering(self, field: str, value: Json, *, hub: Mapping[str, Json]) -> dict[str, Json]:
        """Nothing is asked for."""
        return {}
