"""Whether the tables of a SQLite file are those that were declared.

SQLite keeps its schema as text in the file and takes it at its word. Damage there renames a
column or changes its type while every page is sound: the first statement that needs the column
then fails like a mistake of the program, or a text of digits comes back as a number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

Row = tuple[Any, ...]

#: As SQLite understood the text: the type, whether a value is needed, the place in the key.
_COLUMNS = (
    'SELECT t.name, c.name, upper(c.type), c."notnull", c.pk'
    " FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
)
#: Their text alone says all of them, such as of which rows a partial one is.
_INDEXES = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


def differences(
    ask: Callable[[str], Iterable[Row]], tables: Iterable[Table], dialect: Dialect, *, exact: bool
) -> Iterator[str]:
    """What was declared and is not there so; what stands there besides is none of ours.

    Args:
        ask: Runs a query on the file.
        tables: As declared.
        dialect: Words them for SQLite.
        exact: The indexes too: a newer program may have better ones.
    """
    with closing(_model(tables, dialect)) as model:
        there = set(ask(_COLUMNS))
        for table, column, *how in sorted(set(model.execute(_COLUMNS)) - there):
            yield f"schema: {table}.{column} is not there as {_told(*how)}"
        if exact:
            there = set(ask(_INDEXES))
            for table, name, _ in sorted(set(model.execute(_INDEXES)) - there):
                yield f"schema: the index {name} of {table} is not there as it was made"


def _model(tables: Iterable[Table], dialect: Dialect) -> sqlite3.Connection:
    """A database that nobody damaged."""
    model = sqlite3.connect(":memory:")
    for table in tables:
        model.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            model.execute(str(CreateIndex(index).compile(dialect=dialect)))
    return model


def _told(kind: str, needed: int, place: int) -> str:
    told = f"{kind} NOT NULL" if needed else kind
    return f"{told}, part {place} of the key" if place else told
