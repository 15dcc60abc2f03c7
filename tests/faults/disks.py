"""Disks that lose power, are full, cannot be written, break."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sdsync.store.opening import files_of, open_store
from sdsync.store.records import Change, WorkKey
from sdsync.store.upgrading import upgrade
from tests.faults.door import Door, door, until
from tests.faults.frame import Trial, fault
from tests.faults.layer import ACKNOWLEDGED, SYNC, Op, after_power_loss, layer_in
from tests.integration.store.builders import share

FREED_S = 10.0
KEPT = ("sdsync.db", "sdsync.db-wal", "sdsync.db.witness")


@fault(
    "R5", "power lost at any moment: what was not synced is gone or torn, nothing acknowledged is"
)
def power(trial: Trial) -> None:
    with door(trial) as one:
        one.open()
        one.stop()
        layer = layer_in(trial.folder)
        before = {
            str(path.resolve()): path.read_bytes()
            for name in KEPT if (path := trial.folder / name).exists()
        }  # fmt: skip
        one.open(layer.environment)
        with closing(one.connect()) as link:
            for _ in range(trial.of(60, 1000)):
                one.knock(link, one.number())
        one.kill()
        ops = layer.told()
        acks = [place for place, op in enumerate(ops) if op.kind == ACKNOWLEDGED]
        trial.count("acknowledged", len(one.taken))
        trial.count("syncs", sum(op.kind == SYNC for op in ops))
        trial.must(len(acks) == len(one.taken) > 0, f"the layer saw {len(acks)} answers")
        cuts = [trial.dice.choice(acks) + 1 for _ in range(trial.of(6, 100))]
        cuts += [trial.dice.randrange(len(ops) + 1) for _ in range(trial.of(6, 100))]
        for cut in cuts:
            _cut(trial, one, before, ops[:cut], sum(place < cut for place in acks))
        # The proof that the layer can tell: had nothing been synced, all would be lost.
        never = [op for op in ops if op.kind != SYNC]
        put_back(trial.folder, after_power_loss(before, never, _Worst()))
        trial.must(_known(trial.folder, one.taken) == 0, "without a sync nothing was lost")


class _Worst(random.Random):
    """Nothing that waits makes it to the disk."""

    def choice(self, seq: Sequence[str]) -> str:  # type: ignore[override]  # of one kind here
        return seq[0]


def _cut(
    trial: Trial, one: Door, before: dict[str, bytes], ops: Sequence[Op], acknowledged: int
) -> None:
    put_back(trial.folder, after_power_loss(before, ops, trial.dice))
    told = Door(trial.folder, one.port, taken=one.taken[:acknowledged])
    trial.count("cuts")
    told.judge(trial, f"after {acknowledged} answers and {len(ops)} calls: ")


def put_back(folder: Path, files: dict[str, bytes | None]) -> None:
    """The disk as it would be found, in the very same files: a copy would be another store."""
    (folder / "sdsync.db-shm").unlink(missing_ok=True)
    (folder / "sdsync.db-wal").unlink(missing_ok=True)
    for name, content in files.items():
        path = Path(name)
        if content is None:
            path.unlink(missing_ok=True)
            continue
        with path.open("r+b" if path.exists() else "wb") as file:
            file.truncate()
            file.write(content)


def _known(folder: Path, numbers: Sequence[int]) -> int:
    store = open_store(None, None, path=folder)
    try:
        return sum(store.work(WorkKey("desk", "look", str(n))) is not None for n in numbers)
    finally:
        store.close()


@fault("R30", "the disk is full and then freed: 503 with Retry-After, then on without a restart")
def full(trial: Trial) -> None:
    with door(trial) as one:
        layer = layer_in(trial.folder)
        one.open(layer.environment)
        slowest = 0.0
        for _ in range(trial.of(2, 20)):
            _knocks(one, 10)
            layer.fail(errno.ENOSPC, "WT")
            refused = len(one.refused)
            _knocks(one, 10)
            trial.count("refused", len(one.refused) - refused)
            trial.must(len(one.refused) - refused == 10, "something was taken on a full disk")
            trial.must(one.get("healthz")[0] == 200, "it is not healthy on a full disk")
            layer.heal()
            freed = time.monotonic()
            until(lambda: _knocks(one, 1), "webhooks are taken on a disk that was freed")
            slowest = max(slowest, time.monotonic() - freed)
        trial.within(slowest, FREED_S, "until it took webhooks on a disk that was freed")
        trial.must(set(one.refused) <= {503}, f"it answered {sorted(set(one.refused))}")
        trial.must(all(one.retry), "an answer did not say when to come again")
        trial.count("acknowledged", len(one.taken))
        trial.must(one.stop() == 0, "it did not end in order")
        one.judge(trial)


def _knocks(one: Door, number: int) -> bool:
    """Knock so often with new webhooks; whether all were taken."""
    with closing(one.connect()) as link:
        taken = [one.knock(link, one.number()) for _ in range(number)]
    return all(taken)


@fault("R31", "writes, truncations and syncs fail with EIO, ENOSPC, EROFS: no silent loss")
def broken(trial: Trial) -> None:
    with door(trial) as one:
        layer = layer_in(trial.folder)
        one.open(layer.environment)
        for round_ in range(trial.of(6, 200)):
            number = (errno.EIO, errno.ENOSPC, errno.EROFS)[round_ % 3]
            ops = trial.dice.choice(("W", "S", "WTS"))
            layer.fail(number, ops, trial.dice.randrange(1, 12))
            _knocks(one, 12)
            layer.heal()
            until(lambda: _knocks(one, 1), "webhooks are taken on a disk that is well again")
            trial.count("troubles")
        trial.count("refused", len(one.refused))
        trial.count("acknowledged", len(one.taken))
        trial.must(one.refused, "nothing ever failed")
        trial.must(set(one.refused) <= {503}, f"it answered {sorted(set(one.refused))}")
        trial.must(one.stop() == 0, "it did not end in order")
        one.judge(trial)


UPGRADE = """
import sys
from pathlib import Path
from sdsync.store.opening import files_of
from sdsync.store.upgrading import upgrade
upgrade(files_of(None, Path(sys.argv[1])).url)
"""


@fault("R4", "killed at each write and sync of an upgrade: the next one ends it, nothing is lost")
def upgraded(trial: Trial) -> None:
    _old_form(trial.folder)
    layer = layer_in(trial.folder)
    old = trial.folder / "old"
    shutil.copy2(trial.folder / "sdsync.db", old)
    command = [sys.executable, "-c", UPGRADE, str(trial.folder)]
    environment = {**os.environ, **layer.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    calls = len(layer.told())
    moments = range(1, calls + 1)
    for moment in trial.dice.sample(moments, min(calls, trial.of(3, 200))):
        for name in KEPT[:2]:
            (trial.folder / name).unlink(missing_ok=True)
        (trial.folder / "sdsync.db-shm").unlink(missing_ok=True)
        shutil.copy2(old, trial.folder / "sdsync.db")
        layer.fail(0, "WTS", moment)
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        layer.heal()
        trial.count("kills", int(done.returncode == -signal.SIGKILL))
        upgrade(files_of(None, trial.folder).url)
        store = open_store(None, None, path=trial.folder)
        whole = all(store.share(f"hub-{n}") is not None for n in range(20))
        trial.must(whole, f"killed at call {moment} of {calls}: a record is gone")
        trial.must(not store.examine(anchored=False).problems, f"call {moment}: not sound")
        store.close()
    trial.count("calls of an upgrade", calls)
    trial.must(trial.counts["kills"] > 0, "it was never killed")


def _old_form(folder: Path) -> None:
    """A store of the first form, with records."""
    store = open_store(None, None, path=folder)
    store.commit(Change(shares=[share(n) for n in range(20)]))
    store.close()
    with closing(sqlite3.connect(folder / "sdsync.db")) as link, link:
        for table in ("plans", "plan_lines", "mapping_versions", "alarms"):
            link.execute(f"DROP TABLE {table}")
        link.execute("UPDATE alembic_version SET version_num = '0001'")
