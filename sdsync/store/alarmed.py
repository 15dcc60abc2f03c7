"""Alarms: written with a change, read newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from sdsync.store import tables
from sdsync.store.base import Base
from sdsync.store.codec import micros
from sdsync.store.dialect import Link
from sdsync.store.records import Alarm, Change
from sdsync.store.statements import Statement, upsert
from sdsync.store.vault import Vault

_alarms = tables.alarms
NAME = _alarms.name

ALARM_PUT = upsert(_alarms)
_newest = select(_alarms.c.id, _alarms.c.doc).order_by(_alarms.c.began_at.desc(), _alarms.c.id)
ALARMS = Statement(_newest.limit(bindparam("count")))
OPEN_ALARMS = Statement(_newest.where(_alarms.c.ended == 0).limit(bindparam("count")))


def prepare(change: Change, vault: Vault) -> Sequence[Mapping[str, Any]]:
    """Seal them; touches no database."""
    return [
        {
            "id": one.id,
            "began_at": micros(one.began_at),
            "ended": int(one.ended),
            "doc": vault.seal(NAME, one.id, one),
        }
        for one in change.alarms
    ]


def write(link: Link, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write them."""
    link.many(ALARM_PUT, rows)


class Alarms(Base):
    """What the alarms and their screen ask."""

    def alarms(self, *, open_only: bool = False, limit: int = 500) -> Sequence[Alarm]:
        """Alarms, the newest first: those with something left to tell or to end, or all."""
        with self._reading() as link:
            rows = link.rows(OPEN_ALARMS if open_only else ALARMS, {"count": limit})
        return [self._vault.read(Alarm, NAME, one, doc) for one, doc in rows]
