"""Who is who across the simulated products: the verified e-mail is the key."""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.store.contract import Store
from sdsync.store.records import Json


class Directory:
    """A :class:`sdsync.mappings.contract.People` made of what the systems told."""

    def __init__(self, store: Store, systems: Sequence[str]) -> None:
        self._keys: dict[tuple[str, str], str] = {}
        self._natives: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        for system in systems:
            for row in store.people(system):
                key = row.email if row.email and row.email_verified else row.key
                self._keys[system, row.native_id] = key
                self._natives[system, key] = row.native_id
                self._names[key] = row.name

    def key(self, system: str, native: Json) -> str | None:
        """The person's key."""
        return self._keys.get((system, str(native)))

    def native(self, system: str, key: str) -> str | None:
        """What the system calls them."""
        return self._natives.get((system, key))

    def team(self, system: str, native: Json) -> str | None:
        """None: there are people only."""
        return None

    def native_team(self, system: str, key: str) -> str | None:
        """None."""
        return None

    def address(self, key: str) -> str | None:
        """None: nobody is ever made here."""
        return None

    def display(self, key: str) -> str:
        """Their name."""
        return self._names.get(key, key)

    def record(self, system: str, native_id: str) -> str | None:
        """Nothing: who is shared stands in the store."""
        return None

    def native_record(self, system: str, name: str) -> str | None:
        """Nothing."""
        return None
