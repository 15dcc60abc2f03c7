"""What no single value can tell: names that must exist, owners that must agree, secrets.

Each check is a function from settings that are valid in themselves to problems;
``load`` runs all of them, so that all problems are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from urllib.parse import urlsplit

from sdsync.config.model import SyncConfig, SystemConfig
from sdsync.config.places import Places, nearest
from sdsync.config.problems import KeyPath, Problem, dotted, nearest_name, one_of, show
from sdsync.config.values import is_loopback
from sdsync.config.vocabulary import (
    EXT,
    FIELDS,
    PLACE_WORDS,
    POLICIES,
    is_field,
    kind_of,
    members_of,
)

#: What a policy can do something with; a kind that is not named here is merged otherwise.
_FITS: Mapping[str, frozenset[str]] = {
    "union": frozenset({"tags", "people", "list", "links"}),
    "append": frozenset({"text", "rich"}),
    "max": frozenset({"choice", "date", "int"}),
}

#: What a file needs one of at least. Nothing else of it is worth a place to look at, for
#: its end is what is missing: all that was below the last line that reached the disk.
_NEEDED: Mapping[str, str] = {
    "systems": "[systems.NAME] for each product; sdsync init asks for them and writes the file",
    "syncs": "[syncs.NAME] with its systems, such as desk.take and dev.put; sdsync init writes one",
}

_NATIVE = "no canonical field of this name; a rule ext.NAME in the mapping makes one"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked. ``names`` are all systems of the file, broken ones included."""

    file: str
    places: Places
    systems: Mapping[str, SystemConfig]
    syncs: Mapping[str, SyncConfig]
    names: tuple[str, ...]
    tables: tuple[str, ...]
    partly_read: frozenset[str]  # syncs that name a system which is not declared
    lacking: tuple[str, ...]  # "systems" and "syncs", where one is needed and none declared
    today: date

    def problem(
        self, path: KeyPath, found: str, expected: str | None = None, near: str | None = None
    ) -> Problem:
        """A problem at the value of a key."""
        path = nearest(path, self.places)
        place = self.places.get(path)
        if place is None:
            return Problem(self.file, 1, 1, dotted(path), found, expected, near)
        spot = (place.value_line, place.value_column)
        return Problem(self.file, *spot, dotted(place.path), found, expected, near)

    def at_key(self, path: KeyPath, found: str, near: str | None) -> Problem:
        """A problem of the key itself."""
        place = self.places[path]
        return Problem(self.file, place.line, place.column, dotted(place.path), found, None, near)


def check(given: Checked) -> list[Problem]:
    """All that is wrong beyond single values."""
    found = list(_lacking(given))
    for system in given.systems.values():
        found.extend(_address(given, system))
        found.extend(_people(given, system))
    for sync in given.syncs.values():
        found.extend(_sides(given, sync))
        found.extend(_births(given, sync))
        found.extend(_policies(given, sync))
        found.extend(_match(given, sync))
    found.extend(_owners(given))
    return found


def _lacking(given: Checked) -> Iterator[Problem]:
    """A file that was cut off is valid TOML, and would take every system away."""
    for section in given.lacking:
        yield Problem(given.file, 0, 0, section, "none", _NEEDED[section])


def _address(given: Checked, system: SystemConfig) -> Iterator[Problem]:
    """A credential goes over TLS, unless it stays on this machine or a waiver says until when."""
    path: KeyPath = ("systems", system.name)
    until = system.insecure_until
    if until is not None and not system.insecure_reason:
        yield given.problem(
            (*path, "insecure_until"), "a waiver without insecure_reason", "the reason in words"
        )
    if until is not None and until < given.today:
        yield given.problem(
            (*path, "insecure_until"),
            f"a waiver that ended on {until}",
            "a later day, or https without a waiver",
        )
    elif until is None and system.url.startswith("http:") and not is_loopback(system.url):
        host = urlsplit(system.url).hostname
        yield given.problem(
            (*path, "url"),
            f"http://{host}",
            "https://, or a waiver: insecure_until = DAY and insecure_reason",
        )


