"""Encryption at rest: AES-256-GCM, bound to the table and id of the row.

A row moved to another place, cut or changed does not open. Each process derives
its own subkey from the store's key, so random nonces never come near their limit.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sdsync.store.owners import new_file

KEY_BYTES = 32
_FORM = b"\x01"
_ID, _SALT, _NONCE, _TAG = 4, 12, 12, 16
_HEAD = 1 + _ID + _SALT + _NONCE
#: A new subkey long before random 96-bit nonces could meet (2^32 messages).
_PER_SUBKEY = 1 << 28
_KEPT_SUBKEYS = 4096

#: Of a store that exists, a new key opens nothing.
_HOW = "put the store's own key back; for a new store: openssl rand -base64 32"


class KeyProblem(Exception):  # noqa: N818 - named for the person who reads it
    """The key is missing, malformed, open to others or not this store's."""


class Unreadable(Exception):  # noqa: N818 - named as the state it reports
    """A row does not open: it was cut, changed, or moved from another place."""


class Cipher:
    """Seals and opens documents.

    Args:
        keys: 32 bytes each. The first seals; all open, so that a key is
            rotated by putting the new one in front.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise KeyProblem(f"a store key has {KEY_BYTES} bytes; {_HOW}")
        self._keys = {key_id(key): key for key in keys}
        self._current = key_id(keys[0])
        self._subkeys: dict[bytes, AESGCM] = {}
        self._renew()

    def _renew(self) -> None:
        salt = secrets.token_bytes(_SALT)
        self._head = _FORM + self._current + salt
        self._sealer = self._subkey(self._head)
        self._left = _PER_SUBKEY
        self._pid = os.getpid()

    @property
    def current(self) -> bytes:
        """The id of the key that seals."""
        return self._current

    @property
    def head(self) -> bytes:
        """What every document begins with that the current key sealed."""
        return _FORM + self._current

    def seal(self, table: str, row: str, plain: bytes) -> bytes:
        """Encrypt a document for one row of one table."""
        self._left -= 1
        if self._left < 0 or self._pid != os.getpid():
            self._renew()
        nonce = os.urandom(_NONCE)
        head, sealer = self._head, self._sealer
        return b"".join((head, nonce, sealer.encrypt(nonce, plain, place(table, row))))

    def open(self, table: str, row: str, sealed: bytes) -> bytes:
        """Decrypt what :meth:`seal` made for this row.

        Raises:
            Unreadable: Cut, changed, or sealed for another row.
            KeyProblem: Sealed with a key that is not at hand.
        """
        if len(sealed) < _HEAD + _TAG or sealed[:1] != _FORM:
            raise Unreadable(f"{table} {row}: the stored document is cut or no document")
        subkey = self._subkey(sealed[: 1 + _ID + _SALT])
        nonce = sealed[1 + _ID + _SALT : _HEAD]
        try:
            return subkey.decrypt(nonce, sealed[_HEAD:], place(table, row))
        except InvalidTag:
            raise Unreadable(
                f"{table} {row}: the stored document was changed, or moved from another row"
            ) from None

    def _subkey(self, head: bytes) -> AESGCM:
        found = self._subkeys.get(head)
        if found is not None:
            return found
        key = self._keys.get(head[1 : 1 + _ID])
        if key is None:
            raise KeyProblem(
                f"sealed with key {head[1 : 1 + _ID].hex()}, at hand: "
                + ", ".join(one.hex() for one in self._keys)
                + "; put the old key behind the new one in store.key"
            )
        derive = HKDF(SHA256(), KEY_BYTES, salt=head[1 + _ID :], info=b"sdsync rows")
        if len(self._subkeys) >= _KEPT_SUBKEYS:
            self._subkeys.clear()
        made = self._subkeys[head] = AESGCM(derive.derive(key))
        return made


def place(table: str, row: str) -> bytes:
    """What binds a document to its row."""
    return b"%b\x00%b" % (table.encode(), row.encode("utf-8", "surrogatepass"))


def key_id(key: bytes) -> bytes:
    """What a header says of its key; tells nothing about it."""
    return hashlib.sha256(b"sdsync key id\x00" + key).digest()[:_ID]


def read_keys(text: str) -> list[bytes]:
    """Keys written in base64 or hex, one or several, the current one first.

    Raises:
        KeyProblem: A word that is not 32 bytes; the text is never quoted.
    """
    keys = []
    for word in text.split():
        try:
            key = bytes.fromhex(word) if len(word) == 2 * KEY_BYTES else base64.b64decode(word)
        except (ValueError, binascii.Error):
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyProblem(f"store.key: not {KEY_BYTES} bytes in base64 or hex; {_HOW}")
        keys.append(key)
    if not keys:
        raise KeyProblem(f"store.key: empty; {_HOW}")
    return keys


def make_key_file(path: Path) -> None:
    """A new key in a file that only its owner reads, on disk when this returns."""
    handle = new_file(path)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_key_file(path: Path) -> list[bytes]:
    """The keys of a key file.

    Raises:
        KeyProblem: Missing, malformed, or readable by others than its owner.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except FileNotFoundError:
        raise KeyProblem(
            f"{path}: the key of this store is missing; put it back, or name it by store.key"
        ) from None
    except PermissionError:
        raise KeyProblem(
            f"{path}: this user may not read the key; run sdsync as the one who owns it: "
            f"ls -l {path}"
        ) from None
    except UnicodeDecodeError:
        raise KeyProblem(f"{path}: not {KEY_BYTES} bytes in base64 or hex; {_HOW}") from None
    except OSError as error:
        raise KeyProblem(f"{path}: cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise KeyProblem(f"{path}: others may read this key; run: chmod 600 {path}")
    return read_keys(text)
