"""What the engine needs of a compiled mapping. :mod:`sdsync.mappings.compile` makes one."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from sdsync.mappings.orders import Word
from sdsync.store.records import Json


class Direction(StrEnum):
    """Which way a field flows, seen from the system."""

    BOTH = "both"
    IN = "in"  # from the system into the hub
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A native value that no rule knows: counted and shown, never guessed."""

    path: str
    value: Json
    place: str  # file:line:column of the rule


class Unknown:
    """What a read does not prove (law 9). There is one, ``UNKNOWN``."""


UNKNOWN = Unknown()

Viewed = Json | Unmapped | Unknown


@dataclass(frozen=True, slots=True)
class Put:
    """What writing a canonical value takes at the system.

    ``values`` is a nested native patch (empty when the system shows a value that
    already projects to it: law 8). ``cut`` tells what did not fit, for a
    fidelity note; ``refused`` why nothing can be written.
    """

    values: Dict[str, Json] = field(default_factory=dict)
    cut: str | None = None
    refused: str | None = None
    place: str | None = None  # file:line:column of the rule


class People(Protocol):
    """Joins people across systems (explicit table, verified e-mail, login), teams, records."""

    def key(self, system: str, native: Json) -> str | None:
        """The person's key for a native id, login or address; None: not known."""
        ...

    def native(self, system: str, key: str) -> str | None:
        """What the system calls this person; None: nobody there."""
        ...

    def team(self, system: str, native: Json) -> str | None:
        """The team's key for a group's id or name; None: no team that is known."""
        ...

    def native_team(self, system: str, key: str) -> str | None:
        """What the system calls this team; None: it has none of that key."""
        ...

    def display(self, key: str) -> str:
        """A name for people to read."""
        ...

    def address(self, key: str) -> str | None:
        """A verified address of the person; None: none is known."""
        ...

    def record(self, system: str, native_id: str) -> str | None:
        """The name of a shared record in all systems (``desk#4711``); None: it is not shared."""
        ...

    def native_record(self, system: str, name: str) -> str | None:
        """The id that the record of this name has in the system; None: it is not there."""
        ...


class RecordNames(Protocol):
    """Joins records across systems: which copies are of one record. Names are native ids."""

    @property
    def addresses(self) -> Dict[str, str]:
        """Every configured system, and where it is reached; "" where that is not told."""
        ...

    def key(self, system: str, native: str) -> tuple[str, str]:
        """System and id by which all know the record; of one that is not shared, its own."""
        ...

    def native(self, system: str, key: tuple[str, str]) -> str | None:
        """The id of the system's copy; None: it has none that is known."""
        ...


class NoNames:
    """No record is known to be shared, and no system but the one that is read."""

    addresses: Dict[str, str] = MappingProxyType({})

    def key(self, system: str, native: str) -> tuple[str, str]:
        """As it was named."""
        return system, native

    def native(self, system: str, key: tuple[str, str]) -> str | None:
        """Its own alone."""
        return key[1] if key[0] == system else None


NO_NAMES = NoNames()


@dataclass(frozen=True, slots=True)
class Written:
    """A site's own mapping file as it was read."""

    text: str
    by: str | None  # whose the file is, as the host names its users


class Mapping(Protocol):
    """One system's fields of one kind, both ways. Pure: no clock, no I/O."""

    system: str
    kind: str
    version: str  # digest of all files and tables that it was made of
    written: Written | None  # None: the shipped pack alone
    fields: Dict[str, Direction]

    def paths(self, field: str) -> Sequence[str]:
        """Native paths that the field's rule reads ("CustomFields.Environment")."""
        ...

    def place(self, field: str) -> str | None:
        """file:line:column of the field's rule; None: no rule, or none in a file."""
        ...

    def keep(self, native: Dict[str, Json]) -> dict[str, Json]:
        """The part of a native record that rules read: what ``seen`` holds."""
        ...

    def extract(self, field: str, native: Dict[str, Json]) -> Json:
        """The native footprint of one field: what law 1 compares. UNKNOWN-free."""
        ...

    def orders(self, native: Dict[str, Json]) -> frozenset[Word]:
        """The orders that stand among the tags (``sdsync:stop``): no content, never carried."""
        ...

    def get(
        self, field: str, native: Dict[str, Json], people: People, names: RecordNames = NO_NAMES
    ) -> Viewed:
        """The canonical value that ``native`` shows for the field."""
        ...

    def put(
        self,
        field: str,
        value: Json,
        *,
        seen: Dict[str, Json],
        hub: Dict[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Put:
        """The native patch that makes ``field`` show ``value``; ``seen`` may be {} at birth."""
        ...

    def carry(self, field: str, *, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """A lossy view's edit carried onto the full hub value; None: it cannot be (law 8)."""
        ...

    def entering(self, field: str, value: Json, *, hub: Dict[str, Json]) -> dict[str, Json]:
        """Native values that the target demands when ``field`` takes ``value``."""
        ...
