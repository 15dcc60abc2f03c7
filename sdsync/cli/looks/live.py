"""One system as ``check --live`` finds it: itself, the places that syncs use, the fields there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli.words import count
from sdsync.config.problems import Problem, dotted
from sdsync.mappings.contract import Direction
from sdsync.mappings.lenses.words import Words, range_of

if TYPE_CHECKING:
    from sdsync.config.model import Config, SystemConfig
    from sdsync.connectors.contract import Capabilities, Description, FieldInfo, PlaceInfo
    from sdsync.connectors.preparing import Asked, Survey
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.mappings.rule import Rule

#: A clock further off than this is told: `newest` is corrected by it, due dates are not.
CLOCK_S = 60.0
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_STANDS = {"missing": "lacks", "excess": "has more than is used:"}
Graph = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PlaceLook:
    """A place that a sync names, as our account sees it."""

    key: str
    uses: Sequence[str]  # taken, put
    may_create: bool
    archived: bool
    public: bool
    audiences: Sequence[str]  # that a note can be given here, proved
    required: Sequence[str]
    transitions: Graph | None  # None: the product does not tell


@dataclass(frozen=True, slots=True)
class FieldLook:
    """A mapped field; ``at``: place -> what it is like there."""

    field: str
    native: str
    at: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LiveLook:
    """What one system told of itself."""

    version: str  # empty: not told
    tested: tuple[str, str]
    account: str
    identity: str
    clock_offset_s: float  # theirs less ours
    places: Sequence[PlaceLook]
    fields: Sequence[FieldLook]
    lacks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # place -> what, by the survey
    dangers: Sequence[str] = ()


def look(
    said: Description,
    capabilities: Capabilities,
    asked: Asked,
    mapping: CompiledMapping | None,
    survey: Survey | None,
    now: datetime,
) -> LiveLook:
    """Put together what was told. ``now`` is aware, of the moment of the answer."""
    used = [said.places[key] for key in asked.named() if key in said.places]
    graphs = survey.transitions if survey is not None else {}
    lacks: dict[str, dict[str, list[str]]] = {}
    for one in survey.wrong if survey is not None else ():
        lists = lacks.setdefault(one.place, {})
        lists.setdefault(f"{_STANDS[one.stand.value]} {one.about}", []).append(one.name)
    return LiveLook(
        version=said.version,
        tested=capabilities.tested,
        account=said.account.login,
        identity=said.identity,
        clock_offset_s=round((said.clock - now).total_seconds(), 1),
        places=[_place(one, asked, graphs) for one in used],
        fields=_fields(mapping, used, _untold(survey)) if mapping is not None else (),
        lacks={
            place: [f"{what} {', '.join(names)}" for what, names in lists.items()]
            for place, lists in lacks.items()
        },
        dangers=survey.dangers if survey is not None else (),
    )


def _place(place: PlaceInfo, asked: Asked, graphs: Mapping[str, Graph]) -> PlaceLook:
    uses = (("taken", asked.taken), ("put", asked.put))
    graph = place.transitions if place.transitions is not None else graphs.get(place.key) or None
    return PlaceLook(
        place.key,
        [word for word, keys in uses if place.key in keys],
        place.may_create,
        place.archived,
        place.public,
        sorted(place.proved_audiences),
        sorted(one.path for one in place.fields.values() if one.required),
        graph,
    )


def _untold(survey: Survey | None) -> frozenset[tuple[str, str]]:
    """``(place, field)`` of which nothing tells whether it is there."""
    points = survey.points if survey is not None else ()
    return frozenset(
        (one.place, one.name)
        for one in points
        if one.about == "field" and one.stand.value == "not told"
    )


def _fields(
    mapping: CompiledMapping, places: Sequence[PlaceInfo], untold: frozenset[tuple[str, str]]
) -> list[FieldLook]:
    """Mapped fields in the mapping's own order."""
    return [
        FieldLook(name, rule.path.text, {one.key: _told(rule, one, untold) for one in places})
        for name, rule in mapping.rules.items()
        if rule.path is not None
    ]


def _told(rule: Rule, place: PlaceInfo, untold: frozenset[tuple[str, str]]) -> str:
    assert rule.path is not None
    info = place.fields.get(rule.path.text)
    if info is None:
        name = rule.path.text.partition(".")[2]
        return "not told" if (place.key, name) in untold else "not here"
    return ", ".join(_traits(info)) or "here"


def _traits(info: FieldInfo) -> Iterator[str]:
    if info.required:
        yield "required"
    if info.derived:
        yield "derived"
    elif info.read_only:
        yield "read only"
    elif info.write_once:
        yield "at birth"
    if info.values is not None:
        yield count(len(info.values), "value")
    if info.max_length is not None:
        yield f"max {info.max_length}"


