"""What of a store is secret: its cipher, and the keys of its digests and its chain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any, TypeVar

from sdsync.store.codec import canonical, decode, encode, load
from sdsync.store.crypto import KEY_BYTES, Cipher

T = TypeVar("T")

_ROW = ("meta", "secrets")


def row_id(*parts: str) -> str:
    """The id that binds a document, of a key with several columns."""
    return "\x1f".join(parts)


class Vault:
    """Seals documents; makes digests that tell nothing to whoever lacks the key.

    Args:
        cipher: The store's key.
        index_key: For digests of values and documents.
        chain_key: For the audit chain. Both lie sealed in the store itself, so
            that a rotated store key changes neither.
    """

    def __init__(self, cipher: Cipher, index_key: bytes, chain_key: bytes) -> None:
        self.cipher = cipher
        self._index_key = index_key
        self.chain_key = chain_key

    @classmethod
    def fresh(cls, cipher: Cipher) -> Vault:
        """A new store's."""
        return cls(cipher, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    @classmethod
    def unlocked(cls, cipher: Cipher, sealed: bytes) -> Vault:
        """The one that :meth:`locked` wrote.

        Raises:
            KeyProblem: The key is not this store's.
        """
        kept = load(cipher.open(*_ROW, sealed))
        return cls(cipher, base64.b64decode(kept["index"]), base64.b64decode(kept["chain"]))

    def locked(self) -> bytes:
        """Its keys, sealed by the store's key."""
        keys = {"index": self._index_key, "chain": self.chain_key}
        plain = {name: base64.b64encode(key).decode() for name, key in keys.items()}
        return self.cipher.seal(*_ROW, encode(plain))

    def digest(self, plain: bytes) -> bytes:
        """Sixteen bytes that are equal when the documents are."""
        return hashlib.blake2b(plain, digest_size=16, key=self._index_key).digest()

    def value_digest(self, kind: str, field: str, value: Any) -> bytes:
        """What ``find_hubs`` looks for; equal values of other fields differ."""
        return self.digest(canonical([kind, field, value]))

    def sign(self, text: bytes) -> str:
        """Proof that whoever wrote ``text`` had the store's key."""
        return hmac.digest(self.chain_key, b"witness\x00" + text, "sha256").hex()

    def seal(self, table: str, row: str, record: object) -> bytes:
        """A record as the document of a row."""
        return self.cipher.seal(table, row, encode(record))

    def read(self, cls: type[T], table: str, row: str, doc: bytes) -> T:
        """The record in the document of a row."""
        return decode(cls, self.cipher.open(table, row, doc))
