"""The doors to store, commands and daemon, each opened only when a command needs it."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sdsync.cli.codes import Code, CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from sdsync.cli.looks.status import House
    from sdsync.config.model import Config
    from sdsync.config.secrets import SecretRef
    from sdsync.store.backups import Backup, Restored
    from sdsync.store.contract import Store
    from sdsync.store.opening import StoreFiles
    from sdsync.store.sql import SqlStore
    from sdsync.store.verify import StoreReport

#: How long the daemon's own answer is waited for: a status must not hang with it.
HEALTH_S = 0.5
_ANSWER_BYTES = 65_536
_PUT_BACK = "sdsync store restore FILE, the newest backup"
#: What SQLite keeps in up to three files.
_SUFFIXES = ("", "-wal", "-shm")


# -- the store -------------------------------------------------------------------------
def revealed(value: SecretRef | str | None) -> str | None:
    """A setting that may be a secret's reference, as what it stands for."""
    return value if value is None or isinstance(value, str) else value.reveal()


def _files(config: Config) -> StoreFiles:
    from sdsync.store.opening import files_of

    return files_of(revealed(config.store.url), config.path.absolute().parent)


@contextmanager
def _owned(config: Config) -> Iterator[None]:
    """Where a file of the store does not open, say whose it is and how to become them."""
    try:
        yield
    except (PermissionError, sqlite3.OperationalError) as error:
        shut = isinstance(error, PermissionError) or "unable to open" in str(error)
        database = _files(config).database
        uid = _owner(database) if shut and database is not None else None
        if uid in (None, os.geteuid()):
            raise
        owner, file = _account(uid), shlex.quote(str(config.path))
        raise CommandError(
            f"the store {database} belongs to {owner}, and you are {_account(os.geteuid())}",
            # With the file: sudo hands no SDSYNC_CONFIG on.
            cure=f"sudo -u {shlex.quote(owner)} -- sdsync -c {file} …",
        ) from error


def shut(path: Path) -> CommandError:
    """What to say of a file that this user may not read, write or make, and its remedy."""
    found, me = (path if os.access(path, os.F_OK) else path.parent), _account(os.geteuid())
    uid, quoted = _owner(found), shlex.quote(str(found))
    told = f"{found}: permission denied; it belongs to {_account(uid)}, and you are {me}"
    if uid == os.geteuid():
        return CommandError(f"{found}: permission denied", cure=f"ls -ld {quoted}")
    if _owner(found.parent) == os.geteuid():  # one of ours: left by a command of another account
        return CommandError(told, cure=f"sudo chown {shlex.quote(me)} {quoted}")
    return CommandError(told, cure=f"the same command as {_account(uid)}")


def _owner(path: Path) -> int | None:
    """Whose it is, or the folder that we may not look into; None: nobody says."""
    for one in (path, *path.parents):
        with suppress(OSError):
            return one.stat().st_uid
    return None


def _account(uid: int | None) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"#{uid}"  # as sudo takes it


def open_store(config: Config) -> SqlStore:
    """The store that is there; a command that only looks never makes one."""
    from sdsync.store.opening import open_store as opening

    url, folder = revealed(config.store.url), config.path.parent
    database = _files(config).database
    with _owned(config):
        if database is not None and not database.exists():
            raise CommandError(
                f"there is no store at {database}: sdsync did not run here yet", cure="sdsync run"
            )
        return opening(url, revealed(config.store.key), path=folder, check=False)


def upgrade_store(config: Config) -> str:
    """Bring the tables to this program's form; what is said of it."""
    from sdsync.store.opening import upgrade_files

    with _owned(config):
        revision = upgrade_files(_files(config))
    return f"the store has form {revision}, the one of this program"


def verify_store(config: Config, anchor: Path | None = None) -> StoreReport:
    """Read every page, open it with the key, follow the trail; raises what is wrong.

    Args:
        config: Names the store.
        anchor: Where heads of its trail were noted.
    """
    from sdsync.store.opening import open_store as opening

    url, key = revealed(config.store.url), revealed(config.store.key)
    with _owned(config):
        store = opening(url, key, path=config.path.parent, check=True)
    with closing(store):
        report = store.examine()
        heads = None if anchor is None else store.check_anchors(anchor)
    if report.problems:
        found = "\n  ".join(report.problems[:5])
        raise CommandError(f"the store is not sound:\n  {found}", cure=_PUT_BACK)
    if report.suspect is not None:
        raise CommandError(
            f"the store is sound, but may not be the newest of its copies: {report.suspect}",
            cure="sdsync run (it reads every system, then trusts it), or sdsync store trust",
            code=Code.NEEDS_YOU,
        )
    if report.audit.problem is not None:
        raise CommandError(report.audit.problem, cure="sdsync audit verify")
    if heads is not None and not heads.ok:
        told = heads.unread or f"{heads.path}: {heads.problems[0]}"
        raise CommandError(told, cure=f"sdsync audit verify --anchor {heads.path}")
    return report


