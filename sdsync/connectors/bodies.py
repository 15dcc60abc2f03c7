"""Answers read with a bound: on bytes, on how far they unfold, on depth."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from enum import StrEnum

import orjson

from sdsync.store.records import Json

MAX_BYTES = 8 * 1024 * 1024
MAX_RATIO = 100
#: Below this a high ratio is a list of spaces, not an attack.
RATIO_FROM_BYTES = 256 * 1024
#: Unfolded at once: one piece off the wire may hold all that is allowed, and would stand twice.
UNFOLDED_BYTES = 256 * 1024
MAX_DEPTH = 64

#: Strings, and whole numbers that may be more than a float or 64 bits can hold.
_LONG_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?\d[\d.eE+-]{15,}')
_WHOLE = re.compile(rb"-?\d+")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_MAYBE_LONG = re.compile(rb"\d{16}")
_LAST_SAFE = 2**53


class Broken(StrEnum):
    """Why an answer cannot be used."""

    TOO_LARGE = "the answer is too large"
    BOMB = "the answer unfolds without measure"
    CODING = "the answer has a coding that was not asked for"
    MALFORMED = "the answer is not whole JSON"
    TOO_DEEP = "the answer is nested too deeply"
    WRONG_TYPE = "the answer is not JSON but"


def decode(chunks: Iterable[bytes], coding: str, *, limit_bytes: int) -> bytes | Broken:
    """The body of ``chunks`` as one piece of at most ``limit_bytes``.

    Stops reading at the limit. Only identity, gzip and deflate are known: what
    a client library unfolds by itself, it unfolds without a bound (64 MiB in the
    first piece of a 0.5 MB bomb).
    """
    match coding.strip().lower():
        case "" | "identity":
            return _joined(chunks, limit_bytes)
        case "gzip" | "x-gzip":
            return _unfolded(chunks, limit_bytes, gzip=True)
        case "deflate":
            return _unfolded(chunks, limit_bytes, gzip=False)
        case _:
            return Broken.CODING


def _joined(chunks: Iterable[bytes], limit_bytes: int) -> bytes | Broken:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit_bytes:
            return Broken.TOO_LARGE
    return bytes(body)


def _unfolded(chunks: Iterable[bytes], limit_bytes: int, *, gzip: bool) -> bytes | Broken:
    body = bytearray()
    folded_bytes = 0
    unfolder, more = None, False
    held = b""
    for piece in chunks:
        folded_bytes += len(piece)
        chunk, held = held + piece, b""
        if unfolder is None and len(chunk) < 2:  # its first two bytes tell the container
            chunk, held = b"", chunk
        while chunk or more:
            if unfolder is None:
                unfolder = zlib.decompressobj(_window(chunk, gzip=gzip))
            room = min(UNFOLDED_BYTES, limit_bytes + 1 - len(body))
            try:
                unfolded = unfolder.decompress(chunk, room)
            except zlib.error:
                return Broken.MALFORMED
            body += unfolded
            if len(body) > limit_bytes:
                return Broken.TOO_LARGE
            if len(body) > max(RATIO_FROM_BYTES, MAX_RATIO * folded_bytes):
                return Broken.BOMB
            chunk = unfolder.unconsumed_tail or unfolder.unused_data
            more = len(unfolded) == room and not unfolder.eof  # it may hold some back
            if unfolder.eof:
                unfolder = None  # another member may follow
    return Broken.MALFORMED if unfolder is not None or held else bytes(body)


def _window(first: bytes, *, gzip: bool) -> int:
    """zlib's word for the container. "deflate" comes with and without a header."""
    if gzip:
        return 16 + zlib.MAX_WBITS
    headed = len(first) > 1 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
    return zlib.MAX_WBITS if headed else -zlib.MAX_WBITS


def parse(body: bytes) -> Json | Broken:
    """JSON of at most 64 levels; NaN is refused, whole numbers beyond 2^53 become text."""
    try:
        value: Json = orjson.loads(body)
        if _MAYBE_LONG.search(body):  # only now, on text that is whole: linear time
            value = orjson.loads(_LONG_NUMBER.sub(_as_text, body))
    except orjson.JSONDecodeError:
        return Broken.MALFORMED
    few = body.count(b"[") + body.count(b"{") <= MAX_DEPTH
    flat = few or _surely_flat(body) or not _deeper_than(value, MAX_DEPTH)
    return value if flat else Broken.TOO_DEEP


def _as_text(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if found.startswith(b'"') or not _WHOLE.fullmatch(found):
        return found
    small = len(found) < 20 and abs(int(found)) <= _LAST_SAFE
    return found if small else b'"' + found + b'"'


def _surely_flat(body: bytes) -> bool:
    """Whether the brackets of sound JSON show at once that it is not too deep.

    Each turn takes away one level or two: a long list costs next to nothing this way.
    """
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    left = b"".join(unescaped.split(b'"')[::2]).translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH // 2):
        if not left:
            break
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return not left


def _deeper_than(value: Json, levels: int) -> bool:
    row: list[Json] = [value]
    for _ in range(levels):
        row = [inner for one in row for inner in _inner(one) if isinstance(inner, dict | list)]
        if not row:
            return False
    return True


def _inner(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
