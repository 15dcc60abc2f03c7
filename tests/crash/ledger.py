"""What people did and were told that it is done: what must be found in the end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdsync.store.records import Json

#: Every record, note, file and title bears one of its own: b birth, n note, f file, t title.
TOKEN = re.compile(r"(?<![a-z0-9])([bnft]\d{5}z)(?![a-z0-9])")
SIDES = ("desk", "dev")
#: A record gets no more, or its notes are held as a loop (more than ten in ten minutes).
NOTES_A_RECORD = 9


def other(side: str) -> str:
    """The other side."""
    return SIDES[1 - SIDES.index(side)]


def tokens(text: object, letter: str) -> list[str]:
    """The tokens of one letter in a text, in order."""
    return [one for one in TOKEN.findall(str(text or "")) if one.startswith(letter)]


@dataclass(slots=True)
class Thing:
    """A note or a file that somebody added."""

    token: str
    side: str
    record: str  # token of the record's birth
    internal: bool


@dataclass(frozen=True, slots=True)
class Title:
    """A title that somebody wrote, and when, in seconds of a clock that only goes on."""

    side: str
    token: str
    at: float


@dataclass(slots=True)
class Record:
    """A record that somebody made. ``ids`` are its numbers, as far as they are known."""

    token: str
    side: str
    ids: dict[str, int] = field(default_factory=dict)
    notes: int = 0
    into: Record | None = None  # the survivor, after a merge
    titles: list[Title] = field(default_factory=list)  # as written

    @property
    def merged(self) -> bool:
        """Whether it went into another."""
        return self.into is not None

    def survivors(self) -> Iterator[Record]:
        """What it went into, what that went into, and so on."""
        one = self.into
        while one is not None:
            yield one
            one = one.into


@dataclass(slots=True)
class Ledger:
    """All deeds of a run."""

    records: dict[str, Record] = field(default_factory=dict)
    notes: list[Thing] = field(default_factory=list)
    files: list[Thing] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _last: int = 0

    def token(self, letter: str) -> str:
        """A token that was never used."""
        self._last += 1
        return f"{letter}{self._last:05d}z"

    @property
    def changes(self) -> int:
        """Deeds that a product acknowledged."""
        return self.deeds.total()

    def family(self, record: Record) -> int:
        """How many were merged into it by now, in one or more steps; it counts itself."""
        merged = (one for one in self.records.values() if one.into is record)
        return 1 + sum(map(self.family, merged))

    def on(self, side: str) -> list[Record]:
        """Records that are there and may still be worked on."""
        return [one for one in self.records.values() if side in one.ids and not one.merged]


@dataclass(frozen=True, slots=True)
class Sight:
    """A note or file as a product keeps it. ``internal``: as narrow as a comment of staff."""

    token: str
    record: int
    internal: bool
    ours: bool  # made by sdsync's account


@dataclass(slots=True)
class Kept:
    """Everything that a product keeps, read from behind, not through its interface."""

    births: dict[str, list[int]] = field(default_factory=dict)
    notes: dict[str, list[Sight]] = field(default_factory=dict)
    files: dict[str, list[Sight]] = field(default_factory=dict)
    #: Titles that were there and were then replaced by sdsync's account.
    replaced: set[str] = field(default_factory=set)
    merged: set[int] = field(default_factory=set)

    def see(self, table: dict[str, list[Sight]], sight: Sight) -> None:
        """Note one."""
        table.setdefault(sight.token, []).append(sight)


def rows(dump: Json, name: str) -> Iterator[dict[str, Json]]:
    """The records of one kind in a dump."""
    found = dump[name]
    yield from found.values() if isinstance(found, dict) else found
