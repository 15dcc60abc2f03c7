"""A body that two programs could read as two things is refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.server.strictjson import MAX_DEPTH, NotStrictJson, check

GOOD = [b"{}", b"[]", b"1", b'"x"', b'{"a": {"b": [1, 2.5e3, null, true]}}', b" \n{}\n",
        b"18446744073709551617", '{"ü": "\\ud83d\\ude00"}'.encode()]  # fmt: skip
BAD = [b"", b"{", b"NaN", b"[Infinity]", b"-Infinity", b'{"a": 1, "a": 1}',
       b'{"x": [{"b": 1, "c": 2, "b": 3}]}', b'{"a": 1, "\\u0061": 2}', b'"\\ud800"', b"\xff",
       b'"\xff"', b"{}{}", b"{'a': 1}", b'{"a": 1,}', b"[1] x", b"\xef\xbb\xbf{}",
       b"\x00", b"[1e]"]  # fmt: skip


@pytest.mark.parametrize("body", GOOD)
def test_plain_json_passes(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize("body", BAD)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(NotStrictJson):
        check(body)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(opening: bytes, closing: bytes) -> None:
    with pytest.raises(NotStrictJson):
        check(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    check(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 1000, 100_000):
        with pytest.raises(NotStrictJson):
            check(opening * depth + b"1" + closing * depth)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 250_000 + b"[]]",
        b"9" * 1_000_000,
        b'{"a":' + b"1" * 1_000_000 + b"}",
        b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
        b'"' + b"\\u0041" * 170_000 + b'"',
    ],
)
def test_a_megabyte_costs_bounded_work(body: bytes) -> None:
    """A naive reader takes minutes for the number alone; here the suite would hang."""
    with contextlib.suppress(NotStrictJson):
        check(body)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXT


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))
def test_whatever_json_writes_passes(value: object) -> None:
    check(json.dumps(value).encode())
    check(json.dumps(value, ensure_ascii=False).encode())
