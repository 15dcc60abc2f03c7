"""From a rule as written to a rule that runs; every mistake is a Problem with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sdsync.config.problems import dotted, nearest_name, one_of, show
from sdsync.config.vocabulary import CHOICES, LINK_TYPES
from sdsync.mappings.entering import read_entering
from sdsync.mappings.files import Key, RawRule
from sdsync.mappings.lenses.base import Lens
from sdsync.mappings.lenses.dates import DayLens, InstantLens
from sdsync.mappings.lenses.duration import DurationLens
from sdsync.mappings.lenses.fixed import Constant
from sdsync.mappings.lenses.length import Cut
from sdsync.mappings.lenses.lookup import Lookup
from sdsync.mappings.lenses.peer import PeerLens
from sdsync.mappings.lenses.people import PeopleLens, PersonLens
from sdsync.mappings.lenses.plain import Same, Typed
from sdsync.mappings.lenses.tags import TagsLens
from sdsync.mappings.lenses.teams import TeamLens
from sdsync.mappings.lenses.text import LineLens, TextLens
from sdsync.mappings.lenses.ties import LinksLens, RecordLens
from sdsync.mappings.lenses.words import NONE_WORD, Words, range_of
from sdsync.mappings.merge import listed
from sdsync.mappings.options import OptionReader
from sdsync.mappings.paths import BadPathError, Path, parse_path
from sdsync.mappings.richtext.convert import MARKUPS
from sdsync.mappings.rule import Format, Rule
from sdsync.mappings.strangers import read_strangers
from sdsync.mappings.tables import Table

SHAPES: Final = (
    "line",
    "plain",
    "html",
    "textile",
    "markdown",
    "person",
    "people",
    "team",
    "tags",
    "day",
    "instant",
    "number",
    "minutes",
    "hours",
    "bool",
    "peer",
    "record",
    "links",
    "value",
)


class Builder(OptionReader):
    """Builds the rules of one mapping; ``problems`` fills on the way."""

    def __init__(self, kinds: Mapping[str, str], tables: Mapping[str, Table]) -> None:
        super().__init__()
        self._kinds = kinds  # canonical fields of this kind of record
        self._tables = tables

    def rule(self, raw: RawRule) -> Rule | None:
        """The rule that runs; None when there is nothing to make one of."""
        kind = self._kind(raw)
        if kind is None:
            return None
        before = len(self.problems)
        path = self._path(raw.keys.get("at"), raw.field)
        lens = self._lens(raw, kind)
        if "unknown" in raw.keys and not isinstance(lens, PersonLens | TeamLens):
            self.refuse(raw, "unknown", f"in a rule of {raw.field}", "as: person beside it")
        if path is None and "at" not in raw.keys and "constant" not in raw.keys:
            self.refuse(raw, None, "no at", "at: the product's name of the field")
        rule = Rule(
            field=raw.field,
            kind=kind,
            lens=self._cut(raw, lens),
            path=path,
            direction=self.direction(raw.keys.get("direction"), raw),
            place=str(raw.spot),
            once=self.flag(raw, "once"),
            optional=self.flag(raw, "optional"),
            format=self._format(raw),
            entering=read_entering(raw, self._kinds, self._tables, self.problems),
        )
        return rule if len(self.problems) == before else None

    def _kind(self, raw: RawRule) -> str | None:
        name = raw.field
        if name in self._kinds:
            return self._kinds[name]
        if name.startswith("ext.") and len(name) > 4:
            return "text"
        near = nearest_name(name, self._kinds)
        expected = None if near else f"a canonical field, or ext.{name}"
        self.problems.append(raw.spot.problem(f"fields.{name}", "unknown field", expected, near))
        return None

    def _path(self, key: Key | None, field: str) -> Path | None:
        if key is None:
            return None
        try:
            return parse_path(str(key.value) if isinstance(key.value, str) else "")
        except BadPathError as error:
            self.problems.append(key.spot.problem(f"fields.{field}.at", str(error)))
            return None

    def _lens(self, raw: RawRule, kind: str) -> Lens:
        if (constant := raw.keys.get("constant")) is not None:
            self._check_word(raw, constant, "", str(constant.value))
            return Constant(constant.value)
        if kind != "links" and (table := raw.keys.get("table")) is not None:
            return self._table(raw, table)
        return self._shaped(raw, self._shape(raw, kind))

    def _shape(self, raw: RawRule, kind: str) -> str:
        key = raw.keys.get("as")
        if key is None:
            return {
                "person": "person",
                "people": "people",
                "team": "team",
                "tags": "tags",
                "int": "number",
                "record": "record",
                "links": "links",
            }.get(kind, "value")
        if key.value not in SHAPES:
            self.word(raw, "as", key, SHAPES)
        return str(key.value)

    def _shaped(self, raw: RawRule, shape: str) -> Lens:
        allow = self.allow(raw)
        match shape:
            case "line":
                return LineLens(allow)
            case "plain" | "html" | "textile" | "markdown":
                return TextLens(shape, allow, self.mentions(raw))
            case "person":
                nobody = raw.keys.get("nobody")
                words = tuple(map(str, listed(nobody.value))) if nobody else ()
                return PersonLens(words, strangers=read_strangers(raw, self.problems))
            case "people":
                return PeopleLens()
            case "team":
                read_strangers(raw, self.problems)  # of a team it can say no more than "leave"
                return TeamLens(leave="unknown" in raw.keys)
            case "tags":
                return TagsLens(self.separator(raw))
            case "day":
                return DayLens(self.zone(raw))
            case "instant":
                return InstantLens(self.zone(raw), self.midnight(raw))
            case "number" | "bool":
                return Typed(shape)
            case "minutes" | "hours":
                return DurationLens(shape)
            case "peer":
                return PeerLens()
            case "record":
                return RecordLens()
            case "links":
                return self._links(raw)
            case _:
                return Same()

    def _links(self, raw: RawRule) -> Lens:
        key = raw.keys.get("table")
        if key is None:
            self.refuse(raw, None, "no table", "table: type of link: the product's word for it")
            return LinksLens({})
        table = self._entries(raw, "table", key)
        for kind in table:
            if kind not in LINK_TYPES:
                where = dotted(("fields", raw.field, "table", kind))
                near = nearest_name(kind, LINK_TYPES)
                spot = key.at(kind)
                self.problems.append(spot.problem(where, show(kind), one_of(LINK_TYPES), near))
        self._check_twice(raw, key, table)
        return LinksLens(table)

    def _table(self, raw: RawRule, key: Key) -> Lens:
        if isinstance(key.value, str):
            return self._lookup(raw, key)
        if not isinstance(key.value, dict) or not key.value:
            self.refuse(raw, "table", show(key.value), "canonical: native, or TABLE.COLUMN")
            return Same()
        table = self._entries(raw, "table", key)
        also_key = raw.keys.get("also")
        also = self._entries(raw, "also", also_key) if also_key else {}
        self._check_twice(raw, key, table)
        return Words(table, also, can_empty=NONE_WORD in table)

    def _entries(self, raw: RawRule, name: str, key: Key) -> dict[str, list[str]]:
        entries: dict[str, list[str]] = {}
        if not isinstance(key.value, dict):
            self.refuse(raw, name, show(key.value), "canonical: native")
            return entries
        for canonical, entry in key.value.items():
            self._check_word(raw, key, name, canonical)
            words = [word for word in listed(entry) if isinstance(word, str)]
            whole = len(words) == len(listed(entry))
            if not whole or all(range_of(word) is not None for word in words):
                where = dotted(("fields", raw.field, name, canonical))
                self.problems.append(
                    key.at(canonical).problem(
                        where, show(entry), "a native word that can be written"
                    )
                )
            entries[canonical] = words
        return entries

    def _check_word(self, raw: RawRule, key: Key, name: str, word: str) -> None:
        """The canonical side of a closed vocabulary has to be one of its words."""
        words = CHOICES.get(raw.field)
        if words is None or word in (*words, NONE_WORD):
            return
        parts = ("fields", raw.field, name or "constant", *((word,) if name else ()))
        near = nearest_name(word, words)
        self.problems.append(key.at(word).problem(dotted(parts), show(word), one_of(words), near))

    def _check_twice(self, raw: RawRule, key: Key, table: Mapping[str, list[str]]) -> None:
        seen: dict[str, str] = {}
        for canonical, words in table.items():
            for word in words:
                if word in seen:
                    where = dotted(("fields", raw.field, "table", canonical))
                    found = f"{show(word)}, which reads as {seen[word]} already"
                    spot = key.at(canonical)
                    self.problems.append(spot.problem(where, found, "each native word once"))
                seen.setdefault(word, canonical)

    def _lookup(self, raw: RawRule, key: Key) -> Lens:
        name, _, column = key.value.partition(".")
        table = self._tables.get(name)
        where = f"fields.{raw.field}.table"
        if table is None:
            near = nearest_name(name, self._tables)
            expected = (
                f"a table of [tables]: {one_of(self._tables)}"
                if self._tables
                else "a table of [tables]"
            )
            self.problems.append(key.spot.problem(where, show(name), expected, near))
            return Same()
        if column not in table.columns:
            near = nearest_name(column, table.columns)
            expected = f"{name}.COLUMN with {one_of(table.columns)}"
            self.problems.append(key.spot.problem(where, show(key.value), expected, near))
            return Same()
        return Lookup(name, table, column)

    def _cut(self, raw: RawRule, lens: Lens) -> Lens:
        key = raw.keys.get("max")
        if key is None:
            return lens
        if (
            not isinstance(key.value, str)
            or not key.value.isdecimal()
            or not 0 < int(key.value) < 10**9
        ):
            self.refuse(raw, "max", show(key.value), "a number of characters")
            return lens
        return Cut(lens, int(key.value))

    def _format(self, raw: RawRule) -> Format | None:
        key = raw.keys.get("format")
        if key is None:
            return None
        if not isinstance(key.value, dict) or "at" not in key.value:
            self.refuse(
                raw, "format", show(key.value), "at: the native name, and a word for each markup"
            )
            return None
        path = self._path(Key(key.value["at"], key.at("at")), f"{raw.field}.format")
        words = {name: str(word) for name, word in key.value.items() if name != "at"}
        for name in words:
            if name not in MARKUPS:
                where = dotted(("fields", raw.field, "format", name))
                near = nearest_name(name, MARKUPS)
                self.problems.append(key.at(name).problem(where, show(name), one_of(MARKUPS), near))
        return Format(path, words) if path is not None else None
