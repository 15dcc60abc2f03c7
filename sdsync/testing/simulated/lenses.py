"""Small lenses between one native path and one canonical value, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdsync.mappings.contract import People, Put, Unmapped, Viewed
from sdsync.mappings.orders import contents, orders
from sdsync.store.records import Json
from sdsync.testing.simulated.native import nested

TAIL = 12
"""A cut text whose last letters an edit left alone was edited before them."""


class Lens(Protocol):
    """One field's rule. ``shown`` is the flat native value at ``path``."""

    @property
    def path(self) -> str:
        """The native path that the rule reads."""
        ...

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The canonical value."""
        ...

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """What shows ``value``; nothing when ``shown`` does already."""
        ...

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """An edit of the view, carried onto the whole."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; empty is None. The product may cut it: nobody told the mapping."""

    path: str

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The text, or None."""
        return shown or None

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """The text as it is."""
        return _unless(self.path, value or "", shown or "")

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """Keep what the product had cut off, if the edit was before it."""
        before, after, full = str(old or ""), str(new or ""), str(whole)
        if full.startswith(before) and len(before) > TAIL and after.endswith(before[-TAIL:]):
            return after + full[len(before) :]
        if full != before and len(before) > TAIL and after[:TAIL] == before[:TAIL]:
            return None  # the edit reaches into what was cut: nobody can tell what it means
        return after or None


@dataclass(frozen=True, slots=True)
class Table:
    """Words. ``words``: canonical -> native ones, the first is written; many may share one."""

    path: str
    words: Mapping[str, Sequence[str]]

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The first canonical word that knows the native one."""
        if not shown:
            return None
        for word, natives in self.words.items():
            if shown in natives:
                return word
        return Unmapped(self.path, shown, f"{system}-ticket.yaml:1:1")

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """The word's first native one, unless another of its own is shown."""
        if value is None:
            return _unless(self.path, "", shown or "")
        natives = self.words.get(str(value))
        if natives is None:
            return Put(
                refused=f'{system} has no word for "{value}"', place=f"{system}-ticket.yaml:1:1"
            )
        return Put() if shown in natives else Put({self.path: natives[0]})

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """A coarse word replaces a fine one."""
        return new


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words without order, such as tags; what is an order stays where it stands."""

    path: str

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The words, sorted."""
        return sorted(contents(shown or []))

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """All of them."""
        wanted = sorted({*contents(value or []), *orders(shown or [])})
        return Put() if wanted == sorted(shown or []) else Put({self.path: wanted})

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """The view is the whole."""
        return new


@dataclass(frozen=True, slots=True)
class Leaf:
    """A path of categories of which the product knows the last; ``joined``: all of them."""

    path: str
    joined: bool = False

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The path, or its last part."""
        if not shown:
            return []
        return str(shown).split("/") if self.joined else [shown]

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """The last part, or all."""
        parts = [str(one) for one in value or []]
        wanted = "/".join(parts) if self.joined else (parts[-1] if parts else "")
        return _unless(self.path, wanted, shown or "")

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """The stem stays."""
        return [*list(whole)[:-1], *new] if new else []


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person; ``first`` of a list where the product keeps several."""

    path: str
    first: bool = False

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """The person's key; a stranger is unmapped, nobody is None."""
        native = (shown[0] if shown else None) if self.first else shown
        if not native:
            return None
        key = people.key(system, native)
        return key if key is not None else Unmapped(self.path, native, f"{system}-ticket.yaml:1:1")

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """The person's native id; somebody without account leaves the field alone."""
        if value is None:
            wanted: Json = ""
        else:
            wanted = people.native(system, str(value))
            if wanted is None:
                return Put(cut=f"nobody in {system} is {value}")
        current = ((shown[0] if shown else "") if self.first else shown) or ""
        if wanted == current:
            return Put()
        return Put({self.path: ([wanted] if wanted else []) if self.first else wanted})

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """The view is the whole."""
        return new


@dataclass(frozen=True, slots=True)
class Crowd:
    """Several people."""

    path: str

    def get(self, system: str, shown: Json, people: People) -> Viewed:
        """Their keys, sorted; strangers are left out."""
        keys = (people.key(system, one) for one in shown or [])
        return sorted(one for one in keys if one is not None)

    def put(self, system: str, value: Json, shown: Json, people: People) -> Put:
        """Those who have an account, beside the strangers that are there."""
        known = {key: people.native(system, key) for key in value or []}
        missing = sorted(key for key, native in known.items() if native is None)
        strangers = [one for one in shown or [] if people.key(system, one) is None]
        wanted = sorted({*strangers, *(one for one in known.values() if one is not None)})
        cut = f"without account in {system}: {', '.join(missing)}" if missing else None
        return Put(cut=cut) if wanted == sorted(shown or []) else Put({self.path: wanted}, cut=cut)

    def carry(self, old: Json, new: Json, whole: Json) -> Json | None:
        """Whom the product does not know stays."""
        return sorted({*new, *(set(whole) - set(old or []))})


def _unless(path: str, wanted: Json, shown: Json) -> Put:
    return Put() if wanted == shown else Put({path: wanted})


def shaped(put: Put) -> Put:
    """The patch, nested as native values are."""
    return Put(nested(put.values), put.cut, put.refused, put.place) if put.values else put
