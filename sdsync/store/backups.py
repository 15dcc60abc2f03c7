"""A copy of a SQLite store while it runs, and its return into the store's place (law 32).

A backup is one file, without the key. It is read whole before it is called one, and
again before anything gives way to it. A server's store is backed up by the server's tools.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sdsync.store.alone import alone, in_use, users
from sdsync.store.dialect import dialect_for
from sdsync.store.opening import StoreFiles, open_files
from sdsync.store.owners import new_file
from sdsync.store.records import AuditRow, Change
from sdsync.store.sql import SqlStore
from sdsync.store.upgrading import StoreForm, form_of, upgrade
from sdsync.store.writer import StoreDamaged

#: What SQLite keeps beside a file: the log before the rest, which is nothing without it.
_BESIDE = ("-wal", "-shm")
#: What every file of SQLite begins with. Source: sqlite.org/fileformat.html, section 1.3.
_MAGIC = b"SQLite format 3\0"


class BackupProblem(Exception):  # noqa: N818 - named as what it reports
    """No backup was made, or none was put back; the text says why. Nothing was changed.

    Args:
        message: What is wrong.
        cure: The command to type next.
    """

    def __init__(self, message: str, *, cure: str | None = None) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read whole."""

    path: Path
    size: int  # bytes
    records: int  # of its audit trail
    newest_at: datetime | None  # of these


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that came back from a backup. ``kept`` is what stood in its place, if anything."""

    backup: Backup
    kept: Path | None


def back_up(files: StoreFiles, key: str | None, to: Path) -> Backup:
    """Copy a store as it is at one instant; whoever writes meanwhile is not held up.

    Args:
        files: Of the store.
        key: As of :func:`sdsync.store.opening.open_store`.
        to: Where no file is yet. Killed, nothing of that name is there.

    Raises:
        BackupProblem: There is no file to copy, or the copy is not sound.
        PermissionError: This user may not write there.
    """
    database = _file(files)
    if to.exists():
        told = f"{to} is there already"
        raise BackupProblem(told, cure=f"sdsync store backup {to.parent}: a new name there")
    if not to.parent.is_dir():
        raise BackupProblem(f"{to.parent} is no folder", cure=f"mkdir -p {to.parent}")
    with _part(to) as part:
        _copy(database, part)
        found = _sound(part, files, key, cure="sdsync store verify", upgrading=False)
        _alone(part)
        part.rename(to)
        _on_disk(to.parent)
    return replace(found, path=to)


def put_back(
    files: StoreFiles,
    key: str | None,
    backup: Path,
    *,
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> Restored:
    """Put a backup in the place of the store, which nobody may use meanwhile.

    It is suspect until every system was read (law 32). What stands there is kept. A backup
    of an older form is brought to this program's. Killed at any moment, either the old
    store stands there or the new one.

    Args:
        files: Of the store; its database need not be there.
        key: As of :func:`sdsync.store.opening.open_store`.
        backup: A backup, or a store's file that was kept.
        by: Who does it.
        now: When.
        dry_run: Only read the backup.

    Raises:
        BackupProblem: The backup is not sound, is no store's, or does not open.
        InUse: Others have the store open, or write into what is to be put back.
    """
    database = judge(files, backup)
    for one in (backup,) if dry_run else (backup, database):
        if users(one):  # before anything is read: who gives way is held in the end
            raise in_use(one)
    # Of another name: a dry run holds no lock, and may go on beside one who does put it back.
    with _part(_beside(database, ".dry-run") if dry_run else database) as part:
        for end in ("", *_BESIDE[:1]):
            if (source := _beside(backup, end)).exists():
                shutil.copyfile(source, _beside(part, end))
        older = f"sdsync store restore FILE, an older backup: ls -l {backup.parent}"
        found = replace(_sound(part, files, key, cure=older), path=backup)
        if dry_run:
            return Restored(found, None)
        told = f"it came back from {backup.name}, by {by} at {now:%Y-%m-%d %H:%M} UTC"
        with closing(_opened(part, files, key)) as store:
            store.note_restored(told)
            row = AuditRow(now, "restored", f"person:{by}", actor=by, text=backup.name)
            store.commit(Change(audit=[row]))
        _alone(part)
        kept = _take_place(part, database, now)
    return Restored(found, kept)


def judge(files: StoreFiles, backup: Path) -> Path:
    """Refuse at a glance what is no backup; where it would go if it is one.

    Raises:
        BackupProblem: It is not there, is something else, or the store is on a server.
    """
    database = _file(files, there=False)
    look = f"ls -l {backup.parent}"
    try:
        if backup.is_dir():
            raise _folder(backup)
        if not backup.exists():
            raise BackupProblem(f"{backup} is not there", cure=look)
        if not backup.is_file() or not _is_sqlite(backup):
            raise BackupProblem(f"{backup} is no backup of sdsync", cure=look)
        if database.exists() and backup.samefile(database):
            raise BackupProblem(f"{backup} is the store itself")
    except OSError as error:
        raise BackupProblem(f"{backup} cannot be read: {error.strerror}", cure=look) from error
    return database.resolve()  # what gives way is the file, not a link to it


def _folder(folder: Path) -> BackupProblem:
    """What to say of a folder: the backup in it that was probably meant."""
    found = [one for one in folder.glob("*.backup-*") if one.is_file() and _is_sqlite(one)]
    if not found:
        return BackupProblem(f"{folder} is a folder", cure=f"ls -l {folder}")
    newest = max(found, key=lambda one: one.stat().st_mtime)
    told = f"{folder} is a folder; its newest backup is {newest.name}"
    return BackupProblem(told, cure=f"sdsync store restore {newest}")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _file(files: StoreFiles, *, there: bool = True) -> Path:
    if files.database is None:
        raise BackupProblem("the store is on a server, whose own tools copy it: pg_dump")
    if there and not files.database.is_file():
        raise BackupProblem(f"there is no store at {files.database}")
    return files.database


@contextmanager
def _part(of: Path) -> Iterator[Path]:
    """A file beside that only we may read; what is left of it in the end goes."""
    part = of.with_name(of.name + ".part")
    try:
        _drop(part)  # of one who was killed
        os.close(new_file(part, of if of.exists() else None))
        yield part
    except PermissionError:
        raise  # whose it is, and who asks, says whoever types it
    except (OSError, sqlite3.Error) as error:
        raise BackupProblem(f"{part} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            _drop(part)


def _drop(path: Path) -> None:
    for end in ("", *_BESIDE):
        _beside(path, end).unlink(missing_ok=True)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _copy(database: Path, to: Path) -> None:
    # In one step: in several, each commit of another process would begin it anew.
    source, target = sqlite3.connect(database, timeout=10), sqlite3.connect(to)
    with closing(source), closing(target):
        source.backup(target)


def _alone(path: Path) -> None:
    """Make it one file, with nothing beside it, on the disk."""
    with closing(sqlite3.connect(path)) as link:
        (mode,) = link.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise BackupProblem(f"{path} is in use by another process")
    _on_disk(path)


def _sound(
    path: Path, files: StoreFiles, key: str | None, *, cure: str, upgrading: bool = True
) -> Backup:
    """Read every page of a copy, and follow its trail."""
    try:
        with closing(_opened(path, files, key, upgrading=upgrading)) as store:
            report = store.examine(anchored=False)
            newest = list(store.audit(after_seq=max(0, report.audit.records - 1), limit=1))
    except (StoreDamaged, sqlite3.DatabaseError) as damage:
        told = f"the copy is damaged: {damage.__cause__ or damage}"
        raise BackupProblem(told, cure=cure) from damage
    found = [*report.problems, *filter(None, [report.audit.problem])]
    if found:
        raise BackupProblem("the copy is not sound:\n  " + "\n  ".join(found[:5]), cure=cure)
    size = path.stat().st_size
    return Backup(path, size, report.audit.records, newest[0].at if newest else None)


def _opened(path: Path, files: StoreFiles, key: str | None, *, upgrading: bool = True) -> SqlStore:
    """The store in a file, of this program's form from then on.

    Raises:
        BackupProblem: It holds none.
    """
    url = f"sqlite:///{path}"
    dialect = dialect_for(url)
    try:
        form = form_of(dialect)
    finally:
        dialect.engine.dispose()
    if form is StoreForm.EMPTY:
        raise BackupProblem("it holds no store")
    if form is StoreForm.OLD and not upgrading:
        raise BackupProblem("it has an older form: let the sdsync that wrote it make the backup")
    if form is StoreForm.OLD:
        upgrade(url)
    at = replace(files, url=url, database=path, witness=_beside(path, ".witness"))
    return open_files(at, key, check=False)


def _take_place(part: Path, database: Path, now: datetime) -> Path | None:
    if not database.exists():
        part.replace(database)
        kept = None
    else:
        shutil.copymode(database, part)
        with alone(database):
            kept = _give_way(database, now)
            part.replace(database)
    _on_disk(database.parent)
    return kept


def _give_way(database: Path, now: datetime) -> Path:
    """Keep what stands there under another name; the log of a damaged one goes along, or it
    would be read into the store that comes."""
    kept = _beside(database, f".before-{now:%Y%m%dT%H%M%S}")
    try:
        os.link(database, kept)  # so that a store is there at every moment
    except FileExistsError:
        raise BackupProblem(f"{kept} is there already") from None
    except OSError:  # a file system without links
        os.close(new_file(kept, database))
        shutil.copyfile(database, kept)
    for end in _BESIDE:
        if (beside := _beside(database, end)).exists():
            beside.rename(_beside(kept, end))
    return kept


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
