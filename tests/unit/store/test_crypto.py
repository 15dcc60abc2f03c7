"""Encryption at rest: what was changed, cut or moved does not open."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.store import crypto
from sdsync.store.crypto import Cipher, KeyProblem, Unreadable, make_key_file, read_key_file

A, B = b"a" * 32, b"b" * 32
CIPHER = Cipher([A])


@given(st.binary(max_size=200), st.text(), st.text())
def test_what_was_sealed_opens_in_its_place(plain: bytes, table: str, row: str) -> None:
    assert CIPHER.open(table, row, CIPHER.seal(table, row, plain)) == plain


@given(st.data())
def test_one_changed_bit_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(CIPHER.seal("hubs", "1", b"a text of some length"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises((Unreadable, KeyProblem)):
        CIPHER.open("hubs", "1", bytes(sealed))


@given(st.integers(0, 60))
def test_a_cut_document_does_not_open(length: int) -> None:
    sealed = CIPHER.seal("hubs", "1", b"a text of some length")

    with pytest.raises((Unreadable, KeyProblem)):
        CIPHER.open("hubs", "1", sealed[:length])


def test_a_document_of_another_row_or_table_does_not_open() -> None:
    sealed = CIPHER.seal("hubs", "1", b"x")

    for place in (("hubs", "2"), ("replicas", "1")):
        with pytest.raises(Unreadable, match="moved from another row"):
            CIPHER.open(*place, sealed)


def test_a_key_that_is_not_at_hand_is_named_by_its_id_only() -> None:
    sealed = Cipher([B]).seal("hubs", "1", b"x")

    with pytest.raises(KeyProblem, match="put the old key behind the new one") as caught:
        CIPHER.open("hubs", "1", sealed)

    assert B.hex() not in str(caught.value)
    assert crypto.key_id(B).hex() in str(caught.value)


def test_old_keys_open_and_the_first_seals() -> None:
    old = Cipher([A]).seal("hubs", "1", b"x")
    both = Cipher([B, A])

    assert both.open("hubs", "1", old) == b"x"
    assert Cipher([B]).open("hubs", "1", both.seal("hubs", "1", b"y")) == b"y"


def test_equal_texts_do_not_look_equal() -> None:
    assert CIPHER.seal("hubs", "1", b"x") != CIPHER.seal("hubs", "1", b"x")


def test_a_subkey_is_renewed_before_nonces_could_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "_PER_SUBKEY", 2)
    cipher = Cipher([A])

    sealed = [cipher.seal("hubs", "1", b"x") for _ in range(7)]

    assert len({one[5:17] for one in sealed}) == 3
    assert all(cipher.open("hubs", "1", one) == b"x" for one in sealed)


@pytest.mark.parametrize(
    "text", ["", "short", "ä" * 32, "zz" * 32, base64.b64encode(b"x").decode()]
)
def test_a_malformed_key_is_told_without_quoting_it(text: str) -> None:
    with pytest.raises(KeyProblem, match="openssl rand") as caught:
        crypto.read_keys(text)

    assert not text or text not in str(caught.value)


def test_keys_are_read_in_base64_and_hex() -> None:
    assert crypto.read_keys(f"{base64.b64encode(A).decode()}\n {B.hex()}") == [A, B]


def test_a_key_file_is_made_once_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_key_file(path)[0]) == 32
    with pytest.raises(FileExistsError):
        make_key_file(path)
