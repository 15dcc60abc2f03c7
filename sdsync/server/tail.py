"""The audit trail as it grows, one line for a person per row and none without a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from sdsync.store.contract import Store
from sdsync.store.records import AuditRow

PAGE = 200
WIDEST = 200


class Tail:
    """Reads on from where it was; nothing is remembered but a number."""

    def __init__(
        self, store: Store, *, after_seq: int | None = None, zone: tzinfo | None = None
    ) -> None:
        """``after_seq`` None: only what comes from now on. ``zone`` None: this machine's."""
        self._store, self._zone = store, zone
        self.seq = store.last_audit_seq() if after_seq is None else after_seq

    def lines(self) -> Iterator[str]:
        """Lines of the rows that are new since the last call, oldest first."""
        while True:
            before = self.seq
            for row in self._store.audit(after_seq=self.seq, limit=PAGE):
                self.seq = max(self.seq, row.seq)
                yield line(row, self._zone)
            if self.seq == before:
                return


def line(row: AuditRow, zone: tzinfo | None = None) -> str:
    """One audit row on one line, without anything that a terminal would obey."""
    at = row.at.astimezone(zone).strftime("%H:%M:%S")
    where = f"{row.system or row.source:<6} {row.ref or '':<10}"
    what = row.text or " ".join(one for one in (row.action, row.field) if one)
    if row.text and row.action not in row.text:
        what = f"{row.action.replace('_', ' ')}: {row.text}"
    if row.source != (row.system or row.source):
        what += f"  < {row.source}"
    if row.duration_ms is not None:
        what += f"  {row.duration_ms} ms"
    return _inert(f"{at} {where} {what}")


def _inert(text: str) -> str:
    """Titles come from strangers: escape codes and line breaks become spaces."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if len(shown) <= WIDEST else shown[: WIDEST - 1] + "…"
