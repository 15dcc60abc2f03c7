"""Team: a product's group as a team's key, and back; and the one field for a person or a group.

A team that the other side does not have is refused, not guessed, so that its group of
fields waits with a cause; ``unknown: leave`` leaves the field as it is instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.mappings.contract import UNKNOWN, Viewed
from sdsync.mappings.lenses.base import (
    Left,
    Lens,
    Outcome,
    Refused,
    Scene,
    Written,
    as_list,
    as_text,
    is_empty,
)
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json


@dataclass(frozen=True)
class TeamLens(Lens):
    """One team. Where the product holds a list (a role), people in it stay where they are."""

    leave: bool = False

    def footprint(self, native: Json) -> Json:
        """Of a list the members in an order of their own."""
        if isinstance(native, list):
            return sorted({as_text(one) for one in native}) or None
        return super().footprint(native)

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The team's key; Unmapped for two teams, and for whoever is neither team nor person."""
        found = {key for one in as_list(native) if (key := _team(one, scene)) is not None}
        if len(found) == 1 and not isinstance(native, list):
            return found.pop()
        strangers = [one for one in as_list(native) if _is_stranger(one, scene)]
        if len(found) > 1 or strangers:
            return self.unmapped(native, scene)
        return next(iter(found), None)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """What the system calls the team, in place of the one that stands there."""
        native = scene.people.native_team(scene.system, as_text(value))
        if native is None:
            gap = f'no team "{as_text(value)}" is known there'
            return Left(gap) if self.leave else Refused(gap)
        return Written([*_people(seen, scene), native] if isinstance(seen, list) else native)

    def cleared(self, now: Json, scene: Scene) -> Json:
        """Nobody, or who else is in the list."""
        return _people(now, scene) if isinstance(now, list) else self.empty


@dataclass(frozen=True)
class AssignedPerson(Lens):
    """The person in a field that holds a person or a team: of a team, nobody."""

    inner: Lens

    def is_empty(self, native: Json) -> bool:
        """As the inner lens says."""
        return self.inner.is_empty(native)

    def get(self, native: Json, scene: Scene) -> Viewed:
        """Who it is; nobody where a team stands."""
        return None if _team(native, scene) is not None else self.inner.get(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """As the inner lens says."""
        return self.inner.put(value, seen, scene)

    def cleared(self, now: Json, scene: Scene) -> Json:
        """Whoever gives it back gives it to its team."""
        team = scene.hub.get("owner_team")
        native = scene.people.native_team(scene.system, as_text(team)) if team else None
        return self.inner.cleared(now, scene) if native is None else native


@dataclass(frozen=True)
class AssignedTeam(Lens):
    """The team in a field that holds a person or a team.

    While a person stands there the product does not tell the team: it is neither read as
    empty nor written over that person (laws 8 and 9).
    """

    inner: Lens

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The team; UNKNOWN where anybody else stands."""
        return UNKNOWN if _team(native, scene) is None else self.inner.get(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The team, unless a person is assigned as well: then that person."""
        person = _person(scene)
        if person is not None:
            return Written(person)
        if not isinstance(seen, Absent) and not is_empty(seen) and _is_stranger(seen, scene):
            return Left("somebody is assigned there whom sdsync does not know")
        return self.inner.put(value, seen, scene)

    def cleared(self, now: Json, scene: Scene) -> Json:
        """Nobody in place of a team; a person stays."""
        if _team(now, scene) is None:
            return now
        return _person(scene) or self.inner.cleared(now, scene)


def _team(native: Json, scene: Scene) -> str | None:
    return scene.people.team(scene.system, native)


def _person(scene: Scene) -> str | None:
    """What the system calls the person who is assigned, as far as it knows them."""
    person = scene.hub.get("owner_person")
    return scene.people.native(scene.system, as_text(person)) if person else None


def _people(members: list[Json], scene: Scene) -> list[Json]:
    return [one for one in members if _team(one, scene) is None]


def _is_stranger(native: Json, scene: Scene) -> bool:
    known = scene.people.key(scene.system, native) is not None
    return not known and _team(native, scene) is None
