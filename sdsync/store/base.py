"""What every part of the SQL store stands on: readers, the writer, the vault."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from sdsync.config.clock import Clock, SystemClock
from sdsync.store import trail
from sdsync.store.dialect import Dialect, Link, Trouble
from sdsync.store.vault import Vault
from sdsync.store.writer import Writer, for_caller

#: Connections kept for readers; more are opened when more threads read at once.
_KEPT_READERS = 8


class Base:
    """Connections and keys of one open store.

    Args:
        dialect: The product and the database.
        vault: Opens the rows.
        clock: For ages on screens, and for when the store was trusted last.
    """

    def __init__(self, dialect: Dialect, vault: Vault, clock: Clock | None = None) -> None:
        self._dialect = dialect
        self._vault = vault
        self._clock = clock or SystemClock()
        self._idle: deque[Link] = deque()
        self._writer = Writer(dialect, self._number_audit)

    def _number_audit(self, link: Link, rows: list[Mapping[str, Any]]) -> None:
        trail.number(link, rows, self._dialect.order_commits)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Link]:
        """A connection in a transaction that sees one instant.

        Raises:
            StoreFull: The store cannot be reached.
            StoreDamaged: What was read is no sound database.
        """
        link: Link | None = None
        try:
            link = self._begun()
            yield link
            link.command("COMMIT")
        except BaseException as error:
            if link is not None:
                with contextlib.suppress(Exception):  # the first error is the one to report
                    link.close()
            trouble = self._dialect.trouble(error)
            if trouble in (Trouble.DAMAGED, Trouble.GONE, Trouble.FULL):
                raise for_caller(trouble, error, reading=True) from error
            raise
        if len(self._idle) < _KEPT_READERS:
            self._idle.append(link)
        else:
            link.close()

    def _begun(self) -> Link:
        """A connection that works: one that broke while idle is replaced."""
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                link = self._dialect.connect()
                link.begin_read()
                return link
            try:
                link.begin_read()
            except Exception as error:
                with contextlib.suppress(Exception):  # it is broken: that is why it goes
                    link.close()
                if self._dialect.trouble(error) is not Trouble.GONE:
                    raise
            else:
                return link

    def close(self) -> None:
        """Take nothing more, commit what waits, close every connection."""
        self._writer.close()
        while self._idle:
            self._idle.pop().close()
        self._dialect.engine.dispose()
