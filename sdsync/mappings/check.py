"""The linter: what compiles and is still a trap, and the status table of both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdsync.config.problems import one_of
from sdsync.config.vocabulary import CHOICES, is_field
from sdsync.mappings.compile import CompiledMapping
from sdsync.mappings.contract import Direction
from sdsync.mappings.lenses.lookup import Lookup
from sdsync.mappings.lenses.teams import AssignedTeam
from sdsync.mappings.lenses.words import NONE_WORD, Words, range_of
from sdsync.mappings.rule import Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """One trap. ``place`` is file:line:column; ``field`` the canonical field."""

    place: str
    field: str
    text: str
    serious: bool = False  # values can be lost or mixed up; else something is only unreachable

    def __str__(self) -> str:
        return f"{self.place}: {self.field}: {self.text}"


@dataclass(frozen=True, slots=True)
class WordRow:
    """A canonical word in one system. ``lossy``: what is written reads back as another word."""

    word: str
    reads: tuple[str, ...]  # native words that read as it
    writes: str | None  # None: a dead end on the way out
    lossy: bool

    @property
    def reachable(self) -> bool:
        """Whether any native word reads as it."""
        return bool(self.reads)


@dataclass(frozen=True, slots=True)
class WordTable:
    """A closed vocabulary in one system, in the vocabulary's order."""

    system: str
    field: str
    place: str
    rows: tuple[WordRow, ...]

    @property
    def dead_ends(self) -> tuple[str, ...]:
        """Words that the hub may hold and this system cannot be told."""
        return tuple(row.word for row in self.rows if row.writes is None)


@dataclass(frozen=True, slots=True)
class Pair:
    """A word's way from one system into another, for the table of both ways."""

    native: str
    canonical: str
    other: str | None  # None: dead end
    back: str | None  # what the other system's word reads as


def check(mapping: CompiledMapping) -> list[Finding]:
    """All findings, in file order."""
    found = [
        *_double_targets(mapping),
        *_dead_ends(mapping),
        *_shared_cells(mapping),
        *_entering(mapping),
    ]
    return sorted(found, key=lambda one: one.place)


def _double_targets(mapping: CompiledMapping) -> Iterator[Finding]:
    """Two fields that write the same native one would undo each other for ever."""
    writers: dict[str, Rule] = {}
    for rule in mapping.rules.values():
        if rule.path is None or rule.direction is Direction.IN:
            continue
        if isinstance(rule.lens, AssignedTeam):
            continue  # it and the rule of the person write one and the same
        first = writers.setdefault(rule.path.text, rule)
        if first is not rule:
            text = f"writes {rule.path.text}, which {first.field} writes already ({first.place})"
            yield Finding(rule.place, rule.field, text, serious=True)


def _dead_ends(mapping: CompiledMapping) -> Iterator[Finding]:
    for field in mapping.fields:
        table = word_table(mapping, field)
        if table is None:
            continue
        rule = mapping.rules[field]
        if table.dead_ends and rule.direction is not Direction.IN:
            text = f"{one_of(table.dead_ends)} cannot be written; add it to table or also"
            yield Finding(table.place, field, text, serious=field == "status")


def _shared_cells(mapping: CompiledMapping) -> Iterator[Finding]:
    for rule in mapping.rules.values():
        if not isinstance(rule.lens, Lookup) or rule.direction is Direction.OUT:
            continue
        for cell, keys in rule.lens.shared.items():
            owners = " and ".join(keys)
            text = f'"{cell}" belongs to {owners} in table {rule.lens.name}: it reads as neither'
            yield Finding(rule.place, rule.field, text, serious=True)


def _entering(mapping: CompiledMapping) -> Iterator[Finding]:
    """``entering`` of a value that is never written does nothing."""
    for rule in mapping.rules.values():
        if not isinstance(rule.lens, Words):
            continue
        for value, demands in rule.entering.items():
            if value not in rule.lens.table and value not in rule.lens.also:
                yield Finding(rule.place, rule.field, f'entering "{value}": it is never written')
            unknown = {name for one in demands.values() for name in one.reads if not is_field(name)}
            for name in sorted(unknown):
                yield Finding(rule.place, rule.field, f'entering "{value}" reads unknown {name}')


def word_table(mapping: CompiledMapping, field: str = "status") -> WordTable | None:
    """How a closed vocabulary looks in this system; None where it has no value table."""
    rule = mapping.rules.get(field)
    words = CHOICES.get(field)
    if rule is None or words is None or not isinstance(rule.lens, Words):
        return None
    lens = rule.lens
    return WordTable(mapping.system, field, rule.place, tuple(_row(lens, word) for word in words))


def _row(lens: Words, word: str) -> WordRow:
    reads = tuple(lens.table.get(word, ()))
    writable = [one for one in (*reads, *lens.also.get(word, ())) if range_of(one) is None]
    writes = writable[0] if writable else None
    return WordRow(word, reads, writes, writes is not None and lens.read_word(writes) != word)


def both_ways(left: CompiledMapping, right: CompiledMapping, field: str = "status") -> list[Pair]:
    """Each native word of ``left``: what ``right`` is told, and what that reads as again."""
    mine, other = left.rules.get(field), right.rules.get(field)
    if mine is None or not isinstance(mine.lens, Words):
        return []
    natives = [(n, c) for c, entry in mine.lens.table.items() for n in entry if c != NONE_WORD]
    return [_pair(native, canonical, other) for native, canonical in natives]


def _pair(native: str, canonical: str, other: Rule | None) -> Pair:
    if other is None or not isinstance(other.lens, Words):
        return Pair(native, canonical, None, None)
    row = _row(other.lens, canonical)
    back = other.lens.read_word(row.writes) if row.writes is not None else None
    return Pair(native, canonical, row.writes, back)


def check_all(mappings: Sequence[CompiledMapping]) -> list[Finding]:
    """Findings of many mappings, each once."""
    return list(dict.fromkeys(found for mapping in mappings for found in check(mapping)))
