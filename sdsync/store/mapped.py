"""Versions of mappings: written with a change, read newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from sdsync.store import tables
from sdsync.store.base import Base
from sdsync.store.contract import Stale
from sdsync.store.dialect import Link
from sdsync.store.records import Change, MappingVersion
from sdsync.store.statements import Statement, insert_if_new, upsert
from sdsync.store.vault import Vault, row_id

_versions = tables.mapping_versions
NAME = _versions.name

VERSION_NEW = insert_if_new(_versions, ("mapping", "n"))
VERSION_PUT = upsert(_versions)
VERSIONS = Statement(
    select(_versions.c.n, _versions.c.doc)
    .where(_versions.c.mapping == bindparam("mapping"))
    .order_by(_versions.c.n.desc())
    .limit(bindparam("count"))
)


def prepare(change: Change, vault: Vault) -> Sequence[Mapping[str, Any]]:
    """Seal them; touches no database."""
    rows = []
    for one in change.mappings:
        doc = vault.seal(NAME, row_id(one.mapping, str(one.n)), one)
        rows.append({"mapping": one.mapping, "n": one.n, "doc": doc})
    return rows


def write(link: Link, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write them.

    Raises:
        Stale: A number is taken by now.
    """
    for row in rows:
        if row["n"] == 0:
            link.run(VERSION_PUT, row)
        elif link.run(VERSION_NEW, row) == 0:
            raise Stale(f"{row['mapping']} has a version {row['n']} by now")


class MappingVersions(Base):
    """What the history of mappings asks."""

    def mapping_versions(self, mapping: str, *, limit: int = 500) -> Sequence[MappingVersion]:
        """Versions of a mapping, the newest first; in the end what was put in place, as 0."""
        with self._reading() as link:
            rows = link.rows(VERSIONS, {"mapping": mapping, "count": limit})
        read = self._vault.read
        return [read(MappingVersion, NAME, row_id(mapping, str(n)), doc) for n, doc in rows]
