from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.connectors import bodies
from sdsync.connectors.bodies import MAX_BYTES, UNFOLDED_BYTES, Broken, decode, parse

TEXT = b'{"id": 1}'


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("GZIP", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:4], mtime=0) + gzip.compress(TEXT[4:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_known_codings_are_read_in_pieces_of_any_size(coding: str, body: bytes) -> None:
    for size in (1, 2, 3, len(body)):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert decode(pieces, coding, limit_bytes=100) == TEXT


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_other_codings_are_refused(coding: str) -> None:
    assert decode([b"x"], coding, limit_bytes=100) is Broken.CODING


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_cut_or_garbled_is_not_whole(coding: str) -> None:
    packed = gzip.compress(TEXT) if coding == "gzip" else zlib.compress(TEXT)

    assert decode([packed[:-6]], coding, limit_bytes=100) is Broken.MALFORMED
    assert decode([b"\x78\x9c\xff\xff\xff"], coding, limit_bytes=100) is Broken.MALFORMED


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=300))
def test_the_limit_is_exact(body: bytes, limit: int) -> None:
    for coding, packed in (("", body), ("gzip", gzip.compress(body))):
        answer = decode([packed], coding, limit_bytes=limit)
        assert answer == (body if len(body) <= limit else Broken.TOO_LARGE)


@pytest.mark.parametrize("size", [-1, 0, 1, 2 * UNFOLDED_BYTES])
@pytest.mark.parametrize("wire", [1 << 12, 1 << 20])
def test_what_unfolds_far_is_whole_at_each_size(size: int, wire: int) -> None:
    text = (b"0123456789abcdef" * UNFOLDED_BYTES)[: UNFOLDED_BYTES + size]
    for coding, packed in (("gzip", gzip.compress(text, 1)), ("deflate", raw_deflate(text))):
        packed += b"" if coding == "deflate" else gzip.compress(b"and more")
        pieces = [packed[at : at + wire] for at in range(0, len(packed), wire)]
        padded = [*pieces, b""]
        wanted = text + (b"" if coding == "deflate" else b"and more")
        with patch.object(bodies, "MAX_RATIO", 10_000):
            assert decode(padded, coding, limit_bytes=MAX_BYTES) == wanted


def test_a_piece_that_unfolds_to_all_that_is_allowed_does_not_stand_twice() -> None:
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    tracemalloc.start()
    try:
        assert decode([bomb], "gzip", limit_bytes=4 * 1024 * 1024) is Broken.TOO_LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 6 * 1024 * 1024


def test_a_bomb_is_left_after_little_of_it() -> None:
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for at in range(0, len(bomb), 1024):
            taken += 1024
            yield bomb[at : at + 1024]

    assert decode(pieces(), "gzip", limit_bytes=MAX_BYTES) is Broken.BOMB
    assert taken < 8 * 1024


def test_json_keeps_what_numbers_cannot_hold() -> None:
    told = parse(
        b'{"a": 18446744073709551617, "b": -9007199254740993, "c": 9007199254740992, '
        b'"d": "12345678901234567890", "e": 1.23456789012345678, '
        b'"f": [12345678901234567890]}'
    )

    assert told == {
        "a": "18446744073709551617",
        "b": "-9007199254740993",
        "c": 9007199254740992,
        "d": "12345678901234567890",
        "e": 1.23456789012345678,
        "f": ["12345678901234567890"],
    }


@pytest.mark.parametrize("text", [b"NaN", b'{"a": Infinity}', b"", b"{", b"\xff", b"[1] x"])
def test_what_is_no_json_is_malformed(text: bytes) -> None:
    assert parse(text) is Broken.MALFORMED


def test_depth_is_64_at_most() -> None:
    def nested(levels: int) -> bytes:
        return b"[" * levels + b"]" * levels

    assert not isinstance(parse(nested(64)), Broken)
    assert parse(nested(65)) is Broken.TOO_DEEP
    assert isinstance(parse(nested(100_000)), Broken)
    assert parse(b'{"a": "' + b"[" * 1000 + b'"}') == {"a": "[" * 1000}
    assert parse(b"[" + b"[]," * 999 + b"[]]") == [[]] * 1000


def test_brackets_in_texts_do_not_hide_depth() -> None:
    quoted = b'["]", ' * 65 + b"1" + b', "["]' * 65
    escaped = b'["\\"]", "\\\\", ' * 65 + b"1" + b', "["]' * 65

    assert parse(quoted) is Broken.TOO_DEEP
    assert parse(escaped) is Broken.TOO_DEEP


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_what_was_written_is_read(value: object) -> None:
    assert parse(json.dumps(value).encode("utf-8", "surrogatepass")) == value or isinstance(
        parse(json.dumps(value).encode()), Broken
    )
