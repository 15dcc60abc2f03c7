"""Every sealed row of a store opened once, page by page, and what does not open by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select, tuple_

from sdsync.store import tables
from sdsync.store.codec import decode
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import Link, Row
from sdsync.store.records import Hub
from sdsync.store.resealing import SEALED, Sealed
from sdsync.store.statements import Statement
from sdsync.store.vault import Vault

#: More of one column are not looked for: a wrong key shows in all of them.
NAMED = 20

_values = tables.hub_values
VALUES = Statement(
    select(_values.c.hub_id, _values.c.field, _values.c.kind, _values.c.digest).where(
        _values.c.hub_id >= bindparam("first"), _values.c.hub_id <= bindparam("last")
    )
)


@dataclass(slots=True)
class Opened:
    """How many documents opened, and what is wrong with the others."""

    documents: int = 0
    problems: list[str] = field(default_factory=list)


class _Pages:
    """How the sealed rows of one column are read, in the order of their key."""

    def __init__(self, one: Sealed) -> None:
        keys, column = list(one.table.primary_key), one.table.c[one.column]
        page = select(column, *(one.table.c[name] for name in one.binds), *keys)
        page = page.where(column.is_not(None)).order_by(*keys).limit(one.batch)
        self.of, self._names = one, [f"k_{key.name}" for key in keys]
        self._first = Statement(page)
        after = tuple_(*keys) > tuple_(*map(bindparam, self._names))
        self._next = Statement(page.where(after))

    def read(self, link: Link) -> Iterator[list[Row]]:
        rows = link.rows(self._first)
        while rows:
            yield rows
            last = rows[-1][-len(self._names) :]
            rows = link.rows(self._next, dict(zip(self._names, last, strict=True)))


#: Of the audit trail the parts are opened with its chain.
_PAGES = [_Pages(one) for one in SEALED if one.table is not tables.audit]


def open_all(link: Link, vault: Vault) -> Opened:
    """Open every document, and hold what is looked for beside the hubs against them."""
    found = Opened()
    for pages in _PAGES:
        already = len(found.problems)
        for rows in pages.read(link):
            plain = _open(rows, pages.of, vault, found)
            if pages.of.table is tables.hubs:
                found.problems += _values_amiss(link, rows, plain, vault)
            if len(found.problems) - already >= NAMED:
                break  # the rest of this column tells nothing new
    return found


def _open(rows: Sequence[Row], one: Sealed, vault: Vault, found: Opened) -> dict[str, bytes]:
    """What opened, by the row it was sealed for."""
    plain = {}
    for doc, *rest in rows:
        row = one.bound_to(rest[: len(one.binds)])
        try:
            plain[row] = vault.cipher.open(one.name, row, doc)
        except Unreadable as problem:
            found.problems.append(str(problem))
        except KeyProblem as problem:
            found.problems.append(f"{one.name} {row}: {problem}")
    found.documents += len(plain)
    return plain


def _values_amiss(
    link: Link, rows: Sequence[Row], plain: dict[str, bytes], vault: Vault
) -> Iterator[str]:
    """Hubs that would not be found by a value that they have, or by one that they have not."""
    ids = [str(row[1]) for row in rows]
    kept: dict[str, dict[str, tuple[str, bytes]]] = {}
    for hub_id, name, kind, digest in link.rows(VALUES, {"first": ids[0], "last": ids[-1]}):
        kept.setdefault(hub_id, {})[name] = (kind, bytes(digest))
    for hub_id, text in plain.items():
        hub, there = decode(Hub, text), kept.get(hub_id, {})
        wanted = {
            name: (hub.kind, vault.value_digest(hub.kind, name, value))
            for name, value in hub.values.items()
            if value is not None
        }
        for name in sorted(wanted.keys() | there.keys()):
            if wanted.get(name) != there.get(name):
                yield f"hub_values {hub_id} {name}: not the digest of the hub's value"
