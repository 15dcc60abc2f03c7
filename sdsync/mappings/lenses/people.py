"""Person and people: a product's ids, logins and addresses as person keys, and back.

Whoever is not known on the other side is left out and said in a fidelity note;
a field is never blanked because a person is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import (
    Lens,
    Outcome,
    Scene,
    Written,
    as_list,
    as_text,
    is_empty,
    merge_sets,
)
from sdsync.mappings.lenses.strangers import LEFT_ALONE, Strangers
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json


@dataclass(frozen=True)
class PersonLens(Lens):
    """One person. ``nobody``: words that the product shows when there is none."""

    nobody: tuple[str, ...] = ()
    can_empty: bool = True
    strangers: Strangers = LEFT_ALONE

    @property
    def empty(self) -> Json:
        """The product's first word for nobody."""
        return self.nobody[0] if self.nobody else ""

    def is_empty(self, native: Json) -> bool:
        """Empty as such, or one of the words for nobody."""
        return is_empty(native) or as_text(_first(native)) in self.nobody

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The person's key, or Unmapped when nobody joined this account to a person.

        Where the product holds several (requestors), the first is meant.
        """
        key = scene.people.key(scene.system, _first(native))
        return key if key is not None else self.unmapped(native, scene)

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """What the system calls the person, or what the policy has for one it does not know."""
        native = scene.people.native(scene.system, as_text(value))
        outcome = Written(native) if native else self.strangers.outcome(as_text(value), scene)
        if isinstance(outcome, Written) and isinstance(seen, list):
            return replace(outcome, value=[outcome.value, *seen[1:]])
        return outcome


def _first(native: Json) -> Json:
    return native[0] if isinstance(native, list) and native else native


@dataclass(frozen=True)
class PeopleLens(Lens):
    """A set of people. Accounts that nobody joined to a person stay where they are."""

    def footprint(self, native: Json) -> Json:
        """The accounts, in an order of their own."""
        return sorted({as_text(one) for one in as_list(native)}) or None

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The keys of those that are known, sorted."""
        keys = (scene.people.key(scene.system, one) for one in as_list(native))
        return sorted({key for key in keys if key is not None})

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The seen accounts less who left, plus who came; unknown people are named in ``cut``."""
        wanted = {as_text(one) for one in as_list(value)}
        shown = [] if isinstance(seen, Absent) else as_list(seen)
        kept: list[Json] = []
        there: set[str] = set()
        for one in shown:
            key = scene.people.key(scene.system, one)
            if key is None or key in wanted:
                kept.append(one)
                there.update(() if key is None else (key,))
        missing: list[str] = []
        for key in sorted(wanted - there):
            native = scene.people.native(scene.system, key)
            if native is None:
                missing.append(scene.people.display(key))
            elif native not in kept:
                kept.append(native)
        cut = f"not known in {scene.system}: {', '.join(missing)}" if missing else None
        return Written(kept, cut)

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """Who was added or removed, on the whole set."""
        return merge_sets(old_view, new_view, whole)
