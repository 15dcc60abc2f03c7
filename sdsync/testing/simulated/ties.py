"""Links and parents of the simulated products: opted in, in each flavour's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sdsync.mappings.lenses.ties import LinksLens, RecordLens
from sdsync.mappings.paths import parse_path
from sdsync.mappings.rule import Rule as FieldRule
from sdsync.store.records import Json
from sdsync.testing.simulated.flavours import Flavour, Rule
from sdsync.testing.simulated.things import Record

#: Flavour -> (native path of links, of the parent, type of link -> the product's words).
TIED: Mapping[str, tuple[str, str, Mapping[str, tuple[str, ...]]]] = {
    "desk": (
        "Links",
        "MemberOf",
        {
            "relates": ("RefersTo", "ReferredToBy"),
            "blocks": ("DependedOnBy",),
            "blocked_by": ("DependsOn",),
        },
    ),
    "tracker": (
        "relations",
        "parent",
        {
            "relates": ("relates",),
            "blocks": ("blocks",),
            "blocked_by": ("blocked",),
            "duplicates": ("duplicates",),
        },
    ),
}


def tied(flavour: Flavour) -> Flavour:
    """The flavour with links and a parent."""
    links, parent, _ = TIED[flavour.name]
    rules = {**flavour.rules, links: Rule(multiple=True), parent: Rule()}
    return replace(flavour, rules=rules)


def tie_rules(flavour: str) -> dict[str, FieldRule]:
    """Production's own rules for both fields, on the flavour's words."""
    links, parent, table = TIED[flavour]
    return {
        "links": FieldRule("links", "links", LinksLens(table), parse_path(links)),
        "parent": FieldRule("parent", "record", RecordLens(), parse_path(parent)),
    }


def linked(flavour: Flavour, record: Record, others: Mapping[str, Record]) -> frozenset[str]:
    """Ids of records that it points at or that point at it."""
    if flavour.name not in TIED:
        return frozenset()
    mine = _targets(flavour, record)
    back = {one.id for one in others.values() if record.id in _targets(flavour, one)}
    return frozenset(mine | back)


def _targets(flavour: Flavour, record: Record) -> set[str]:
    links, parent, _ = TIED[flavour.name]
    shown: Json = record.values.get(links) or []
    above = record.values.get(parent)
    return {str(one).partition(" ")[2] for one in shown} | ({str(above)} if above else set())
