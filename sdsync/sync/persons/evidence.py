"""What leaves the house as proof: each export of the trail is itself in the trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sdsync.store.exporting import Exported, Wanted
from sdsync.store.proof import Signer
from sdsync.store.records import AuditRow, Change
from sdsync.store.sql import SqlStore


def export(
    store: SqlStore,
    to: Path,
    wanted: Wanted,
    signer: Signer | None,
    told: Callable[[int], None] = lambda _records: None,
) -> Exported:
    """Write a part of the trail into a file, and note who took it (law 53).

    Args:
        told: Called now and then with the number of records so far.
    """
    done = store.export_audit(to, wanted, signer, told)
    what = f"{done.records} audit records"
    what += f" of {wanted.record}" if wanted.record else ""
    row = AuditRow(
        wanted.now, "exported", f"person:{wanted.by}", wanted.hub_id, actor=wanted.by,
        why="signed" if done.key else "not signed", text=f"{what}, {done.link[:16]}",
    )  # fmt: skip
    store.commit(Change(audit=[row]))
    return done
