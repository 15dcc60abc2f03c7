"""The trail's head noted elsewhere: what finds a cut tail, or a chain made anew.

An anchor is a line of JSON, signed by the store's key, in a file that only grows. The
witness beside the store holds the newest head alone, and lies where the store lies.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sdsync.store.codec import encode, load
from sdsync.store.owners import new_file
from sdsync.store.plainfiles import reading, told_of
from sdsync.store.proof import Line, Proof

_LONGEST = 4096
#: More are counted, not told.
TOLD = 20


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head at an instant."""

    at: str
    store: str
    epoch: int
    seq: int
    head: str

    @property
    def plain(self) -> bytes:
        """What is signed."""
        return encode({"what": "anchor", **asdict(self)})


@dataclass(slots=True)
class AnchorReport:
    """What the lines of an anchor file say about a trail."""

    path: str
    lines: int = 0
    newest: int = 0  # record
    newest_at: str = ""
    problems: list[str] = field(default_factory=list)
    more: int = 0  # problems that are not told
    unread: str = ""  # why the file cannot be read, or not to its end

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems and not self.unread

    def add(self, told: str) -> None:
        """Note a problem."""
        if len(self.problems) < TOLD:
            self.problems.append(told)
        else:
            self.more += 1

    def took(self, anchor: Anchor) -> None:
        """Count a line."""
        self.lines += 1
        if anchor.seq >= self.newest:
            self.newest, self.newest_at = anchor.seq, anchor.at


def append(path: Path, line: bytes) -> None:
    """Add a line to an anchor file; on disk when it returns.

    Raises:
        FileProblem: It cannot be written.
    """
    with told_of(path):
        with suppress(FileExistsError):
            os.close(new_file(path, mode=0o640))
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
        with os.fdopen(handle, "rb+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line  # one was broken off
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def read(path: Path) -> Iterator[tuple[int, Anchor | None, str]]:
    """Lines of an anchor file: number, anchor (None: no such line), its signature.

    Raises:
        FileProblem: The file cannot be read.
    """
    with reading(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
            anchor, signature = _read(raw)
            yield number, anchor, signature


def _read(raw: bytes) -> tuple[Anchor | None, str]:
    try:
        said: Any = load(raw)
        signature = str(said.pop("signature"))
        anchor = Anchor(**said)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None, ""
    fits = type(anchor.seq) is int and type(anchor.epoch) is int and signature.isascii()
    texts = all(isinstance(one, str) for one in (anchor.at, anchor.store, anchor.head))
    return (anchor if fits and texts else None), signature


def compare(path: Path) -> Callable[[Proof, Line | None], None]:
    """A look at each line of an export that stands in its place, with None in the end.

    A head fits when the record that it was noted of bears the same seal, and when an
    export that was made later is of a trail that still had this record.
    """
    heads: dict[int, Anchor] = {}
    unread: list[int] = []
    for number, anchor, _ in read(path):
        if anchor is None:
            unread.append(number)
        else:
            heads[anchor.seq] = anchor

    def look(proof: Proof, line: Line | None) -> None:
        if line is None:
            for number in unread:
                proof.add("anchor", f"{path}: line {number} is no anchor")
            if not heads:
                proof.add("anchor", f"{path}: there is no anchor in it")
            return
        if line.n == 0:
            for one in heads.values():
                _compare_head(proof, line.data, one)
            return
        found = heads.get(line.data.get("seq", -1))
        if found is not None and line.data.get("seal") != found.head:
            told = f"{line.name} is not the one that the anchor of {found.at} saw"
            proof.add("anchor", f"{told}: the chain was made anew")

    return look


def _compare_head(proof: Proof, head: dict[str, Any], anchor: Anchor) -> None:
    sealed = head.get("sealed")
    upto = sealed.get("seq") if isinstance(sealed, dict) else None
    if head.get("store") != anchor.store:
        proof.add("anchor", f"the anchor of {anchor.at} is of another store, {anchor.store}")
    elif isinstance(upto, int) and anchor.seq > upto and anchor.at < str(head.get("at")):
        told = f"the anchor of {anchor.at} saw records up to {anchor.seq}; when this was"
        proof.add("anchor", f"{told} exported, the trail ended with record {upto}")
