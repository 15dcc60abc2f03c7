"""CSV table: the canonical value is a row's key, the native one a cell of that row."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Refused, Scene, Written, as_text
from sdsync.mappings.nearest import did_you_mean
from sdsync.mappings.paths import Absent
from sdsync.mappings.tables import Table, cell, keys_by_cell
from sdsync.store.records import Json


@dataclass(frozen=True)
class Lookup(Lens):
    """``table: customers.queue``: tenant ``acme`` is queue ``acme-in``.

    A cell that two rows share cannot be read back; the linter reports it, and
    reading it is Unmapped rather than a guess between two tenants (law 49).
    """

    name: str
    table: Table
    column: str
    can_empty: bool = False
    _keys: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._keys.update(keys_by_cell(self.table, self.column))

    @property
    def shared(self) -> dict[str, list[str]]:
        """Cells that more than one row has, and those rows' keys."""
        return {one: keys for one, keys in self._keys.items() if len(keys) > 1}

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The key of the one row that has this cell."""
        keys = self._keys.get(as_text(native).strip(), [])
        return keys[0] if len(keys) == 1 else self.unmapped(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The row's cell."""
        key = as_text(value)
        found = cell(self.table, key, self.column)
        if found is None:
            near = did_you_mean(key, self.table.rows)
            return Refused(f'table {self.name} has no {self.column} for "{key}"{near}')
        return Written(found)
