"""What was read once and need not be read again: it cannot have changed since."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sdsync.connectors.request_tracker.client import Row

KEPT_PARTS = 2000
KEPT_CHARS = 4_000_000
#: Rows of all tickets together; about half a KiB each.
KEPT_ROWS = 5000
#: What our account may see changes without a transaction.
KEPT_S = 300.0

Pair = tuple[list[Row], list[Row]]
"""History and parts of a ticket."""


class Parts:
    """Texts of message parts by id, the oldest dropped first. Serves several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._chars = 0

    def get(self, part_id: str) -> str | None:
        """The text, when it is kept."""
        return self._texts.get(part_id)

    def keep(self, part_id: str, text: str) -> None:
        """Remember it for a while."""
        with self._guard:
            if part_id in self._texts:
                return
            self._texts[part_id] = text
            self._chars += len(text)
            while len(self._texts) > KEPT_PARTS or self._chars > KEPT_CHARS:
                _, dropped = self._texts.popitem(last=False)
                self._chars -= len(dropped)


@dataclass(frozen=True, slots=True)
class Known:
    """Both lists of a ticket as they were at a version; ``at``: read then, by our own clock."""

    version: int
    at: float
    pair: Pair

    @property
    def rows(self) -> int:
        """How much is kept."""
        return sum(map(len, self.pair))


class Lists:
    """History and parts of tickets, each at its newest version, the longest unused dropped first.

    A version is the number of the last transaction, and those never change: at the same
    version both lists are the same. Serves several threads.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._tickets: OrderedDict[str, Known] = OrderedDict()
        self._rows = 0

    def get(self, ticket_id: str) -> Known | None:
        """What was read last; None when that is too long ago."""
        with self._guard:
            known = self._tickets.get(ticket_id)
            if known is None or self._monotonic() - known.at >= KEPT_S:
                return None
            self._tickets.move_to_end(ticket_id)
            return known

    def keep(self, ticket_id: str, version: int, pair: Pair) -> None:
        """Remember them for a while, in the place of what was known of the ticket."""
        known = Known(version, self._monotonic(), pair)
        with self._guard:
            self._drop(self._tickets.pop(ticket_id, None))
            self._tickets[ticket_id] = known
            self._rows += known.rows
            while self._rows > KEPT_ROWS:
                self._drop(self._tickets.popitem(last=False)[1])

    def _drop(self, known: Known | None) -> None:
        self._rows -= known.rows if known is not None else 0


class Memory:
    """All of it; connectors of one system have one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.parts = Parts()
        self.lists = Lists(monotonic)
