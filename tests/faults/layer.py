"""The layer of ``layer.c``: built once, put below a process, and what its trace tells."""

from __future__ import annotations

import functools
import hashlib
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.frame import LackingError

SOURCE = Path(__file__).with_name("layer.c")
_HEAD = struct.Struct("<ciqq")
ACKNOWLEDGED, WRITE, TRUNCATE, SYNC, RENAME, UNLINK = b"A", b"W", b"T", b"S", b"R", b"U"


@functools.cache
def built() -> Path:
    """The library, compiled for this machine.

    Raises:
        LackingError: There is no C compiler, or it cannot.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise LackingError("no C compiler here: apt-get install gcc libc6-dev")
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    made = Path(tempfile.mkdtemp(prefix="sdsync-layer-")) / f"{name}.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    done = subprocess.run([*command, "-lpthread"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LackingError(f"the C compiler cannot build the layer: {done.stderr.strip()[:200]}")
    return made


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer over the files whose paths begin with ``below``."""

    below: Path
    trace: Path
    order: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process is started with."""
        return {
            "LD_PRELOAD": str(built()), "FAULTS_FOLDER": str(self.below.resolve()),
            "FAULTS_TRACE": str(self.trace), "FAULTS_ORDER": str(self.order),
        }  # fmt: skip

    def fail(self, number: int, ops: str = "WTS", every: int = 1) -> None:
        """Fail every so many calls with this errno; 0: kill the process there."""
        fresh = self.order.with_suffix(".new")
        fresh.write_text(f"{number} {ops} {every}")
        fresh.replace(self.order)

    def heal(self) -> None:
        """Fail nothing more."""
        self.order.unlink(missing_ok=True)

    def told(self) -> list[Op]:
        """Everything that took effect, in order."""
        return list(_ops(self.trace.read_bytes())) if self.trace.exists() else []


def layer_in(folder: Path) -> Layer:
    """A layer over the store of a folder, with its own files beside it."""
    beside = folder / "layer"
    beside.mkdir(exist_ok=True)
    return Layer(folder / "sdsync.db", beside / "trace", beside / "order")


@dataclass(frozen=True, slots=True)
class Op:
    """One call that took effect. ``data`` of a rename is the new name."""

    kind: bytes
    path: str
    at: int
    data: bytes


def _ops(trace: bytes) -> Iterator[Op]:
    place = 0
    while place + _HEAD.size <= len(trace):
        kind, name, at, length = _HEAD.unpack_from(trace, place)
        place += _HEAD.size
        path = trace[place : place + name].decode()
        place += name
        size = length if kind in (WRITE, RENAME) else 0
        yield Op(kind, path, at, trace[place : place + size])
        place += size


@dataclass(slots=True)
class _File:
    """What lies on the disk for sure, and what only the machine's memory has."""

    content: bytearray | None = None
    waiting: list[Op] = field(default_factory=list)

    def settle(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op.kind == UNLINK:
                self.content = None
                continue
            self.content = bytearray() if self.content is None else self.content
            end = op.at + len(op.data)
            if op.kind == TRUNCATE:
                del self.content[op.at :]
            if len(self.content) < end:
                self.content.extend(bytes(end - len(self.content)))
            if op.kind == WRITE:
                self.content[op.at : end] = op.data


def after_power_loss(
    before: Mapping[str, bytes], ops: Sequence[Op], dice: random.Random
) -> dict[str, bytes | None]:
    """Files as a loss of power after ``ops`` may leave them; None: not there.

    What was synced is there. Of each other write all, none or a part is there: the
    last one that made it may be torn at any sector.
    """
    files = {name: _File(bytearray(content)) for name, content in before.items()}
    for op in ops:
        if op.kind == ACKNOWLEDGED or op.path.endswith("-shm"):
            continue
        file = files.setdefault(op.path, _File())
        if op.kind == RENAME:  # of whole files that were synced before: the name may be old
            moved, files[op.data.decode()] = files.pop(op.path), _File()
            files[op.data.decode()] = moved
        elif op.kind == SYNC:
            file.settle(file.waiting)
            file.waiting = []
        else:
            file.waiting.append(op)
    for file in files.values():
        file.settle(_made_it(file.waiting, dice))
    return {
        name: None if one.content is None else bytes(one.content) for name, one in files.items()
    }


def _made_it(waiting: Sequence[Op], dice: random.Random) -> list[Op]:
    fate = dice.choice(("none", "all", "some", "torn"))
    if fate in ("none", "all") or not waiting:
        return list(waiting) if fate == "all" else []
    if fate == "some":
        return [one for one in waiting if dice.random() < 0.5]
    first = list(waiting[: dice.randrange(len(waiting)) + 1])
    torn = first.pop()
    sectors = dice.randrange(len(torn.data) // 512 + 1)
    return [*first, Op(torn.kind, torn.path, torn.at, torn.data[: sectors * 512])]
