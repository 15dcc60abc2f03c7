"""Run the examples that mappings carry: ops change a mapping as developers change code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdsync.config.problems import Problem
from sdsync.mappings.compile import CompiledMapping
from sdsync.mappings.contract import Direction, Unknown, Unmapped
from sdsync.mappings.files import Example
from sdsync.mappings.paths import merged
from sdsync.store.records import Json

UNCHANGED = "unchanged"
#: How a group's name begins in examples, which know no product's numbers.
TEAM = "group:"


class SamePeople:
    """Everybody is known everywhere by the same word: examples speak of mappings, not of people."""

    def key(self, system: str, native: Json) -> str | None:
        """The native word."""
        known = isinstance(native, str) and native and not native.startswith(TEAM)
        return native if known else None

    def native(self, system: str, key: str) -> str | None:
        """The key."""
        return key

    def team(self, system: str, native: Json) -> str | None:
        """The native word, where it says that it is a group."""
        return native if isinstance(native, str) and native.startswith(TEAM) else None

    def native_team(self, system: str, key: str) -> str | None:
        """The key."""
        return key

    def display(self, key: str) -> str:
        """The key."""
        return key

    def address(self, key: str) -> str | None:
        """The key, where it is one."""
        return key if "@" in key else None

    def record(self, system: str, native_id: str) -> str | None:
        """The native id."""
        return native_id

    def native_record(self, system: str, name: str) -> str | None:
        """The name."""
        return name


@dataclass(frozen=True, slots=True)
class Ran:
    """One example and what was wrong with it; none: it passed."""

    mapping: str  # "desk-ticket"
    name: str
    place: str
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether all that it says is so."""
        return not self.problems


def run_examples(mapping: CompiledMapping) -> list[Ran]:
    """All examples of a mapping, those of the files that it extends included."""
    name = f"{mapping.system}-{mapping.kind}"
    return [
        Ran(name, one.name, str(one.spot), tuple(_run(mapping, one)))
        for one in _own_or_standing(mapping)
    ]


def _own_or_standing(mapping: CompiledMapping) -> Iterator[Example]:
    """The site's examples; a pack's own speak of the pack, which the site may have changed."""
    for file in mapping.files[:1]:
        yield from file.examples


def _run(mapping: CompiledMapping, example: Example) -> Iterator[Problem]:
    if example.problem is not None:
        yield from _expect_problem(mapping, example)
        return
    if example.canonical is not None and example.native:
        yield from _expect_canonical(mapping, example)
    if example.back is not None:
        wanted = {} if example.back == UNCHANGED else example.back
        yield from _expect_patch(mapping, example, "back", wanted, example.native)
    if example.born is not None:
        yield from _expect_patch(mapping, example, "born", example.born, {})


def _expect_problem(mapping: CompiledMapping, example: Example) -> Iterator[Problem]:
    told = [*_unmapped(mapping, example.native), *_refused(mapping, example.canonical or {})]
    if not any(str(example.problem) in one for one in told):
        found = "; ".join(told) or "no problem"
        yield example.spot.problem(example.name, found, f"a problem: {example.problem}")


def _unmapped(mapping: CompiledMapping, native: Mapping[str, Json]) -> Iterator[str]:
    for field in mapping.fields:
        found = mapping.get(field, native, SamePeople())
        if isinstance(found, Unmapped):
            yield f'{field}: no entry for "{found.value}"'


def _refused(mapping: CompiledMapping, canonical: Mapping[str, Json]) -> Iterator[str]:
    for field, value in canonical.items():
        put = mapping.put(field, value, seen={}, hub=canonical, people=SamePeople())
        if put.refused:
            yield f"{field}: {put.refused}"


def _expect_canonical(mapping: CompiledMapping, example: Example) -> Iterator[Problem]:
    for field, wanted in (example.canonical or {}).items():
        if field not in mapping.fields:
            yield example.spot.problem(f"{example.name}: {field}", "no rule for this field", "one")
            continue
        found = mapping.get(field, example.native, SamePeople())
        if not _same(found, wanted):
            yield example.spot.problem(f"{example.name}: {field}", _told(found), _told(wanted))


def _expect_patch(
    mapping: CompiledMapping,
    example: Example,
    part: str,
    wanted: Json,
    seen: Mapping[str, Json],
) -> Iterator[Problem]:
    """Writing the canonical values has to take exactly this patch."""
    canonical = example.canonical or {}
    puts = [
        mapping.put(field, value, seen=seen, hub=canonical, people=SamePeople())
        for field, value in canonical.items()
        if mapping.fields.get(field) in (Direction.BOTH, Direction.OUT)
    ]
    for put in puts:
        if put.refused:
            yield example.spot.problem(f"{example.name}: {part}", put.refused, "a value")
    found = merged(put.values for put in puts)
    if not _same(found, wanted):
        yield example.spot.problem(f"{example.name}: {part}", _told(found), _told(wanted))


def _same(found: object, wanted: Json) -> bool:
    """Equal as a mapping file can write it: numbers are texts there, sets have no order."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(_same(found[k], wanted[k]) for k in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return sorted(map(str, found)) == sorted(map(str, wanted))
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found) == str(wanted)
    return bool(found == wanted)


def _told(value: object) -> str:
    if isinstance(value, Unknown):
        return "nothing known"
    if isinstance(value, Unmapped):
        return f'no entry for "{value.value}"'
    return f'"{value}"' if isinstance(value, str) else str(value)