def _people(given: Checked, system: SystemConfig) -> Iterator[Problem]:
    for key, table in (("people", system.people), ("teams", system.teams)):
        if table is not None and table not in given.tables:
            yield given.problem(
                ("systems", system.name, key),
                show(table),
                "a table of [tables]",
                nearest_name(table, given.tables),
            )


def _sides(given: Checked, sync: SyncConfig) -> Iterator[Problem]:
    if len(sync.systems) < 2 and sync.name not in given.partly_read:
        only = f"only {sync.systems[0]}" if sync.systems else "no system"
        yield given.problem(
            ("syncs", sync.name), only, "at least two systems, such as desk.take and dev.put"
        )


def _births(given: Checked, sync: SyncConfig) -> Iterator[Problem]:
    """A new record needs one place, and its values names that a mapping can translate."""
    for system, values in sync.put.items():
        path: KeyPath = ("syncs", sync.name, "put", system)
        places = [name for name in values if name in PLACE_WORDS]
        if not places:
            yield given.problem(path, "no place", 'one, such as project = "infra"')
        for second in places[1:]:
            found = f"{second} beside {places[0]}"
            yield given.problem((*path, second), found, "one place; a new record is born once")
        for name in values:
            if name not in PLACE_WORDS and not is_field(name):
                near = nearest_name(name, [*PLACE_WORDS, *FIELDS])
                told = "no canonical field of this name" if near else _NATIVE
                yield given.at_key((*path, name), told, near)


def _policies(given: Checked, sync: SyncConfig) -> Iterator[Problem]:
    for group, policy in sync.fields.items():
        fitting = [word for word in POLICIES if _fits(word, group)]
        if policy in sync.systems or policy in fitting:
            continue
        path = _policy_path(given, sync, group)
        if policy in given.names:
            yield given.problem(path, show(policy), f"a system of this sync: {_list(sync.systems)}")
            continue
        expected = f"a system of this sync ({_list(sync.systems)}), {one_of(fitting)}"
        near = nearest_name(policy, [*sync.systems, *fitting])
        yield given.problem(path, show(policy), expected, near)


def _fits(policy: str, group: str) -> bool:
    """Whether the policy can do something with every field of the group."""
    if policy not in _FITS or group.startswith(EXT):
        return True
    return {kind_of(member) for member in members_of(group)} <= _FITS[policy]


def _match(given: Checked, sync: SyncConfig) -> Iterator[Problem]:
    for i, name in enumerate(sync.match):
        if not is_field(name):
            near = nearest_name(name, FIELDS)
            path = ("syncs", sync.name, "match", i)
            yield given.problem(path, show(name), "a canonical field", near)


def _owners(given: Checked) -> Iterator[Problem]:
    """Two syncs that share a system may share a record, and a field has one owner (law 23)."""
    for one, other in combinations(given.syncs.values(), 2):
        if not set(one.systems) & set(other.systems):
            continue
        for group in one.fields.keys() & other.fields.keys():
            first, second = one.fields[group], other.fields[group]
            if first != second and first in one.systems and second in other.systems:
                place = given.places.get(_policy_path(given, one, group))
                line = f" in line {place.line}" if place else ""
                found = f'a second owner of "{group}": sync {one.name} gives it to {first}{line}'
                yield given.problem(
                    _policy_path(given, other, group),
                    found,
                    f"one owner, since both syncs share {_list(_shared(one, other))}",
                )


def _policy_path(given: Checked, sync: SyncConfig, group: str) -> KeyPath:
    """Where the policy of a group stands: under the group's name or a member's."""
    path: KeyPath = ("syncs", sync.name, "fields")
    for name in (group, *members_of(group)):
        if (*path, name) in given.places:
            return (*path, name)
    return path


def _shared(one: SyncConfig, other: SyncConfig) -> list[str]:
    return [name for name in one.systems if name in other.systems]


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
