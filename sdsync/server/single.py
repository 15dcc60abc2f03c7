"""One daemon per SQLite store: a lock beside it that ends with the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from sdsync.store.owners import new_file


class AlreadyRunningError(Exception):
    """Another daemon holds the store; the text says which and what to do."""


def held(database: Path) -> bool:
    """Whether a daemon runs on this store now, on this machine."""
    try:
        lock = os.open(_lock_of(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextlib.contextmanager
def only_instance(database: Path) -> Iterator[None]:
    """Hold the lock of a store. The kernel releases it however the process ends.

    Raises:
        AlreadyRunningError: Somebody else holds it.
    """
    path = _lock_of(database)
    with contextlib.suppress(FileExistsError):
        os.close(new_file(path))
    held = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(held, 20).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunningError(
                f"another sdsync runs on {database} (process {pid}); "
                "stop it, or give this one its own store.url"
            ) from None
        os.ftruncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(held)


def _lock_of(database: Path) -> Path:
    """Beside the file itself, so that it is one lock whatever link leads to it."""
    real = database.resolve()
    return real.with_name(real.name + ".lock")
