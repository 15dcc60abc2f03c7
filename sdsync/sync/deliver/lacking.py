"""Words that a system does not have: what to say beside a refusal, and which rule is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdsync.connectors.contract import NativeRecord, PlaceInfo
from sdsync.mappings.nearest import did_you_mean
from sdsync.store.records import Json, Replica
from sdsync.sync.decide.edits import absent
from sdsync.sync.deliver.desired import surroundings
from sdsync.sync.draft import Draft


def lacking(draft: Draft, replica: Replica, path: str, word: object) -> str | None:
    """``infra has no priority "Urgnt"; did you mean "Urgent"?``, as far as its metadata tell."""
    return not_of(draft.ctx.systems[replica.system].places.get(replica.place or ""), path, word)


def not_of(place: PlaceInfo | None, path: str, word: object) -> str | None:
    """That the place does not have the word, as far as it tells; None: it has, or is silent."""
    info = place.fields.get(path) if place else None
    if place is None or info is None or info.values is None or not isinstance(word, str):
        return None
    if word in info.values:
        return None
    return f'"{place.key}" has no {path} "{word}"{did_you_mean(word, info.values)}'


def lacks(draft: Draft, replica: Replica, fields: Mapping[str, Json]) -> str | None:
    """The same of the first field whose value becomes such a word."""
    return next(_each(draft, replica, fields), None)


def unwritable(draft: Draft, replica: Replica, field: str, native: NativeRecord) -> str | None:
    """Why the record does not take the field at all, as far as it or its place tells."""
    mapping, system = draft.ctx.mapping(replica), draft.ctx.systems[replica.system]
    place = system.places.get(replica.place or "")
    for path in mapping.paths(field):
        info = place.fields.get(path) if place else None
        if absent(mapping, field, native.values):
            return f"as it is now, the record has no {path}"
        if path in native.derived:
            return f"{path} may be computed there from the records below this one"
        if info is not None and info.read_only:
            return f'our account may not set {path} in "{native.place}"'
    return None


def _each(draft: Draft, replica: Replica, fields: Mapping[str, Json]) -> Iterator[str]:
    mapping, hub = draft.ctx.mapping(replica), surroundings(draft, replica)
    for name, value in fields.items():
        put = draft.put(mapping, name, value, seen={}, hub=hub)
        shown = mapping.extract(name, put.values)
        for path, word in shown.items() if isinstance(shown, Mapping) else ():
            if (told := lacking(draft, replica, path, word)) is not None:
                yield told
