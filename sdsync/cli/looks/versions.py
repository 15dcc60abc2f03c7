"""Versions of mappings: which is in force since when, who put it there, what it changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sdsync.cli.words import count
from sdsync.store.contract import Store
from sdsync.store.records import MappingVersion
from sdsync.sync.watch import activating

FIRST = "the first that was seen"
PACK = "the shipped pack alone"


@dataclass(frozen=True, slots=True)
class VersionLook:
    """One version; ``what`` says what it changed, or how it came about."""

    number: int
    since: datetime
    by: str | None
    what: str


@dataclass(frozen=True, slots=True)
class HistoryLook:
    """A mapping's versions, the one in force first.

    ``edited``: its file says something else, which is in force once it is reloaded;
    ``put_back`` is who did that by a rollback.
    """

    mapping: str
    file: str
    versions: Sequence[VersionLook]
    edited: bool
    put_back: VersionLook | None = None


def look(store: Store, mapping: str, file: str, present: str | None, *, limit: int) -> HistoryLook:
    """The newest versions of a mapping.

    Args:
        file: The site's own file of it, as people name it.
        present: What stands there now; None: there is none.
        limit: So many versions are told.
    """
    known = store.mapping_versions(mapping)
    numbered = [one for one in known if one.n]
    asked = activating.put_in_place(known)
    edited = bool(numbered) and numbered[0].text != present
    told = [_version(numbered, n) for n in range(min(limit, len(numbered)))]
    waits = edited and asked is not None and asked.text == present and asked.at >= numbered[0].at
    back = VersionLook(0, asked.at, asked.by, asked.why) if waits and asked else None
    return HistoryLook(mapping, file, told, edited, back)


def _version(numbered: Sequence[MappingVersion], n: int) -> VersionLook:
    one = numbered[n]
    before = numbered[n + 1] if n + 1 < len(numbered) else None
    return VersionLook(one.n, one.at, one.by, one.why or _what(one, before))


def _what(one: MappingVersion, before: MappingVersion | None) -> str:
    if before is None:
        return FIRST
    if one.text is None:
        return PACK
    lines = list(changes(before.text, one.text))
    added = sum(line.startswith("+") for line in lines)
    if not lines:
        return "other line ends"
    return f"{count(added, 'line')} came, {len(lines) - added} went"


def changes(before: str | None, after: str | None) -> Iterator[str]:
    """The lines that went (``-``) and came (``+``), in order; None is no text at all."""
    old, new = ((one or "").splitlines() for one in (before, after))
    for told in difflib.unified_diff(old, new, n=0, lineterm=""):
        if not told.startswith(("---", "+++", "@@")):
            yield told
