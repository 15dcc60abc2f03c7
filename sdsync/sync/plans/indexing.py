"""Reading both sides into an index: page by page, keeping keys and no record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from sdsync.config.problems import nearest_name
from sdsync.connectors.contract import NativeRecord
from sdsync.mappings.contract import UNKNOWN, Unmapped
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.store.codec import canonical
from sdsync.store.records import Json
from sdsync.sync.decide.edits import Look, proved
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.pairing import Entry, Index, shortened
from sdsync.sync.plans.scene import Scene

#: Fields that a message lists when none is near.
NAMED = 8
#: Ids asked for at once, whether they are shared.
BATCH = 500
_NUMBER = re.compile(r"#?(\d+)")
_KEY = re.compile(r"[\w.-]+#(\d+)")
_LINK = re.compile(r"https?://", re.IGNORECASE)


class Rule(Protocol):
    """By what records are paired."""

    def keys(self, native: NativeRecord) -> tuple[str, ...] | None:
        """The record's keys; None where this read does not prove them."""
        ...


class ByField:
    """A canonical field whose value is equal on both sides."""

    def __init__(self, field: str, mappings: Mapping[str, FieldMapping], scene: Scene) -> None:
        self._field, self._mappings, self._people = field, mappings, scene.core.people

    def keys(self, native: NativeRecord) -> tuple[str, ...] | None:
        """The value, as text; nothing for an empty one."""
        mapping = self._mappings[native.ref.system]
        if not proved(mapping, self._field, native):
            return None
        value = mapping.get(self._field, native.values, self._people)
        if value is UNKNOWN or isinstance(value, Unmapped):
            return ()
        if _is_empty(value):
            return ()
        return (value.strip() if isinstance(value, str) else canonical(value).decode(),)


def _is_empty(value: Json) -> bool:
    """Nothing, or nothing but blanks, however deep: what is empty on both sides pairs nobody."""
    if isinstance(value, list | dict):
        return all(map(_is_empty, value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not value.strip())


class ByPeer:
    """A native field of one side that holds the other's number, key or link."""

    def __init__(self, system: str, path: str) -> None:
        self._system, self._path = system, path
        self.met = False  # whether any record has the field at all

    def keys(self, native: NativeRecord) -> tuple[str, ...] | None:
        """What the field names, or what the other side's record is called by."""
        if native.ref.system != self._system:
            page = (_address(native.url),) if native.url else ()
            return tuple(dict.fromkeys((native.ref.id, native.key, *page)))
        head, _, rest = self._path.partition(".")
        if {head, self._path} & native.unknown:
            return None
        there: Json = native.values
        for part in filter(None, (head, rest)):
            if not isinstance(there, Mapping) or part not in there:
                return ()
            there = there[part]
        self.met = True
        values = there if isinstance(there, list) else [there]
        return tuple(dict.fromkeys(key for one in values for key in named(one)))


class ByLooks:
    """No key: what a guess goes by stands in the entry itself."""

    def keys(self, native: NativeRecord) -> tuple[str, ...] | None:
        """None; every entry has a title."""
        del native
        return ()


def named(value: Json) -> tuple[str, ...]:
    """The keys that a person may have meant with ``882``, ``#882``, ``infra#882`` or a link.

    A link means the record whose page it is: another product has an issue 882 too.
    """
    text = str(value).strip() if value is not None else ""
    if _LINK.match(text):
        return (_address(text),)
    for form in (_NUMBER, _KEY):
        if found := form.fullmatch(text):
            return (text, found[1]) if form is _KEY else (found[1],)
    return (text,) if text else ()


def _address(link: str) -> str:
    """A link as it is compared: however its scheme, its host and its end are written."""
    host, slash, path = _LINK.sub("", link).partition("#")[0].rstrip("/").partition("/")
    return f"//{host.lower()}{slash}{path}"


def index(scene: Scene, system: str, rule: Rule) -> tuple[Index, int]:
    """Every record of one side that may belong to the sync, and how many were read.

    Of the side that records enter from only those that the sync takes.
    """
    made, read = Index(system), 0
    for place in scene.places(system):
        for native in scene.readers[system].records(place):
            read += 1
            scene.told(f"{system} read", read, 0)
            if (entry := _entry(scene, native, rule)) is not None:
                made.entries[entry.id] = entry
    _shared(scene, made)
    return made, read


def _entry(scene: Scene, native: NativeRecord, rule: Rule) -> Entry | None:
    """What is kept of a record; None when it is none of the sync's.

    What the list does not prove is read whole, for this record alone.
    """
    inside, keys = scene.enters(native), rule.keys(native)
    if inside is False:
        return None
    if inside is UNKNOWN or keys is None:
        look = scene.readers[native.ref.system].fetch(native.ref)
        if not isinstance(look, Look) or look.native.ref != native.ref:
            return None  # merged, deleted or hidden since it was listed
        native = look.native
        inside, keys = scene.enters(native), rule.keys(native)
    if inside is not True:
        return None
    return entry_of(scene, native, keys or ())


def entry_of(scene: Scene, native: NativeRecord, keys: tuple[str, ...] = ()) -> Entry:
    """The few things that pairs are made by and lines show."""
    mapping = scene.readers[native.ref.system].mapping
    return Entry(
        id=native.ref.id,
        key=native.key,
        title=shortened(str(_value(scene, mapping, "title", native) or "")),
        keys=keys,
        reporter=_text(_value(scene, mapping, "reporter", native)),
        created_at=scene.world.ours(native.ref.system, native.created_at),
    )


def _value(scene: Scene, mapping: FieldMapping, field: str, native: NativeRecord) -> Json:
    if field not in mapping.fields or not proved(mapping, field, native):
        return None
    value = mapping.get(field, native.values, scene.core.people)
    return None if value is UNKNOWN or isinstance(value, Unmapped) else value


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _shared(scene: Scene, made: Index) -> None:
    """Note which records have a hub record."""
    ids = list(made.entries)
    for start in range(0, len(ids), BATCH):
        page = ids[start : start + BATCH]
        for native_id, hub_id in scene.store.shared_as(made.system, "ticket", page).items():
            made.entries[native_id].hub_id = hub_id


def rule_for(scene: Scene, text: str, systems: tuple[str, str]) -> Rule:
    """The rule that ``--by`` names: a canonical field, or ``SYSTEM.PATH``.

    Raises:
        Refused: Neither; the text says what there is.
    """
    mappings = {name: scene.readers[name].mapping for name in systems}
    head, _, path = text.partition(".")
    if head in systems and path:
        return ByPeer(head, path)
    lacking = [name for name in systems if text not in mappings[name].fields]
    if not lacking:
        return ByField(text, mappings, scene)
    both = sorted(set.intersection(*(set(one.fields) for one in mappings.values())))
    near = nearest_name(text, both)
    hint = f'did you mean "{near}"?' if near else f"both have {', '.join(both[:NAMED])}, …"
    raise Refused(
        f"{' and '.join(lacking)} {'have' if len(lacking) > 1 else 'has'} no rule for "
        f'"{text}"; {hint}'
    )
