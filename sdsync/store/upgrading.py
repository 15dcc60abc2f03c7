"""Bringing the tables to this program's form, and refusing a store that is not ours to touch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from sqlalchemy import (
    Column,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    select,
)

from sdsync.store import tables
from sdsync.store.dialect import Dialect, Link, dialect_for
from sdsync.store.statements import Statement
from sdsync.store.tables import REVISION, SERVES
from sdsync.store.writer import StoreDamaged

#: Alembic's own table, as it makes it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
REVISION_OF = Statement(select(_version.c.version_num))
META_OF = Statement(select(tables.meta.c.value).where(tables.meta.c.name == bindparam("name")))


#: What says the form of all others.
_FIRST = (_version, tables.meta)
_REVISION = re.compile(r"\d{4}")


class StoreForm(Enum):
    """How the tables stand to this program."""

    EMPTY = "empty"
    READY = "ready"
    OLD = "old"


class WrongStore(Exception):  # noqa: N818 - named for the person who reads it
    """The database is no store of ours, older than this program, or too new for it."""


class SchemaDamaged(StoreDamaged):
    """The tables are not those that a program of ours made; ``found`` names where."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__("; ".join(found[:5]))
        self.found = found


def form_of(dialect: Dialect) -> StoreForm:
    """Whether the store can be used, must be made or upgraded first.

    Raises:
        WrongStore: A foreign database, or one that no longer serves this program.
        SchemaDamaged: A store of ours, whose tables are no longer those that were made.
    """
    link = dialect.connect()
    try:
        names = {str(one[0]) for one in link.command(dialect.table_names)}
        if _named(names):
            return _form(dialect, link)
    finally:
        link.close()
    return StoreForm.EMPTY


def _named(names: set[str]) -> bool:
    """Whether the tables are those of a store; False: there is none of ours."""
    ours = {one.name for one in (*_FIRST, *tables.metadata.sorted_tables)}
    lost = {one.name for one in _FIRST} - names
    if not lost:
        return True
    if len(names & ours) > len(ours) // 2:  # by chance a program has one or two of them
        raise SchemaDamaged([f"schema: there is no table {one}" for one in sorted(lost)])
    if names & (ours - {_version.name}):
        raise WrongStore("the database holds tables of another program; name another one")
    return False


def _form(dialect: Dialect, link: Link) -> StoreForm:
    _hold(dialect.misshapen(link, _FIRST, exact=False))
    found = link.row(REVISION_OF)
    revision = str(found[0]) if found else ""
    if not _REVISION.fullmatch(revision):
        raise SchemaDamaged([f"alembic_version: {revision!r} is no form of a store"])
    if revision < REVISION:
        return StoreForm.OLD
    if revision > REVISION:
        _serving(link, revision)
    _hold(dialect.misshapen(link, tables.metadata.sorted_tables, exact=revision == REVISION))
    return StoreForm.READY


def _hold(differences: Sequence[str]) -> None:
    if differences:
        raise SchemaDamaged(differences)


def _serving(link: Link, revision: str) -> None:
    """Ask a newer store whether it serves this program."""
    serves = link.row(META_OF, {"name": "serves"})
    oldest = bytes(serves[0]).decode() if serves else revision
    if oldest > REVISION:
        raise WrongStore(
            f"the store has form {revision} and serves programs from form {oldest} on; "
            f"this program knows {REVISION}: install the newer sdsync"
        )


def upgrade(url: str) -> str:
    """Bring the tables to this program's form, all or nothing; the revision reached.

    Raises:
        WrongStore: A newer program's, or nobody's that we know.
    """
    dialect = dialect_for(url)
    try:
        if form_of(dialect) is not StoreForm.READY:
            run_migrations(dialect)
    finally:
        dialect.engine.dispose()
    return REVISION


def make_tables(dialect: Dialect) -> None:
    """Make all tables at once, as the migrations would leave them.

    Not by the migrations: a daemon that made its own store would keep Alembic's
    6 MiB for as long as it runs. A second process that does the same finds them made.
    """
    dialect.adopt(tables.metadata)
    with dialect.engine.begin() as connection:
        tables.metadata.create_all(connection)
        _version.create(connection, checkfirst=True)
        for table, row in (
            (_version, {"version_num": REVISION}),
            (tables.meta, {"name": "serves", "value": SERVES.encode()}),
        ):
            connection.execute(dialect.insert(table).values(row).on_conflict_do_nothing())


def run_migrations(dialect: Dialect) -> None:
    """Run what is missing in one transaction."""
    # Only with an older store: nobody else needs what it imports.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "sdsync.store:migrations")
    config.set_main_option("path_separator", "os")
    with dialect.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