# -- what is wrong ---------------------------------------------------------------------
def troubles(one: LiveLook, mapping: CompiledMapping | None) -> Iterator[str]:
    """What a person should know before the sync runs, in words."""
    if one.version and not _within(one.version, one.tested):
        span = " to ".join(dict.fromkeys(one.tested))
        yield f"version {one.version} was never tested, {span} was: read the changelogs of both"
    if abs(one.clock_offset_s) > CLOCK_S:
        way = "ahead of" if one.clock_offset_s > 0 else "behind"
        yield f"its clock is {abs(one.clock_offset_s):.0f} s {way} ours: let both ask a time server"
    for key, what in one.lacks.items():
        where = f"{key}: " if key else ""
        yield f"{where}{'; '.join(what)}"
    for place in one.places:
        yield from _unfilled(place, mapping)
        yield from _unreachable(place, mapping)


def _within(version: str, tested: tuple[str, str]) -> bool:
    """By numbers; what follows them (``-5+deb12u1``) counts for nothing."""
    found, first, last = (_numbers(one) for one in (version, *tested))
    return first <= found <= last


def _numbers(version: str) -> tuple[int, ...]:
    match = _NUMBER.search(version)
    return tuple(int(one) for one in match[0].split(".")) if match else ()


def _unfilled(place: PlaceLook, mapping: CompiledMapping | None) -> Iterator[str]:
    """Required fields of a place of birth that no rule writes."""
    if mapping is None or "put" not in place.uses:
        return
    writes = {
        rule.path.text
        for rule in mapping.rules.values()
        if rule.path is not None and rule.direction is not Direction.IN
    }
    #: The product's word for the place itself is filled by put.
    for path in place.required:
        if path not in writes and path.lower() not in {"queue", "project", "place"}:
            yield f"{place.key} requires {path}, and no rule of the mapping writes it"


def _unreachable(place: PlaceLook, mapping: CompiledMapping | None) -> Iterator[str]:
    """Statuses that the mapping writes and that no known way leads to.

    Only where every status on the way was seen: what nobody has seen may lead anywhere.
    """
    rule = mapping.rules.get("status") if mapping is not None else None
    graph = place.transitions
    if not graph or rule is None or not isinstance(rule.lens, Words):
        return
    reached, waiting = set(graph), list(graph)
    while waiting:
        for after in graph.get(waiting.pop(), ()):
            if after not in reached:
                reached.add(after)
                waiting.append(after)
    if reached - set(graph):
        return
    first = [
        next((one for one in words if range_of(one) is None), None)
        for words in {**rule.lens.also, **rule.lens.table}.values()
    ]
    missing = sorted({one for one in first if one is not None} - reached)
    if missing:
        yield f"{place.key}: no way that our account may go leads to status {', '.join(missing)}"


# -- between systems -------------------------------------------------------------------
def too_public(config: Config, told: Mapping[str, Description]) -> Iterator[tuple[str, Problem]]:
    """``(system, problem)`` for each place of birth that strangers read and its source's do not.

    Nothing is born there (law 45): it would be held, so it is said before.
    """
    from sdsync.cli.fitting import places_of

    for sync, settings in config.syncs.items():
        for system in settings.put:
            if system not in told:
                continue
            for key in sorted(places_of(config, system, sync).put):
                target = _as_told(config.systems[system], told[system].places.get(key))
                homes = _private_homes(config, told, sync, system)
                if target is not None and target.public and homes:
                    yield system, _problem(config, sync, system, key, homes)


def _private_homes(
    config: Config, told: Mapping[str, Description], sync: str, target: str
) -> list[str]:
    """Places of the other systems whose records are not everybody's to read."""
    from sdsync.cli.fitting import places_of

    found = []
    for system, settings in config.systems.items():
        if system == target or system not in told:
            continue
        for key in sorted(places_of(config, system, sync).taken):
            place = _as_told(settings, told[system].places.get(key))
            if place is not None and not place.public:
                found.append(f"{system} {key}")
    return found


def _as_told(settings: SystemConfig, place: PlaceInfo | None) -> PlaceInfo | None:
    """The place with the audience that the configuration gives it."""
    given = settings.places.get(place.key) if place is not None else None
    if place is None or given is None or given.audience is None:
        return place
    return replace(place, public=given.audience == "public")


def _problem(config: Config, sync: str, system: str, key: str, homes: Sequence[str]) -> Problem:
    path = ("syncs", sync, "put", system)
    spot = config.place(*path, "project") or config.place(*path, "queue") or config.place(*path)
    line, column = (spot.value_line, spot.value_column) if spot else (0, 0)
    text = (
        f'"{key}" is public, and records of {", ".join(homes)} are not: none of them will be born '
        f"there; make it private, or say systems.{system}.places"
    )
    return Problem(str(config.path), line, column, dotted(path), text)
