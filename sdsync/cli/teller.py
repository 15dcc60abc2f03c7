"""Prints what the daemon does, as it is written into the audit trail, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli.looks import refs, story
from sdsync.cli.looks.people import People
from sdsync.cli.screens import story as screen

if TYPE_CHECKING:
    from sdsync.cli.output import Output
    from sdsync.store.contract import Store
    from sdsync.store.records import AuditRow

_PAGE = 200


class Teller:
    """Follows the trail from where it stood when this was made.

    Args:
        store: Read only.
        out: Where lines go.
        now: Aware, in the reader's zone.
        born: Called once per record born, with the name that ``trace`` takes.
    """

    def __init__(
        self,
        store: Store,
        out: Output,
        now: Callable[[], datetime],
        born: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._store = store
        self._out = out
        self._now = now
        self._born = born
        self._seq = store.last_audit_seq()
        self._people = People(store)
        self._names: dict[str, str] = {}

    def tell(self) -> None:
        """Print every row that is new."""
        while page := list(self._store.audit(after_seq=self._seq, limit=_PAGE)):
            for row in page:
                self._seq = row.seq
                name, now = self._name(row), self._now()
                line = story.tell(row, self._people)
                self._out.line(screen.draw(line, now, name=name, width=self._out.width))
                if row.action == "born":
                    self._born(name)
        self._out.flush()

    def _name(self, row: AuditRow) -> str:
        """The record's name at its side of birth: the same on every line about it."""
        if row.hub_id is None:
            return ""
        if row.hub_id not in self._names:
            share = self._store.share(row.hub_id)
            self._names[row.hub_id] = refs.name_of(share) if share else story.name(row)
        return self._names[row.hub_id]