def back_up_store(config: Config, to: Path | None, now: datetime) -> Backup:
    """Copy the store beside itself, or where that is said; a daemon goes on meanwhile."""
    from sdsync.store.backups import back_up

    if to is not None and not to.suffix and not to.exists():
        # The disk for backups may not be mounted: a file of its name would be on this one.
        raise CommandError(
            f"{to} is not there: a folder that is missing, or a disk that is not mounted",
            cure=f"mkdir -p {to}; or name a file in it, such as {to / 'sdsync.backup'}",
        )
    files = _files(config)
    with _owned(config):
        if files.database is not None and files.database.exists():
            files.database.open("rb").close()
    name = f"{files.database.name if files.database else 'store'}.backup-{now:%Y%m%dT%H%M%S}"
    folder = files.key.parent if to is None else to
    where = folder / name if folder.is_dir() else folder
    return back_up(files, revealed(config.store.key), where)


def put_back_store(
    config: Config, backup: Path, *, by: str, now: datetime, dry_run: bool
) -> Restored:
    """Put a backup in the store's place; refused while a daemon runs on it.

    A dry run only reads the backup, and needs nobody to stop.
    """
    from sdsync.server.single import AlreadyRunningError, only_instance
    from sdsync.store.backups import judge, put_back

    files, key = _files(config), revealed(config.store.key)
    database = judge(files, backup)
    lock = nullcontext() if dry_run else only_instance(database)
    try:
        with _owned(config), lock:
            return put_back(files, key, backup, by=by, now=now, dry_run=dry_run)
    except AlreadyRunningError:
        told = "sdsync runs on this store; stop it first"
        raise CommandError(told, cure="systemctl stop sdsync, then the same command") from None


def _store_bytes(config: Config) -> int | None:
    """What the database takes on disk; None on a server."""
    from sdsync.store.opening import files_of

    database = files_of(revealed(config.store.url), config.path.parent).database
    if database is None:
        return None
    files = (database.with_name(database.name + suffix) for suffix in _SUFFIXES)
    return sum(one.stat().st_size for one in files if one.exists())


# -- the daemon -----------------------------------------------------------------------
def house(config: Config, store: Store, now: datetime) -> House:
    """What is known beside the store: whether a daemon runs, since when, how large it all is."""
    from sdsync.cli.looks.status import House
    from sdsync.server.started import changed, files_of
    from sdsync.store.opening import files_of as store_files

    told = daemon(config)
    up_s = told.get("up_s") if isinstance(told.get("up_s"), int | float) else None
    running = up_s is not None or _runs(config, store, now)
    files = told.get("files")
    files = files if isinstance(files, dict) else {}
    notes = told.get("notes")
    notes = notes if isinstance(notes, dict) else {}
    return House(
        running=running,
        edited=changed(files, files_of(config)) if files else (),
        broker=str(notes.get("broker", "")),
        anchor=str(notes.get("anchor", "")),
        free_bytes=store_files(revealed(config.store.url), config.path.parent).free_bytes(),
        up_s=up_s,
        store_bytes=_store_bytes(config),
        config_text=config.path.read_bytes(),
        in_force=str(files.get(config.path.name, "")),
    )


def _runs(config: Config, store: Store, now: datetime) -> bool:
    """Whether a daemon drives the lanes: by its lock on this machine, by its leases elsewhere."""
    from sdsync.server.single import held
    from sdsync.store.opening import files_of

    database = files_of(revealed(config.store.url), config.path.absolute().parent).database
    if database is not None:  # a lease outlives a killed daemon by half a minute
        return held(database)
    leased = (store.lane(name).lease_until for name in config.systems)
    return any(until is not None and until > now for until in leased)


def key_in_use(config: Config) -> str | None:
    """The key that the running daemon encrypts with, by its id; None: no daemon says so."""
    key = daemon(config).get("key")
    return key if isinstance(key, str) else None


def daemon(config: Config) -> dict[str, Any]:
    """What the daemon says of itself; nothing when none answers."""
    link = http.client.HTTPConnection(config.server.host, config.server.port, timeout=HEALTH_S)
    with closing(link), suppress(OSError, ValueError, http.client.HTTPException):
        link.request("GET", "/healthz")
        told = json.loads(link.getresponse().read(_ANSWER_BYTES))
        if isinstance(told, dict):
            return told
    return {}
