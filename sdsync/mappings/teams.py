"""Which group is which across systems: explicit table, then its name. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sdsync.mappings.lenses.teams import AssignedPerson, AssignedTeam
from sdsync.mappings.rule import Rule
from sdsync.store.records import Json, PersonRow

PERSON, TEAM = "owner_person", "owner_team"


def team_key(name: str) -> str:
    """The key that joins groups by their names: capitals and spaces do not count."""
    return " ".join(name.split()).casefold()


class TeamTable:
    """The teams of all systems. Two of one system that share a name join nothing there."""

    def __init__(self, rows: Iterable[PersonRow], told: Mapping[tuple[str, str], str]) -> None:
        """Join.

        Args:
            rows: Groups as the systems told them; people among them are passed over.
            told: By system and word (id or name, small) the key that the site's table gives.
                It goes before everything else.
        """
        self._keys: dict[tuple[str, str], str] = {}
        self._natives: dict[tuple[str, str], str] = {}
        meant: dict[tuple[str, str], list[PersonRow]] = {}
        named: dict[tuple[str, str], list[PersonRow]] = {}
        for row in (one for one in rows if one.team):
            words = (_word(row.native_id), _word(row.name))
            key = next((told[row.system, one] for one in words if (row.system, one) in told), None)
            place = (row.system, key or team_key(row.name))
            (meant if key else named).setdefault(place, []).append(row)
        for place, found in (named | meant).items():
            if len(found) == 1:
                self._add(found[0], place[1])
        for (system, word), key in told.items():
            self._keys.setdefault((system, word), key)
            self._natives.setdefault((system, key), word)

    def _add(self, row: PersonRow, key: str) -> None:
        for word in (row.native_id, row.name):
            self._keys.setdefault((row.system, _word(word)), key)
        if row.active:  # what is closed can be read, and is never written
            self._natives[row.system, key] = row.native_id

    def key(self, system: str, native: Json) -> str | None:
        """The team's key for a native id or name; None: no team that is known."""
        return self._keys.get((system, _word(native))) if isinstance(native, str | int) else None

    def native(self, system: str, key: str) -> str | None:
        """What the system calls this team; None: it has none, or two."""
        return self._natives.get((system, key))


def _word(native: object) -> str:
    return str(native).strip().lower()


def with_assignee(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules, where one native field holds a person or a team, whoever is assigned."""
    person, team = rules.get(PERSON), rules.get(TEAM)
    if person is None or team is None or person.path is None or person.path != team.path:
        return dict(rules)
    return {
        **rules,
        PERSON: replace(person, lens=AssignedPerson(person.lens)),
        TEAM: replace(team, lens=AssignedTeam(team.lens)),
    }
