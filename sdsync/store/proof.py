"""An audit export as a file: JSON Lines, each of which holds the one before it.

``link`` ends a line: the SHA-256 of the link before and of the line up to it, byte by byte.
The first line says what the file is, the last that it is whole; a signature of the last
line is one of all. Nothing here needs the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from sdsync.store.plainfiles import FileProblem, reading

WHAT = "sdsync audit export"
FORM = 1
_START = bytes(32)
_SIGN, _HEX, _END = b',"link":"', 64, b'"}\n'
_TAIL = len(_SIGN) + _HEX + len(_END)
#: A record holds at most a ticket's text twice; whoever writes longer lines means harm.
_LONGEST = 64 * 1024 * 1024
#: More are counted, not told.
TOLD = 20
#: Of the signature beside an export.
SUFFIX = ".sig"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the public key, and what makes of the last line the file beside it."""

    name: str
    sign: Callable[[bytes], bytes]


class Chained:
    """Writes the lines of an export."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._link = _START
        self.n = 0
        self.last = b""

    @property
    def link(self) -> str:
        """Of the last line."""
        return self._link.hex()

    def line(self, content: bytes) -> None:
        """Add a line.

        Args:
            content: A JSON object that has no number yet.
        """
        body = b'{"n":%d,%b' % (self.n, content[1:-1])
        self._link = _linked(self._link, body)
        self.last = body + _SIGN + self._link.hex().encode() + _END
        self._file.write(self.last)
        self.n += 1


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is not as it was written. ``kind`` is one word, for scripts."""

    kind: str  # changed | removed | put in | moved | cut | missing | unsound | signature | anchor
    told: str
    line: int | None = None  # of the file, from 1


@dataclass(slots=True)
class Proof:
    """What an export says, and what is wrong with it."""

    path: str
    head: dict[str, Any] = field(default_factory=dict)
    records: int = 0
    first: int | None = None  # record
    last: int | None = None
    left_out: int = 0  # records between those that are here
    signed_by: str | None = None  # the public key, where its signature holds
    end: bytes = b""  # the last line: what a signature is of
    flaws: list[Flaw] = field(default_factory=list)
    more: int = 0  # flaws that are not told

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.flaws

    def add(self, kind: str, told: str, line: int | None = None) -> None:
        """Note a flaw."""
        if len(self.flaws) < TOLD:
            self.flaws.append(Flaw(kind, told, line))
        else:
            self.more += 1


@dataclass(frozen=True, slots=True)
class Line:
    """A line that could be read. ``link`` is what it says of itself."""

    body: bytes
    link: bytes
    data: dict[str, Any]

    @property
    def raw(self) -> bytes:
        """As it stands in the file."""
        return self.body + _SIGN + self.link.hex().encode() + _END

    @property
    def n(self) -> int:
        """Its number, from 0; the first says what the file is."""
        return int(self.data["n"])

    @property
    def name(self) -> str:
        """What people call it."""
        if "seq" in self.data:
            return f"record {self.data['seq']}"
        return "the last line" if "end" in self.data else "the first line"


def read_line(raw: bytes) -> Line | None:
    """A line; None when it is none of an export."""
    body, sign, rest = raw[:-_TAIL], raw[-_TAIL : -_TAIL + len(_SIGN)], raw[-_TAIL + len(_SIGN) :]
    if sign != _SIGN or rest[_HEX:] != _END:
        return None
    with suppress(ValueError, TypeError, RecursionError):
        data, link = _loaded(raw), bytes.fromhex(rest[:_HEX].decode())
        plain = isinstance(data, dict) and type(data.get("n")) is int and data["n"] >= 0
        if plain and type(data.get("seq", 0)) is int and link.hex().encode() == rest[:_HEX]:
            return Line(body, link, data)
    return None


Look = Callable[[Proof, Line | None], None]


