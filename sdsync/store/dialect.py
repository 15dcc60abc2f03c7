"""The only module that knows SQLite from PostgreSQL.

Statements are SQLAlchemy Core, compiled once per product and run on the
driver's own cursor: that halves the cost of a row (``docs/performance.md``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import TEXT as LONG
from sqlalchemy import BigInteger, Engine, Integer, Text, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection
from sqlalchemy.schema import MetaData, Table

from sdsync.store import shape
from sdsync.store.statements import Insert, Statement

if TYPE_CHECKING:
    pass

#: Text that every product sorts by code point, so that pages of ids agree.
TEXT = Text().with_variant(LONG(collation="C"), "postgresql")
#: A key that counts by itself: SQLite counts only its own INTEGER.
AUTO = BigInteger().with_variant(Integer, "sqlite")

Row = tuple[Any, ...]
Params = Mapping[str, Any]


class Trouble(Enum):
    """What an error of the driver means to whoever writes."""

    CONFLICT = "conflict"  # a unique key is taken
    FULL = "full"  # the disk is full, read-only or broken: nothing was committed
    AGAIN = "again"  # the same group may succeed when run again
    GONE = "gone"  # the connection broke
    DAMAGED = "damaged"  # the file is no sound database


class StoreAway(Exception):  # noqa: N818 - named as the state it reports
    """The database server does not answer; the text is the driver's, without the password."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the driver takes it, with the constants that it holds."""

    text: str
    constants: Params


class Dialect:
    """A product and one database of it."""

    name: ClassVar[str]
    begin_read: ClassVar[str]
    begin_write: ClassVar[str]
    #: Whether a commit waits for the disk; a new connection's do.
    syncing: ClassVar[Mapping[bool, str]]
    #: Names of all tables, without a transaction: a look never waits for a writer.
    table_names: ClassVar[str]
    #: Run last before an audit row gets its number; held until the commit.
    order_commits: ClassVar[str | None] = None

    def __init__(self, engine: Engine, compiler: SqlDialect) -> None:
        self.engine = engine
        self._compiler = compiler
        self._prepared: dict[Statement, Prepared] = {}

    def prepared(self, statement: Statement) -> Prepared:
        """The compiled statement, from the cache."""
        found = self._prepared.get(statement)
        if found is None:
            compiled = statement.make(self).compile(dialect=self._compiler)
            constants = {k: v for k, v in (compiled.params or {}).items() if v is not None}
            found = self._prepared[statement] = Prepared(str(compiled), constants)
        return found

    def connect(self) -> Link:
        """A new connection; whoever asked closes it.

        Raises:
            StoreAway: The database server does not answer.
        """
        return Link(self, self._connection())

    def _connection(self) -> PoolProxiedConnection:
        try:
            return self.engine.raw_connection()
        except Exception as error:
            if self.trouble(error) is Trouble.GONE:
                said = str(error).strip().partition("\n")[0]
                raise StoreAway(f"the store does not answer: {said}") from error
            raise

    def insert(self, table: Table) -> Insert:
        """An INSERT that can be told what to do when a key is taken."""
        raise NotImplementedError

    def adopt(self, metadata: MetaData) -> None:
        """Say of tables that are about to be made what only this product asks."""

    def trouble(self, error: BaseException) -> Trouble | None:
        """What the driver's error means; None: a mistake of the program."""
        if isinstance(error, StoreAway):
            return Trouble.GONE
        inner = error.orig if isinstance(error, DBAPIError) else error
        return None if inner is None else self._trouble(inner)

    def _trouble(self, error: BaseException) -> Trouble | None:
        raise NotImplementedError

    def check(self, link: Link, *, quick: bool) -> list[str]:
        """What the product itself finds wrong with its storage."""
        raise NotImplementedError

    def home(self, link: Link) -> str | None:
        """Which tables these are to their server: a copy is others. None: a file, which
        its witness knows."""
        return None

    def misshapen(self, link: Link, tables: Iterable[Table], *, exact: bool) -> list[str]:
        """Where the tables are not those that were declared.

        Args:
            link: To the database.
            tables: As declared; others may stand there.
            exact: Their indexes too.
        """
        raise NotImplementedError


