"""Signatures of exports: Ed25519 (RFC 8032), with keys as every other tool has them.

openssl genpkey -algorithm ed25519 -out audit.pem
openssl pkey -in audit.pem -pubout -out audit.pub
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from sdsync.store.plainfiles import FileProblem, reading
from sdsync.store.proof import SUFFIX, Proof, Signer

_LIMIT = 4096


class SigningProblem(Exception):  # noqa: N818 - named as what it reports
    """A key is none; the text says which, and never what it holds."""


def signer(pem: str, named: str) -> Signer:
    """Who signs with a key.

    Args:
        pem: PKCS #8, without a passphrase.
        named: Its reference, for people.

    Raises:
        SigningProblem: It is no such key.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningProblem(f"{named} is no Ed25519 key in PEM without a passphrase")
    own = key
    return Signer(_name(own.public_key()), lambda line: base64.b64encode(own.sign(line)) + b"\n")


def public_key(path: Path) -> str:
    """The public key in a file, as exports name it.

    Raises:
        SigningProblem: It is none.
        FileProblem: The file cannot be read.
    """
    try:
        with reading(path) as file:
            key = load_pem_public_key(file.read(_LIMIT))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SigningProblem(f"{path} is no public Ed25519 key in PEM")
    return _name(key)


def check(proof: Proof, expected: str | None) -> None:
    """Whether the signature beside an export is of its last line, by the key it names.

    Args:
        proof: Gets what is wrong, or by whom it was signed.
        expected: Whose it has to be; None: anybody's.
    """
    named, beside = proof.head.get("key"), Path(proof.path + SUFFIX)
    signature = _signature(beside)
    if not proof.end:
        return  # cut off: that is told
    if signature is None and named is None and expected is None:
        return
    if signature is None:
        proof.add("signature", f"there is no signature {beside}, or it is none")
    elif not isinstance(named, str):
        proof.add("signature", "the file names no key, yet a signature lies beside it")
    elif expected is not None and named != expected:
        proof.add("signature", f"it names another key as its own: {named}")
    elif not _holds(named, signature, proof.end):
        proof.add("signature", f"the signature is of another file, or by another key than {named}")
    else:
        proof.signed_by = named


def _name(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _signature(path: Path) -> bytes | None:
    try:
        with reading(path) as file:
            return base64.b64decode(file.read(_LIMIT).strip(), validate=True)
    except (FileProblem, binascii.Error):
        return None


def _holds(named: str, signature: bytes, last_line: bytes) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(named, validate=True))
        key.verify(signature, last_line)
    except (ValueError, InvalidSignature):
        return False
    return True
