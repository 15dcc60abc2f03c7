"""Whether the files name what a system really has: places, and values of its fields.

Only literals are compared: what an expression yields is known when a record is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sdsync.config.problems import Problem, dotted, nearest_name, one_of, show
from sdsync.config.vocabulary import PLACE_WORDS
from sdsync.mappings.contract import Direction
from sdsync.mappings.expressions.nodes import (
    Choice,
    Compare,
    Has,
    Index,
    Items,
    Junction,
    Literal,
    Member,
    Name,
    Node,
    Not,
)
from sdsync.mappings.expressions.parser import parse
from sdsync.mappings.lenses.words import Words, range_of
from sdsync.mappings.paths import ABSENT
from sdsync.mappings.people import PeopleTable

if TYPE_CHECKING:
    from sdsync.config.model import Config
    from sdsync.connectors.contract import Description, PlaceInfo
    from sdsync.connectors.preparing import Asked
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.mappings.rule import Rule

TEAM = "owner_team"
#: Names that a message lists when none is near.
NAMED = 8


def misfits(
    config: Config, system: str, said: Description, mapping: CompiledMapping | None
) -> list[Problem]:
    """Everything that ``take``, ``put`` and the mapping name and that the system does not have.

    Args:
        config: The settings, which know where each of them stands.
        system: Whose settings are compared.
        said: What it told just now.
        mapping: Its ticket mapping; None leaves its values out.
    """
    found: list[Problem] = []
    for sync, settings in config.syncs.items():
        taken = _taken(config, sync, system, said, found)
        born = _place_of_put(config, sync, system, said, found)
        if mapping is None:
            continue
        for place in taken:
            found += _of_mapping(mapping, place)
        if born is not None:
            found += _of_put(config, sync, system, born, mapping)
            found += _of_mapping(mapping, born, without=frozenset(settings.put[system]))
    return list(dict.fromkeys(found))


def places_of(config: Config, system: str, sync: str | None = None) -> Asked:
    """The places of a system that the syncs name, or ``sync`` alone; expressions name none."""
    from sdsync.connectors.preparing import Asked

    taken: set[str] = set()
    put: set[str] = set()
    for name, settings in config.syncs.items():
        if sync not in (None, name):
            continue
        if (text := settings.take.get(system)) is not None:
            taken |= {str(one.value) for one in _places_in(parse(text))}
        told = settings.put.get(system, {})
        key = next((one for one in PLACE_WORDS if one in told), None)
        if key is not None and not _is_computed(told[key]):
            put.add(str(told[key]))
    return Asked(frozenset(taken), frozenset(put))


def team_of(config: Config, system: str) -> str | None:
    """Where the system's mapping has a team; None where no sync carries one from or to it."""
    from sdsync.cli import translators

    mappings = translators.tickets(config)
    sides = {
        one
        for sync in config.syncs.values()
        if system in sync.systems and sync.fields.get("assignment") != "each"
        for one in sync.systems
        if one != system
    }
    rule = mappings[system].rules.get(TEAM) if system in mappings else None
    others = any(TEAM in mappings[one].rules for one in sides if one in mappings)
    return rule.path.text if rule is not None and rule.path is not None and others else None


# -- places --------------------------------------------------------------------------
def _taken(
    config: Config, sync: str, system: str, said: Description, found: list[Problem]
) -> list[PlaceInfo]:
    """Places that a take compares with; those that the system does not have join ``found``."""
    text = config.syncs[sync].take.get(system)
    if text is None:
        return []
    places = []
    for one in _places_in(parse(text)):
        if str(one.value) in said.places:
            places.append(said.places[str(one.value)])
            continue
        # One character beyond the quote, where the expression begins.
        shift = 1 + one.offset if "\n" not in text else 0
        path = ("syncs", sync, "take", system)
        found.append(_unknown_place(config, path, one.value, said.places, shift=shift))
    return places


def _place_of_put(
    config: Config, sync: str, system: str, said: Description, found: list[Problem]
) -> PlaceInfo | None:
    """The place that new records are born in; what is wrong with it joins ``found``."""
    put = config.syncs[sync].put.get(system, {})
    key = next((one for one in PLACE_WORDS if one in put), None)
    if key is None or _is_computed(put[key]):
        return None
    path = ("syncs", sync, "put", system, key)
    place = said.places.get(str(put[key]))
    if place is None:
        found.append(_unknown_place(config, path, put[key], said.places))
        return None
    if place.archived:
        found.append(_problem(config, path, f"{show(place.key)} is archived or closed"))
    elif not place.may_create:
        found.append(_problem(config, path, f"our account may not create in {show(place.key)}"))
    return place


def _unknown_place(
    config: Config,
    path: tuple[str, ...],
    value: object,
    places: Mapping[str, PlaceInfo],
    *,
    shift: int = 0,
) -> Problem:
    return _problem(
        config,
        path,
        show(value),
        f"a place that our account sees{_known(value, places)}",
        nearest=nearest_name(value, places),
        shift=shift,
    )


