"""Links of a ticket: what RT shows of them, and the arguments that change them."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.common import Refused
from sdsync.connectors.failures import Rejected
from sdsync.connectors.request_tracker.client import Row
from sdsync.store.records import Json

#: How ``_hyperlinks`` call them -> RT's own word. ``child`` is the other end of a parent.
#: Source: lib/RT/REST2/Resource/Record/Hypermedia.pm of 5.0.3.
REFS: Mapping[str, str] = {
    "depends-on": "DependsOn",
    "depended-on-by": "DependedOnBy",
    "refers-to": "RefersTo",
    "referred-to-by": "ReferredToBy",
    "parent": "MemberOf",
    "child": "Members",
}
PARENT = "MemberOf"
LINKS = "Links"
TIES = (LINKS, PARENT)
#: What may stand in ``Links``, as ``TYPE ID``.
TYPES = ("DependsOn", "DependedOnBy", "RefersTo", "ReferredToBy")


def ties(row: Row) -> dict[str, Json]:
    """``Links`` and ``MemberOf`` of a ticket; nothing when the row does not tell them.

    Addresses are left out: what they lead to is no ticket here.
    """
    shown = _tickets(row)
    if shown is None:
        return {}
    return {
        LINKS: sorted(f"{word} {one}" for word, one in shown if word in TYPES),
        PARENT: sorted(one for word, one in shown if word == PARENT),
    }


def linked(row: Row) -> frozenset[str]:
    """Every ticket that is tied to it either way."""
    return frozenset(one for _, one in _tickets(row) or ())


def _tickets(row: Row) -> list[tuple[str, str]] | None:
    told = row.get("_hyperlinks")
    if not isinstance(told, list):
        return None
    return [
        (REFS[one["ref"]], str(one["id"]))
        for one in told
        if isinstance(one, dict) and one.get("ref") in REFS and one.get("type") == "ticket"
    ]


def changes(wanted: Mapping[str, Json], now: Mapping[str, Json]) -> dict[str, list[str]]:
    """The arguments of a ``PUT`` that make a ticket show what is wanted: ``AddRefersTo`` …

    One by one: a whole list would take addresses away, which are not ours to know.
    """
    sent: dict[str, list[str]] = {}
    for name in TIES:
        if name not in wanted:
            continue
        then, before = _pairs(name, wanted[name]), _pairs(name, now.get(name))
        for verb, pairs in (("Delete", before - then), ("Add", then - before)):
            for word, ticket in sorted(pairs):
                sent.setdefault(f"{verb}{word}", []).append(ticket)
    return sent


def _pairs(name: str, value: Json) -> set[tuple[str, str]]:
    texts = value if isinstance(value, list | tuple) else [value] if value else []
    pairs = {(PARENT, str(one)) if name == PARENT else _pair(str(one)) for one in texts}
    for word, ticket in pairs:
        if word not in (*TYPES, PARENT) or not (ticket.isascii() and ticket.isdigit()):
            raise Refused(Rejected((name,), "not a list of links to tickets"))
    return pairs


def _pair(text: str) -> tuple[str, str]:
    word, _, ticket = text.partition(" ")
    return word, ticket
