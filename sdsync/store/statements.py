"""Core statements that are made once and compiled per product on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sqlalchemy import bindparam
from sqlalchemy.schema import Table
from sqlalchemy.sql.expression import ClauseElement

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Insert: TypeAlias = "sqlite.Insert | postgresql.Insert"


class Inserting(Protocol):
    """What products write in different words."""

    def insert(self, table: Table) -> Insert:
        """An insert that may meet a row of the same key."""
        ...


Make = Callable[[Inserting], ClauseElement]


class Statement:
    """A Core statement, compiled on first use per product."""

    __slots__ = ("make",)

    def __init__(self, make: Make | ClauseElement) -> None:
        self.make: Make = (lambda _: make) if isinstance(make, ClauseElement) else make


def upsert(table: Table) -> Statement:
    """Insert a row, or replace the one that has its primary key."""
    keys = {one.name for one in table.primary_key}
    rest = [one.name for one in table.columns if one.name not in keys]

    def make(dialect: Inserting) -> ClauseElement:
        new = dialect.insert(table)
        return new.on_conflict_do_update(
            index_elements=sorted(keys), set_={name: new.excluded[name] for name in rest}
        )

    return Statement(make)


def insert_if_new(table: Table, keys: Sequence[str], but: Sequence[str] = ()) -> Statement:
    """Insert a row, or nothing (and a row count of 0) when its ``keys`` are taken.

    ``but`` names columns that the database fills.
    """
    names = [one.name for one in table.columns if one.name not in but]
    return Statement(
        lambda dialect: (
            dialect.insert(table)
            .values({name: bindparam(name) for name in names})
            .on_conflict_do_nothing(index_elements=list(keys))
        )
    )