class Link:
    """One connection, used by one thread at a time, outside a transaction unless begun."""

    __slots__ = ("_cursor", "_dialect", "_held", "_lasting")

    def __init__(self, dialect: Dialect, held: PoolProxiedConnection) -> None:
        self._dialect = dialect
        self._held = held
        self._cursor = held.cursor()
        self._lasting = True  # as the product's dialect connects

    def command(self, text: str) -> list[Row]:
        """Run a constant such as COMMIT or a pragma; its rows, if it has any."""
        self._cursor.execute(text)
        return [] if self._cursor.description is None else list(self._cursor.fetchall())

    def begin_read(self) -> None:
        """Start a transaction that sees one instant."""
        self._cursor.execute(self._dialect.begin_read)

    def begin_write(self, *, lasting: bool = True) -> None:
        """Start a transaction that will write.

        Args:
            lasting: On disk when its commit returns. Else it outlives this process
                and not a machine that loses power, until the next lasting commit
                takes it to the disk too.
        """
        if lasting is not self._lasting:  # outside a transaction, or SQLite does not hear it
            self._cursor.execute(self._dialect.syncing[lasting])
            self._lasting = lasting
        self._cursor.execute(self._dialect.begin_write)

    def run(self, statement: Statement, params: Params) -> int:
        """Run once; how many rows it changed."""
        ready = self._dialect.prepared(statement)
        merged = {**ready.constants, **params} if ready.constants else params
        self._cursor.execute(ready.text, merged)
        return int(self._cursor.rowcount)

    def many(self, statement: Statement, params: Sequence[Params]) -> None:
        """Run once per row."""
        if not params:
            return
        ready = self._dialect.prepared(statement)
        if ready.constants:
            params = [{**ready.constants, **one} for one in params]
        self._cursor.executemany(ready.text, params)

    def rows(self, statement: Statement, params: Params | None = None) -> list[Row]:
        """All rows of a query."""
        ready = self._dialect.prepared(statement)
        self._cursor.execute(ready.text, {**ready.constants, **(params or {})})
        return self._cursor.fetchall()  # type: ignore[return-value]  # drivers return tuples

    def row(self, statement: Statement, params: Params | None = None) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(statement, params)
        return found[0] if found else None

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._held.close()


class SqliteDialect(Dialect):
    """SQLite in a file: WAL, every commit on disk before it returns."""

    name = "sqlite"
    begin_read = "BEGIN"
    begin_write = "BEGIN IMMEDIATE"
    table_names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    # As numbers: the words stand where a connection is made.
    syncing: ClassVar = {True: "PRAGMA synchronous = 2", False: "PRAGMA synchronous = 1"}
    _pragmas = (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA busy_timeout = 10000",  # another process's group is over in milliseconds
        "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON",
    )
    _full = frozenset(
        {
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_PERM,
        }
    )
    _damaged = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
    #: Said with no code of its own: by Python's driver of text that is none, and of the first page.
    _damaged_words = ("Could not decode to UTF-8", "unsupported file format")

    def __init__(self, url: str) -> None:
        engine = create_engine(
            url, poolclass=NullPool, connect_args={"check_same_thread": False, "timeout": 10}
        )
        event.listen(engine, "connect", self._configure)
        event.listen(engine, "begin", lambda link: link.exec_driver_sql("BEGIN IMMEDIATE"))
        super().__init__(engine, sqlite.dialect(paramstyle="named"))

    def _configure(self, raw: sqlite3.Connection, _: object) -> None:
        raw.isolation_level = None  # transactions begin where we say so
        for pragma in self._pragmas:
            raw.execute(pragma).close()

    def insert(self, table: Table) -> Insert:
        """SQLite's own INSERT."""
        return sqlite.insert(table)

    def _trouble(self, error: BaseException) -> Trouble | None:
        if isinstance(error, sqlite3.IntegrityError):
            return Trouble.CONFLICT
        if isinstance(error, UnicodeDecodeError):  # of what it says itself, of damaged bytes
            return Trouble.DAMAGED
        if not isinstance(error, sqlite3.DatabaseError):
            return None
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension
        if code in self._damaged or any(one in str(error) for one in self._damaged_words):
            return Trouble.DAMAGED
        return Trouble.FULL if code in self._full else None

    def check(self, link: Link, *, quick: bool) -> list[str]:
        """SQLite's own check of every page."""
        pragma = "PRAGMA quick_check(20)" if quick else "PRAGMA integrity_check(20)"
        found = [str(one[0]) for one in link.command(pragma)]
        return [] if found == ["ok"] else found

    def misshapen(self, link: Link, tables: Iterable[Table], *, exact: bool) -> list[str]:
        """The schema is text in the file, which can be damaged like any other."""
        return list(shape.differences(link.command, tables, self._compiler, exact=exact))


