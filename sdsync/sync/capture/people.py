"""Who is who, and who is a person, from what the systems told."""

from __future__ import annotations

from collections.abc import Callable

from sdsync.mappings.contract import People
from sdsync.store.contract import Store
from sdsync.store.records import Json, Ref
from sdsync.sync.deliver.counterparts import TIED, SharedRecords


class KnownPeople:
    """The people look-up of the store, loaded once and again after a refresh."""

    def __init__(self, store: Store, make: Callable[[Store], People] | None) -> None:
        self._store, self._make = store, make
        self._table: People | None = None
        self._humans: dict[str, dict[str, bool]] = {}

    def forget(self) -> None:
        """Load anew at the next question: people were read again."""
        self._table, self._humans = None, {}

    def _people(self) -> People | None:
        if self._table is None and self._make is not None:
            self._table = self._make(self._store)
        return self._table

    def key(self, system: str, native: Json) -> str | None:
        """The person's key; None: not known."""
        table = self._people()
        return table.key(system, native) if table else None

    def native(self, system: str, key: str) -> str | None:
        """What the system calls the person; None: nobody there."""
        table = self._people()
        return table.native(system, key) if table else None

    def team(self, system: str, native: Json) -> str | None:
        """The team's key; None: not known."""
        table = self._people()
        return table.team(system, native) if table else None

    def native_team(self, system: str, key: str) -> str | None:
        """What the system calls the team; None: it has none."""
        table = self._people()
        return table.native_team(system, key) if table else None

    def display(self, key: str) -> str:
        """The person's name for people."""
        table = self._people()
        return table.display(key) if table else key

    def address(self, key: str) -> str | None:
        """A verified address of the person; None: none is known."""
        table = self._people()
        return table.address(key) if table else None

    def record(self, system: str, native_id: str) -> str | None:
        """The name of the shared record behind a native id."""
        return self._store.name_of(Ref(system, TIED, native_id))

    def native_record(self, system: str, name: str) -> str | None:
        """The native id of the record of this name; None: it stands not there."""
        share = SharedRecords(self._store).named(TIED, name)
        twin = share.at(system) if share is not None else None
        return twin.native_id if twin is not None else None

    def is_human(self, system: str, native: str | None) -> bool:
        """Whether a native id is a person; unknown counts as one (law 18)."""
        if native is None:
            return True
        known = self._humans.get(system)
        if known is None:
            known = {one.native_id: one.human for one in self._store.people(system)}
            self._humans[system] = known
        return known.get(native, True)
