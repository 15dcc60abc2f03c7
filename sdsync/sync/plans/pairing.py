"""Which records belong together: pure, over an index of keys."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: So far apart two people may have written down the same thing.
NEAR = timedelta(hours=24)
#: Records of one side that are told as candidates of one.
NAMED = 8
#: Letters of a title that are kept: no more than these products have.
LONGEST = 255
_CUT = "…"
_PREFIX = re.compile(r"^(?:(?:re|fw|fwd|aw|wg|antw)\s*:\s*|\[[^\]]{1,40}\]\s*)+", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Entry:
    """What an index keeps of a record: no values but those that pairs are made by."""

    id: str
    key: str  # what people call it
    title: str
    keys: tuple[str, ...] = ()
    reporter: str | None = None
    created_at: datetime | None = None
    hub_id: str | None = None


@dataclass(slots=True)
class Match:
    """A record of the side of birth and what it may belong to; one candidate is a pair."""

    left: Entry
    rights: Sequence[Entry]
    why: str
    certain: bool


@dataclass(slots=True)
class Index:
    """One system's records, by id."""

    system: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def by_key(self, form: Callable[[str], str] = str) -> Mapping[str, list[Entry]]:
        """Key -> records that have it, in order of the index; ``form``: how it is compared."""
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for one in self.entries.values():
            for key in one.keys:
                found[form(key)].append(one)
        return found


def by_keys(left: Index, right: Index, name: str) -> list[Match]:
    """Equal keys: one on each side is a pair, more on either are for a person."""
    lefts, rights, alike = left.by_key(), right.by_key(), right.by_key(folded)
    matches = []
    for one in left.entries.values():
        found = _once(other for key in one.keys for other in rights.get(key, ()))
        near = _once(other for key in one.keys for other in alike.get(folded(key), ()))
        if not found and near:
            why = f"the {name} differs in capitals or blanks alone"
            matches.append(Match(one, near, why, certain=False))
        if not found:
            continue
        rivals = _once(
            rival for other in found for key in other.keys for rival in lefts.get(key, ())
        )
        if len(found) > 1:
            why = f"{len(found)} records of {right.system} have its {name}"
        elif len(rivals) > 1:
            why = f"{len(rivals)} records of {left.system} have the {name} of {_name(right, found)}"
        else:
            why = f"same {name}"
        certain = len(found) == 1 and len(rivals) == 1
        matches.append(Match(one, found, why, certain))
    return matches


def by_guess(left: Index, right: Index) -> list[Match]:
    """Same title; certain only with one candidate, which agrees in one thing more.

    Titles that share their words in another order make candidates, never a pair.
    """
    bags: defaultdict[frozenset[str], list[Entry]] = defaultdict(list)
    crowd: defaultdict[str, int] = defaultdict(int)
    for one in right.entries.values():
        if words := bag(one.title):
            bags[words].append(one)
    for one in left.entries.values():
        crowd[plain(one.title)] += 1
    matches = []
    for one in left.entries.values():
        found = bags.get(bag(one.title), []) if bag(one.title) else []
        if not found:
            continue
        why, certain = _judge(one, found, right.system)
        if certain and crowd[plain(one.title)] > 1:
            number = crowd[plain(one.title)]
            why, certain = f"{number} records of {left.system} have this title", False
        matches.append(Match(one, found, why, certain))
    return matches


def _judge(one: Entry, found: Sequence[Entry], system: str) -> tuple[str, bool]:
    if len(found) > 1:
        return f"{len(found)} records of {system} have a title like it", False
    (other,) = found
    if plain(one.title) != plain(other.title):
        return "the titles have the same words, in another order", False
    if _CUT in (one.title[-1:], other.title[-1:]):
        return "the titles begin alike, and are too long to compare", False
    agreed = list(_agreed(one, other))
    if not agreed:
        return "same title, and nothing else agrees: neither the reporter nor the time", False
    return f"same title, {' and '.join(agreed)}", True


def _agreed(one: Entry, other: Entry) -> Iterable[str]:
    if one.reporter is not None and one.reporter == other.reporter:
        yield "same reporter"
    if one.created_at and other.created_at and abs(one.created_at - other.created_at) <= NEAR:
        yield "written within a day"


def plain(title: str) -> str:
    """A title without what mail adds to it, its blanks and its capitals."""
    return " ".join(_PREFIX.sub("", title.strip()).casefold().split())


def shortened(title: str) -> str:
    """A title as an index keeps it; one that was cut says so, and is no proof."""
    return title if len(title) <= LONGEST else title[: LONGEST - 1] + _CUT


def folded(key: str) -> str:
    """A key as people tell it: they do not see capitals and blanks."""
    return "".join(key.casefold().split())


def bag(title: str) -> frozenset[str]:
    """The words of a title."""
    return frozenset(_WORD.findall(plain(title)))


def _once(entries: Iterable[Entry]) -> list[Entry]:
    return list({one.id: one for one in entries}.values())


def _name(index: Index, entries: Sequence[Entry]) -> str:
    return f"{index.system}#{entries[0].id}"