def _places_in(node: Node) -> Iterator[Literal]:
    """The texts that the record's place is compared with."""
    match node:
        case Compare(left=Name(name=name), right=right) if name in PLACE_WORDS:
            yield from _texts(right)
        case Compare(left=left, right=Name(name=name)) if name in PLACE_WORDS:
            yield from _texts(left)
        case _:
            for one in _parts(node):
                yield from _places_in(one)


def _texts(node: Node) -> Iterator[Literal]:
    items: Sequence[Node] = node.items if isinstance(node, Items) else (node,)
    for one in items:
        if isinstance(one, Literal) and isinstance(one.value, str):
            yield one


def _parts(node: Node) -> Sequence[Node]:
    match node:
        case Literal() | Name():
            return ()
        case Member(of=of) | Has(of=of) | Not(of=of):
            return (of,)
        case Index(of=of, key=key):
            return (of, key)
        case Items(items=items) | Junction(items=items):
            return items
        case Compare(left=left, right=right):
            return (left, right)
        case Choice(test=test, yes=yes, no=no):
            return (test, yes, no)


# -- values --------------------------------------------------------------------------
def _of_put(
    config: Config, sync: str, system: str, place: PlaceInfo, mapping: CompiledMapping
) -> Iterator[Problem]:
    """Literals of a put that the mapping cannot say, or that the place does not have."""
    nobody = PeopleTable([], {})
    for field, value in config.syncs[sync].put[system].items():
        rule = mapping.rules.get(field)
        if field in PLACE_WORDS or _is_computed(value) or rule is None:
            continue
        if not isinstance(rule.lens, Words) or rule.path is None:
            continue
        path = ("syncs", sync, "put", system, field)
        put = mapping.put(field, value, seen={}, hub={}, people=nobody)
        known = _values(place, rule)
        native = rule.path.read(put.values)
        if put.refused is not None:
            yield _problem(config, path, f"{show(value)}: {put.refused} ({rule.place})")
        elif known is not None and native is not ABSENT and str(native) not in known:
            text = f"{show(value)} is written as {show(native)}"
            yield _problem(config, path, f"{text}, {_none_of(place, rule, native, known)}")


def _of_mapping(
    mapping: CompiledMapping, place: PlaceInfo, *, without: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """Words of value tables that would be written in a place, and that it does not have.

    A further word of an entry is only read: a pack knows more of them than one site
    has. It counts when it is nearly one that the place has, which is then a slip.
    """
    for field, rule in mapping.rules.items():
        known = _values(place, rule)
        if known is None or not isinstance(rule.lens, Words):
            continue
        writes = rule.direction is not Direction.IN and field not in without
        words = {**rule.lens.also, **rule.lens.table}
        read = {word for entry in words.values() for word in entry}
        for word in dict.fromkeys(one for entry in words.values() for one in entry):
            if word in known or range_of(word):
                continue
            written = writes and any(_first(entry) == word for entry in words.values())
            if written or nearest_name(word, set(known) - read):
                file, line, column = _spot(rule.place)
                text = f"{show(word)} is {_none_of(place, rule, word, known)}"
                yield Problem(file, line, column, f"fields.{field}", text)


def _first(entry: Sequence[str]) -> str | None:
    """What is written of an entry."""
    return next((one for one in entry if range_of(one) is None), None)


def _values(place: PlaceInfo, rule: Rule) -> Sequence[str] | None:
    """The values that the field has there; None: free, or not told."""
    info = place.fields.get(rule.path.text) if rule.path is not None else None
    return None if info is None else info.values


def _none_of(place: PlaceInfo, rule: Rule, word: object, known: Sequence[str]) -> str:
    path = rule.path.text if rule.path is not None else rule.field
    near = nearest_name(word, known)
    hint = f'; did you mean "{near}"?' if near else _known(word, known)
    return f"none of the values of {path} in {show(place.key)}{hint}"


# -- telling -------------------------------------------------------------------------
def _is_computed(value: object) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("=")


def _known(value: object, names: Iterable[str]) -> str:
    """``: infra or web``, when no name is near and so all of them have to be told."""
    listed = sorted(names)
    if nearest_name(value, listed):
        return ""
    if not listed:
        return " (there is none)"
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return f": {one_of(listed[:NAMED])}{more}"


def _problem(
    config: Config,
    path: tuple[str, ...],
    found: str,
    expected: str | None = None,
    *,
    nearest: str | None = None,
    shift: int = 0,
) -> Problem:
    spot = config.place(*path)
    line, column = (spot.value_line, spot.value_column + shift) if spot else (0, 0)
    where = dotted(spot.path if spot else path)
    return Problem(str(config.path), line, column, where, found, expected, nearest)


def _spot(place: str) -> tuple[str, int, int]:
    """A rule's ``file:line:column``."""
    file, line, column = place.rsplit(":", 2)
    return file, int(line), int(column)
