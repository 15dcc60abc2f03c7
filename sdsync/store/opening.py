"""Opening a store: its files, its key, its form; refusing one that is not sound."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdsync.config.clock import Clock
from sdsync.store import tables
from sdsync.store.crypto import Cipher, KeyProblem, make_key_file, read_key_file, read_keys
from sdsync.store.dialect import Dialect, Link, Trouble, dialect_for, file_of
from sdsync.store.identity import Witness, WitnessFile, fresh_meta, read_meta
from sdsync.store.owners import new_file
from sdsync.store.sql import SqlStore
from sdsync.store.statements import insert_if_new
from sdsync.store.upgrading import (
    SchemaDamaged,
    StoreForm,
    WrongStore,
    form_of,
    make_tables,
    upgrade,
)
from sdsync.store.vault import Vault
from sdsync.store.writer import StoreDamaged

META_NEW = insert_if_new(tables.meta, ("name",))


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """Where a store and what belongs beside it lie."""

    url: str
    database: Path | None  # None on a server
    key: Path
    witness: Path

    def free_bytes(self) -> int | None:
        """What is left on the store's disk; None: it is a server's, or nobody says."""
        try:
            return None if self.database is None else shutil.disk_usage(self.database.parent).free
        except OSError:
            return None


def files_of(url: str | None, path: Path) -> StoreFiles:
    """The files of a store.

    Args:
        url: None means SQLite in ``path``.
        path: The folder for what has no other place: that of ``sdsync.toml``.
    """
    if url is None:
        url = f"sqlite:///{(path / 'sdsync.db').absolute()}"
    database = file_of(url)
    base = database or path / "sdsync.store"
    return StoreFiles(
        url, database, base.with_name(base.name + ".key"), base.with_name(base.name + ".witness")
    )


def open_store(
    url: str | None,
    key: str | None,
    *,
    path: Path,
    clock: Clock | None = None,
    check: bool = True,
) -> SqlStore:
    """Open a store, or make a new one where there is none.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://…``; None: SQLite in ``path``.
        key: The store's keys in base64, the current one first; None: the key
            file beside the store, made with a new store.
        path: The folder of ``sdsync.toml``.
        clock: For ages on screens.
        check: Read every page of a SQLite file first; for commands of a person
            that shall be quick, leave it out.

    Raises:
        WrongStore: Not ours, or its form is not this program's.
        KeyProblem: The key is missing or not this store's.
        StoreDamaged: The file is no sound database.
    """
    return open_files(files_of(url, path), key, clock=clock, check=check)


def open_files(
    files: StoreFiles, key: str | None, *, clock: Clock | None = None, check: bool = True
) -> SqlStore:
    """As :func:`open_store`, where the files lie elsewhere than usual."""
    dialect = dialect_for(files.url)
    with _damage_named(files, dialect):
        return _open(files, dialect, key, clock, check=check)


def upgrade_files(files: StoreFiles) -> str:
    """Bring a store to this program's form; the form reached.

    Raises:
        WrongStore: A newer program's, or nobody's that we know.
        StoreDamaged: It cannot be read to its end, or has not the tables of its form.
    """
    with _damage_named(files, dialect_for(files.url)):
        return upgrade(files.url)


@contextlib.contextmanager
def _damage_named(files: StoreFiles, dialect: Dialect) -> Iterator[None]:
    """Whatever the driver calls damage: told with its place and its remedy."""
    try:
        yield
    except BaseException as error:
        dialect.engine.dispose()
        if isinstance(error, SchemaDamaged):
            raise _damaged(files, error.found) from error
        if dialect.trouble(error) is Trouble.DAMAGED:
            raise _damaged(files, [str(getattr(error, "orig", error))]) from error
        raise


def _open(
    files: StoreFiles, dialect: Dialect, key: str | None, clock: Clock | None, *, check: bool
) -> SqlStore:
    if files.database is not None:
        _make_private(files.database)
    form = form_of(dialect)
    if form is StoreForm.OLD:
        raise WrongStore("the store has an older form; run: sdsync store upgrade")
    if form is StoreForm.EMPTY:
        make_tables(dialect)
    link = dialect.connect()
    try:
        if check and (found := dialect.check(link, quick=True)):
            raise _damaged(files, found)
        vault = _unlock(dialect, link, files, key)
    finally:
        link.close()
    return SqlStore(dialect, vault, WitnessFile(files.witness, vault), clock)


def _make_private(database: Path) -> None:
    """Make the file before SQLite does, so that it is never open to others."""
    with contextlib.suppress(FileExistsError):
        os.close(new_file(database))


def _unlock(dialect: Dialect, link: Link, files: StoreFiles, key: str | None) -> Vault:
    sealed = read_meta(link, "secrets")
    if sealed is None:
        _make_new(dialect, link, files, key)
        sealed = read_meta(link, "secrets") or b""
    try:
        return Vault.unlocked(Cipher(_keys(files, key)), sealed)
    except KeyProblem as problem:
        raise KeyProblem(f"the store does not open with this key: {problem}") from None


def _keys(files: StoreFiles, key: str | None) -> Sequence[bytes]:
    return read_key_file(files.key) if key is None else read_keys(key)


def _make_new(dialect: Dialect, link: Link, files: StoreFiles, key: str | None) -> None:
    """Give a new store its id, its keys and its witness; another process may be faster."""
    if key is None:
        with contextlib.suppress(FileExistsError):
            make_key_file(files.key)
    vault = Vault.fresh(Cipher(_keys(files, key)))
    link.begin_write()
    rows = fresh_meta(vault, dialect.home(link))
    made = [link.run(META_NEW, {"name": name, "value": rows[name]}) for name in rows]
    link.command("COMMIT")
    if all(made):
        WitnessFile(files.witness, vault).write(Witness(rows["id"].decode(), 1))


def _damaged(files: StoreFiles, found: Sequence[str]) -> StoreDamaged:
    where = files.database or "the store"
    lines = "\n  ".join(found[:5])
    return StoreDamaged(
        f"{where} is damaged and was not opened:\n  {lines}\n"
        f"Nothing was changed. Stop sdsync, copy {where} and the files beside it away, then "
        "restore the newest backup; what is newer is read again from the systems."
    )