class PostgresDialect(Dialect):
    """A PostgreSQL database, through psycopg."""

    name = "postgresql"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    begin_write = "BEGIN"
    table_names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    syncing: ClassVar = {
        True: "SET synchronous_commit = on",
        False: "SET synchronous_commit = off",
    }
    #: Taken after all row locks of a group, so that two groups cannot wait in a ring.
    order_commits = "SELECT pg_advisory_xact_lock(7236837)"
    _again = ("40P01", "40001", "55P03")
    _full = ("53", "25006", "58030")

    def __init__(self, url: str) -> None:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, poolclass=NullPool)
        compiler = engine.dialect
        super().__init__(engine, compiler)

    def connect(self) -> Link:
        """A new connection whose transactions begin where we say so."""
        held = self._connection()
        held.driver_connection.autocommit = True  # type: ignore[union-attr]  # psycopg's own
        link = Link(self, held)
        link.command(self.syncing[True])
        link.command("SET idle_in_transaction_session_timeout = '10s'")
        return link

    def insert(self, table: Table) -> Insert:
        """PostgreSQL's own INSERT."""
        # Imported here: SQLite's daemon would keep its 2 MiB for nothing.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)

    def adopt(self, metadata: MetaData) -> None:
        """Make the partial indexes partial here too.

        Not said where they are declared: an index that names PostgreSQL makes
        SQLAlchemy import it, also for SQLite.
        """
        for table in metadata.tables.values():
            for index in table.indexes:
                where = index.dialect_options["sqlite"]["where"]
                index.dialect_options["postgresql"]["where"] = where

    def _trouble(self, error: BaseException) -> Trouble | None:
        import psycopg

        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate or ""
        if state == "23505":
            return Trouble.CONFLICT
        if state in self._again:
            return Trouble.AGAIN
        if state.startswith(self._full):
            return Trouble.FULL
        broken = state.startswith(("08", "57P")) or not state
        return Trouble.GONE if broken and isinstance(error, psycopg.OperationalError) else None

    def check(self, link: Link, *, quick: bool) -> list[str]:
        """Nothing: the server checks its own pages (``pg_amcheck``)."""
        return []

    def home(self, link: Link) -> str | None:
        """The server, the database and the table as it numbers them: a dump that is put
        back, also in the same database, makes tables anew."""
        ((home,),) = link.command(
            "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),"
            " (SELECT oid FROM pg_database WHERE datname = current_database()),"
            " CAST(CAST('meta' AS regclass) AS oid))"
        )
        return str(home)

    def misshapen(self, link: Link, tables: Iterable[Table], *, exact: bool) -> list[str]:
        """Nothing: the server does not start on a catalogue that it cannot read."""
        return []


def dialect_for(url: str) -> Dialect:
    """The dialect of a store's address.

    Raises:
        ValueError: Neither ``sqlite:///FILE`` nor ``postgresql://…``.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        return SqliteDialect(url)
    if scheme in ("postgresql", "postgres"):
        return PostgresDialect(url.replace("postgres://", "postgresql://", 1))
    raise ValueError(
        f"store.url: {scheme!r} is no kind of store; expected sqlite:///FILE or postgresql://…"
    )


def file_of(url: str) -> Path | None:
    """The file of a SQLite store; None for a server's."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return Path(str(parsed.database)) if is_file else None
