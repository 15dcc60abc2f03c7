"""Webhooks of products that send none of their own: a snippet or plugin of ours does."""

from __future__ import annotations

import re
from collections.abc import Collection

from sdsync.connectors.bodies import Broken, parse
from sdsync.connectors.common import Refused, digest
from sdsync.connectors.contract import ChangeEvent
from sdsync.connectors.failures import Rejected
from sdsync.connectors.stamps import instant

MOST_EVENTS = 1000
_ID = re.compile(r"\d{1,18}")


def events(body: bytes, *, kinds: Collection[str]) -> tuple[ChangeEvent, ...]:
    """Read ``{"kind": …, "id": …, "at": …}`` or a list of such; ``at`` may be left out.

    It is a doorbell: only the id is believed, and only as far as a fetch bears it out.
    """
    told = parse(body)
    if isinstance(told, Broken):
        raise Refused(Rejected(detail=f"webhook: {told.value}"))
    rows = told if isinstance(told, list) else [told]
    if len(rows) > MOST_EVENTS:
        raise Refused(Rejected(detail=f"webhook: more than {MOST_EVENTS} events"))
    return tuple(_event(row, kinds) for row in rows)


def _event(row: object, kinds: Collection[str]) -> ChangeEvent:
    if not isinstance(row, dict) or row.get("kind") not in kinds:
        raise Refused(Rejected(("kind",), "webhook: not a record of a kind that is synced"))
    native_id = str(row.get("id"))
    if isinstance(row.get("id"), bool) or not _ID.fullmatch(native_id):
        raise Refused(Rejected(("id",), "webhook: no id"))
    at = row.get("at")
    return ChangeEvent(
        kind=str(row["kind"]),
        native_id=native_id,
        at=instant(at) if isinstance(at, str) else None,
        digest="webhook " + digest(row),
    )
