"""Whether somebody else has a SQLite file open, and holding it so that nobody does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

#: A command that only looks is over by then.
PATIENCE_S = 2.0


class InUse(Exception):  # noqa: N818 - named as the state it reports
    """Others have the file open; the text says who, where that can be told."""

    cure = "end what has it open, then the same command"


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Have a file for oneself, with all of its log in it; what is damaged stays as it is.

    Raises:
        InUse: Another process, or connection, has it open.
    """
    with closing(sqlite3.connect(database, timeout=PATIENCE_S, isolation_level=None)) as link:
        try:
            # Only the last who has it open can take its log into it and away.
            ((mode,),) = link.execute("PRAGMA journal_mode = DELETE")
            link.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise in_use(database) from error
        else:
            if mode != "delete":
                raise in_use(database)
        yield


def in_use(database: Path) -> InUse:
    """What to say of a file that others have open."""
    by = ", ".join(_named(pid) for pid in users(database)) or "another process"
    return InUse(f"{database} is open in {by}")


def users(database: Path) -> list[int]:
    """Other processes that hold a lock of a file, by their number; none where nobody tells.

    Source: proc_locks(5). SQLite holds one as long as a file with a log is open.
    """
    found = set()
    with suppress(OSError, ValueError):
        known = database.stat()
        device = f"{os.major(known.st_dev):02x}:{os.minor(known.st_dev):02x}"
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if words[-3] == f"{device}:{known.st_ino}":
                found.add(int(words[-4]))
    return sorted(one for one in found if one > 0 and one != os.getpid())


def _named(pid: int) -> str:
    """``process 4711 (sqlite3)``."""
    with suppress(OSError, UnicodeDecodeError):
        return f"process {pid} ({Path(f'/proc/{pid}/comm').read_text(encoding='utf-8').strip()})"
    return f"process {pid}"
