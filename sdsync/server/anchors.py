"""The trail's head, noted now and then where nobody who can change the store can write."""

from __future__ import annotations

from pathlib import Path

import structlog

from sdsync.config.clock import Clock
from sdsync.store.anchors import append
from sdsync.store.plainfiles import FileProblem
from sdsync.store.sql import SqlStore

log = structlog.get_logger(__name__)


class AnchorChore:
    """Notes the head, in the file and in the log; nothing where nothing is new."""

    def __init__(self, store: SqlStore, path: Path, clock: Clock) -> None:
        self._store, self._path, self._clock = store, path, clock
        self._noted = 0

    def note(self) -> None:
        """Note what is sealed by now; in the log also when the file cannot be written."""
        self._store.seal()
        noted = self._store.anchor(self._clock.now())
        if noted is None or noted[0].seq == self._noted:
            return
        head, line = noted
        log.info("audit.anchored", seq=head.seq, head=head.head)
        try:
            append(self._path, line)
        except FileProblem as problem:
            log.warning("audit.not_anchored", reason=str(problem))
            return
        self._noted = head.seq
