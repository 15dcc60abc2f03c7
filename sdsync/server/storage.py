"""The daemon's store: waited for, locked, and watched for what others write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import structlog

from sdsync.config.clock import Clock
from sdsync.config.model import Config
from sdsync.config.secrets import SecretRef
from sdsync.server.single import only_instance
from sdsync.store.dialect import StoreAway
from sdsync.store.opening import files_of, open_store
from sdsync.store.sql import SqlStore

log = structlog.get_logger(__name__)

#: A database server that starts beside us is there within a minute, or is missing.
STORE_WAIT_S = 60.0


def open_waiting(config: Config, clock: Clock) -> SqlStore:
    """Open the store, waiting in place for a database server that is still starting."""
    key = config.store.key.reveal() if config.store.key else None
    url, folder = revealed(config.store.url), config.path.absolute().parent
    if _database(config) is not None:
        return open_store(url, key, path=folder, clock=clock)
    # A file is there or not: only who waits for a server imports what waits.
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        stop_after_delay,
        wait_random_exponential,
    )

    tries = Retrying(
        retry=retry_if_exception_type(StoreAway),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        stop=stop_after_delay(STORE_WAIT_S),
        before_sleep=lambda state: log.warning("store.not_there", tries=state.attempt_number),
        reraise=True,
    )
    return tries(open_store, url, key, path=folder, clock=clock)


def lock_of(config: Config) -> contextlib.AbstractContextManager[None]:
    """The single-instance lock; nothing on a database server, which many may share."""
    database = _database(config)
    return contextlib.nullcontext() if database is None else only_instance(database)


def pulse_of(config: Config) -> Callable[[], object] | None:
    """A cheap value that another process's commit changes: size and time of SQLite's log."""
    database = _database(config)
    if database is None:
        return None
    real = database.resolve()  # beside which SQLite has its log
    wal = real.with_name(real.name + "-wal")

    def look() -> object:
        try:
            found = wal.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    return look


def _database(config: Config) -> Path | None:
    return files_of(revealed(config.store.url), config.path.absolute().parent).database


def revealed(value: SecretRef | str | None) -> str | None:
    """A setting that may be a secret, as its value."""
    return value.reveal() if isinstance(value, SecretRef) else value
