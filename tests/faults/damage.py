"""A store that was damaged: told and named with its remedy, or as it was."""

from __future__ import annotations

import subprocess
import sys
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change, SystemRow
from sdsync.store.upgrading import WrongStore
from sdsync.store.writer import StoreDamaged
from tests.crash.house import CONFIG
from tests.faults.disks import KEPT, put_back
from tests.faults.frame import Trial, fault
from tests.integration.store.builders import NOW, share

#: Fewer than would have the log written back by itself.
COMMITS = 24
NEEDS_YOU = 3


@fault("R37", "bytes of the store changed or its log cut: told, or every value is what it was")
def damaged(trial: Trial) -> None:
    changed(trial)
    for path in trial.folder.iterdir():
        path.unlink()
    cut(trial)


def changed(trial: Trial) -> None:
    """Bytes of the database."""
    store = open_store(None, None, path=trial.folder)
    for n in range(40):
        row = AuditRow(NOW, "edited", "desk", f"hub-{n}")
        store.commit(Change(shares=[share(n)], systems=[SystemRow(f"s{n}")], audit=[row]))
    store.seal()
    store.close()
    path = trial.folder / "sdsync.db"
    sound = path.read_bytes()
    for _ in range(trial.of(20, 2000)):
        other = bytearray(sound)
        at = trial.dice.randrange(len(other))
        many = trial.dice.choice((1, 16, 4096))
        other[at : at + many] = trial.dice.randbytes(len(other[at : at + many]))
        put_back(trial.folder, {str(path): bytes(other)})
        told = _told(trial.folder)
        trial.count("told" if told else "harmless")
        trial.must(
            told or _same_or_told(trial.folder), f"{many} bytes at {at}: other values, and no word"
        )
    trial.must(trial.counts["told"] > 0, "no damage was told")


def _told(folder: Path) -> bool:
    """Whether opening or ``store verify`` says that something is wrong."""
    try:
        store = open_store(None, None, path=folder)
    except (StoreDamaged, WrongStore, KeyProblem, Unreadable):
        return True
    try:
        return not store.examine().ok
    except (StoreDamaged, Unreadable, KeyProblem):
        return True
    finally:
        store.close()


def _same_or_told(folder: Path) -> bool:
    """Whether each value is what it was, or its reader is told that it is not."""
    try:
        return _same(folder)
    except (StoreDamaged, Unreadable):
        return True


def _same(folder: Path) -> bool:
    """Whether every record reads as it was written."""
    store = open_store(None, None, path=folder)
    try:
        for n in range(40):
            found, wanted = store.share(f"hub-{n}"), share(n)
            if found is None or found.hub.values != wanted.hub.values:
                return False
            if [one.sent for one in found.replicas] != [one.sent for one in wanted.replicas]:
                return False
            if store.system(f"s{n}") != SystemRow(f"s{n}"):
                return False
        return len(list(store.audit())) == 40
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Moment:
    """One commit was synced and its record sealed: how long the log was, and what stood beside."""

    log_bytes: int
    witness: bytes


def cut(trial: Trial) -> None:
    """The log beside the database (``-wal``): torn at its end, truncated, broken in the middle."""
    files, moments = _written(trial.folder)
    log = files["sdsync.db-wal"]
    first, most = moments[0].log_bytes, len(log)
    for _ in range(trial.of(6, 400)):
        at = trial.dice.randrange(first, most)
        torn = trial.dice.randbytes(trial.dice.choice((0, 100, most - at)))
        whole = bisect_right([one.log_bytes for one in moments], at)
        # As the power left it: the witness had seen nothing newer than what was synced.
        beside = {"sdsync.db-wal": log[:at] + torn, "sdsync.db.witness": moments[whole - 1].witness}
        found, why = _opened(trial.folder, {**files, **beside})
        trial.count("logs cut")
        where = f"cut at {at} of {most}, {len(torn)} torn bytes behind"
        trial.must(whole <= found <= whole + 1, f"{where}: {found} commits of {whole}")
        trial.must(why is None, f"{where}: suspect though nothing sealed is lost: {why}")
    for _ in range(trial.of(6, 400)):
        at, broken = trial.dice.randrange(32, most - 1), bytearray(log)
        broken[at] ^= trial.dice.randrange(1, 256)
        found, why = _opened(trial.folder, {**files, "sdsync.db-wal": bytes(broken)})
        trial.count("logs broken")
        trial.count("of them told", why is not None)
        told = why is not None and "sealed audit records" in why
        trial.must(told or found == COMMITS, f"byte {at}: {found} commits are left, and no word")
    _remedy(trial, {**files, "sdsync.db-wal": log[:first]})


def _written(folder: Path) -> tuple[dict[str, bytes], list[Moment]]:
    """The files of a store that is open, and its moments; the log was never written back."""
    open_store(None, None, path=folder).close()  # its tables shall not stand in the log
    store, moments = open_store(None, None, path=folder), list[Moment]()
    for n in range(COMMITS):
        row = AuditRow(NOW, "edited", "desk", f"hub-{n}")
        store.commit(Change(shares=[share(n)], audit=[row]))
        store.seal()
        log_bytes = (folder / "sdsync.db-wal").stat().st_size
        moments.append(Moment(log_bytes, (folder / "sdsync.db.witness").read_bytes()))
    files = {name: (folder / name).read_bytes() for name in KEPT}
    store.close()
    return files, moments


def _opened(folder: Path, files: dict[str, bytes]) -> tuple[int, str | None]:
    """How many commits a store on these files has, all whole, and why it is suspect."""
    put_back(folder, {str(folder / name): content for name, content in files.items()})
    store = open_store(None, None, path=folder)
    try:
        known = [n for n in range(COMMITS) if store.share(f"hub-{n}") is not None]
        assert known == list(range(len(known))), f"not the first ones: {known}"
        report = store.examine()
        assert not report.problems, report.problems
        return len(known), report.suspect
    finally:
        store.close()


def _remedy(trial: Trial, files: dict[str, bytes]) -> None:
    """A person asks, and is told what it means and what to do."""
    put_back(trial.folder, {str(trial.folder / name): content for name, content in files.items()})
    config = trial.folder / "sdsync.toml"
    config.write_text(CONFIG.format(port=1, desk=1, dev=1))
    command = [sys.executable, "-m", "sdsync", "store", "verify", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    trial.must(done.returncode == NEEDS_YOU, f"store verify ended with {done.returncode}")
    trial.must("may not be the newest of its copies" in done.stderr, f"it said {done.stderr}")
    trial.must("run (it reads every system" in done.stderr, f"no remedy: {done.stderr}")
