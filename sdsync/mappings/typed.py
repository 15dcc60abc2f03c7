"""A canonical value as a person types it: ``environment=prod``, ``due_at=2026-12-01``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from unicodedata import category
from zoneinfo import ZoneInfo

from sdsync.config.problems import nearest_name, one_of, show
from sdsync.config.vocabulary import CHOICES, FIELDS, is_field, kind_of
from sdsync.mappings.contract import People
from sdsync.mappings.lenses.dates import iso, parse_day, parse_instant
from sdsync.mappings.nearest import did_you_mean
from sdsync.store.records import Json

#: What no person types: where a record lies, whose it is, what sdsync keeps itself.
NOT_BY_HAND: Final[Mapping[str, str]] = MappingProxyType(
    {
        "place": "move the record in its own system; that is followed",
        "tenant": "it follows from the place where the record was born",
        "peer_key": "sdsync writes it",
        "peer_url": "sdsync writes it",
        "parent": "link the records in their own system; that is followed",
        "links": "link the records in their own system; that is followed",
    }
)
#: Lists of plain words; every other list is made of tables.
_WORDS: Final = frozenset({"category_path", "ci_refs", "change_refs"})
_LONGEST: Final = 100_000
#: Control characters that a message names.
_NAMED: Final = 5
_BREAK: Final = re.compile(r"\r\n|\r|\n")


class Untyped(ValueError):  # noqa: N818 - named as the thing that happened
    """No value of this field; the text says what would be one."""


def typed(field: str, text: str, *, people: People, systems: tuple[str, ...]) -> Json:
    """The value that ``text`` means for a field; empty text means that it has none.

    Lines end in LF, whatever they are typed with; blanks within a text stay as they are.

    Args:
        people: Finds a person's key by what any of ``systems`` calls them.

    Raises:
        Untyped: It means none.
    """
    _may_be_typed(field)
    if len(text) > _LONGEST:
        raise Untyped(f"{field} is longer than {_LONGEST:,} letters")
    text = level(text)
    _no_controls(field, text)
    kind, told = kind_of(field), text.strip()
    if kind in ("people", "tags", "list"):
        split = [one.strip() for one in told.split("/" if field == "category_path" else ",")]
        words = [one for one in split if one]
        if kind == "people":
            return sorted({_person(field, one, people, systems) for one in words})
        return sorted(set(words)) if kind == "tags" else words
    if not told:
        if field == "title":
            raise Untyped("a title is never empty")
        return None
    match kind:
        case "choice":
            return _choice(field, told)
        case "date":
            return _date(field, told)
        case "int":
            return _number(field, told)
        case "person":
            return _person(field, told, people, systems)
        case "rich":
            return text.strip("\n")
        case _:
            return " ".join(map(str.strip, told.split("\n"))) if field == "title" else told


def _no_controls(field: str, text: str) -> None:
    """No product shows them, some refuse them, and a terminal obeys them."""
    found = sorted({one for one in text if category(one) in ("Cc", "Cs")} - set("\n\t"))
    if found:
        codes = ", ".join(f"U+{ord(one):04X}" for one in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise Untyped(f"{field} holds control characters, which no text has: {codes}{more}")


def level(text: str) -> str:
    """The text with LF at the end of each line: as it is edited, and compared with another."""
    return _BREAK.sub("\n", text)


def ended_as(value: Json, known: Collection[Json]) -> Json:
    """A typed value; the lines of a text end as in those of the texts that it was made of.

    In CRLF where every line of each does, as a product's own pages write them. What
    differs from one of them in ends of lines alone is that one, and so no change.
    """
    if not isinstance(value, str):
        return value
    texts = [one for one in known if isinstance(one, str)]
    for one in texts:
        if level(one) == value:
            return one
    ends = {end for one in texts for end in _BREAK.findall(one)}
    return value.replace("\n", "\r\n") if ends == {"\r\n"} else value


def _shown(told: str) -> str:
    """For a message of one line."""
    return show(" ".join(told.split()))


def _may_be_typed(field: str) -> None:
    if not is_field(field):
        near = nearest_name(field, FIELDS)
        hint = f'; did you mean "{near}"?' if near else "; ext.NAME is a site's own"
        raise Untyped(f"{show(field)} is no field{hint}")
    if field in NOT_BY_HAND:
        raise Untyped(f"{field} is not changed by hand: {NOT_BY_HAND[field]}")
    if kind_of(field) == "list" and field not in _WORDS:
        raise Untyped(f"{field} is a list of tables; change it in the system that has it")


def _choice(field: str, told: str) -> str:
    known = CHOICES[field]
    word = told.casefold()
    if word not in known:
        near = did_you_mean(word, known)
        raise Untyped(f"{_shown(told)} is no {field}: {near[2:] or one_of(known)}")
    return word


def _date(field: str, told: str) -> str:
    day = parse_day(told)
    if day is not None:
        return day.isoformat()
    instant = parse_instant(told, ZoneInfo("UTC"))
    if instant is None or datetime.fromisoformat(told).tzinfo is None:
        raise Untyped(
            f"{_shown(told)} is no {field}: write a day (2026-12-01) or an instant with its zone "
            "(2026-12-01T09:00Z)"
        )
    return iso(instant)


def _number(field: str, told: str) -> int:
    if not told.lstrip("-").isdecimal() or len(told) > 12:
        raise Untyped(f"{_shown(told)} is no {field}: write a whole number")
    return int(told)


def _person(field: str, told: str, people: People, systems: tuple[str, ...]) -> str:
    """By key, or by login, id or verified address in any system that names one person."""
    if any(people.native(system, told) is not None for system in systems):
        return told
    found = {key for system in systems if (key := people.key(system, told)) is not None}
    if len(found) != 1:
        why = "more than one person" if found else "nobody that sdsync knows"
        keys = f": {', '.join(sorted(found))}" if found else ""
        raise Untyped(f"{_shown(told)} is {why}{keys}; {field} takes a login or an address")
    return found.pop()


def as_typed(field: str, value: Json) -> str | None:
    """The text that :func:`typed` reads back as this value; None: nobody types such a value."""
    try:
        _may_be_typed(field)
    except Untyped:
        return None
    if value is None:
        return ""
    if isinstance(value, list):
        if not all(isinstance(one, str) for one in value):
            return None
        return ("/" if field == "category_path" else ", ").join(value)
    return str(value) if isinstance(value, str | int) else None
