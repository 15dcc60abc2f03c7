"""The trail's head, noted now and then where nobody who can change the store can write."""

from __future__ import annotations

import os
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
        self._noted, self._trouble = 0, ""

    def trouble(self) -> str | None:
        """Why the newest head could not be noted, for a person."""
        return self._trouble or None

    def note(self) -> None:
        """Note what is sealed by now; in the log also when the file cannot be written."""
        self._store.seal()
        noted = self._store.anchor(self._clock.now())
        if noted is None:
            return
        there = os.path.exists(self._path)  # noqa: PTH110 - Path's own raises in a closed folder
        if noted[0].seq == self._noted and there:
            return
        head, line = noted
        log.info("audit.anchored", seq=head.seq, head=head.head)
        try:
            append(self._path, line)
        except FileProblem as problem:
            self._trouble = str(problem)
            log.warning("audit.not_anchored", reason=self._trouble)
            return
        self._noted, self._trouble = head.seq, ""