class Walk:
    """Follows the lines of a file, and notes each that is not what it was."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self.ended: Line | None = None
        self.strange = False  # lines were seen, and none of them was ever of an export
        self._next = 0
        self._links: set[bytes] = {_START}  # any of which the next line may hold; none: not known
        self._unread = False
        self._missing: list[tuple[int, int]] = []
        self._seq: int | None = None

    def step(self, number: int, raw: bytes) -> Line | None:
        """Take the next line of the file; the line, if it stands in its place."""
        line = read_line(raw)
        self.strange = line is None and (self.strange or number == 1)
        if self.ended is not None:
            self.proof.add("put in", f"line {number} stands after the end", number)
            return None
        if line is None:
            self._unread, told = True, f"line {number} is no line of an export"
            self.proof.add("changed", f"{told}: it was changed or put in", number)
            return None
        if line.n < self._next:
            self._again(number, line)
            return None
        if line.n > self._next:
            if not (self._unread and line.n == self._next + 1):
                self._missing.append((self._next, line.n - 1))
            self._links = set()
        self._check(number, line)
        self._next, self._unread = line.n + 1, False
        self._note(number, line)
        return line

    def end(self) -> None:
        """The file is over."""
        for first, last in self._missing:
            which = f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"
            self.proof.add("removed", f"{which} of the export {_are(first, last)} missing")
        if self.ended is None:
            after = f"after record {self.proof.last}" if self.proof.records else "at its start"
            self.proof.add("cut", f"the end is missing: the file was cut off {after}")

    def _again(self, number: int, line: Line) -> None:
        """A line whose number others passed: it stood elsewhere, or was put in."""
        for at, (first, last) in enumerate(self._missing):
            if first <= line.n <= last:
                rest = [(first, line.n - 1), (line.n + 1, last)]
                self._missing[at : at + 1] = [one for one in rest if one[0] <= one[1]]
                told = f"line {number} ({line.name}) was moved: it is line {line.n + 1}"
                self.proof.add("moved", f"{told} of the export", number)
                return
        told = f"line {number} ({line.name}) was put in: line {line.n + 1} of the export is there"
        self.proof.add("put in", f"{told} already", number)
        if line.n == self._next - 1:
            self._links.add(line.link)

    def _check(self, number: int, line: Line) -> None:
        made = {_linked(one, line.body) for one in self._links}
        if self._links and line.link not in made:
            told = f"line {number} ({line.name}) was changed, or the one before it"
            self.proof.add("changed", told, number)
        self._links = {line.link, *made}

    def _note(self, number: int, line: Line) -> None:
        proof, data = self.proof, line.data
        if line.n == 0:
            proof.head = data
            if data.get("what") != WHAT or data.get("form") != FORM:
                proof.add("changed", "line 1 does not say that it is an audit export", 1)
        elif "end" in data:
            self.ended = line
            proof.end = line.raw
        elif "seq" in data:
            self._record(number, data)
        else:
            proof.add("changed", f"line {number} is neither a record nor the end", number)

    def _record(self, number: int, data: dict[str, Any]) -> None:
        proof, seq = self.proof, data["seq"]
        between = seq - self._seq - 1 if self._seq is not None else 0
        if between > 0 and proof.head.get("record") is None and not self._missing:
            told = f"{between} records before record {seq} were missing in the store"
            proof.add("missing", told, number)
        if data.get("fits") is False:
            told = f"record {seq} did not fit the store's chain when it was exported"
            proof.add("unsound", told, number)
        self._seq = seq
        proof.records += 1
        proof.first = seq if proof.first is None else proof.first
        proof.last = seq
        proof.left_out += max(0, between)


def lines_of(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, from 1; a too long one comes in pieces."""
    number = 0
    while raw := file.readline(_LONGEST):
        number += 1
        yield number, raw


def examine(path: Path, look: Look | None = None) -> Proof:
    """Follow an export from its first line to its end.

    Args:
        look: Sees each line that stands in its place, and None in the end.

    Raises:
        FileProblem: It cannot be read, or no line of it was ever one of an export.
    """
    proof = Proof(str(path))
    walk = Walk(proof)
    with reading(path) as file:
        for number, raw in lines_of(file):
            line = walk.step(number, raw)
            if look is not None and line is not None:
                look(proof, line)
    if walk.strange:
        raise FileProblem(f"{path} is no export of sdsync")
    walk.end()
    if look is not None:
        look(proof, None)
    return proof


def dumped(content: dict[str, Any]) -> bytes:
    """A line's content as JSON, in the order given."""
    try:
        return orjson.dumps(content)
    except orjson.JSONEncodeError:  # as in the store: numbers over 64 bits, lone surrogates
        return json.dumps(content, separators=(",", ":")).encode()


def _loaded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def _linked(before: bytes, body: bytes) -> bytes:
    return hashlib.sha256(before + body).digest()


def _are(first: int, last: int) -> str:
    return "is" if first == last else "are"
