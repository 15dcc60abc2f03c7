"""Edits of which nobody could ever know, each proved from what really happened.

An excuse is a sentence; it is counted and printed, never silent.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.store.records import AuditRow
from sdsync.testing.simulated.product import SimulatedProduct
from tests.simulation.deeds import FieldDeed

#: A product without history shows the value from before our write while that write is in
#: doubt: it did not take effect, or a person put the value back. Law 5 says the former.
PUT_BACK = "put back to the value before a write in doubt, where no history tells"
REASONS = [PUT_BACK]


def excuse(deed: FieldDeed, product: SimulatedProduct, rows: Sequence[AuditRow]) -> str | None:
    """Why the deed needs no decision; None: it needs one.

    Args:
        rows: The audit rows of its record and field.
    """
    return PUT_BACK if _put_back(deed, product, rows) else None


def _put_back(deed: FieldDeed, product: SimulatedProduct, rows: Sequence[AuditRow]) -> bool:
    """The deed undid our write, and was looked at before anything confirmed that write."""
    if product.flavour.history or deed.looked_at is None:
        return False
    lines = [
        line
        for line in product.records[deed.record_id].history
        if line.path == deed.path and line.at - product.offset <= deed.at
    ]
    if len(lines) < 2:
        return False
    ours, theirs = lines[-2:]
    undid = ours.actor == product.us and (ours.old, ours.new) == (theirs.new, theirs.old)
    if not undid or (theirs.actor, theirs.new) != (deed.by, deed.new):
        return False
    since = ours.at - product.offset
    return not any(row.action == "written" and since <= row.at <= deed.looked_at for row in rows)
