"""Native paths: ``Status``, ``CustomFields.PO Number``, ``fields[name=Site].value``.

A path names one value in a nested record. It reads that value, writes it as a
nested patch, and cuts out the part of a record that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from sdsync.mappings.contract import UNKNOWN, Unknown
from sdsync.store.records import Json


class Absent:
    """Where a record has no such key at all; not the same as an empty value."""


ABSENT: Final = Absent()

#: A name, quoted when it holds a dot, then perhaps ``[key=value]`` for a list of objects.
_SEGMENT: Final = re.compile(
    r"""(?P<dot>^|\.)(?:"(?P<quoted>[^"]+)"|(?P<name>[^."\[\]]+))"""
    r"""(?:\[(?P<key>[^=\[\]]+)=(?P<value>[^\[\]]*)\])?"""
)


class BadPathError(ValueError):
    """The text is no path; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One step: into a mapping, and perhaps to the element of a list that bears a key."""

    name: str
    key: str | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A native path; ``text`` is how a mapping file writes it."""

    text: str
    segments: tuple[Segment, ...]

    def read(self, record: Mapping[str, Json]) -> Json | Absent | Unknown:
        """The value, ABSENT where a key is missing, UNKNOWN where the read did not prove it."""
        at: Json = record
        for segment in self.segments:
            if at is UNKNOWN:
                return UNKNOWN
            if not isinstance(at, Mapping) or segment.name not in at:
                return ABSENT
            at = at[segment.name]
            if segment.key is not None:
                at = _element(at, segment)
        return cast("Json | Absent | Unknown", at)

    def patch(self, value: Json) -> dict[str, Json]:
        """The smallest nested record that holds ``value`` here."""
        inner: Json = value
        for segment in reversed(self.segments):
            if segment.key is not None:
                inner = [_keyed(segment, inner)]
            inner = {segment.name: inner}
        return cast("dict[str, Json]", inner)

    def part(self, record: Mapping[str, Json]) -> dict[str, Json]:
        """The part of ``record`` that this path reads; empty when it holds nothing there."""
        found = self.read(record)
        return {} if found is ABSENT or found is UNKNOWN else self.patch(found)


def _element(at: Json, segment: Segment) -> Json:
    """The object in list ``at`` whose key has the value; its ``value`` is reached by name."""
    if not isinstance(at, list):
        return at if at is UNKNOWN else ABSENT
    for one in at:
        if isinstance(one, Mapping) and str(one.get(segment.key)) == segment.value:
            return one
    return ABSENT


def _keyed(segment: Segment, inner: Json) -> dict[str, Json]:
    rest = inner if isinstance(inner, Mapping) else {}
    return {cast("str", segment.key): segment.value, **rest}


def parse_path(text: str) -> Path:
    """Read a path; BadPathError tells what is wrong. A name with a dot in it stands in quotes."""
    segments: list[Segment] = []
    at = 0
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None or (at == 0) != (match["dot"] == ""):
            raise BadPathError(f'found "{text}", expected names with dots between them')
        name = (match["quoted"] or match["name"]).strip()
        segments.append(Segment(name, match["key"], match["value"] or ""))
        at = match.end()
    if not segments or not all(segment.name for segment in segments):
        raise BadPathError("found an empty path, expected the product's name of a field")
    if segments[-1].key is not None:
        raise BadPathError(f'found "{text}", expected .NAME of the value after [key=value]')
    return Path(text, tuple(segments))


def merged(patches: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """Several nested patches as one; lists of keyed objects are joined, later values win."""
    result: dict[str, Json] = {}
    for patch in patches:
        _merge_into(result, patch)
    return result


def _merge_into(target: dict[str, Json], patch: Mapping[str, Json]) -> None:
    for name, value in patch.items():
        there = target.get(name)
        if isinstance(value, Mapping):
            inner = dict(there) if isinstance(there, Mapping) else {}
            _merge_into(cast("dict[str, Json]", inner), value)
            target[name] = inner
        elif _objects(value) and _objects(there):
            target[name] = [*cast("list[Json]", there), *cast("list[Json]", value)]
        else:
            target[name] = value


def _objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, Mapping) for x in value)
