"""What a change was decided on and does not write: Stale when it is another by now."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from sdsync.store import tables
from sdsync.store.contract import Stale
from sdsync.store.dialect import Link
from sdsync.store.records import Change, Pause
from sdsync.store.statements import Statement
from sdsync.store.vault import Vault

_pauses, _causes = tables.pauses, tables.causes
PAUSE_OF = Statement(
    select(_pauses.c.doc).where(_pauses.c.scope == bindparam("scope")).with_for_update()
)
CAUSE_OPEN = Statement(
    select(_causes.c.id)
    .where(_causes.c.id == bindparam("id"), _causes.c.closed_at.is_(None))
    .with_for_update()
)


def check(link: Link, change: Change, vault: Vault) -> None:
    """Lock and compare it.

    Raises:
        Stale: A pause or a cause is not as it was seen.
    """
    for scope, seen in change.saw_pauses.items():
        found = link.row(PAUSE_OF, {"scope": scope})
        if (vault.read(Pause, "pauses", scope, found[0]) if found else None) != seen:
            raise Stale(f"the pause of {scope} is another by now")
    for cause in change.saw_open:
        if link.row(CAUSE_OPEN, {"id": cause}) is None:
            raise Stale(f"cause {cause} was closed meanwhile")
