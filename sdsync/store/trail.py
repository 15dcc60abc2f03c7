"""Audit rows: what lies in the clear, what is sealed beside it, how they are numbered.

``digest`` is two SHA-256, of the words (actor, why, text) and of the values
(before, after), each with its own random salt inside what is sealed: once a
part is erased, nobody can guess it from the digest. In its place stands a mark that only
the store's key makes, for this row alone: a part that is missing without one was tampered with.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, TypeGuard

from sqlalchemy import bindparam, func, insert, select

from sdsync.store import tables
from sdsync.store.codec import encode, instant, load, micros
from sdsync.store.crypto import Unreadable
from sdsync.store.dialect import Link, Row
from sdsync.store.records import AuditRow
from sdsync.store.statements import Statement
from sdsync.store.vault import Vault

SALT = 16
HALF = 32
ERASED, MISSING = "(erased)", "(missing)"
#: Bytes of the mark of an erased part; what is sealed is always longer.
MARK = 32
_NOTHING = hashlib.sha256(b"").digest()

_audit = tables.audit
AUDIT_INSERT = Statement(insert(_audit))
LAST_SEQ = Statement(select(func.coalesce(func.max(_audit.c.seq), 0)))
LAST_SEAL = Statement(select(func.coalesce(func.max(tables.audit_seals.c.seq), 0)))
AUDIT_PAGE = Statement(
    select(*_audit.columns)
    .where(_audit.c.seq > bindparam("after"))
    .order_by(_audit.c.seq)
    .limit(bindparam("count"))
)
AUDIT_PAGE_OF_HUB = Statement(
    select(*_audit.columns)
    .where(_audit.c.hub_id == bindparam("hub_id"), _audit.c.seq > bindparam("after"))
    .order_by(_audit.c.seq)
    .limit(bindparam("count"))
)


def audit_columns(row: AuditRow, vault: Vault) -> dict[str, Any]:
    """A row of the audit table, all but its number."""
    words = secrets.token_bytes(SALT) + encode([row.actor, row.why, row.text])
    has_values = row.before is not None or row.after is not None
    values = secrets.token_bytes(SALT) + encode([row.before, row.after]) if has_values else b""
    digest = hashlib.sha256(words).digest() + hashlib.sha256(values).digest()
    seal = vault.cipher.seal
    return {
        "at": micros(row.at),
        "action": row.action,
        "source": row.source,
        "hub_id": row.hub_id,
        "system": row.system,
        "ref": row.ref,
        "field": row.field,
        "duration_ms": row.duration_ms,
        "digest": digest,
        "words": seal("audit.words", digest.hex(), words),
        "vals": seal("audit.vals", digest.hex(), values) if has_values else None,
    }


def number(link: Link, rows: list[Mapping[str, Any]], order: str | None) -> None:
    """Give a group's audit rows their numbers: without gaps, in the order of commits.

    Numbers go on after the last seal too, so that a cut tail leaves a gap.
    """
    if not rows:
        return
    if order is not None:
        link.command(order)
    last = max(one[0] for one in (*link.rows(LAST_SEQ), *link.rows(LAST_SEAL)))
    link.many(AUDIT_INSERT, [{**one, "seq": last + n} for n, one in enumerate(rows, 1)])


def read_audit(row: Row, vault: Vault) -> AuditRow:
    """A row of the audit table as a record; erased parts say so, and missing ones."""
    seq, at, action, source, hub_id, system, ref, field, duration_ms, digest, words, vals = row
    actor, why, text = None, None, MISSING if words is None else ERASED
    if holds(words):
        actor, why, text = opened("words", digest, words, vault)
    before, after = opened("vals", digest, vals, vault) if holds(vals) else (None, None)
    return AuditRow(
        at=instant(at),
        action=action,
        source=source,
        hub_id=hub_id,
        system=system,
        ref=ref,
        field=field,
        actor=actor,
        why=why,
        text=text,
        before=before,
        after=after,
        duration_ms=duration_ms,
        seq=seq,
    )


def holds(sealed: bytes | None) -> TypeGuard[bytes]:
    """Whether a part is there: neither erased nor missing."""
    return sealed is not None and len(sealed) != MARK


def erased(part: str, digest: bytes, vault: Vault) -> bytes:
    """What stands in the place of a part that was erased."""
    return bytes.fromhex(vault.sign(b"erased\x00%b\x00%b" % (part.encode(), digest)))


def check_part(part: str, digest: bytes, sealed: bytes | None, vault: Vault, *, deep: bool) -> None:
    """Whether a part is what the digest says, or was erased by who has the store's key.

    Args:
        deep: Open it too; else only what is not there is looked at.

    Raises:
        Unreadable: It was changed, comes from another row, or is missing.
    """
    if sealed is None:
        if part == "words" or digest[HALF:] != _NOTHING:
            raise Unreadable(f"audit.{part}: missing")
    elif not holds(sealed):
        if not hmac.compare_digest(sealed, erased(part, digest, vault)):
            raise Unreadable(f"audit.{part}: erased with another key")
    elif deep:
        opened(part, digest, sealed, vault)


def opened(part: str, digest: bytes, sealed: bytes, vault: Vault) -> list[Any]:
    """The content of a sealed part, which must be what the digest says.

    Raises:
        Unreadable: It was changed or comes from another row.
    """
    plain = vault.cipher.open(f"audit.{part}", digest.hex(), sealed)
    half = digest[:HALF] if part == "words" else digest[HALF:]
    if hashlib.sha256(plain).digest() != half:
        raise Unreadable(f"audit.{part}: not what its digest says")
    content: list[Any] = load(plain[SALT:])
    return content
